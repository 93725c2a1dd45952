import pytest

from oneself.optim import one_cycle, stepped


def test_one_cycle_rises_to_one_and_falls_to_its_last():
    factor = one_cycle(rise=0.25, first=0.04, last=1e-3)
    assert factor(0.0) == pytest.approx(0.04)
    assert factor(0.25) == pytest.approx(1.0)
    assert factor(1.0) == pytest.approx(1e-3)
    along = [factor(k / 100) for k in range(101)]
    assert along[:26] == sorted(along[:26])
    assert along[25:] == sorted(along[25:], reverse=True)


def test_stepped_multiplies_at_each_moment():
    factor = stepped(0.5, at=(0.5, 0.75))
    assert [factor(p) for p in (0.0, 0.49, 0.5, 0.74, 0.75, 1.0)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
