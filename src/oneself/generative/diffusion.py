"""Denoising diffusion: the schedule, the way to noise, what a network may tell, and the way back.

Everything is written with ``alpha_bar`` (ᾱ), the share of the picture's variance that is left beside the noise:
``x_t = √ᾱ x + √(1 − ᾱ) ε``. It may be a number's tensor or one value for each of a batch (``each`` shapes it); pictures
are ``(B, C, *spatial)``, best in [-1, 1].

Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "Preconditioning",
    "cosine_schedule",
    "each",
    "noise_in",
    "noise_ratio",
    "noised",
    "preconditioning",
    "step_back",
]

OFFSET = 0.008
LEAST = 1e-4  # of ᾱ: at 0 nothing could be told from x_t


def cosine_schedule(steps: int) -> Tensor:
    """ᾱ after each of 0 … ``steps`` steps, ``(steps + 1,)``, from 1 down to 1e-4: ``f(t) / f(0)`` with
    ``f(t) = cos²(π/2 (t / steps + s) / (1 + s))`` and ``s = 0.008``.

    Nichol, Dhariwal. Improved denoising diffusion probabilistic models. ICML 2021.
    """
    place = (torch.arange(steps + 1, dtype=torch.float64) / steps + OFFSET) / (1 + OFFSET)
    f = torch.cos(place * math.pi / 2).square()
    return (f / f[0]).clamp(min=LEAST).float()


def each(values: Tensor, like: Tensor) -> Tensor:
    """One value for each of a batch, ``(B,)``, shaped to multiply ``like``, ``(B, C, *spatial)``."""
    return values.to(like).reshape(-1, *[1] * (like.ndim - 1))


def noise_ratio(alpha_bar: Tensor) -> Tensor:
    """``σ = √((1 − ᾱ) / ᾱ)``, the noise's standard deviation beside the picture as it is."""
    return ((1 - alpha_bar) / alpha_bar).sqrt()


def noised(x: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """``x_t = √ᾱ x + √(1 − ᾱ) ε``."""
    return alpha_bar.sqrt() * x + (1 - alpha_bar).sqrt() * noise


def noise_in(noisy: Tensor, x: Tensor, alpha_bar: Tensor) -> Tensor:
    """``ε = (x_t − √ᾱ x) / √(1 − ᾱ)``, for ᾱ < 1."""
    return (noisy - alpha_bar.sqrt() * x) / (1 - alpha_bar).sqrt()


class Preconditioning(NamedTuple):
    """``x ≈ skip · x_t + out · h(given · x_t)``; the squared error of ``h`` is that of ``x`` times ``1 / out²``."""

    given: Tensor
    skip: Tensor
    out: Tensor


def preconditioning(alpha_bar: Tensor, deviation: float | Tensor = 0.5) -> Preconditioning:
    """The factors with which the network's input and target have variance 1 at every ᾱ < 1, and its errors count least:
    ``given = 1 / √(ᾱ s² + 1 − ᾱ)``, ``skip = given² √ᾱ s²``, ``out = given s √(1 − ᾱ)``.

    Parameters
    ----------
    deviation : float or Tensor
        ``s``, the standard deviation of the pictures' elements about 0.

    Notes
    -----
    Karras, Aittala, Aila, Laine. Elucidating the design space of diffusion-based generative models. NeurIPS 2022,
    table 1, there for ``x + σ ε``; here for ``√ᾱ x + √(1 − ᾱ) ε``.
    """
    given = (alpha_bar * deviation**2 + 1 - alpha_bar).rsqrt()
    skip = given.square() * alpha_bar.sqrt() * deviation**2
    return Preconditioning(given, skip, given * deviation * (1 - alpha_bar).sqrt())


def step_back(noisy: Tensor, x: Tensor, now: Tensor, then: Tensor, fresh: Tensor | None = None) -> Tensor:
    """``x_s`` from ``x_t`` and the estimated picture ``x``: ``√ᾱ_s x + √(1 − ᾱ_s − τ²) ε + τ ε'`` with the noise ``ε``
    that ``x`` leaves in ``x_t`` and ``τ² = (1 − ᾱ_s) / (1 − ᾱ_t) · (1 − ᾱ_t / ᾱ_s)``.

    Parameters
    ----------
    now, then : Tensor
        ``ᾱ_t`` < 1 and the larger ``ᾱ_s``; 1 gives the estimated picture itself.
    fresh : Tensor, optional
        ``ε'``, unit noise: the step draws from the posterior ``q(x_s | x_t, x)`` (DDPM); without it the step is
        deterministic (DDIM).

    Notes
    -----
    Song, Meng, Ermon. Denoising diffusion implicit models. ICLR 2021, equations 12 and 16.
    """
    known = noise_in(noisy, x, now)
    if fresh is None:
        return then.sqrt() * x + (1 - then).sqrt() * known
    variance = ((1 - then) / (1 - now) * (1 - now / then)).clamp(min=0)
    kept = (1 - then - variance).clamp(min=0).sqrt()
    return then.sqrt() * x + kept * known + variance.sqrt() * fresh
