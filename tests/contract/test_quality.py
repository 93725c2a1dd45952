"""Every method beats the trivial answer on a small real picture, at a reduced setting stated here."""

import pytest

from oneself import methods
from oneself.testing import check_beats_trivial

REDUCED = {
    "deep_red": {"steps": 250, "width": 16, "start": 0},
    "dip": {"steps": 250, "width": 16, "start": 0},
    "self2self": {"steps": 300, "width": 12, "levels": 2, "samples": 10},
    "zs_n2n": {"steps": 200},
}


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.key)
def test_beats_the_trivial_answer(method):
    steps = {"steps": 300} if method.takes("steps") else {}
    check_beats_trivial(method, **REDUCED.get(method.key, steps))


@pytest.mark.parametrize("task", ["inpaint", "deblur", "restore"])
def test_dip_beats_the_trivial_answer_of_linear_operators(task):
    check_beats_trivial("dip", task, size=(48, 48), **REDUCED["dip"])
