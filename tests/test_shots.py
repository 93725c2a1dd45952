"""The shift between two shots of one scene."""

import pytest
import torch
from skimage.data import astronaut
from torch import Tensor

from oneself.shots import likeness, overlapping, shift_between

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
    found = shift_between(*shots((2, -3)))
    assert found.words() == f"{found.exact[0]:+.1f} px along y, {found.exact[1]:+.1f} px along x"
