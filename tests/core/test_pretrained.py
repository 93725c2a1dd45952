"""A method may come with weights: a run is known by what they hold, and what it does not move is not saved again."""

import copy
from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Option, Pretrained, Run, Stage, WeightAverage, method
from oneself.core.identity import identity
from oneself.core.option import read_options
from oneself.domains import IMAGE

from .toys import CITE, Square, image, run_of

Y = image()


def network() -> nn.Sequential:
    """Trained elsewhere: a layer, its statistics, and a last layer."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(2, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 2, 1))
    made[1].running_mean.fill_(0.3)
    return made


class Noisy(Input):
    """The image with fresh noise, towards the image."""

    def __init__(self, y: Tensor) -> None:
        super().__init__()
        self.y = y

    def forward(self) -> Example:
        return Example((self.y + 0.1 * torch.randn_like(self.y),), self.y)

    def evaluation_example(self) -> Example:
        return Example((self.y,), self.y)


def adapting(y: Tensor, net: nn.Module, steps: int = 4, **more: Any) -> Fit:
    """All of it is kept but for the last layer."""
    net[:-1].requires_grad_(False)  # type: ignore[index]
    return Fit(
        structure=Pretrained(net), input=Noisy(y), loss=Square(), steps=steps,
        optimiser=lambda parameters: torch.optim.SGD(parameters, lr=0.1), **more,
    )  # fmt: skip


@method("Adapt", cite=CITE, tasks=("denoise",))
def adapt(
    y: Tensor,
    physics: Any,
    *,
    weights: Annotated[Path | nn.Module | None, Option("of the network")] = None,
    steps: Annotated[int, Option("steps", low=1)] = 4,
) -> Stage:
    if isinstance(weights, nn.Module):
        return adapting(y, weights, steps)
    net = network()
    if weights is not None:
        net.load_state_dict(load_file(weights))
    return adapting(y, net, steps)


def adapted(weights: Any, **more: Any) -> Run:
    return Run(adapt, Y, device="cpu", weights=weights, **more)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    save_file(network().state_dict(), path)
    return path


def test_an_option_may_be_a_file_or_a_module(file: Path) -> None:
    weights, _ = adapt.options
    assert (weights.type, weights.is_file, weights.takes_module, weights.is_input) == (Path, True, True, False)
    assert weights.allowed() == "a file or a torch module, or none"
    assert weights.check("adapt", str(file)) == file
    net = network()
    assert weights.check("adapt", net) is net
    assert weights.check("adapt", None) is None


@pytest.mark.parametrize(("value", "error", "words"), [("none.pt", ValueError, "there is no such file"),
                                                     (3, TypeError, "wrong type"),
                                                     (torch.zeros(1), TypeError, "wrong type")])  # fmt: skip
def test_what_is_neither_is_refused(value: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=rf"adapt\(weights=.*: {words}.*a file or a torch module, or none"):
        adapted(value)


def only_module(y: Any, *, net: Annotated[nn.Module, Option("a network")] = nn.ReLU()) -> None: ...  # noqa: B008


def test_a_module_is_no_default() -> None:
    with pytest.raises(TypeError, match=r"only_module\(net\): a torch module has no default but None"):
        read_options(only_module, IMAGE)


def test_a_run_is_known_by_the_content_of_its_weights(file: Path, tmp_path: Path) -> None:
    moved = file.rename(tmp_path / "elsewhere")
    saved = adapted(moved)
    next(saved)
    state = saved.state_dict()
    copied = tmp_path / "copy"
    copied.write_bytes(moved.read_bytes())
    again = adapted(copied)
    again.load_state_dict(state)
    assert torch.equal(again.finish().image, saved.finish().image)

    other = network()
    other[0].weight.data[0, 0] += 1
    save_file(other.state_dict(), copied)
    with pytest.raises(ValueError, match=r"Run\.load: the checkpoint's option weights is 'sha256:.*Give what the"):
        adapted(copied).load_state_dict(state)


def test_a_module_is_known_by_its_tensors_and_parts() -> None:
    assert identity(network()) == identity(network())
    other = network()
    other[1].running_mean[0] += 1
    assert identity(other) != identity(network())
    assert identity(nn.ReLU()) != identity(nn.Sigmoid())
    assert identity(network().bfloat16()) != identity(network())


def test_a_module_is_the_runs_own_however_often_it_runs() -> None:
    net = network()
    before = copy.deepcopy(net.state_dict())
    run = adapted(net)
    next(run)
    early = run.answer  # runs the method again from there
    assert torch.equal(early, run.answer)
    alone = adapted(network()).finish().image
    net[3].weight.data.zero_()
    assert torch.equal(run.finish().image, alone)
    net[3].weight.data.copy_(before["3.weight"])
    assert all(torch.equal(x, before[name]) for name, x in net.state_dict().items())
    assert all(p.requires_grad for p in net.parameters())


def test_frozen_weights_are_neither_remembered_nor_saved() -> None:
    run = adapted(network())
    next(run)
    assert run._now is not None
    for stage in (run._now._good["stage"], run.state_dict()["stages"][0]["stage"]):
        names = {name.removeprefix("structure.") for name in stage if name.startswith("structure.")}
        assert names == {"network.3.weight", "network.3.bias", "frozen_sha256"}
    with pytest.raises(AssertionError):  # and the last layer did move
        assert torch.equal(run.state_dict()["stages"][0]["stage"]["structure.network.3.weight"], network()[3].weight)


def test_resuming_with_frozen_weights_is_exact(file: Path, tmp_path: Path) -> None:
    whole = adapted(file).finish().image
    run = adapted(file)
    next(run), next(run)
    run.save(tmp_path / "run")
    again = adapted(file)
    again.load(tmp_path / "run")
    assert torch.equal(again.finish().image, whole)


def test_a_state_of_other_frozen_weights_is_refused_by_name() -> None:
    """Also where the weights are no option: a file that came along with the package, say, and is another now."""
    shift = 0.0

    def made(y: Tensor) -> Fit:
        net = network()
        net[0].bias.data += shift
        return adapting(y, net)

    run = run_of(made)
    next(run)
    shift = 1.0
    other = run_of(made)
    other.load_state_dict(run.state_dict())
    with pytest.raises(ValueError, match=r"Run\.load: .*the state is of other weights than those of structure"):
        next(other)


def test_it_computes_as_in_eval_whatever_is_said_around_it() -> None:
    net, x = network(), torch.rand(1, 2, 6, 8)
    expected = copy.deepcopy(net).eval()(x)
    held = Pretrained(net)
    around = nn.Sequential(held).train()
    assert torch.equal(around(x), expected)
    assert not held.training
    assert not held.network[2].training
    assert held.network[1].num_batches_tracked == 0


def test_statistics_may_be_those_of_the_input() -> None:
    net, x = network(), 3 + torch.rand(1, 2, 6, 8)
    first = net[0](x)
    mean, variance = first.mean((2, 3), keepdim=True), first.var((2, 3), keepdim=True, unbiased=False)
    expected = net[3]((first - mean) / (variance + net[1].eps).sqrt())
    held = Pretrained(copy.deepcopy(net), statistics="input")
    assert torch.allclose(held(x), expected, atol=1e-5)
    assert not torch.allclose(Pretrained(net)(x), expected, atol=1e-2)
    assert not [name for name in held.network.state_dict() if "running" in name]


def test_an_average_of_its_weights_is_saved_as_far_as_they_move() -> None:
    stage = adapting(Y, network())
    stage.average = WeightAverage(stage.structure, 0.9)
    names = {name for name in stage.state_dict() if name.startswith("average.network.")}
    assert names == {f"average.network.{name}" for name in ("network.3.weight", "network.3.bias", "frozen_sha256")}
    run = run_of(lambda y: stage)
    run.finish()
    assert not torch.equal(stage.average.network.network[3].weight, network()[3].weight)
    assert torch.equal(stage.average.network.network[0].weight, network()[0].weight)


def test_all_may_be_frozen_and_nothing_trained() -> None:
    class Applied(Stage):
        def __init__(self) -> None:
            super().__init__(steps=1)
            self.network = Pretrained(network().requires_grad_(False))

        def solve(self) -> dict[str, Tensor]:
            return {"change": (self.network(Y) - Y).square().mean()}

        def estimate(self) -> Tensor:
            found: Tensor = self.network(Y)
            return found

    run = run_of(lambda y: Applied())
    assert torch.equal(run.finish().image, network().eval()(Y))
    assert list(run.state_dict()["stages"][0]["stage"]) == [
        "stop.fired", "stop.first.fired", "stop.second.fired", "stop.second.elapsed", "network.frozen_sha256",
    ]  # fmt: skip
