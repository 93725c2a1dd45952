"""What the documents say is what stands."""

import importlib.util
import re
import runpy
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import oneself
from oneself.core import Run
from oneself.testing import check_all, picture
from oneself.testing.inputs import points

ROOT = Path(__file__).parents[2]


def test_the_table_of_methods_is_the_registrys():
    made = runpy.run_path(str(ROOT / "docs" / "methods_table.py"))["page"]()
    assert (ROOT / "docs" / "methods.md").read_text() == made, "run: python docs/methods_table.py"


def test_the_readme_names_every_method_and_only_those():
    readme = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", readme, flags=re.MULTILINE)
    assert sorted(rows) == sorted(record.key for record in oneself.methods())


def test_the_readme_has_two_commands_for_a_fresh_machine():
    readme = (ROOT / "README.md").read_text()
    for mark in ("demo", "tests"):
        assert re.search(rf"<!-- {mark} -->\n```\n[^\n]+\n```", readme), f"no line after <!-- {mark} -->"


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


PAGE = (ROOT / "docs" / "writing-a-method.md").read_text()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """``written("dip_smooth")`` is the module that the page writes under that name: what stands before its function."""

    def write(name):
        blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
        ends = [number for number, block in enumerate(blocks) if "\n    physics: Any,\n" in block]
        last = next(n for n in ends if f"\ndef {name}(\n" in blocks[n])
        first = max((n + 1 for n in ends if n < last), default=0)
        file = tmp_path / f"{name}.py"
        file.write_text("\n\n".join(blocks[first : last + 1]))
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return write


def test_the_worked_example_keeps_the_contract(written):
    dip_smooth = written("dip_smooth").dip_smooth
    check_all(dip_smooth, only=["answer_fits", "no_host_read", "options_count", "row", "record"])


def test_the_example_with_weights_keeps_the_contract(written, tmp_path):
    module = written("tuned")
    network = module.Network()
    check_all(module.tuned, weights=network)
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    y = picture(20, 16)
    run = Run(module.tuned, y, device="cpu", steps=3, weights=tmp_path / "net.safetensors")
    assert not torch.equal(run.finish().answer, y)
    saved = run.state_dict()["stages"][0]["stage"]
    assert "structure.network.last.weight" in saved
    assert "structure.network.first.weight" not in saved
    with pytest.raises(ValueError, match="the checkpoint's option weights is"):
        Run(module.tuned, y, device="cpu", steps=3, weights=module.Network()).load_state_dict(run.state_dict())


def test_the_example_of_points_keeps_the_contract(written):
    even_points = written("even_points").even_points
    check_all(even_points, settled=0.0, grow=1)
    assert len(Run(even_points, points(), device="cpu", steps=4).finish().answer) > 60
