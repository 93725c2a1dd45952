"""The saved state of a run, any part of which is missing or another, is refused in one line or does no harm."""

from copy import deepcopy

import pytest
import torch

import oneself

Y = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
ABSENT = object()


def fresh(method):
    quick = {"steps": 6, "width": 4} | ({"levels": 1, "code": 2, "skip": 1} if method == "dip" else {})
    return oneself.Run(method, Y, device="cpu", **quick)


def places(tree, path=()):
    """The path of everything inside nested dicts and lists."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def tampered(tree, path, value):
    made = deepcopy(tree)
    node = made
    for key in path[:-1]:
        node[key] = list(node[key]) if isinstance(node[key], tuple) else node[key]
        node = node[key]
    if value is ABSENT:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return made


@pytest.mark.parametrize(("method", "every"), [("dip", 40), ("zs_n2n", 2)])
@pytest.mark.parametrize("value", [ABSENT, "text", 10**30, torch.zeros(7, 7)], ids=["absent", "text", "huge", "shape"])
def test_any_part_may_be_wrong(method, every, value):
    run = fresh(method)
    next(run), next(run)
    state = run.state_dict()
    refused = 0
    found = [path for path in places(state) if len(path) < 4 or path[3] != "good"]  # where a run goes back to
    for path in [path for path in found if len(path) < 5] + [path for path in found if len(path) >= 5][::every]:
        again = fresh(method)
        try:
            again.load_state_dict(tampered(state, path, value))
            next(again, None)
        except ValueError as error:
            refused += 1
            assert "Run.load: the checkpoint" in str(error), path
            assert "\n" not in str(error)
    assert refused > 10
