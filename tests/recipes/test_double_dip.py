"""Double-DIP: every use is better than nothing on a small mixture with a known truth."""

import itertools

import pytest
import torch
from torch import Tensor

from oneself import Run
from oneself.core import Result
from oneself.operators import Mixture
from oneself.testing import picture, psnr
from oneself.testing.cases import problem

SIZE = (32, 32)
SMALL = {"width": 12, "levels": 3, "device": "cpu"}
NAMES = {
    "dehaze": {"transmission", "airlight"},
    "transparency": {"second", "share", "share_2"},
    "watermark": {"opacity", "watermark"},
    "segment": {"mask", "foreground", "background"},
}


def done(task: str, steps: int, **options: float) -> tuple[Tensor, Tensor, Mixture, Result[Tensor]]:
    x, y, physics = problem(task, SIZE, shrink=8)
    return x, y, physics, Run("double_dip", y, physics, steps=steps, **{**SMALL, **options}).finish()


@pytest.mark.parametrize("task", NAMES)
def test_what_is_found_is_named_and_within_the_range(task):
    _, y, _, result = done(task, 3)
    assert set(result.parts) == NAMES[task]
    for part in (result.image, *result.parts.values()):
        assert part.shape[2:] == y.shape[2:]
        assert 0 <= float(part.min()) <= float(part.max()) <= 1


def test_haze_becomes_less_and_the_parts_make_up_the_picture():
    x, y, _, result = done("dehaze", 70)
    assert psnr(result.image, x) > psnr(y, x) + 2
    t, light = result.parts["transmission"], result.parts["airlight"]
    free = (result.image > 0) & (result.image < 1)
    assert torch.allclose(Mixture.mix(result.image, light, t)[free], y[free], atol=1e-4)


def test_two_mixtures_give_both_layers_in_either_order():
    x, y, physics, result = done("transparency", 180)
    truths, found = (x, x.flip(-1)), (result.image, result.parts["second"])
    mixed = (y, physics.known()["second"])

    def best(layers: tuple[Tensor, ...]) -> float:
        return max(min(map(psnr, order, truths)) for order in itertools.permutations(layers))

    assert best(found) > best(mixed) + 3


def test_one_mixture_is_made_up_of_its_layers():
    y = problem("transparency", SIZE)[1]
    result = Run("double_dip", y, Mixture("transparency"), steps=60, **SMALL).finish()
    assert set(result.parts) == {"second", "share"}
    assert psnr(Mixture.mix(result.image, result.parts["second"], result.parts["share"]), y) > 18


def test_a_watermark_fades_and_the_rest_stays_as_it_is():
    ramps = torch.meshgrid(torch.linspace(0.1, 0.6, 32), torch.linspace(0.5, 0.2, 32), indexing="ij")
    x = torch.stack([ramps[0], ramps[1], ramps[0] * ramps[1]])[None]
    mask, opacity = torch.zeros(2, 1, 1, 32, 32)
    mask[..., 10:22, 4:28] = 1
    opacity[..., 13:19, 6:26:4] = opacity[..., 16, 6:26] = 0.5
    y = Mixture.mix(torch.ones_like(x), x, opacity)
    result = Run("double_dip", y, Mixture("watermark", mask=mask), steps=160, **SMALL).finish()
    inside = (mask > 0).expand_as(x)
    assert torch.equal(result.image[~inside], y[~inside])
    assert not result.parts["opacity"].expand_as(x)[~inside].any()
    assert psnr(result.image[inside], x[inside]) > psnr(y[inside], x[inside]) + 3
    found = result.parts["opacity"]
    assert found[opacity > 0].mean() > 3 * found[(opacity == 0) & (mask > 0)].mean()


def test_segments_follow_the_hints():
    _, y, physics, result = done("segment", 50)
    mask, hints = result.parts["mask"], physics.known()["hints"]
    truth = torch.zeros_like(mask)
    truth[..., : SIZE[1] // 2] = 1
    assert float((mask * truth).sum() / ((mask + truth) > 0).sum()) > 0.85
    assert mask[hints == 1].mean() > 0.95 > 0.05 > mask[hints == 2].mean()
    assert torch.equal(result.image, mask * y)


def test_a_good_enough_fit_ends_a_stage():
    result = done("dehaze", 60, target_psnr=12.0, window=5)[-1]
    assert 20 + 5 < result.steps < 60  # not while the transmission is told
    assert "fidelity_average fell to" in result.stopped_by


def test_an_unfinished_run_tells_the_parts_of_the_last_stage():
    _, y, physics = problem("segment", SIZE)
    run = Run("double_dip", y, physics, steps=3, **SMALL)
    next(run)
    result = run.result()
    assert set(result.parts) == NAMES["segment"]
    assert torch.equal(result.image, result.parts["mask"] * y)


@pytest.mark.parametrize("task", ["transparency", "watermark", "segment"])
def test_what_is_known_must_fit_the_picture(task):
    _, _, physics = problem(task, SIZE)
    run = Run("double_dip", picture(30, 28), physics, device="cpu")
    with pytest.raises(ValueError, match=r"double_dip\(\w+.shape=.*the picture needs .*30, 28"):
        next(run)


def test_the_first_of_two_stages_leaves_time_for_the_other():
    _, y, physics = problem("segment", SIZE)
    result = Run("double_dip", y, physics, seconds=1.2, target_psnr=99.0, steps=9999, window=4096, **SMALL).finish()
    first, second = (stage.steps for stage in result.stages)
    assert second > first / 10
    assert all("the time allowed" in stage.stopped_by for stage in result.stages)
