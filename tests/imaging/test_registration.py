"""The shift between two shots of one scene."""

import pytest
import torch
from skimage.data import astronaut
from torch import Tensor

from oneself.imaging.registration import Shift, _closer, likeness, overlapping, shift_between

SCENE = torch.from_numpy(astronaut()).permute(2, 0, 1)[None].float() / 255


def shots(shift: tuple[int, int], n: int = 96, sigma: float = 0.1) -> tuple[Tensor, Tensor]:
    """Two shots; the second shows at ``p + shift`` what the first does at ``p``."""
    chance = torch.Generator().manual_seed(0)
    top, left = 60, 180
    down, right = shift
    first = SCENE[..., top : top + n, left : left + n]
    second = SCENE[..., top - down : top - down + n, left - right : left - right + n]
    return tuple(x + sigma * torch.randn(x.shape, generator=chance) for x in (first, second))  # type: ignore[return-value]


@pytest.mark.parametrize("sigma", [0.05, 0.2])
@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (2, -3), (10, 7), (-25, 4)])
def test_a_whole_shift_is_found_and_undone(shift: tuple[int, int], sigma: float) -> None:
    first, second = shots(shift, sigma=sigma)
    found = shift_between(first, second)
    assert found.whole == shift
    a, b = overlapping(first, second, found.whole)
    assert a.shape == (1, 3, *(96 - abs(by) for by in shift))
    assert float((a - b).std()) == pytest.approx(2**0.5 * sigma, rel=0.05)


def test_a_signal_and_a_volume() -> None:
    row, volume = SCENE[..., 100, 100:400], torch.rand(1, 1, 12, 20, 20)
    noise = 0.02 * torch.randn(1, 3, 290, generator=torch.Generator().manual_seed(0))
    assert shift_between(row[..., 4:294], row[..., :290] + noise).whole == (4,)
    assert shift_between(volume[..., 2:, :-3, :], volume[..., :-2, 3:, :]).whole == (2, -3, 0)


def test_other_scenes_have_no_shift() -> None:
    first, _ = shots((0, 0))
    assert shift_between(first, SCENE[..., 300:396, 10:106]).whole == (0, 0)
    assert likeness(first, SCENE[..., 300:396, 10:106], (0, 0)) < 0.75 < likeness(*shots((0, 0)), (0, 0))


def test_its_words() -> None:
    assert Shift((2, -3), (2.14, -3.0)).words() == "+2.1 px along y, -3.0 px along x"
    assert Shift((0, 1, -2), (0.0, 1.26, -2.0)).words() == "+0.0 px along z, +1.3 px along y, -2.0 px along x"
    assert Shift((1,), (1.0,)).words() == "+1.0 px along x"


def waves(shift: tuple[float, float]) -> Tensor:
    """A smooth picture that goes on round its borders, moved by any shift."""
    chance = torch.Generator().manual_seed(0)
    frequency = torch.fft.fftfreq(64)
    spectrum = torch.fft.fft2(torch.randn(64, 64, generator=chance)) * (
        torch.exp(-300 * (frequency[:, None].square() + frequency.square()))
    )
    phase = frequency[:, None] * shift[0] + frequency * shift[1]
    return torch.fft.ifft2(spectrum * torch.exp(-2j * torch.pi * phase)).real[None, None] * 20


@pytest.mark.parametrize("shift", [(2.3, -3.4), (0.4, 1.2), (-1.7, 0.0)])
def test_a_shift_is_measured_to_a_tenth(shift: tuple[float, float]) -> None:
    found = shift_between(waves((0.0, 0.0)), waves(shift))
    assert found.exact == pytest.approx(shift, abs=0.06)
    assert found.whole == tuple(round(by) for by in shift)


def test_what_chance_alone_brings_closer_is_no_shift() -> None:
    """Along x nothing changes but the noise: whatever shift is a little closer by it is not believed."""
    ramp = torch.linspace(0, 1, 40)[:, None].expand(1, 1, 40, 40)
    chance = torch.Generator().manual_seed(0)
    for _ in range(6):
        first, second = (ramp + 0.05 * torch.randn(ramp.shape, generator=chance) for _ in range(2))
        assert not any(_closer(first, second, (0, by)) for by in (-3, -2, -1, 1, 2, 3))
    assert _closer(ramp, torch.cat([ramp[..., :2, :], ramp[..., :-2, :]], 2), (2, 0))
