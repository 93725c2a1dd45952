"""What is particular to ZSSR: fathers and sons, any operator of super-resolution, what is measured stays."""

from __future__ import annotations

import math

import deepinv
import pytest
import torch
from skimage import data
from torch import Tensor

from oneself.core import Run, Score, Step
from oneself.inputs import FatherSon
from oneself.inputs.father_son import fit
from oneself.networks import plain
from oneself.operators import Downsample, Resize, enlarge
from oneself.operators.alignment import turns
from oneself.operators.kernels import gaussian_kernel
from oneself.operators.resize import resize
from oneself.recipes.super_resolution.zssr import TILE, _upscale, zssr
from oneself.stopping.slope import SlopeCuts

QUICK = {"width": 8, "layers": 3, "steps": 3, "crop": 16}


def gray(height: int = 64, width: int = 64) -> Tensor:
    return torch.from_numpy(data.camera()[180 : 180 + height, 200 : 200 + width].copy())[None, None] / 255


def psnr(x: Tensor, truth: Tensor) -> float:
    return -10 * math.log10(float((x - truth).square().mean()))


def blur(rows: Tensor) -> Tensor:
    kernel = rows[:, None] * rows
    return kernel / kernel.sum()


def solve(y: Tensor, physics: object, **options: object) -> Tensor:
    return Run(zssr, y, physics, device="cpu", **{**QUICK, **options}).finish().image


def test_learning_beats_what_projecting_the_cubic_picture_gives() -> None:
    x = torch.from_numpy(data.astronaut()[120:216, 180:276].copy()).permute(2, 0, 1)[None] / 255
    operator = Resize(2)
    y = operator.A(x)
    options = {"width": 24, "layers": 4, "crop": 32, "lr": 4e-3}
    learned, untaught = (psnr(solve(y, operator, steps=n, **options), x) for n in (150, 1))
    assert learned > untaught + 1
    assert learned > psnr(operator.enlarge(y), x) + 2


@pytest.mark.parametrize(
    ("size", "scale"),
    [((64,), 2.0), ((45, 60), 1.5), ((40, 42), (1.0, 3.0)), ((37, 41), 1.37), ((24, 20, 16), (1.0, 2.0, 2.0))],
)
def test_any_factor_keeps_what_was_measured(size: tuple[int, ...], scale: float | tuple[float, ...]) -> None:
    operator = Resize(scale, size)
    y = operator.A(torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(0)))
    image = solve(y, operator, back_projections=30)
    assert image.shape == (1, 2, *size)
    assert torch.allclose(operator.A(image), y, atol=1e-4)


@pytest.mark.parametrize(
    "operator",
    [
        deepinv.physics.Downsampling(filter="bicubic", factor=2, img_size=(1, 64, 64), padding="circular"),
        deepinv.physics.Downsampling(filter="gaussian", factor=2, padding="reflect"),
        deepinv.physics.Downsampling(filter=blur(torch.ones(4))[None, None], factor=4, img_size=(1, 64, 64)),
        Downsample(2, blur(torch.tensor([1.0, 3.0, 1.0]))),
        Downsample(2, blur(torch.tensor([0.0, 1.0, 3.0, 2.0, 1.0])), phase=1),
    ],
)
def test_any_operator_will_do(operator: object) -> None:
    x = gray()
    y = operator.A(x)
    image = solve(y, operator, steps=60, lr=4e-3)
    assert (operator.A(image) - y).abs().max() < 0.02
    assert psnr(image, x) > psnr(enlarge(y, (64, 64)), x) + 0.5


def test_the_first_answer_is_the_cubic_one() -> None:
    y = Resize(2).A(gray())
    image = solve(y, Resize(2), steps=1, back_projections=0, average=0.99)
    assert torch.allclose(image, Resize(2).enlarge(y), atol=1e-2)


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    y = Resize(2).A(gray())
    whole = solve(y, Resize(2), steps=20)
    monkeypatch.setitem(TILE, 2, 17)
    assert torch.allclose(solve(y, Resize(2), steps=20), whole, atol=1e-5)


def test_the_ensemble_treats_every_turn_alike() -> None:
    torch.manual_seed(0)
    network, up = plain(2, 1, width=4, layers=2), gray(20, 24)
    options = {"onto": lambda x: x, "views": turns((2, 2)), "reach": 2}
    answer = _upscale(network, up=up, **options)
    for turn in turns((2, 2)):
        assert torch.allclose(_upscale(network, up=turn(up), **options), turn(answer), atol=1e-5)
    assert not torch.allclose(network(up), answer, atol=1e-3)


def test_gradual_goes_through_smaller_factors() -> None:
    x = gray()
    y = Resize(2).A(x)
    result = Run(zssr, y, Resize(2), device="cpu", gradual=True, **{**QUICK, "steps": 40, "lr": 4e-3}).finish()
    assert [stage.steps for stage in result.stages] == [40, 40, 40]
    assert result.image.shape == x.shape
    assert psnr(result.image, x) > psnr(Resize(2).enlarge(y), x)


def test_gradual_needs_operators_in_between() -> None:
    foreign = deepinv.physics.Downsampling(filter="bicubic", factor=2, img_size=(1, 64, 64))
    with pytest.raises(ValueError, match=r"gradual=True, physics=Downsampling\): has no at"):
        solve(foreign.A(gray()), foreign, gradual=True)
    given = Downsample(2, blur(torch.ones(3)))
    with pytest.raises(ValueError, match="Give gradual=False"):
        solve(given.A(gray()), given, gradual=True)


