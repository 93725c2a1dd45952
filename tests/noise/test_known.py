"""The level that a method works with: as it was given, or estimated and told."""

import numpy as np
import pytest

from oneself.noise import known_level, known_noise

WHITE = 0.5 + 0.1 * np.random.default_rng(0).normal(size=(1, 64, 64))


def test_what_is_given_stands() -> None:
    assert known_level(WHITE, 0.3, "m") == (0.3, ())
    assert known_noise(WHITE, 0.3, None, "m") == (0.3, 0.0, ())
    assert known_noise(WHITE, 0.3, 0.02, "m") == (0.3, 0.02, ())
    level, gain, notes = known_noise(WHITE, None, 0.02, "m")
    assert (level, gain) == (pytest.approx(0.1, rel=0.05), 0.02)
    assert notes[0].startswith("m: sigma was not given; estimated: white Gaussian noise, sigma ")
    assert known_noise(WHITE, None, None, "m")[1] == 0


def test_the_faintest_level_is_above_nothing() -> None:
    flat = np.full((1, 64, 64), 0.5)
    assert known_level(flat, None, "m")[0] == known_noise(flat, None, None, "m")[0] == 1e-6
    assert known_level(flat, 0.0, "m")[0] == known_noise(flat, 0.0, None, "m")[0] == 0


def test_gaps_leave_the_level_unknown() -> None:
    assert known_level(WHITE, None, "m", gaps=0.05)[0] == pytest.approx(0.1, rel=0.05)
    assert known_level(WHITE, 0.2, "m", gaps=0.5) == (0.2, ())
    with pytest.raises(ValueError, match=r"m\(sigma=None\).*gaps"):
        known_level(WHITE, None, "m", gaps=0.06)
