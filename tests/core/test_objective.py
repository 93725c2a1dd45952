"""The algebra of objectives: weights multiply, sums flatten, every part keeps its name."""

import pytest
import torch
from torch import Tensor

from oneself.core import Example, Term, total
from oneself.losses import Coupling

from .toys import Square


class Mean(Term):
    name = "mean"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return x.mean()


X = torch.tensor([[[1.0, 3.0]]])
EXAMPLE = Example((X,), torch.tensor([[[0.0, 1.0]]]))  # mean square 2.5, mean 2


def test_one_term_is_an_objective_of_one_part() -> None:
    assert Square().values(X, EXAMPLE) == {"square": 2.5}


def test_weights_multiply_through_sums() -> None:
    objective = 0.5 * (Square() + 4 * Mean()) + 10 * (2 * Mean())
    assert [weight for weight, _ in objective.parts()] == [0.5, 2.0, 20.0]
    values = objective.values(X, EXAMPLE)
    assert list(values.values()) == pytest.approx([1.25, 4.0, 40.0])
    assert float(objective(X, EXAMPLE)) == pytest.approx(45.25)
    assert float(total(values)) == pytest.approx(45.25)


def test_terms_of_one_name_are_told_apart() -> None:
    values = (Square() + 2 * Square() + Mean() + 3 * Square()).values(X, EXAMPLE)
    assert {name: float(value) for name, value in values.items()} == {
        "square": 2.5,
        "square_2": 5.0,
        "mean": 2.0,
        "square_4": 7.5,
    }


def test_adding_leaves_the_summands_as_they_were() -> None:
    first = Square() + Mean()
    both = first + first
    assert len(list(first.parts())) == 2
    assert float(both(X, EXAMPLE)) == pytest.approx(2 * float(first(X, EXAMPLE)))


def test_what_terms_remember_is_saved_with_the_sum() -> None:
    objective = Square() + 0.5 * Coupling(X)
    assert sorted(objective.state_dict()) == ["terms.1.copy", "terms.1.dual"]


def test_gradients_reach_every_part() -> None:
    x = X.clone().requires_grad_()
    total((Square() + 3 * Mean()).values(x, EXAMPLE)).backward()
    assert torch.allclose(x.grad, (X - EXAMPLE.target) + 1.5)


def test_a_term_must_say_what_it_computes() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Term()
