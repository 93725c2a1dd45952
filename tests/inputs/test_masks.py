"""Hiding elements, and asking for the hidden ones back."""

import itertools

import deepinv
import pytest
import torch
from torch import Tensor

from oneself.core import Identity
from oneself.inputs import BernoulliMasks, measured_elements
from oneself.operators import Resize

Y = 0.1 + torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))  # nowhere 0
KNOWN = (torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(1)) > 0.25).float()


@pytest.mark.parametrize("hide", [0.1, 0.5, 0.9])
def test_elements_of_every_channel_are_hidden_by_themselves(hide: float) -> None:
    torch.manual_seed(0)
    masks = BernoulliMasks(Y, hide, torch.ones_like(Y))
    shown = torch.stack([masks().input[1] for _ in range(60)])
    spread = (hide * (1 - hide) / shown.numel()) ** 0.5
    assert float(1 - shown.mean()) == pytest.approx(hide, abs=4 * spread)
    flat = shown.reshape(60, 3, -1)
    together = torch.corrcoef(flat.permute(1, 0, 2).reshape(3, -1)) - torch.eye(3)
    assert together.abs().max() < 0.03
    assert (flat.mean(0) - (1 - hide)).abs().max() < 0.35  # no element is always shown


def test_what_is_hidden_is_asked_for_and_nothing_else() -> None:
    torch.manual_seed(0)
    for _ in range(10):
        (given, shown), target, where = BernoulliMasks(Y, 0.4, KNOWN, crop=9, crops=2)()
        assert given.shape == shown.shape == target.shape == where.shape == (2, 3, 9, 9)
        assert torch.equal(given, target * shown)
        assert bool((given[where == 1] == 0).all())
        assert bool((where * shown == 0).all())
        assert 0.15 < float(where.mean()) < 0.45  # 0.75 * 0.4
        assert 0.3 < float(shown.mean()) < 0.6  # 0.75 * 0.6


def test_what_was_not_measured_is_neither_shown_nor_asked_for() -> None:
    torch.manual_seed(0)
    marked = Y * KNOWN
    for _ in range(10):
        (_, shown), target, where = BernoulliMasks(marked, 0.4, KNOWN, crop=9)()
        known = (target != 0).float()
        assert torch.equal(shown + where, known)
    shown = BernoulliMasks(marked, 0.4, KNOWN).masked()[1]
    assert bool((shown <= KNOWN).all())
    assert bool((shown < KNOWN).any())


def test_crops_and_flips_are_parts_of_the_image() -> None:
    torch.manual_seed(0)
    y = torch.arange(48.0).reshape(1, 1, 6, 8)
    masks = BernoulliMasks(y, 0.5, torch.ones_like(y), crop=5)
    corners = set()
    for _ in range(600):
        target = masks().target
        assert target.shape == (1, 1, 5, 5)
        places = []
        for flips in itertools.chain.from_iterable(itertools.combinations((2, 3), n) for n in range(3)):
            turned = target.flip(flips)
            row, column = divmod(int(turned[0, 0, 0, 0]), 8)
            if row < 2 and column < 4 and torch.equal(turned, y[..., row : row + 5, column : column + 5]):
                places.append((flips, row, column))
        assert len(places) == 1
        corners.add(places[0])
    assert len(corners) == 4 * 2 * 4  # every flip of every place


def test_crops_are_no_larger_than_the_image() -> None:
    y = torch.rand(1, 1, 6, 20)
    assert BernoulliMasks(y, 0.5, torch.ones_like(y), crop=9)().target.shape == (1, 1, 6, 9)
    assert BernoulliMasks(y, 0.5, torch.ones_like(y))().target.shape == y.shape


def test_the_ensemble_sees_the_whole_image_with_fresh_masks() -> None:
    torch.manual_seed(0)
    masks = BernoulliMasks(Y, 0.3, KNOWN, crop=9)
    (one, shown), (_, other) = masks.masked(), masks.masked()
    assert torch.equal(one, Y * shown)
    assert not torch.equal(shown, other)
    assert float(shown.sum() / KNOWN.sum()) == pytest.approx(0.7, abs=0.05)


def test_a_clean_look_shows_all_that_was_measured() -> None:
    (given, shown), target, where = BernoulliMasks(Y, 0.3, KNOWN).evaluation_example()
    assert torch.equal(given, Y * KNOWN)
    assert torch.equal(shown, KNOWN)
    assert torch.equal(target, Y)
    assert torch.equal(where, KNOWN)


def test_what_an_operator_measures() -> None:
    assert torch.equal(measured_elements(Identity(), Y), torch.ones_like(Y))
    mask = KNOWN[0]
    assert torch.equal(measured_elements(deepinv.physics.Inpainting((3, 20, 30), mask=mask), Y * KNOWN), KNOWN)


class Scaled(Identity):
    @staticmethod
    def A(x: Tensor) -> Tensor:
        return 2 * x


class Shifted(Identity):
    @staticmethod
    def A(x: Tensor) -> Tensor:
        return x.roll(1, -1)


@pytest.mark.parametrize("operator", [Scaled(), Shifted(), Resize(2)])
def test_operators_that_do_more_are_refused(operator: object) -> None:
    with pytest.raises(
        ValueError, match=rf"physics={type(operator).__name__}\): .*keep.* or drop.* elements.*Use .*dip"
    ):
        measured_elements(operator, Y)
