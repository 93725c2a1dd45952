"""The saved state of a run, any part of which is missing or another, is refused in one line or does no harm."""

import pytest
import torch

import oneself

from ..tampering import ABSENT, places, tampered

Y = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))


def fresh(method):
    quick = {"steps": 6, "width": 4} | ({"levels": 1, "code": 2, "skip": 1} if method == "dip" else {})
    return oneself.Run(method, Y, device="cpu", **quick)


@pytest.mark.parametrize(("method", "every"), [("dip", 40), ("zs_n2n", 2)])
@pytest.mark.parametrize("value", [ABSENT, "text", 10**30, torch.zeros(7, 7)], ids=["absent", "text", "huge", "shape"])
def test_any_part_may_be_wrong(method, every, value):
    run = fresh(method)
    next(run), next(run)
    state = run.state_dict()
    said = []
    found = [path for path in places(state) if len(path) < 4 or path[3] != "good"]  # where a run goes back to
    for path in [path for path in found if len(path) < 5] + [path for path in found if len(path) >= 5][::every]:
        again = fresh(method)
        try:
            again.load_state_dict(tampered(state, path, value))
            next(again, None)
        except ValueError as error:
            said.append(str(error))
    assert len(said) > 10
    assert [one for one in said if "\n" in one or "Run.load: the checkpoint" not in one] == []
