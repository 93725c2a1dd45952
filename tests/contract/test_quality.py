"""Every method beats the trivial answer on a small real picture, at a reduced setting stated here."""

import pytest

from oneself import methods
from oneself.testing import BrokenPromise, check_beats_trivial

PRIOR = {"steps": 250, "width": 16, "start": 0, "average": 0.95}
REDUCED = {
    "deep_red": {**PRIOR, "size": (48, 48)},
    "dip": {**PRIOR, "size": (48, 48)},
    "self2self": {"steps": 300, "width": 12, "levels": 2, "samples": 10},
    "zs_n2n": {"steps": 200},
    "zssr": {"steps": 300, "size": (48, 48)},
}


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.key)
def test_beats_the_trivial_answer(method):
    steps = {"steps": 300} if method.takes("steps") else {}
    check_beats_trivial(method, **REDUCED.get(method.key, steps))


@pytest.mark.parametrize("task", ["inpaint", "deblur", "restore"])
def test_dip_beats_the_trivial_answer_of_linear_operators(task):
    check_beats_trivial("dip", task, **REDUCED["dip"])


def test_too_few_steps_do_not_beat_it():
    with pytest.raises(BrokenPromise, match="dB, the trivial answer has"):
        check_beats_trivial("dip", size=(32, 32), steps=2, width=4)
