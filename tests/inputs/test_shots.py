"""Two shots, each to explain the other: the same places, turned alike; what is held out is asked for by nobody."""

import torch

from oneself.inputs import Shots

FIRST = torch.arange(54.0).reshape(1, 1, 6, 9)


def test_patches_of_both_belong_together_and_spare_what_is_held_out() -> None:
    torch.manual_seed(0)
    held = (FIRST % 5 == 0).float()
    shots = Shots(FIRST, FIRST + 1000, 4, 3, held)
    seen = set()
    for _ in range(100):
        (inputs,), targets, where = shots()
        assert inputs.shape == targets.shape == where.shape == (6, 1, 4, 4)
        assert torch.equal((inputs - targets).abs(), torch.full_like(inputs, 1000))
        assert torch.equal(where == 0, targets % 5 == 0)
        assert len(inputs[inputs < 1000]) == 3 * 16
        assert {float(step) for step in inputs.diff(dim=2).unique()} <= {9.0, -9.0}
        seen |= set(inputs.flatten().tolist())
    assert len(seen) == 2 * 54


def test_what_is_held_out_is_judged_in_the_middle() -> None:
    held = (FIRST % 5 == 0).float()
    shots = Shots(FIRST, FIRST + 1000, 4, 1, held)
    (inputs,), targets, where = shots.held_out()
    assert torch.equal(inputs, torch.cat([FIRST, FIRST + 1000]))
    assert torch.equal(targets, torch.cat([FIRST + 1000, FIRST]))
    assert torch.equal(where, torch.cat([held, held]))
    line = torch.arange(70_000.0)[None, None]
    _, targets, _ = Shots(line, line, 16, 1, line).held_out()
    assert (float(targets[0, 0, 0]), targets.shape[2]) == (2232, 65_536)
