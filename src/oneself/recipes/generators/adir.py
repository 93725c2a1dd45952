"""ADIR without neighbours: the denoiser is tuned to the measurement itself, then guides a walk from noise as in DDPG.

Given           y and A, with y = A(x) + noise, y itself a picture, and a denoiser D, trained on other pictures
Structure       D; what changes is a low-rank part of its layers (LoRA), or all of it
Input           the picture that was measured with fresh noise of a random level σ
Loss            ‖D(y + σ n) − y‖² / σ², over what was measured
Regularisation  few steps, and what does not change

Abu Hussein, Tirer, Giryes. ADIR: adaptive diffusion for image reconstruction. arXiv 2212.03221.
Guidance: Garber, Tirer. CVPR 2024. LoRA: Hu et al. ICLR 2022.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Option, Pretrained, Stage, Term, method
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.changes import allow
from oneself.recipes.generators import options as g
from oneself.recipes.generators.diffusing import GuidedDiffusion, denoiser_of, levels

SMALLEST = 8  # pixels along a side that a picture has


class Noised(Input):
    """A picture with noise of one of some levels, drawn at every step, and that level; ``where`` counts ``1 / σ²``."""

    x: Tensor
    known: Tensor
    levels: Tensor

    def __init__(self, x: Tensor, known: Tensor, among: Tensor) -> None:
        super().__init__()
        self.register_buffer("x", x, persistent=False)
        self.register_buffer("known", known, persistent=False)
        self.register_buffer("levels", among, persistent=False)

    def forward(self) -> Example:
        level = self.levels[torch.randint(len(self.levels), (), device=self.x.device)]
        return Example((self.x + level * torch.randn_like(self.x), level), self.x, self.known / level.square())

    def evaluation_example(self) -> Example:
        return Example((self.x, self.levels.min()), self.x, self.known)


class NoiseError(Term):
    """``mean |x − target|² · where``: with ``where = 1 / σ²`` the squared error of the noise that was told."""

    name = "noise"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        assert example.where is not None
        return ((x - example.target).square() * example.where).mean()


def _picture(y: Tensor, physics: Any, denoise: nn.Module) -> tuple[Tensor, Tensor]:
    """What was measured as a picture that the denoiser can take, and where: of a mask what it keeps, else all of it."""
    image = physics.A_adjoint(y)
    if image.shape == y.shape and torch.equal(physics.A(image), image):
        return y, (physics.A(torch.ones_like(image)) > 0).to(y)
    if image.shape[1] != y.shape[1] or min(y.shape[2:]) < SMALLEST:
        raise ValueError(
            f"adir(y.shape={tuple(y.shape)}): the measurement is no picture that a denoiser could be tuned to. Use "
            "ddpg."
        )
    try:
        with torch.no_grad():
            denoise(y, 1.0)
    except RuntimeError as error:
        told = f"adir(y.shape={tuple(y.shape)}): the denoiser cannot take the measurement as a picture ({error})"
        raise ValueError(f"{told}. Give one of pictures of any size, or use ddpg.") from error
    return y, torch.ones_like(y)


@method(
    "Adaptive diffusion (ADIR), tuned to the measurement alone",
    cite="Abu Hussein, Tirer, Giryes. ADIR: adaptive diffusion for image reconstruction. arXiv 2212.03221, 2022.",
    tasks=("restore", "inpaint", "super-resolve"),
    dims=(2,),
    presets={"all": {"what": "all", "lr": 1e-4}},
)
def adir(
    y: Tensor,
    physics: Any,
    *,
    weights: g.Denoiser = None,
    what: a.Change = "lora:4",
    tuning_steps: Annotated[int, Option("steps of the tuning; 0 for none", low=0, high=10**7)] = 100,
    lr: o.LearningRate = 1e-3,
    sigma: g.NoiseLevel = 0.0,
    gamma: g.Gamma = 8.0,
    zeta: g.Zeta = 0.7,
    eta: g.Eta = 0.5,
    highest: g.Highest = 1.0,
    steps: g.DiffusionSteps = 100,
) -> Generator[Stage, Stage, None]:
    denoise, notes = denoiser_of(weights, physics.A_adjoint(y), "adir")
    if tuning_steps:
        x, known = _picture(y, physics, denoise)
        allow(denoise.network, what, "adir")
        tuning = Fit(
            structure=Pretrained(denoise),
            input=Noised(x, known, levels(100, highest)[:-1].to(y.device)),
            loss=NoiseError(),
            optimiser=adam(lr),
            steps=tuning_steps,
            output=lambda f: f(physics.A_adjoint(y), 0.1),
            image_output=False,
            notes=notes,
        )
        tuning.time_share = 0.5
        yield tuning
        notes = ()
    yield GuidedDiffusion(
        denoise,
        y,
        physics,
        sigma=sigma,
        gamma=gamma,
        zeta=zeta,
        eta=eta,
        steps=steps,
        highest=highest,
        notes=notes,
    )
