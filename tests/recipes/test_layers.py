"""Stacks of layers: networks side by side, and what is kept of them."""

import torch

from oneself.core import Step
from oneself.inputs import Code, Together
from oneself.networks import Constant, Field, Skip
from oneself.recipes.separation.layers import Layers
from oneself.stopping import Average, Objective

SIZE = (12, 10)


def stack() -> tuple[Layers, Together]:
    networks = {
        "picture": (Skip(2, 2, 3, SIZE, [4, 4], 0), 3),
        "field": (Field(SIZE, 5, dims=2, given=2, made=1, widths=[4], skip=0), 1),
        "number": (Constant(SIZE), 1),
    }
    layers = Layers(**networks)
    target = torch.zeros(1, 3, *SIZE)
    sizes = [getattr(network, "coarse", SIZE) for network in layers.networks.values()]
    return layers, Together(target, [Code(target, size, 2, 0.1) for size in sizes])


def test_a_stack_comes_apart_by_name():
    layers, inputs = stack()
    made = layers(*inputs().input)
    assert made.shape == (1, 5, *SIZE)
    found = layers.split(made)
    assert {name: x.shape[1] for name, x in found.items()} == {"picture": 3, "field": 1, "number": 1}
    assert torch.equal(layers.pick("field")(made), found["field"])
    assert (found["number"] == 0.5).all()
    assert torch.equal(inputs.evaluation_example().input[0], inputs.evaluation_example().input[0])
    assert not torch.equal(inputs().input[0], inputs().input[0])


def test_a_field_is_smooth_and_a_constant_may_have_channels():
    layers, inputs = stack()
    found = layers.split(layers(*inputs.evaluation_example().input))
    bends = found["field"].diff(n=2, dim=2).abs().mean(), found["picture"].diff(n=2, dim=2).abs().mean()
    assert bends[0] < bends[1]
    colour = Constant(SIZE, 3, low=0.0)
    with torch.no_grad():
        colour.value.copy_(torch.tensor([-99.0, 0.0, 99.0]).reshape(1, 3, 1, 1))
    assert torch.allclose(colour(torch.zeros(1))[0, :, 0, 0], torch.tensor([0.0, 0.5, 1.0]))
    assert Constant(SIZE, low=0.1)(torch.zeros(1)).shape == (1, 1, *SIZE)


def step(index: int) -> Step:
    terms = {"a": torch.tensor(float(index)), "b": torch.tensor(10.0)}
    return Step(0, index, 9, torch.device("cpu"), terms, None, lambda: torch.zeros(1))


def test_an_average_may_be_of_something_else_than_the_output():
    selection = Average(None, of=lambda: torch.tensor([3.0]))
    selection.update(step(0))
    assert selection.registered("mean").tolist() == [3]


def test_a_score_may_be_one_term_of_the_objective():
    assert [float(Objective(term="a")(step(n))) for n in (0, 4)] == [0, 4]
    assert float(Objective()(step(4))) == 14
    assert Objective(term="a").name == "a_average"
    assert Objective().name == "objective"
