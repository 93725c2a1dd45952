"""ADMM on a convex toy against its solution."""

import torch
from torch import nn

from oneself.core import Example, Input, Run, method
from oneself.splitting import SplitFit
from oneself.terms import Fidelity

WEIGHT = 0.5


class Free(nn.Module):
    def __init__(self, y):
        super().__init__()
        self.image = nn.Parameter(torch.zeros_like(y))

    def forward(self, z):
        return self.image


class Still(Input):
    def __init__(self, y):
        super().__init__()
        self.y = y

    def forward(self):
        return Example((self.y,), self.y)

    still = forward


@method("Toy", cite="Toy 2020.", tasks=("denoise",))
def lasso(y, physics):
    """``argmin mean (x - y)² + WEIGHT mean |x|``: soft thresholding at WEIGHT / 2."""
    threshold = WEIGHT / (2 * 1.0)  # of the penalty 1: prox of WEIGHT |v| / (2 · penalty)

    def shrink(x, _):
        return x.sign() * (x.abs() - threshold).clamp(min=0)

    return SplitFit(
        proximal=shrink,
        every=10,
        start=torch.zeros_like(y),
        penalty=1.0,
        structure=Free(y),
        input=Still(y),
        loss=Fidelity(),
        optimiser=lambda p: torch.optim.SGD(p, lr=0.2 * y.numel()),
        steps=2000,
    )


def test_it_finds_the_solution_of_the_lasso():
    y = torch.linspace(-1, 1, 24).reshape(1, 1, 24)
    x = Run(lasso, y, device="cpu").finish().image
    expected = y.sign() * (y.abs() - WEIGHT / 2).clamp(min=0)
    torch.testing.assert_close(x, expected, atol=1e-3, rtol=0)
