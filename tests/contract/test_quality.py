"""Every method beats the trivial answer on a small real picture, at a reduced setting stated here."""

import pytest

from oneself import methods
from oneself.testing import BrokenPromise, check_beats_trivial

PRIOR = {"steps": 150, "width": 16, "levels": 3, "start": 0, "average": 0.95, "size": (32, 32)}
MASKED = {"steps": 150, "width": 12, "levels": 2, "rate": 1e-2, "samples": 8, "size": (32, 32)}
REDUCED = {
    "deep_red": PRIOR,
    "dip": PRIOR,
    "self2self": MASKED,
    "zs_n2n": {"steps": 100, "size": (48, 48)},
    "zssr": {"steps": 150, "width": 24, "crop": 32, "size": (40, 40)},
}


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.key)
def test_beats_the_trivial_answer(method):
    steps = {"steps": 300} if method.takes("steps") else {}
    check_beats_trivial(method, **REDUCED.get(method.key, steps))


@pytest.mark.parametrize("key", ["dip", "self2self"])
def test_inpainting_beats_leaving_holes(key):
    check_beats_trivial(key, "inpaint", margin=5, **REDUCED[key])


@pytest.mark.parametrize("task", ["deblur", "restore"])
def test_dip_beats_the_trivial_answer_of_linear_operators(task):
    check_beats_trivial("dip", task, **REDUCED["dip"])


def test_too_few_steps_do_not_beat_it():
    with pytest.raises(BrokenPromise, match="dB, the trivial answer has"):
        check_beats_trivial("dip", size=(32, 32), steps=2, width=4)
