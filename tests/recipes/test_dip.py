"""What is particular to the deep image prior: the code, what ends it, and the variance of its outputs."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.core import Identity, Run
from oneself.networks import Skip
from oneself.recipes.prior.dip import dip
from oneself.stopping import Average, Best
from oneself.testing import psnr
from oneself.testing.operators import Pool
from oneself.testing.pictures import noisy, picture

QUICK = {"width": 8, "levels": 2, "code": 4, "skip": 2, "start": 0}
WAITING = ("variance", "moving-variance", "held-out")  # ways to stop that have patience
STOPS = {
    "variance": (["window_variance"], " of step"),
    "moving-variance": (["moving_variance"], " (moving_variance was not known yet)"),  # before step 100
    "held-out": (["held_out"], " of step"),
    "discrepancy": (["residual"], ""),
    "never": ([], ""),
}


def run(y: Tensor, physics: Any = None, **options: Any) -> Run:
    idle = {"code"} if options.get("guide") is not None else {"start"} if options.get("stop") == "never" else set()
    quick = {name: value for name, value in QUICK.items() if name not in idle}
    return Run(dip, y, physics, device="cpu", **{**quick, **options})


def test_structure_learns_the_picture_before_the_noise() -> None:
    x = picture(32, 32)
    y = noisy(x, 0.15)
    fitted = run(y, width=16, steps=150, average=0.9).finish().image
    assert (fitted - x).square().mean() < 0.4 * (y - x).square().mean()


@pytest.mark.parametrize("stop", STOPS)
def test_every_way_to_stop_gives_an_answer(stop: str) -> None:
    own = {"sigma": 0.3} if stop == "discrepancy" else {"window": 4} if stop == "variance" else {}
    patience = {"patience": 4} if stop in WAITING else {}
    result = run(noisy(picture(16, 16), 0.1), stop=stop, steps=30, **patience, **own).finish()
    assert torch.isfinite(result.image).all()
    score, kept = STOPS[stop]
    assert [name for name in result.history if name != "fidelity"] == score
    assert result.stopped_by.partition("; ")[2].startswith("returned the running average of the iterates" + kept)
    assert result.steps == 30 or stop in ("variance", "held-out", "discrepancy")


def test_a_noise_level_that_would_not_count_is_refused() -> None:
    with pytest.raises(ValueError, match="only counts with stop='discrepancy'"):
        run(noisy(picture(16, 16), 0.1), sigma=0.1, steps=1).finish()


IGNORED = [
    *[{"stop": stop, "window": 4} for stop in ("moving-variance", "held-out", "discrepancy", "never")],
    *[{"stop": stop, "smoothing": 0.5} for stop in ("moving-variance", "held-out", "never")],
    *[{"stop": stop, "hold_out": 0.2} for stop in ("variance", "never")],
    *[{"stop": "never", "patience": 4}, {"fidelity": "least-squares", "ridge": 1.0}],
    *[{"stop": "never", "start": 7}, {"guide": torch.zeros(1, 3, 16, 16), "code": 7}],
]


@pytest.mark.parametrize("options", IGNORED, ids=str)
def test_an_option_that_a_setting_ignores_is_refused_there(options: dict[str, Any]) -> None:
    name = list(options)[-1]
    with pytest.raises(ValueError, match=rf"dip\({name}={options[name]}\): it only counts (with|where)"):
        dip.resolve_options(options)


def test_what_is_ignored_may_be_said_at_its_default_as_a_record_does() -> None:
    settled = dip.resolve_options({"stop": "moving-variance"}, "published")
    assert (settled["window"], settled["smoothing"]) == (50, 0.93)  # not the preset's, which stops by another score
    assert dip.resolve_options(settled) == settled


def test_discrepancy_stops_at_the_noise_level() -> None:
    y = noisy(picture(16, 16), 0.1)
    result = run(y, stop="discrepancy", sigma=0.25, steps=400).finish()
    residual = result.history["residual"]
    assert residual[-1] <= 1 < min(residual[:-1])
    assert residual[-1] == pytest.approx(result.history["fidelity"][-1] / 0.25**2, rel=1e-3)
    assert result.stopped_by.startswith(f"residual fell to 1, at step {result.steps};")
    late = run(y, stop="discrepancy", sigma=0.25, steps=400, start=result.steps + 10).finish()
    assert late.steps == result.steps + 11


def test_discrepancy_needs_the_noise_level() -> None:
    with pytest.raises(ValueError, match=r"dip\(stop='discrepancy', sigma=None\): the noise level is needed\. Give"):
        next(run(picture(16, 16), stop="discrepancy"))


def test_variance_stops_by_patience_with_the_average_of_its_best_step() -> None:
    result = run(noisy(picture(16, 16), 0.1), stop="variance", window=4, steps=400, patience=12, smoothing=0.5).finish()
    trace = result.history["window_variance"]
    assert trace[:3] == [math.inf] * 3
    assert trace.index(min(trace)) == result.steps - 1 - 12
    assert result.stopped_by == (
        f"window_variance had not improved for 12 steps, at step {result.steps}; returned the running average of the "
        f"iterates of step {result.steps - 12}, where window_variance was lowest"
    )


def test_held_out_elements_are_kept_from_the_loss() -> None:
    """The loss is that of the elements shown, the score's are the others."""
    torch.manual_seed(0)
    y = picture(16, 16)
    stage = dip(y, Identity(), **{**dip.resolve_options({}), **QUICK, "stop": "held-out", "hold_out": 0.3})
    shown = stage.input.where
    assert float(1 - shown.mean()) == pytest.approx(0.3, abs=0.06)
    assert torch.equal(stage.selection.score.hidden, 1 - shown)
    example = stage.input()
    found = stage.terms(example)["fidelity"].detach()
    x = stage.last_output
    assert float(found) == pytest.approx(float((x - y)[shown == 1].square().mean()), rel=1e-4)


