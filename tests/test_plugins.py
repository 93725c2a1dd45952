"""Methods of other packages: found by their entry points, imported when they are needed, told where they are broken."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import oneself
from oneself import registry
from oneself.cli import main
from oneself.domains import POINTS
from oneself.testing import check_all

METHOD = '''"""Gain: a network that came with weights makes the picture brighter.

Given           y
Structure       one trained gain
Input           y
Loss            none
Regularisation  none

Nobody. Nowhere. 2000.
"""

from pathlib import Path
from typing import Annotated

import torch
from safetensors.torch import load_file
from torch import nn

from oneself.core import Option, Pretrained, Stage, method


class Gain(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.gain * x


class Brighter(Stage):
    def __init__(self, y, network, steps):
        super().__init__(steps=steps)
        self.y, self.network = y, Pretrained(network.requires_grad_(False))

    def solve(self):
        return {"change": (self.estimate() - self.y).square().mean()}

    def estimate(self):
        return self.network(self.y)


@method("Gain", cite="Nobody. Nowhere. 2000.", tasks=("denoise",), deterministic=True)
def toygain(
    y,
    physics,
    *,
    weights: Annotated[Path | nn.Module | None, Option("of the gain")] = None,
    steps: Annotated[int, Option("steps", low=1)] = 2,
):
    if weights is None:
        raise ValueError("toygain(weights=None): no weights. Give a file.")
    network = weights
    if isinstance(weights, Path):
        network = Gain()
        network.load_state_dict(load_file(weights))
    return Brighter(y, network, steps)
'''

Plant = Callable[..., Path]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """``plant("package", text, name="package:object")`` puts a package on the path, as pip does, with entry points."""
    before = set(sys.modules)

    def put(package: str, text: str, **points: str) -> Path:
        place = tmp_path / "site"
        info = place / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (place / f"{package}.py").write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {target}" for name, target in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[oneself.methods]", *lines]) + "\n")
        monkeypatch.syspath_prepend(place)
        forget()
        return place

    yield put
    for name in sys.modules.keys() - before:
        if name.startswith("toy"):
            del sys.modules[name]
    monkeypatch.undo()
    forget()


def forget() -> None:
    for known in (registry.methods, registry._points, registry._of_other_package):
        known.cache_clear()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "gain.safetensors"
    save_file({"gain": torch.tensor([0.5])}, path)
    return path


def test_a_method_of_another_package_is_one_as_any(plant: Plant, weights: Path) -> None:
    plant("toygain", METHOD, toygain="toygain:toygain")
    assert "toygain" not in sys.modules
    registry.find("zs_n2n")
    assert "toygain" not in sys.modules  # nobody asked for it
    image = np.random.default_rng(0).random((12, 10), dtype=np.float32)
    found = oneself.denoise(image, "toygain", weights=weights)
    assert found.shape == image.shape
    assert not np.array_equal(found, image)
    assert "toygain" in {record.key for record in oneself.methods()}
    with pytest.raises(ValueError, match=r"there is no such method\. Did you mean 'toygain'\?"):
        registry.find("toygian")


def test_it_keeps_the_contract(plant: Plant, weights: Path) -> None:
    plant("toygain", METHOD, toygain="toygain:toygain")
    for given in (weights, registry.find("toygain")(torch.ones(1, 1, 4), None, weights=weights).network.network):
        check_all("toygain", weights=given)


BROKEN = {
    "an import": ("import no_such_package", "toybad:x", r"cannot be imported \(ModuleNotFoundError: No module named"),
    "what leaves": ("raise SystemExit(3)", "toybad:x", r"cannot be imported \(SystemExit: 3\)"),
    "a name": ("", "toybad:x", r"cannot be imported \(AttributeError"),
    "no method": ("x = 3", "toybad:x", "toybad:x is of type int"),
    "another name": ("from oneself.recipes.prior.dip import dip as x", "toybad:x", "toybad:x is the method 'dip'"),
}


@pytest.mark.parametrize(("text", "target", "why"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_one_is_told_by_name_and_disturbs_no_other(plant: Plant, text: str, target: str, why: str) -> None:
    own = {record.key for record in oneself.methods()}
    plant("toybad", text, x=target)
    with pytest.raises(ValueError, match=rf"method='x', of the package toybad: .*{why}"):
        registry.find("x")
    with pytest.warns(UserWarning, match=rf"method='x', of the package toybad: .*{why}"):
        assert {record.key for record in oneself.methods()} == own
    assert registry.find("dip").key == "dip"


def test_a_name_belongs_to_one(plant: Plant) -> None:
    plant("toyclash", METHOD.replace("def toygain(", "def dip("), dip="toyclash:dip")
    plant("toyfirst", METHOD, toygain="toyfirst:toygain")
    plant("toysecond", METHOD, toygain="toysecond:toygain")
    assert registry.find("dip").title != "Gain"
    with pytest.warns(UserWarning, match="of the package") as told:
        assert "toygain" not in {record.key for record in oneself.methods()}
    words = sorted(str(warning.message) for warning in told)
    assert words[0].startswith("method='dip', of the package toyclash: the library has a method of this name")
    assert words[1].startswith("method='toygain', of the package toyfirst and toysecond: more than one method")
    with pytest.raises(ValueError, match="more than one method of this name"):
        registry.find("toygain")


def test_the_command_line_has_it_with_its_weights(
    plant: Plant, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant("toygain", METHOD, toygain="toygain:toygain")
    folder = weights.parent
    monkeypatch.chdir(folder)
    noise = np.random.default_rng(0).integers(40, 200, (12, 10, 3), dtype=np.uint8)
    Image.fromarray(noise).save("photo.png")
    call = [
        "denoise",
        "photo.png",
        "out.png",
        "--method",
        "toygain",
        "--weights",
        str(weights),
        "--checkpoint",
        "state",
    ]
    assert main(call) == 0, capsys.readouterr().err
    record = json.loads(Path("out.png.json").read_text())
    assert record["aids"]["weights"]["path"] == str(weights)
    assert record["options"] == {"steps": 2}
    assert main(["repeat", "out.png.json"]) == 0
    assert "bit for bit" in capsys.readouterr().err
    save_file({"gain": torch.tensor([0.25])}, weights)
    assert main(["repeat", "out.png.json", "--output", "more.png"]) == 2
    assert "the weights has changed since" in capsys.readouterr().err
    assert main([*call[:2], "other.png", *call[3:]]) == 2
    assert "its weights is" in capsys.readouterr().err
    assert main(["denoise", "photo.png", "--method", "toygain", "--weights", "none.safetensors"]) == 2
    assert "none.safetensors" in capsys.readouterr().err


def test_a_list_of_methods_tells_of_a_broken_one(plant: Plant) -> None:
    place = plant("toybad", "import no_such_package", x="toybad:x")
    code = f"import sys; sys.path.insert(0, {str(place)!r}); from oneself.cli import main; sys.exit(main(['methods']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "zs_n2n" in done.stdout
    assert done.stderr.startswith("oneself: method='x', of the package toybad: it cannot be imported (ModuleNotFound")


def test_front_doors_of_images_refuse_methods_of_other_domains(plant: Plant) -> None:
    text = METHOD.replace("deterministic=True", "deterministic=True, domain=POINTS")
    plant("toypoints", f"from oneself.domains import POINTS\n{text}", toygain="toypoints:toygain")
    assert registry.find("toygain").domain is POINTS
    with pytest.raises(ValueError, match=r"denoise\(method='toygain'\): Gain works on a point cloud, not on images"):
        oneself.denoise(np.random.default_rng(0).random((12, 10)), "toygain")
