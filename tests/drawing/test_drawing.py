import numpy as np
import pytest

from oneself.drawing import draw
from oneself.drawing.shapes import ellipse, radii
from oneself.drawing.textures import power_law


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_seed_gives_one_picture(channels: int) -> None:
    one = draw(3, channels, 48)
    assert one.shape == (48, 48, channels)
    assert one.dtype == np.float32
    assert one.min() >= 0
    assert one.max() <= 1
    assert one.std() > 0.01
    assert np.array_equal(one, draw(3, channels, 48))
    assert not np.array_equal(one, draw(4, channels, 48))


@pytest.mark.parametrize(("channels", "size"), [(0, 64), (5, 64), (3, 8)])
def test_what_cannot_be_drawn_is_refused(channels: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"draw\(channels=.*give 1 to 4 channels"):
        draw(0, channels, size)


def test_radii_follow_the_power_law() -> None:
    """The share of radii above ``r`` is ``(r^(1-p) - b^(1-p)) / (a^(1-p) - b^(1-p))``."""
    found = radii(np.random.default_rng(0), 20_000, 2.0, 50.0, 3.0)
    assert found.min() >= 2
    assert found.max() <= 50
    for r in (3.0, 6.0, 20.0):
        wanted = (r**-2 - 50.0**-2) / (2.0**-2 - 50.0**-2)
        assert (found > r).mean() == pytest.approx(wanted, abs=0.01)


def test_textures_have_the_slope_that_is_asked_for() -> None:
    field = power_law(np.random.default_rng(0), 128, 1.0, 1.0, 0.0)
    spectrum = np.abs(np.fft.fft2(field)) ** 2
    f = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
    low, high = (spectrum[(f > a) & (f < 1.1 * a)].mean() for a in (0.05, 0.4))
    assert np.log(low / high) / np.log(8) == pytest.approx(2.0, abs=0.25)  # power: twice the slope
    assert field.std() == pytest.approx(1, abs=1e-3)


def test_distances_are_in_pixels_at_the_edge() -> None:
    y, x = np.mgrid[-20:21, -20:21].astype(np.float32)
    distance = ellipse(np.random.default_rng(1), 12.0)(y, x)
    near = np.abs(distance) < 2
    gy, gx = np.gradient(distance)
    assert np.hypot(gy, gx)[near].mean() == pytest.approx(1, abs=0.1)
