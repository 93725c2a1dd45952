"""A private random stream neither disturbs nor depends on its surroundings."""

import pytest
import torch
from torch import Tensor

from oneself.core.randomness import Randomness

CPU = torch.device("cpu")


def draw(stream: Randomness, count: int = 5) -> Tensor:
    with stream:
        return torch.rand(count)


def test_the_callers_numbers_are_untouched() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    first = torch.rand(2)
    stream = Randomness(0, 0, CPU)
    draw(stream)
    with stream.fork():
        torch.rand(7)
    assert torch.equal(torch.cat([first, torch.rand(2)]), expected)


def test_the_callers_numbers_are_not_used() -> None:
    torch.manual_seed(1)
    one = draw(Randomness(0, 0, CPU))
    torch.manual_seed(2)
    assert torch.equal(draw(Randomness(0, 0, CPU)), one)


def test_a_stream_goes_on_where_it_was_left() -> None:
    whole = draw(Randomness(0, 0, CPU), 10)
    parts = Randomness(0, 0, CPU)
    assert torch.equal(torch.cat([draw(parts, 4), draw(parts, 6)]), whole)


def test_peeking_does_not_move_the_stream() -> None:
    stream, untouched = Randomness(0, 0, CPU), Randomness(0, 0, CPU)
    draw(stream)
    upcoming = draw(untouched, 10)[5:]
    for _ in range(2):
        with stream.fork():
            assert torch.equal(torch.rand(5), upcoming)
    assert torch.equal(draw(stream), upcoming)


def test_the_callers_numbers_come_back_after_an_error() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    stream = Randomness(0, 0, CPU)
    for looking in (stream, stream.fork()):
        torch.manual_seed(3)
        with pytest.raises(ZeroDivisionError), looking:
            torch.rand(1 // 0)
        assert torch.equal(torch.rand(1), expected)


def test_streams_of_seeds_and_stages_are_unrelated() -> None:
    streams = [Randomness(seed, stage, CPU) for seed in range(4) for stage in range(4)]
    draws = torch.stack([draw(stream, 1000) for stream in streams])
    apart = torch.corrcoef(draws) - torch.eye(16)
    assert apart.abs().max() < 0.15  # 4.7 standard deviations of unrelated numbers
    assert not torch.equal(draw(Randomness(1, 11, CPU)), draw(Randomness(11, 1, CPU)))
