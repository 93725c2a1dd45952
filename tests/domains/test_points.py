"""Even points: a method whose inputs are point clouds, and which adds points as it goes.

Given           y, points on a surface with noise
Structure       none
Input           the points
Loss            distance of each point from the middle of its neighbours
Regularisation  early stopping

Nobody. Nowhere. 2000.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor, nn

from oneself.core import (
    Example,
    Fit,
    Input,
    Never,
    Option,
    Recipe,
    Run,
    Selection,
    Stage,
    State,
    StoppingRule,
    Term,
    method,
)
from oneself.domains import IMAGE, POINTS
from oneself.stopping import Average, Below, Best, Movement
from oneself.testing import picture, promises
from oneself.testing.inputs import points

from ..core.toys import Given, looked

CITE = "Nobody. Nowhere. 2000."
Y = points()


class Evening(Stage):
    """Every step moves the points towards the middle of their nearest, and adds some between two of them."""

    def __init__(
        self, y: Tensor, neighbours: int, grow: int, steps: int, *, stop: StoppingRule, selection: Selection
    ) -> None:
        super().__init__(steps=steps, stop=stop, selection=selection)
        self.neighbours, self.grow = neighbours, grow
        self.cloud = State()
        self.cloud.register("points", y)

    def solve(self) -> dict[str, Tensor]:
        x = self.estimate()
        nearest = torch.cdist(x, x).topk(min(self.neighbours + 1, len(x)), largest=False).indices[:, 1:]
        middle = x[nearest].mean(1)
        chosen = torch.randint(len(x), (self.grow,))
        between = (x[chosen] + x[nearest[chosen, 0]]) / 2
        self.last_output = self.cloud.register("points", torch.cat([x.lerp(middle, 0.2), between])).clone()
        return {"roughness": (x - middle).square().sum(1).mean()}

    def estimate(self) -> Tensor:
        held = self.cloud.registered("points")
        assert held is not None
        return held.clone()


@method("Even points", cite=CITE, tasks=("denoise", "upsample"), needs=(), domain=POINTS)
def even(
    y: Tensor,
    physics: Any,
    *,
    neighbours: Annotated[int, Option("how many make a middle", low=1, high=64)] = 6,
    grow: Annotated[int, Option("points that a step adds", low=0, high=1000)] = 5,
    settled: Annotated[float, Option("movement below which it stops", low=0, high=1)] = 0.02,
    steps: Annotated[int, Option("steps", low=1)] = 60,
) -> Stage:
    movement = Movement(POINTS.distance, every=2)
    return Evening(y, neighbours, grow, steps, stop=Below(movement, settled), selection=Best(movement))


def run(y: Tensor = Y, **more: Any) -> Run:
    return Run(even, y, device="cpu", **more)


@pytest.mark.parametrize(("check", "case"), promises([even], settled=0.0, grow=1), ids=str)
def test_it_keeps_the_contract(check: Any, case: Any) -> None:
    check(case)


def test_the_number_of_points_changes_while_it_runs() -> None:
    going = run(settled=0.0)
    assert [len(step.estimate) for _, step in zip(range(3), going, strict=False)] == [65, 70, 75]
    assert going.result().answer.shape == (75, 3)


def test_the_best_may_have_another_number_of_points() -> None:
    selection = Best(Given([3, 1, 2, 1]))
    for index, number in enumerate((4, 5, 6, 6)):
        selection.update(looked(index, points(number)))
    assert torch.equal(selection.answer(Evening(Y, 6, 1, 9, stop=Never(), selection=selection)), points(5))
    again = Best(Given([]))
    again.load_state_dict(selection.state_dict())
    assert torch.equal(again.registered("best"), points(5))


def test_it_stops_when_the_points_have_settled() -> None:
    result = run(settled=0.03, grow=1).finish()
    assert result.steps < 60
    assert "movement fell to 0.03" in result.stopped_by
    assert "where movement was lowest" in result.stopped_by


@pytest.mark.parametrize("taken", [1, 4, 51, 55])
def test_resuming_is_exact_with_as_many_points_as_there_were(tmp_path: Path, taken: int) -> None:
    whole, begun = run(settled=0.0).finish(), run(settled=0.0)
    for _ in range(taken):
        next(begun)
    begun.save(tmp_path / "run")
    again = run(settled=0.0)
    again.load(tmp_path / "run")
    assert torch.equal(again.finish().answer, whole.answer)
    assert again.result().history == whole.history


def test_a_fall_goes_back_to_as_many_points_as_there_were() -> None:
    class Falling(Evening):
        def solve(self) -> dict[str, Tensor]:
            found = super().solve()
            return {"roughness": found["roughness"] * (torch.nan if len(self.estimate()) > 120 else 1)}

    @method("Falling", cite=CITE, tasks=("denoise",), needs=(), domain=POINTS)
    def falling(y: Tensor, physics: Any) -> Stage:
        return Falling(y, 6, 1, 500, stop=Below(Movement(POINTS.distance), 0.0), selection=Selected())

    class Selected(Best):
        def __init__(self) -> None:
            super().__init__(Movement(POINTS.distance))

    result = Run(falling, Y, device="cpu").finish()
    assert "it diverged 3 times" in result.stopped_by
    assert torch.isfinite(result.answer).all()
    assert len(result.answer) <= 110  # 50 steps of one point each, from 60


class Cloud(nn.Module):
    """Free points."""

    def __init__(self, y: Tensor) -> None:
        super().__init__()
        self.points = nn.Parameter(y.clone())

    def forward(self, z: Tensor) -> Tensor:
        return self.points + 0 * z


class Jittered(Input):
    def __init__(self, y: Tensor) -> None:
        super().__init__()
        self.y = y

    def forward(self) -> Example:
        return Example((torch.zeros(()),), self.y + 0.01 * torch.randn_like(self.y))

    def evaluation_example(self) -> Example:
        return Example((torch.zeros(()),), self.y)


class Chamfer(Term):
    name = "chamfer"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return POINTS.distance(x, example.target)


def fit(y: Tensor, x: Tensor, **more: Any) -> Fit:
    return Fit(structure=Cloud(x), input=Jittered(y), loss=Chamfer(), steps=5, **more,
               optimiser=lambda parameters: torch.optim.Adam(parameters, lr=0.01))  # fmt: skip


@method("Twice as many", cite=CITE, tasks=("upsample",), needs=(), domain=POINTS)
def twice(y: Tensor, physics: Any) -> Recipe:
    """Points that are parameters: their number changes from stage to stage."""
    coarse = yield fit(y, y)
    with torch.no_grad():
        x = coarse.answer()
    yield fit(y, torch.cat([x, x + 0.05 * torch.randn_like(x)]))


def test_the_number_may_change_from_stage_to_stage(tmp_path: Path) -> None:
    whole = Run(twice, Y, device="cpu").finish()
    assert whole.answer.shape == (120, 3)
    begun = Run(twice, Y, device="cpu")
    for _ in range(3):
        next(begun)
    assert begun.answer.shape == (120, 3)  # run through from here
    for _ in range(4):
        next(begun)
    begun.save(tmp_path / "run")
    again = Run(twice, Y, device="cpu")
    again.load(tmp_path / "run")
    assert torch.equal(again.finish().answer, whole.answer)


def test_what_would_add_up_points_one_by_one_is_refused() -> None:
    @method("Mean", cite=CITE, tasks=("denoise",), needs=(), domain=POINTS)
    def mean(y: Tensor, physics: Any) -> Stage:
        return fit(y, y, selection=Average(0.9))

    with pytest.raises(ValueError, match=r"mean\(Average\): .*those of a point cloud do not allow\. Use another"):
        next(Run(mean, Y, device="cpu"))


def test_an_option_may_be_an_input_of_another_domain() -> None:
    @method("Lit", cite=CITE, tasks=("denoise",), needs=(), domain=POINTS)
    def lit(
        y: Tensor,
        physics: Any,
        *,
        light: Annotated[Tensor | None, Option("a picture of the scene", domain=IMAGE)] = None,
        start: Annotated[Tensor | None, Option("other points to begin with")] = None,
    ) -> Stage:
        x = y if start is None else start
        return fit(y, x if light is None else x * light.mean())

    light, start = lit.options
    assert (light.domain, start.domain) == (IMAGE, POINTS)
    bright = picture(8, 8).double()
    first = Run(lit, Y, device="cpu", light=bright, start=points(40))
    assert first.finish().answer.shape == (40, 3)
    assert first.options["light"].dtype == torch.float32
    with pytest.raises(ValueError, match=r"lit\(light\.shape=\(60, 3\).*no image"):
        Run(lit, Y, light=Y)
    with pytest.raises(ValueError, match=r"lit\(start\.shape=\(1, 3, 8, 8\)\): no point cloud"):
        Run(lit, Y, start=bright)


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (Y.int(), TypeError, r"even\(y\.dtype=torch\.int32\): not real floating point"),
        (Y.T, ValueError, r"even\(y\.shape=\(3, 60\)\): no point cloud\. Give \(N, 3\)"),
        (Y[:0], ValueError, "no point cloud"),
        (picture(8, 8), ValueError, "no point cloud"),
        (Y / 0, ValueError, "NaN or infinite places"),
        (Y.numpy(), TypeError, r"even\(y=ndarray\): Even points works on a point cloud\. Give a Tensor"),
    ],
)
def test_what_is_no_point_cloud_is_refused(y: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        run(y)


def test_the_distance_of_two_clouds() -> None:
    x = torch.tensor([[0.0, 0, 0], [1, 0, 0]])
    other = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 0, 3]])
    assert float(POINTS.distance(x, x)) == 0
    assert float(POINTS.distance(x, other)) == pytest.approx((0 + 1) / 2)
    assert POINTS.distance(x, other) == POINTS.distance(other, x)
    large = points(2500)
    assert float(POINTS.distance(large, large.flip(0))) == 0