def test_what_cannot_be_learned_from_is_refused() -> None:
    with pytest.raises(ValueError, match=r"too small to learn from.*Give a larger"):
        solve(torch.rand(1, 1, 3, 20), Resize(2))
    with pytest.raises(ValueError, match="shrinks nothing"):
        solve(torch.rand(1, 1, 20, 20), Resize(1))
    fixed = deepinv.physics.Downsampling(filter="bicubic", factor=2, img_size=(1, 64, 64))
    fixed.A = lambda x, A=fixed.A: A(x) + torch.zeros(1, 1, 32, 32)
    with pytest.raises(ValueError, match="takes no crop"):
        solve(torch.rand(1, 1, 32, 32), fixed)


def test_published_rate_is_cut_and_ends_the_run() -> None:
    y = Resize(2).A(gray(32, 32))
    result = Run(
        zssr, y, Resize(2), device="cpu", preset="near-published", **{**QUICK, "steps": 4000, "lr": 0.02, "layers": 2}
    ).finish()
    assert "levelled out" in result.stopped_by
    assert result.steps < 4000


class Ramp(Score):
    name = "ramp"

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def measure(self, step: Step) -> Tensor:
        return torch.tensor(1 + self.slope * step.index + 0.01 * math.sin(step.index) * bool(self.slope))


@pytest.mark.parametrize(("slope", "cuts"), [(-1e-3, 0), (0.0, 2), (1e-3, 2)])
def test_rate_is_cut_where_the_score_no_longer_falls(slope: float, cuts: int) -> None:
    rule = SlopeCuts(Ramp(slope))
    for index in range(700):
        rule(Step(0, index, 700, torch.device("cpu"), {}, None, lambda: torch.zeros(())))
    assert rule.schedule(0.5) == pytest.approx(10.0**-cuts)


@pytest.mark.parametrize("scale", [(2.0, 2.0), (1.5, 1.5), (1.0, 3.0)])
def test_sons_lie_on_their_fathers(scale: tuple[float, ...]) -> None:
    ramp = torch.arange(60.0)
    father = torch.stack([0.01 * ramp[:, None] + 0.003 * ramp, torch.sin(ramp / 15)[:, None] * torch.cos(ramp / 9)])[
        None
    ]
    examples = FatherSon([father], Resize(scale).A, enlarge, scale, turns(scale), crop=20, crops=30)
    example = examples()
    assert example.target.shape == (30, 2, 20, 20)
    assert (example.input[0] - example.target).abs().mean() < 3e-3
    assert (example.input[0].roll(1, 2) - example.target).abs()[..., 1:, :].mean() > 5e-3


def test_fathers_are_turned_and_sons_get_noise() -> None:
    torch.manual_seed(0)
    operator, father = Resize(2), gray(16, 16)
    options = {"A": operator.A, "enlarge": enlarge, "scale": (2, 2), "turns": turns((2, 2))}
    seen = {tuple(FatherSon([father], **options, crop=16)().target.flatten().tolist()) for _ in range(80)}
    assert len(seen) == 8
    noisy = FatherSon([father], **options, crop=16, noise=0.1)
    clean = enlarge(operator.A(noisy.evaluation_example().target), (16, 16))
    assert torch.equal(noisy.evaluation_example().input[0], clean)
    assert (noisy.son(father) - clean).std() == pytest.approx(0.08, abs=0.03)


def test_smaller_fathers_are_used_where_a_crop_fits() -> None:
    small, tiny, operator = gray(48, 48), gray(8, 8), Resize(2)
    examples = FatherSon([gray(), small, tiny], operator.A, enlarge, (2, 2), turns((2, 2)), crop=24)
    assert examples.chances.tolist() == [64 * 64, 48 * 48]


def test_crops_fit_the_factor() -> None:
    assert [fit(n, 1.5) for n in (6, 7, 8, 9)] == [6, 6, 8, 9]
    assert [fit(n, 3) for n in (9, 10, 11, 12)] == [9, 9, 9, 12]
    assert fit(17, 1.0) == 17


def test_a_kernel_larger_than_the_picture_is_refused() -> None:
    wide = blur(torch.ones(21))
    with pytest.raises(
        ValueError, match=r"physics.kernel.shape=\(21, 21\)\): larger than the enlarged image \(20, 24\)"
    ):
        solve(torch.rand(1, 1, 10, 12), Downsample(2, wide))
    assert solve(torch.rand(1, 1, 11, 12), Downsample(2, wide)).shape == (1, 1, 22, 24)


def test_the_centred_gaussian_of_direct_sampling() -> None:
    """The protocol of the published "width 2.0": displaced by half a sample, which the answer is not."""
    x = torch.from_numpy(data.astronaut()[120:216, 180:276].copy()).permute(2, 0, 1)[None] / 255
    operator = Downsample(2, gaussian_kernel(21, math.sqrt(2)))
    y = (operator.A(x).clamp(0, 1) * 255).round() / 255
    learned = solve(y, operator, steps=60, width=16, layers=4, crop=32, lr=4e-3)
    errors = {
        by: psnr(resize(learned, x.shape[2:], (by, by))[..., 4:-4, 4:-4], x[..., 4:-4, 4:-4])
        for by in (-0.5, -0.25, 0.0, 0.25, 0.5)
    }
    assert max(errors, key=errors.__getitem__) == 0.0
    assert errors[0.0] > psnr(enlarge(y, x.shape[2:])[..., 4:-4, 4:-4], x[..., 4:-4, 4:-4]) + 4
