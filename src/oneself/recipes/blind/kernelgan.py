"""KernelGAN: the blur of one picture, which a discriminator of patches cannot tell from the picture's own.

Given           y, shrunk from an unknown picture by an unknown kernel and a known factor
Structure       deep linear convolutions that are one kernel k, and a discriminator D of patches
Input           crops u and v of y, drawn where there is detail; (k * u)↓
Loss            |D(v) − 1| + |D((k * u)↓)| for D, |D((k * u)↓) − 1| for k
Regularisation  k sums to one, is sparse, centred and small at its border; near a first kernel to begin with

Bell-Kligler, Shocher, Irani. Blind super-resolution kernel estimation using an internal-GAN. NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Example, Learner, Option, Stage, method
from oneself.imaging.cropping import cut, random_place
from oneself.inputs import DetailedCrops
from oneself.networks import DeepBlur, patch_discriminator
from oneself.operators.kernels import cubic_kernel
from oneself.optim import adam, stepped
from oneself.recipes import options as o
from oneself.recipes.blind.blurs import SpectralFit, check_shrunk, placed, strides

PATCH = 7  # side of the patches that the discriminator sees
SMALLEST = 8  # side of a shrunken crop, at least
# The paper's sum to one weighs half as much, and its first steps compare pictures shrunk with both kernels.
NEAR_PUBLISHED = {
    **{"initial_kernel": "cubic", "width": 64, "layers": 7, "crops": 1, "sparsity_weight": 5.0, "average": 0.0},
    **{"lr": 2e-4, "discriminator_lr": 2e-4, "steps": 3000},
}


@method(
    "KernelGAN",
    cite="Bell-Kligler, Shocher, Irani. Blind super-resolution kernel estimation using an internal-GAN. NeurIPS 2019.",
    tasks=("kernel",),
    dims=(2,),
    needs=("A",),
    presets={"near-published": NEAR_PUBLISHED},
)
def kernelgan(
    y: Tensor,
    physics: Any,
    *,
    scale: o.Shrunk = 2,
    initial_kernel: Annotated[
        Literal["spectra", "cubic"],
        Option("the kernel to begin with: by the picture's spectra, or that of cubic shrinking, as published"),
    ] = "spectra",
    spectral_steps: Annotated[
        int,
        Option(
            "steps of the fit to the picture's spectra",
            low=1,
            high=10**7,
            counts=lambda others: others["initial_kernel"] == "spectra",
            only='with initial_kernel="spectra"',
        ),
    ] = 200,
    width: Annotated[int, Option("channels of both networks", low=1, high=1024)] = 32,
    layers: Annotated[int, Option("convolutions of the discriminator", low=3, high=100)] = 4,
    crop: Annotated[int, Option("side of the crops that are shrunk", low=32, high=2**14)] = 64,
    crops: Annotated[int, Option("crops per step", low=1, high=1024)] = 2,
    discriminator_noise: Annotated[
        float, Option("noise on what the discriminator sees, in units of the [0, 1] range", low=0, high=100)
    ] = 1 / 255,
    warmup: Annotated[float, Option("share of the steps that keep near the first kernel", above=0, below=1)] = 0.15,
    sparsity_weight: Annotated[
        float, Option("weight of the kernel's sparsity, after the warm-up", low=0, high=1e6)
    ] = 0.02,
    border_weight: Annotated[float, Option("weight of what lies at the kernel's border", low=0, high=1e6)] = 0.5,
    lr: Annotated[float, Option("learning rate of the kernel", above=0, high=1e3)] = 1e-4,
    discriminator_lr: Annotated[float, Option("learning rate of the discriminator", above=0, high=1e3)] = 1e-3,
    average: Annotated[float, Option("decay of the running average of the kernel; 0 for none", low=0, below=1)] = 0.99,
    threshold: o.KernelThreshold = 0.05,
    steps: o.Steps = 800,
) -> Generator[Stage, Stage, None]:
    stride, times = strides("kernelgan", scale)
    blur = DeepBlur(width)
    check_shrunk("kernelgan", y, (SMALLEST - 1) * stride + blur.side)
    kernel = placed(cubic_kernel(stride, blur.side).to(y), stride)
    if initial_kernel == "spectra":
        window = min(16, min(y.shape[2:]) // stride)
        fit = SpectralFit(y, stride, side=blur.side, window=window, sigma=0.0, lr=0.05, steps=spectral_steps)
        fit.time_share = 0.1
        fitted = yield fit
        with torch.no_grad():
            kernel = fitted.answer()
    yield Game(
        DetailedCrops(y, crop, crops),
        blur,
        patch_discriminator(y.shape[1], width, layers, PATCH),
        first=kernel,
        stride=stride,
        weights={"sparsity": sparsity_weight, "border": border_weight},
        lrs=(lr, discriminator_lr),
        noise=discriminator_noise,
        warmup=warmup,
        average=average,
        finish=partial(placed, stride=stride, times=times, threshold=threshold),
        steps=steps,
    )


class Game(Stage):
    """The kernel against the discriminator; the estimate is the kernel, ``(1, 1, side, side)``.

    Parameters
    ----------
    first : Tensor
        The kernel to begin with, ``(1, 1, side, side)``.
    lrs : (float, float)
        Learning rates of the kernel and of the discriminator; a tenth after each quarter of the steps.
    warmup : float
        Share of the steps during which the kernel is kept near the first one.
    average : float
        Decay of the running average of the kernel.
    finish : callable
        From the kernel ``(side, side)`` to the answer.
    """

    first: Tensor
    far: Tensor
    places: Tensor
    early: Tensor
    mean: Tensor
    count: Tensor

    def __init__(
        self,
        crops: DetailedCrops,
        blur: DeepBlur,
        discriminator: nn.Module,
        *,
        first: Tensor,
        stride: int,
        weights: Mapping[str, float],
        lrs: tuple[float, float],
        noise: float,
        warmup: float,
        average: float,
        finish: Callable[[Tensor], Tensor],
        steps: int,
    ) -> None:
        super().__init__(steps=steps)
        self.crops, self.blur, self.discriminator, self.stride = crops, blur, discriminator, stride
        self.weights, self.lrs, self.noise, self.warmup, self.average = weights, lrs, noise, warmup, average
        self.finish, self.cut = finish, stepped(0.1, (0.25, 0.5, 0.75))
        self.small = [(n - blur.side) // stride + 1 for n in crops.sides]
        self.centre = -(stride - 1) / 2
        places = torch.arange(blur.side, dtype=first.dtype, device=first.device) - blur.side // 2
        far = (places - self.centre).abs()
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("far", (torch.maximum(far[:, None], far) - blur.side // 2).exp(), persistent=False)
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("early", torch.ones(()))
        self.register_buffer("mean", first.clone())
        self.register_buffer("count", torch.zeros(()))

    def learners(self) -> Sequence[Learner]:
        kernel, discriminator = (adam(lr, betas=(0.5, 0.999)) for lr in self.lrs)
        return [
            Learner(self.blur, self._draw, self._generator_loss, kernel, self._follow),
            Learner(self.discriminator, self._draw, self._discriminator_loss, discriminator, self.cut),
        ]

    def _follow(self, progress: float) -> float:
        """Sets how much the first kernel counts; the loop tells the progress, whatever time it has."""
        self.early.fill_(1.0 if progress < self.warmup else 0.01 ** (1 + (progress - self.warmup) / self.warmup))
        return 1.0 if progress < self.warmup else self.cut(progress)

    def _draw(self) -> Example:
        u, v = self.crops(), self.crops()
        return Example((u,), cut(v, random_place(v.shape[2:], self.small)))

    def _shrunk(self, u: Tensor, kernel: Tensor) -> Tensor:
        flat = F.conv2d(u.reshape(-1, 1, *u.shape[2:]), kernel.flip(2, 3), stride=self.stride)
        return flat.reshape(*u.shape[:2], *flat.shape[2:])

    def _judged(self, x: Tensor) -> Tensor:
        judged: Tensor = self.discriminator(x + self.noise * torch.randn_like(x))
        return judged

    def _generator_loss(self, example: Example) -> Mapping[str, Tensor]:
        kernel = self.blur()
        flat = kernel[0, 0]
        centre = torch.stack([flat.sum(other) @ self.places for other in (1, 0)])
        late = 1 - self.early
        return {
            "generator": (self._judged(self._shrunk(example.input[0], kernel)) - 1).abs().mean(),
            "first": 100 * self.early * (kernel - self.first).abs().mean(),
            "sum": (flat.sum() - 1).abs(),
            "border": self.weights["border"] * (flat.abs() * self.far).sum(),
            "sparsity": self.weights["sparsity"] * late * (flat.abs() + 1e-4).pow(0.2).mean(),
            "centre": late * (centre - self.centre).square().mean(),
        }

    def _discriminator_loss(self, example: Example) -> Mapping[str, Tensor]:
        with torch.no_grad():
            made = self._shrunk(example.input[0], self.blur())
        real, false = self._judged(example.target), self._judged(made)
        return {"discriminator": ((real - 1).abs().mean() + false.abs().mean()) / 2}

    def after_step(self) -> None:
        self.count.add_(1)
        weight = (1 - self.count / (self.count + 9)).clamp(min=1 - self.average)
        self.mean.lerp_(self.blur(), weight)

    def estimate(self) -> Tensor:
        return self.finish(self.mean[0, 0].clamp(min=0))
