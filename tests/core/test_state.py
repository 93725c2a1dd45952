"""Tensors that outlive a step: made at first use, written in place, saved and restored whole."""

import torch
from torch import nn

from oneself.core import State


def test_a_held_tensor_is_made_once_and_written_in_place() -> None:
    state, value = State(), torch.ones(3, requires_grad=True)
    held = state.register("mean", value)
    assert not held.requires_grad
    address = held.data_ptr()
    assert address != value.data_ptr()
    assert state.register("mean", 5 * value) is held
    assert held.data_ptr() == address
    assert held.tolist() == [5, 5, 5]
    assert state.registered("mean") is held
    assert list(state.state_dict()) == ["mean"]


def test_holding_copies_what_it_is_given() -> None:
    state, value = State(), torch.ones(3)
    state.register("mean", value)
    value.fill_(7)
    assert state.registered("mean").tolist() == [1, 1, 1]


def test_nothing_is_held_before_the_first_use() -> None:
    assert State().registered("mean") is None


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
    saved.inner.register("mean", torch.arange(4))
    saved.register("count", torch.tensor(9))
    fresh = nested()
    fresh.load_state_dict(saved.state_dict())
    assert fresh.inner.registered("mean").tolist() == [0, 1, 2, 3]
    assert fresh.inner.registered("mean").dtype == torch.int64
    assert int(fresh.registered("count")) == 9
    assert fresh.registered("mean") is None
    fresh.inner.register("mean", torch.full((4,), 8))
    assert saved.inner.registered("mean").tolist() == [0, 1, 2, 3]


def test_loading_takes_away_what_was_not_yet_there() -> None:
    state = nested()
    before = {name: value.clone() for name, value in state.state_dict().items()}
    state.register("count", torch.tensor(9))
    state.inner.register("mean", torch.zeros(2))
    state.load_state_dict(before)
    assert state.registered("count") is None
    assert state.inner.registered("mean") is None
    assert (float(state.fixed), float(state.passing), float(state.inner.fixed)) == (1, 2, 3)
    state.inner.register("mean", torch.ones(5))  # another shape than the one before
    assert state.inner.registered("mean").tolist() == [1] * 5


def test_what_loading_made_can_be_taken_away_again() -> None:
    saved = nested()
    empty = {name: value.clone() for name, value in saved.state_dict().items()}
    saved.register("count", torch.tensor(9))
    fresh = nested()
    fresh.load_state_dict(saved.state_dict())
    fresh.load_state_dict(empty)
    assert fresh.registered("count") is None


def test_held_tensors_move_with_the_module() -> None:
    state = State()
    state.register("mean", torch.ones(2))
    assert state.to(torch.float64).registered("mean").dtype == torch.float64
