"""Tensors that outlive a step: made at first use, written in place, saved and restored whole."""

import torch
from torch import nn

from oneself.core import State


def test_a_held_tensor_is_made_once_and_written_in_place() -> None:
    state, value = State(), torch.ones(3, requires_grad=True)
    held = state.hold("mean", value)
    assert not held.requires_grad
    address = held.data_ptr()
    assert address != value.data_ptr()
    assert state.hold("mean", 5 * value) is held
    assert held.data_ptr() == address
    assert held.tolist() == [5, 5, 5]
    assert state.held("mean") is held
    assert list(state.state_dict()) == ["mean"]


def test_holding_copies_what_it_is_given() -> None:
    state, value = State(), torch.ones(3)
    state.hold("mean", value)
    value.fill_(7)
    assert state.held("mean").tolist() == [1, 1, 1]


def test_nothing_is_held_before_the_first_use() -> None:
    assert State().held("mean") is None


def nested() -> nn.Module:
    """One state inside another, each with a buffer of its own."""
    outer, inner = State(), State()
    outer.register_buffer("fixed", torch.tensor(1.0))
    outer.register_buffer("passing", torch.tensor(2.0), persistent=False)
    outer.add_module("inner", inner)
    inner.register_buffer("fixed", torch.tensor(3.0))
    return outer


def test_loading_makes_what_was_saved() -> None:
    saved = nested()
    saved.inner.hold("mean", torch.arange(4))
    saved.hold("count", torch.tensor(9))
    fresh = nested()
    fresh.load_state_dict(saved.state_dict())
    assert fresh.inner.held("mean").tolist() == [0, 1, 2, 3]
    assert fresh.inner.held("mean").dtype == torch.int64
    assert int(fresh.held("count")) == 9
    assert fresh.held("mean") is None
    fresh.inner.hold("mean", torch.full((4,), 8))
    assert saved.inner.held("mean").tolist() == [0, 1, 2, 3]


def test_loading_takes_away_what_was_not_yet_there() -> None:
    state = nested()
    before = {name: value.clone() for name, value in state.state_dict().items()}
    state.hold("count", torch.tensor(9))
    state.inner.hold("mean", torch.zeros(2))
    state.load_state_dict(before)
    assert state.held("count") is None
    assert state.inner.held("mean") is None
    assert (float(state.fixed), float(state.passing), float(state.inner.fixed)) == (1, 2, 3)
    state.inner.hold("mean", torch.ones(5))  # another shape than the one before
    assert state.inner.held("mean").tolist() == [1] * 5


def test_what_loading_made_can_be_taken_away_again() -> None:
    saved = nested()
    empty = {name: value.clone() for name, value in saved.state_dict().items()}
    saved.hold("count", torch.tensor(9))
    fresh = nested()
    fresh.load_state_dict(saved.state_dict())
    fresh.load_state_dict(empty)
    assert fresh.held("count") is None


def test_held_tensors_move_with_the_module() -> None:
    state = State()
    state.hold("mean", torch.ones(2))
    assert state.to(torch.float64).held("mean").dtype == torch.float64
