"""What does not fit in memory is refused before it is taken, with what makes it smaller."""

import pytest
import torch

import oneself
from oneself.core import NotEnoughMemory, room
from oneself.core.room import check_room, lighter, telling
from oneself.registry import find

PICTURE = torch.rand(32, 32, generator=torch.Generator().manual_seed(0)).numpy()


@pytest.fixture
def little(monkeypatch):
    """1 MB at hand."""
    monkeypatch.setattr(room, "available_memory", lambda device: 1e6)


def test_a_result_that_does_not_fit_is_refused(little):
    check_room("made", (3, 100, 100), "Less.")
    with pytest.raises(NotEnoughMemory, match=r"made: an image of 300 x 300 takes at least .* at hand\. Less\."):
        check_room("made", (3, 300, 300), "Less.")
    with pytest.raises(NotEnoughMemory):
        check_room("made", (3, 1e300, 1e300), "Less.")


@pytest.mark.parametrize("scale", [10**6, (1, 10**12), 1e200])
def test_an_absurd_scale_is_refused_on_any_machine(scale):
    with pytest.raises(NotEnoughMemory, match=r"super_resolve\(scale=.*Give a smaller scale"):
        oneself.super_resolve(PICTURE, scale)


def test_a_scale_that_does_not_fit_is_refused_before_the_work(little):
    with pytest.raises(NotEnoughMemory, match="an image of 320 x 320 takes at least"):
        oneself.super_resolve(PICTURE, 10, method="zssr")


def test_a_picture_that_does_not_fit_is_refused_with_the_methods_own_advice(little):
    y = torch.zeros(1, 3, 300, 300)
    y[..., 0] = 1
    with pytest.raises(NotEnoughMemory, match=r"dip: .*Give a smaller width= \(now 24\)"):
        oneself.Run("dip", y, device="cpu", width=24)


def test_the_advice_is_of_the_method_in_use():
    method = find("zs_n2n")
    words = lighter(method, method.resolve_options({"width": 99}))
    assert "width= (now 99)" in words
    assert "patches= (now 8)" in words
    assert "crop=" not in words
    assert (
        lighter(find("nonlocal_wiener"), find("nonlocal_wiener").resolve_options({"patch": 2}))
        == "Give a crop of the picture."
    )


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9")])
def test_memory_that_runs_out_along_the_way_is_told_alike(error):
    method = find("singan")
    with (
        pytest.raises(NotEnoughMemory, match=r"singan: there is not enough room .*crop= \(now 128\)"),
        telling(method, method.resolve_options({})),
    ):
        raise error
    with pytest.raises(RuntimeError, match="something else"), telling(method, {}):
        raise RuntimeError("something else")