def test_options_reach_the_stage() -> None:
    y = picture(64, 64)
    stage = dip(y, Identity(), **dip.resolve_options({"jitter": 0.5, "code": 7, "average": 0.9, "stop": "never"}))
    assert (stage.input.jitter, stage.input.z.shape) == (0.5, (1, 7, 64, 64))
    assert isinstance(stage.selection, Average)
    assert stage.selection.decay == 0.9
    assert isinstance(dip(y, Identity(), **dip.resolve_options({})).selection, Best)
    assert stage.rise == pytest.approx(math.sqrt(10))  # 5 dB
    assert isinstance(stage.structure, Skip)


def test_the_published_preset_is_the_papers() -> None:
    settings = dip.resolve_options({}, "published")
    told = {name: settings[name] for name in ("width", "levels", "skip", "code", "lr", "jitter", "window", "patience")}
    assert told == {
        "width": 128,
        "levels": 5,
        "skip": 4,
        "code": 32,
        "lr": 0.01,
        "jitter": 1 / 30,
        "window": 100,
        "patience": 1000,
    }


def test_the_image_has_the_size_that_the_operator_takes() -> None:
    x = picture(16, 16)
    y = Pool().A(x)
    result = run(y, Pool(), steps=60, stop="never").finish()
    assert result.image.shape == x.shape
    assert result.history["fidelity"][-1] < 0.3 * result.history["fidelity"][0]
    gap = Pool().A(result.image) - y
    assert gap.square().mean() < 0.5 * (y - y.mean()).square().mean()


def test_a_flash_photograph_guides_the_restoration_of_one_without() -> None:
    """The same scene by warm light from the left, dim and noisy, and by a cold flash in the middle."""
    scene = picture(32, 32)
    across = torch.linspace(-1, 1, 32)
    candle = (0.9 - 0.4 * across) * torch.tensor([0.7, 0.5, 0.3])[:, None, None]
    flash = (1 - 0.5 * (across**2 + across[:, None] ** 2).clamp(max=1)) * torch.tensor([0.8, 0.9, 1.0])[:, None, None]
    truth, guide = scene * candle, noisy(scene**0.8 * flash, 0.01)
    y = noisy(truth, 0.1)
    options = {"width": 16, "levels": 3, "steps": 60, "patience": 60, "average": 0.9}
    without, guided = (run(y, **options, guide=given).finish() for given in (None, guide))
    assert guided.steps == without.steps
    assert psnr(guided.image, truth) > psnr(without.image, truth) + 2
    assert psnr(guided.image, truth) > psnr(guide, truth) + 5
    assert torch.equal(guided.options["guide"], guide)


def test_a_guide_takes_the_place_of_the_code() -> None:
    y, guide = picture(16, 16), torch.rand(1, 2, 16, 16)
    stage = dip(y, Identity(), **dip.resolve_options({"guide": guide, "jitter": 0.0}))
    assert torch.equal(stage.input.evaluation_example().input[0], guide)
    assert torch.equal(stage.input().input[0], guide)
    assert stage.structure(guide).shape == y.shape


def test_a_guide_that_would_not_count_or_fit_is_refused() -> None:
    y = picture(16, 16)
    with pytest.raises(ValueError, match=r"dip\(guide=…, input='positions'\): the guide is the input"):
        run(y, guide=y, input="positions").finish()
    with pytest.raises(
        ValueError, match=r"dip\(guide\.shape=\(1, 3, 16, 16\)\): the restored image is \(16, 32\)\. Give"
    ):
        run(y, Pool(), guide=y)


def test_a_checkpoint_belongs_to_its_guide() -> None:
    y, guide = picture(16, 16), picture(16, 16).flip(-1)
    begun = run(y, guide=guide, steps=4)
    next(begun)
    again = run(y, guide=guide.clone(), steps=4)
    again.load_state_dict(begun.state_dict())
    assert torch.equal(again.finish().image, begun.finish().image)
    with pytest.raises(ValueError, match="the checkpoint's option guide is"):
        run(y, guide=y, steps=4).load_state_dict(begun.state_dict())


def test_the_guide_is_the_runs_own() -> None:
    y, guide = picture(16, 16), picture(16, 16).flip(-1).double()
    begun = run(y, guide=guide, steps=4)
    expected = run(y, guide=guide.clone(), steps=4).finish().image
    guide.fill_(0.5)
    assert torch.equal(begun.finish().image, expected)


def test_the_papers_settings_are_presets() -> None:
    y = picture(64, 64)
    hole = dip(y, Identity(), **dip.resolve_options({}, "large-hole"))
    z = hole.input.evaluation_example().input[0]
    assert z.shape == (1, 2, 64, 64)
    torch.testing.assert_close(z[0, 1, 3], torch.linspace(0, 1, 64))
    assert {level.smooth for level in hole.structure.modules() if hasattr(level, "smooth")} == {False}
    assert hole.structure.body.across is None
    assert dip(y, Identity(), **dip.resolve_options({}, "jpeg")).input.z.shape == (1, 3, 64, 64)
    steps = {name: dip.resolve_options({}, name)["steps"] for name in dip.presets}
    assert steps == {
        **{"published": 5000, "jpeg": 2400, "text": 6001, "large-hole": 5001, "half-missing": 11_000},
        **{"super-resolve-x4": 2000, "super-resolve-x8": 4000, "flash": 601},
    }
