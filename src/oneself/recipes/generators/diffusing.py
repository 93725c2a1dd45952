"""Denoisers as priors of pictures: what the methods that walk from noise to a picture share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oneself.core import Pretrained, Stage
from oneself.networks.pretrained import linear_schedule, load_weights
from oneself.operators import NormalInverse
from oneself.recipes.adaptation.calling import Denoising, called

__all__ = ["GuidedDiffusion", "denoiser_of", "levels"]

LARGE = 2**14  # pixels along a side up to which a picture is denoised as a whole
LEAST = 1e-4  # η, where there is no noise
GRAY = 0.5


def denoiser_of(weights: Path | nn.Module | None, like: Tensor, owner: str) -> tuple[Denoising, tuple[str, ...]]:
    """The denoiser of a method called ``owner``, for images as ``like``; nothing of it is trainable. It is called with
    a picture and its noise level, as ``denoise(x, level)``, which a blind one ignores.

    Raises
    ------
    ValueError
        There is none; weights of no denoiser; one that cannot take such pictures.
    """
    if weights is None:
        raise ValueError(f"{owner}(weights=None): there is no denoiser. Give a file of weights, or a torch module.")
    network = weights if isinstance(weights, nn.Module) else load_weights(weights, kind="denoiser").network
    denoise, _, notes = called(network.to(like.device).eval().requires_grad_(False), like, 1.0, owner, LARGE)
    return denoise, notes


def levels(steps: int, highest: float) -> Tensor:
    """Noise levels, highest first, of pictures in [0, 1], ``(steps + 1,)``, the last 0: of the schedule of DDPM, whose
    pictures are in [-1, 1], those up to ``highest``, evenly spaced in its steps."""
    alpha_bar = linear_schedule()
    sigma = ((1 - alpha_bar) / alpha_bar).sqrt().float() / 2
    last = int((sigma <= highest).sum().clamp(min=1)) - 1
    chosen = torch.linspace(last, 0, steps).round().long()
    return torch.cat([sigma[chosen], torch.zeros(1)])


class GuidedDiffusion(Stage):
    """From noise to a picture, every step guided to the measurement, from back-projection to least squares.

    At the level ``σ`` with ``ᾱ = 1 / (1 + 4σ²)``, and the next level ``σ'``::

        x0 = D(x, σ)
        g  = (1 − δ) Aᵀ(AAᵀ + ηI)⁻¹ (A x0 − y) + δ Aᵀ(A x0 − y) / ‖A‖²,   δ = ᾱ'^γ, or 0 without noise
        x0 ← x0 − g (1 − ᾱ') / (1 − ᾱ) with noise, x0 − g without
        x  ← x0 + σ' (√ζ n + √(1 − ζ) w (x − x0) / σ),                    w = δ, or 1 without noise

    Parameters
    ----------
    denoise : Module
        ``denoise(x, level)``.
    y, physics : Tensor, object
    sigma : float
        Noise of the measurement; 0 for none.
    gamma, zeta, eta : float
        ``γ``, ``ζ``, and ``η̃`` of ``η = max(1e-4, 4 σ² η̃)``, as a share of ``‖A‖²``.
    steps : int
    highest : float
        The first noise level.

    Notes
    -----
    Garber, Tirer. Image restoration by denoising diffusion models with iteratively preconditioned guidance. CVPR 2024.
    Levels are of pictures in [0, 1]; the paper's are in [-1, 1].
    """

    y: Tensor
    x: Tensor
    clean: Tensor
    taken: Tensor
    levels: Tensor

    def __init__(
        self,
        denoise: nn.Module,
        y: Tensor,
        physics: Any,
        *,
        sigma: float,
        gamma: float,
        zeta: float,
        eta: float,
        steps: int,
        highest: float,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(steps=steps, notes=notes)
        self.denoise, self.physics = Pretrained(denoise), physics
        self.sigma, self.gamma, self.zeta = sigma, gamma, zeta
        self.inverse = NormalInverse(physics.A, physics.A_adjoint, y, max(LEAST, 4 * sigma**2 * eta))
        self.largest = self.inverse.epsilon / max(LEAST, 4 * sigma**2 * eta)
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("levels", levels(steps, highest).to(y.device), persistent=False)
        like = physics.A_adjoint(y)
        self.register_buffer("x", GRAY + self.levels[0] * torch.randn_like(like))
        self.register_buffer("clean", torch.full_like(like, GRAY))
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        now, then = self.levels[self.taken], self.levels[self.taken + 1]
        noisy = self.sigma > 0
        alpha, following = 1 / (1 + 4 * now**2), 1 / (1 + 4 * then**2)
        delta = following**self.gamma if noisy else torch.zeros_like(now)
        made = self.denoise(self.x, now)
        length = (1 - following) / (1 - alpha) if noisy else torch.ones_like(now)
        guided = made - length * self.guidance(made, delta)
        kept = (1 - self.zeta) ** 0.5 * (delta if noisy else 1)
        noise = self.zeta**0.5 * torch.randn_like(made) + kept * (self.x - guided) / now
        self.clean.copy_(made if noisy else guided)  # with noise, what was denoised last is the answer
        self.x.copy_(guided + then * noise)
        self.taken.add_(1)
        self.last_output = self.clean.clone()
        return {"residual": (self.physics.A(made) - self.y).square().mean(), "level": now}

    def guidance(self, x: Tensor, delta: Tensor | float) -> Tensor:
        """``g`` above: back-projection at ``delta`` 0, least squares at 1."""
        gap = self.physics.A(x) - self.y
        both: Tensor = self.physics.A_adjoint((1 - delta) * self.inverse(gap) + delta * gap / self.largest)
        return both

    def estimate(self) -> Tensor:
        return self.clean.clone()
