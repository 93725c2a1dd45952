from dataclasses import replace
from pathlib import Path

import pytest
import torch

from oneself.networks import SplitDenoiser
from oneself.networks.pretrained import read_state
from oneself.pretraining import DenoiserPlan, train
from oneself.pretraining.denoiser import DenoiserTraining
from oneself.pretraining.noise import HIGHEST, levels, noisy
from oneself.pretraining.saving import started_from

SMALL = DenoiserPlan(channels=1, width=16, blocks=1, steps=4, batch=2, patch=16, pictures=2, pause=3, size=32, seed=3)


def going_on(plan: DenoiserPlan, checkpoint: Path) -> DenoiserTraining:
    training = DenoiserTraining(plan)
    training.resume(checkpoint)
    return training


def test_a_training_that_was_broken_off_ends_the_same(tmp_path: Path) -> None:
    whole = DenoiserTraining(SMALL)
    for _ in range(4):
        whole.step()
    parted = DenoiserTraining(SMALL)
    for _ in range(2):
        parted.step()
    kept = tmp_path / "kept"
    parted.keep(kept)
    resumed = going_on(SMALL, kept)
    assert resumed.done.step == 2
    for _ in range(2):
        resumed.step()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
        assert torch.equal(whole.average[name], resumed.average[name]), name


def test_what_a_training_writes(tmp_path: Path) -> None:
    """Weights that a finished training wrote load by name; a checkpoint of another plan is refused."""
    out, kept = tmp_path / "out.safetensors", tmp_path / "kept"
    done = train(DenoiserTraining(SMALL), out, kept)
    assert done.step == 4
    network = SplitDenoiser(1, 16, 1)
    network.load_state_dict({name: value.float() for name, value in read_state(out).items()})
    with pytest.raises(ValueError, match="its seed is 3, not 4"):
        going_on(replace(SMALL, seed=4), kept)
    assert train(going_on(replace(SMALL, steps=5), kept), out, kept).step == 5


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    losses: list[float] = []
    plan = replace(SMALL, steps=200, lr=5e-3, pause=100)
    done = train(
        DenoiserTraining(plan), tmp_path / "a.safetensors", tell=lambda done, progress, loss: losses.append(loss)
    )
    assert done.step == 200
    assert losses[1] < 0.7 * losses[0]


def test_levels_are_those_of_the_noise() -> None:
    chance = torch.Generator().manual_seed(0)
    clean = torch.full((40, 3, 32, 32), 0.5)
    level = levels(chance, clean)
    assert 0 < level.min() < level.max() <= HIGHEST
    made = noisy(chance, clean, level)
    uncut = [k for k in range(40) if made[k].min() < 0 or level[k].max() < 0.1]
    found = [float((made[k] - clean[k]).std() / level[k].square().mean().sqrt()) for k in uncut]
    assert sum(found) / len(found) == pytest.approx(1, abs=0.03)


def test_a_network_of_more_channels_begins_one_of_fewer(tmp_path: Path) -> None:
    """Told a gray picture three times over, the colour network and the gray one that it begins agree."""
    from safetensors.torch import save_file

    torch.manual_seed(0)
    colour, gray = SplitDenoiser(3, 16, 2), SplitDenoiser(1, 16, 2)
    for block in colour.blocks:
        torch.nn.init.normal_(block.second.weight, std=0.1)
    save_file(colour.state_dict(), str(tmp_path / "colour.safetensors"))
    gray.load_state_dict(started_from(tmp_path / "colour.safetensors", gray))
    y = torch.rand(1, 1, 17, 12)
    wanted = colour(y.expand(1, 3, 17, 12), 0.1).mean(1, keepdim=True)
    assert torch.allclose(gray(y, 0.1), wanted, atol=1e-5)
    with pytest.raises(ValueError, match="another width or depth"):
        started_from(tmp_path / "colour.safetensors", SplitDenoiser(1, 16, 3))


def test_the_callers_random_numbers_are_left_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    DenoiserTraining(SMALL)
    assert torch.equal(torch.rand(3), wanted)


def test_weights_are_written_where_the_checkpoint_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(OSError, match="kept"):
        train(DenoiserTraining(replace(SMALL, steps=1)), tmp_path / "out.safetensors", tmp_path / "kept")
    assert (tmp_path / "out.safetensors").is_file()


def test_a_training_that_is_asked_to_end_writes_what_it_has(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    out, kept = tmp_path / "out.safetensors", tmp_path / "kept"
    assert train(DenoiserTraining(SMALL), out, kept, asked_to_end=lambda: next(asked)).step == 2
    assert read_state(out).keys() == SplitDenoiser(1, 16, 1).state_dict().keys()
    assert going_on(SMALL, kept).done.step == 2


def test_what_was_learned_is_written_whatever_ends_a_training(tmp_path: Path) -> None:
    training = DenoiserTraining(replace(SMALL, steps=10))
    plain = training.step

    def breaking() -> torch.Tensor:
        if training.done.step == 2:
            raise OSError("the pictures are gone")
        return plain()

    training.step = breaking  # type: ignore[method-assign]
    with pytest.raises(OSError, match="the pictures are gone"):
        train(training, tmp_path / "out.safetensors", tmp_path / "kept")
    assert (tmp_path / "out.safetensors").is_file()
    again = DenoiserTraining(replace(SMALL, steps=10))
    again.resume(tmp_path / "kept")
    assert again.done.step == 2


@pytest.mark.parametrize(
    "what", ["weights", "no average", "no optimiser", "another shape", "header", "no done", "step"]
)
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path: Path, what: str) -> None:
    import json

    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    kept, out = tmp_path / "kept.safetensors", tmp_path / "out.safetensors"
    train(DenoiserTraining(replace(SMALL, steps=1)), out, kept)
    path = out if what == "weights" else kept
    tensors = load_file(path)
    with safe_open(str(path), framework="pt") as file:
        told = json.loads(file.metadata()["training"])
    if what == "no average":
        tensors = {name: x for name, x in tensors.items() if not name.startswith("average.")}
    elif what == "no optimiser":
        tensors = {name: x for name, x in tensors.items() if not name.startswith("optimiser.")}
    elif what == "another shape":
        tensors["average.first.bias"] = torch.zeros(1)
    elif what == "no done":
        del told["done"]
    elif what == "step":
        told["done"]["step"] = -5
    save_file(tensors, path, {"training": "null" if what == "header" else json.dumps(told)})
    with pytest.raises(ValueError, match=r"pretrain\(checkpoint=.*Give another"):
        DenoiserTraining(replace(SMALL, steps=1)).resume(path)


@pytest.mark.parametrize("name", ["first.weight", "first.bias", "last.weight"])
def test_a_start_of_the_right_names_and_other_shapes_is_refused(tmp_path: Path, name: str) -> None:
    from safetensors.torch import save_file

    state = {**SplitDenoiser(1, 16, 1).state_dict(), name: torch.zeros(7)}
    save_file(state, tmp_path / "start.safetensors")
    with pytest.raises(ValueError, match="another width or depth"):
        DenoiserTraining(SMALL, tmp_path / "start.safetensors")
