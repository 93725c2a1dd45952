"""What is particular to Noise2Void, Noise2Self, the blind network and Noise2Noise."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from oneself.core import Fit, Identity, Run
from oneself.recipes.self_supervised.blind_network import blind_network
from oneself.recipes.self_supervised.noise2noise import noise2noise
from oneself.recipes.self_supervised.noise2self import noise2self
from oneself.recipes.self_supervised.noise2void import noise2void
from oneself.testing.pictures import noisy, picture
from oneself.testing.quality import psnr

QUICK = {"width": 8, "levels": 1, "steps": 3, "patch": 16}
LEARNING = {"width": 16, "steps": 150, "patch": 24, "validate_every": 10}


def solve(method: Any, y: Tensor, **options: Any) -> Tensor:
    return Run(method, y, device="cpu", **{**LEARNING, **options}).finish().image


def stage(method: Any, y: Tensor, **options: Any) -> Fit:
    torch.manual_seed(0)
    quick = {name: value for name, value in QUICK.items() if method.takes(name)}
    made = method(y, Identity(), **method.resolve_options({**quick, **options}))
    assert isinstance(made, Fit)
    return made


@torch.no_grad()
@pytest.mark.parametrize("size", [(30,), (13, 11), (5, 6, 4)])
def test_no_element_of_the_invariant_answer_depends_on_itself(size: tuple[int, ...]) -> None:
    y = torch.rand(1, 2, *size)
    places = [tuple(int(torch.randint(n, ())) for n in y.shape[1:]) for _ in range(3)]
    grid, network = (noise2self, {"mix": False, "grid_width": 2}), (blind_network, {"layers": 2, "mix": False})
    plain, mixed = (noise2self, {"answer": "plain"}), (blind_network, {"layers": 2, "sigma": 0.01})
    for (method, options), blind in ((grid, True), (plain, False), (network, True), (mixed, False)):
        found = []
        for place in places:
            changed = y.clone()
            changed[(0, *place)] += 0.5
            one, other = (
                stage(method, x, shared=False, **options, tile=16).estimate()[(0, *place)] for x in (y, changed)
            )
            found.append(bool(one == other))
        assert all(found) if blind else not any(found)


def test_mixing_back_helps_however_early_it_is_stopped() -> None:
    """The answer is never worse than the blind prediction, nor than the input."""
    x = picture(48, 48, channels=1, shrink=2)
    y = noisy(x, 0.1)
    for steps in (1, 60):
        found = [psnr(solve(blind_network, y, steps=steps, mix=mix, layers=2), x) for mix in (False, True)]
        assert found[1] > max(found[0] + 0.1, psnr(y, x) + 1)


def test_noise_that_neighbours_share_is_not_mixed_back() -> None:
    x, chance = picture(64, 64, shrink=2), np.random.default_rng(0)
    made = gaussian_filter(chance.normal(size=x.shape), (0, 0, 0.8, 0.8), mode="wrap")
    (note,) = stage(noise2self, x + torch.from_numpy(0.15 * made / made.std()).float()).notes
    assert "so neighbours predict it: nothing was mixed back" in note


def test_noise2void_tells_what_it_found() -> None:
    white = picture(48, 48) + 0.1 * torch.randn(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    (note,) = stage(noise2void, white).notes
    told = r"noise2void: white Gaussian noise, sigma [\d.]+ % of the range; each element is hidden alone"
    assert re.fullmatch(told, note)
    assert stage(noise2void, white, structure="none").notes == ()


def test_stripes_are_taken_away_before() -> None:
    """The structured variant is ahead of the plain one by more than 1 dB."""
    x, chance = picture(64, 64, channels=1, shrink=4), np.random.default_rng(0)
    made = 0.08 * chance.normal(size=(1, 1, 64, 1)) + 0.03 * chance.normal(size=x.shape)
    y = x + torch.from_numpy(made).float()
    result = Run(noise2void, y, device="cpu", **LEARNING).finish()
    assert "stripes along x" in result.notes[0]
    assert "offsets were taken away first" in result.notes[0]
    assert psnr(result.image, x) > psnr(solve(noise2void, y, structure="none"), x) + 1
    quick = {**QUICK, "patch": 24}
    assert torch.equal(solve(noise2void, y, **quick), solve(noise2void, y, structure="horizontal", **quick))
    assert not torch.equal(solve(noise2void, y, **quick), solve(noise2void, y, structure="vertical", **quick))


def test_correlated_noise_is_hidden_along() -> None:
    """The structured variant is ahead of the plain one by more than 1 dB."""
    x, chance = picture(64, 64, shrink=2), np.random.default_rng(0)
    made = gaussian_filter(chance.normal(size=x.shape), (0, 0, 0.8, 0.8), mode="wrap")
    y = x + torch.from_numpy(0.15 * made / made.std()).float()
    found = solve(noise2void, y, structure="disc", extent=3)
    assert psnr(found, x) > psnr(solve(noise2void, y, structure="none"), x) + 1


@pytest.mark.parametrize(("method", "gain"), [(noise2void, 3), (noise2self, 0.5), (blind_network, 3)])
def test_however_early_it_is_stopped_it_is_above_its_input(method: Any, gain: float) -> None:
    x = picture(48, 48, shrink=2)
    y = noisy(x, 0.1)
    assert psnr(solve(method, y, steps=2), x) > psnr(y, x) + gain


def test_lines_of_a_signal_are_refused() -> None:
    for structure in ("horizontal", "vertical"):
        with pytest.raises(ValueError, match=r"noise2void\(y\.shape=.*a signal has no such lines"):
            stage(noise2void, torch.rand(1, 1, 40), structure=structure)
    assert stage(noise2void, torch.rand(1, 1, 40), structure="horizontal", extent=3).notes == ()


def shots(x: Tensor, shift: int = 0) -> tuple[Tensor, Tensor]:
    first, second = noisy(x, 0.1, seed=0), noisy(x, 0.1, seed=1)
    return first[..., shift:], second[..., : x.shape[-1] - shift]


def test_two_shots_are_better_than_their_mean() -> None:
    x = picture(48, 48, shrink=2)
    first, second = shots(x)
    found = solve(noise2noise, first, second=second)
    assert psnr(found, x) > psnr((first + second) / 2, x) + 1.5


@torch.no_grad()
def test_both_shots_count_alike() -> None:
    x = picture(24, 20)
    first, second = shots(x)
    fit = stage(noise2noise, first, second=second, ensemble=False)
    network = fit.average.network
    assert torch.allclose(fit.estimate(), (network(first) + network(second)) / 2, atol=1e-5)
    inputs, targets = fit.input().input[0], fit.input.evaluation_example().target
    assert inputs.shape[0] == 2
    assert torch.equal(targets, torch.cat([second, first]))


def test_a_shift_is_undone_and_said() -> None:
    x = picture(64, 64, shrink=2)
    first, second = shots(x, shift=4)
    result = Run(noise2noise, first, device="cpu", second=second, **LEARNING).finish()
    assert result.image.shape == first.shape
    assert re.fullmatch(
        r"noise2noise: the second shot lies [+-]0\.\d px along y, \+[34]\.\d px along x from the first; whole "
        r"elements of it were undone(, 0\.\d px are left)?",
        result.notes[0],
    )
    assert psnr(result.image, x[..., 4:]) > psnr(first, x[..., 4:]) + 3


def test_what_is_no_second_shot_is_refused() -> None:
    y = noisy(picture(96, 96, shrink=2), 0.05)
    with pytest.raises(ValueError, match=r"noise2noise\(second=None\): a second shot of the scene is needed"):
        Run(noise2noise, y, device="cpu").finish()
    with pytest.raises(ValueError, match=r"noise2noise\(second\.shape=.*the restored image is \(96, 96\)"):
        Run(noise2noise, y, device="cpu", second=y[..., 1:]).finish()
    with pytest.raises(ValueError, match=r"noise2noise\(second\.shape=.*as many channels"):
        Run(noise2noise, y, device="cpu", second=y[:, :1]).finish()
    with pytest.raises(ValueError, match=r"noise2noise\(second=…\): it is the first shot itself"):
        Run(noise2noise, y, device="cpu", second=y.clone()).finish()
    wide = noisy(picture(96, 136, shrink=2), 0.05)
    with pytest.raises(
        ValueError, match=r"noise2noise\(second=…\): it lies .*\+(39|40)\.\d px along x .*too little in common"
    ):
        Run(noise2noise, wide[..., 40:], device="cpu", second=wide[..., :96]).finish()
