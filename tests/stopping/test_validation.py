"""What a network is judged by that learns from patches, and which of its weights are kept."""

import math

import pytest
import torch
from torch import nn

from oneself.core import Example
from oneself.stopping import BestWeights, Validation, validated

from ..core.toys import Given, fit, image, looked

STAGE = fit(image())


class Scale(nn.Module):
    """``w x``."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.w * x


@torch.no_grad()
def test_the_error_where_the_example_says_every_few_steps() -> None:
    network, x = Scale(), torch.rand(1, 2, 6, 8)
    where = torch.zeros_like(x)
    where[..., 2, 3] = 1
    score = Validation(network, Example((x,), 2 * x, where), every=3)
    found = []
    for index in range(8):
        network.w.fill_(index)
        found.append(float(score(looked(index, steps=8))))
    square = float(x[..., 2, 3].square().mean())
    assert found[:2] == [math.inf, math.inf]
    assert found[2:] == pytest.approx([0.0] * 3 + [9 * square] * 2 + [25 * square], rel=1e-5, abs=1e-5)
    assert not list(score.parameters()), "the weights are the stage's"


def test_nothing_held_out_is_refused() -> None:
    x = torch.rand(1, 1, 4, 4)
    with pytest.raises(ValueError, match=r"Validation\(example\): no element is held out"):
        Validation(Scale(), Example((x,), x, torch.zeros_like(x)), every=1)


@torch.no_grad()
def test_the_weights_of_the_lowest_score_make_the_answer() -> None:
    network, x = Scale(), torch.rand(1, 2, 6, 8)
    selection = BestWeights(Given([math.inf, 3, 2, 2.5, 4]), network, lambda h: h(x))
    for index in range(5):
        network.w.fill_(index + 1)
        if index == 1:
            assert torch.equal(selection.answer(STAGE), x), "the latest, until the score can be told"
            assert selection.words() == "the last iterate (given was not known yet)"
        selection.update(looked(index))
    assert torch.equal(selection.answer(STAGE), 3 * x)
    assert selection.words() == "the iterate of step 3, where given was lowest"
    again = BestWeights(Given([]), Scale(), lambda h: h(x))
    again.load_state_dict(selection.state_dict())
    assert torch.equal(again.answer(STAGE), 3 * x)


@torch.no_grad()
def test_the_rule_and_the_keep_share_the_score() -> None:
    network, x = Scale(), torch.ones(1, 1, 2, 2)
    rule, selection = validated(network, Example((x,), 2 * x), lambda h: h(x), every=1, patience=3)
    met = []
    for index in range(7):
        network.w.fill_(index)
        step = looked(index)
        selection.update(step)
        met.append(bool(rule(step)))
    assert met == [False] * 5 + [True] * 2
    assert torch.equal(selection.answer(STAGE), 2 * x)
    assert rule.reason() == "held_out had not improved for 3 steps"
