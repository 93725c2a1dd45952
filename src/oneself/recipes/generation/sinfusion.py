"""SinFusion: a denoising diffusion model of one picture, or of the frames of one clip and how they follow each other.

Given           x, one picture; or frames x_1 … x_T of one clip
Structure       a network h without pooling for pictures; of a clip, one for what follows and one for what is between
Input           a large crop of x_t = √ᾱ_t x + √(1 − ᾱ_t) ε; beside it the frame n frames away, or both neighbours
Loss            ‖h − x‖² in units of what x_t leaves open
Regularisation  the receptive field; crops; the average of the weights along the training

Nikankin, Haim, Irani. SinFusion: training diffusion models on a single image or video. ICML 2023.
"""

from __future__ import annotations

import copy
from collections.abc import Generator
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Option, Recipe, Stage, WeightAverage, method
from oneself.generative import Fusion, scaled
from oneself.generative import diffusion as d
from oneself.imaging.cropping import cut, random_place
from oneself.losses import Fidelity
from oneself.operators.resize import resize
from oneself.optim import OPTIMISERS, one_cycle
from oneself.recipes import options as o

LEAST = 8  # pixels along each side
SMALLER = (1.0, 0.7, 0.5)
HELD = 4  # of every so many frames of a clip one is not learned from, to see what is told of it from its neighbours
ENOUGH = 6  # frames, of which one can be held
ROUGH = 0.1  # of noise at most, in [-1, 1], in what the next frame is told from
FARTHEST = 3  # frames between a frame and what is told from it, at the end of the training
SHARES = {"picture": 0.5, "next": 1.0, "between": 0.5}  # of the steps that each network of a clip takes
# The paper cuts the learning rate to a tenth once; here it goes through one cycle.
NEAR_PUBLISHED = {
    "width": 64,
    "blocks": 16,
    "kernel_radius": 3,
    "s_noise": 1.0,
    "optimiser": "adam",
    "lr": 2e-4,
    "steps": 50_000,
    "average": 0.0,
    "batch": 1,
}


@method(
    "SinFusion",
    cite="Nikankin, Haim, Irani. SinFusion: training diffusion models on a single image or video. ICML 2023.",
    tasks=("generate",),
    dims=(2, 3),
    needs=("A",),
    presets={"near-published": NEAR_PUBLISHED},
)
def sinfusion(
    y: Tensor,
    physics: Any,
    *,
    timesteps: Annotated[int, Option("steps from noise to picture", low=2, high=10**4)] = 50,
    width: o.Width = 32,
    blocks: Annotated[
        int, Option("blocks of the network; patches of 2 · blocks · kernel_radius + 1 are learned", low=1, high=100)
    ] = 4,
    kernel_radius: Annotated[int, Option("of the kernels, whose side is 2 · kernel_radius + 1", low=1, high=100)] = 5,
    s_noise: Annotated[
        float,
        Option(
            "how much stronger the noise is kept than the schedule says, so that samples are not pale", low=1, high=100
        ),
    ] = 1.35,
    crop_ratio: Annotated[float, Option("side of a crop relative to the picture's", above=0, high=1)] = 0.95,
    batch: Annotated[int, Option("noisy crops in a step", low=1, high=1024)] = 1,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 1e-2,
    steps: Annotated[
        int, Option("steps; half as many each for a clip's single frames and for what is between", low=1, high=10**7)
    ] = 5000,
    average: Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)] = 0.99,
) -> Recipe:
    if y.ndim == 5 and y.shape[2] < 3:
        raise ValueError(
            f"sinfusion(y.shape={tuple(y.shape)}): a clip of {y.shape[2]} frames. At least 3 are needed, along the "
            "first axis; one picture is (1, C, H, W)."
        )
    if min(y.shape[-2:]) < LEAST:
        raise ValueError(
            f"sinfusion(y.shape={tuple(y.shape)}): too small to learn from. Give at least {LEAST} pixels along each "
            "side."
        )
    made = Fusion(y, timesteps, width, blocks, kernel_radius, s_noise)
    moved = {"optimiser": OPTIMISERS[optimiser](lr), "schedule": one_cycle(), "loss": Fidelity()}
    return parts(made, crop_ratio, batch, steps, average, moved)


def parts(
    made: Fusion, crop: float, batch: int, steps: int, average: float, moved: dict[str, Any]
) -> Generator[Stage, Stage, None]:
    """One network after the other."""
    names = list(made.networks)
    shares = SHARES if made.is_clip else {"picture": 1.0}
    for number, name in enumerate(names):
        structure = made.requires_grad_(False).networks[name].requires_grad_()
        taken = max(1, round(shares[name] * steps))
        stage = Part(
            made,
            name,
            structure=structure,
            input=Noisy(made, name, crop, batch, taken),
            steps=taken,
            average=WeightAverage(structure, average) if average else None,
            image_output=False,
            **moved,
        )
        left = [shares[other] for other in names[number:]]
        stage.time_share = left[0] / sum(left)
        fitted = yield stage
        assert isinstance(fitted, Part)
        made = fitted.sampler()


class Noisy(Input):
    """Noisy crops of frames at random levels, beside the frames that the network is shown.

    How far ``next`` looks grows from 1 to 3 frames over the training, and what it is shown is made a little rough (no
    more than frames differ by): as what it has told itself, from which it will go on. What is between two frames is
    learned from smaller copies, too: they move less, as neighbours do, between which it will be asked for. Some frames
    (``held``) are never told from their neighbours in the training.
    """

    taken: Tensor

    def __init__(self, made: Fusion, part: str, crop: float, batch: int, steps: int) -> None:
        super().__init__()
        self.made, self.part, self.batch, self.steps = made, part, batch, steps
        size, shares = tuple(made.picture.shape[-2:]), SMALLER if part == "between" else (1.0,)
        smaller = [scaled(size, share) for share in shares]
        self.copies = [resize(made.frames, n).clamp(0, 1) for n in smaller if min(n) >= LEAST]
        self.sides = [[max(LEAST, round(crop * n)) for n in frames.shape[2:]] for frames in self.copies]
        count = len(made.frames)
        self.held = list(range(2, count - 1, HELD)) if part == "between" and count >= ENOUGH else []
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def forward(self) -> Example:
        copy = int(torch.randint(len(self.copies), ()))
        chosen = [self.one(copy) for _ in range(self.batch)]
        self.taken.add_(1)
        x, seen, apart = zip(*chosen, strict=True)
        shown = [self.rough(one) for one in seen] if self.part == "next" else seen
        return self.noisy(
            torch.stack(x), torch.stack(list(shown)), torch.tensor(apart, dtype=x[0].dtype, device=x[0].device)
        )

    def one(self, copy: int = 0) -> tuple[Tensor, Tensor, int]:
        """A crop of a frame in [-1, 1], of those beside it along the channels, and the distance."""
        frames = self.copies[copy]
        place, count, apart = random_place(frames.shape[2:], self.sides[copy]), len(frames), 0
        if self.part == "next":
            farthest = min(1 + FARTHEST * int(self.taken) // self.steps, FARTHEST, count - 1)
            apart = (1 if torch.rand(()) < 0.5 else -1) * int(torch.randint(1, farthest + 1, ()))
        first, last = {
            "picture": (0, count),
            "next": (max(0, apart), count + min(0, apart)),
            "between": (1, count - 1),
        }[self.part]
        choice = [k for k in range(first, last) if k not in self.held]
        here = choice[int(torch.randint(len(choice), ()))]
        beside = {"picture": [], "next": [here - apart], "between": [here - 1, here + 1]}[self.part]
        cropped = 2 * cut(frames, place) - 1
        return cropped[here], cropped[beside].flatten(0, 1), apart

    def rough(self, shown: Tensor) -> Tensor:
        """With noise of a random strength, of single elements or of patches of 4 x 4."""
        strength = torch.rand(()).to(shown) * self.made.gain("next").clamp(max=ROUGH)
        if torch.rand(()) < 0.5:
            return shown + strength * torch.randn_like(shown)
        coarse = torch.randn(1, len(shown), *(-(-n // 4) for n in shown.shape[1:])).to(shown)
        return shown + strength * F.interpolate(coarse, shown.shape[1:], mode="bicubic")[0]

    def noisy(self, x: Tensor, shown: Tensor, apart: Tensor) -> Example:
        """The levels of a batch lie each in its own part of the range."""
        even = (torch.arange(len(x)) + torch.rand(len(x))) / len(x)
        level = 1 + (even * self.made.timesteps).long().clamp(max=self.made.timesteps - 1).to(x.device)
        u = (x - self.made.base(shown if shown.shape[1] else None, x)) / self.made.gain(self.part)
        noisy = d.noised(u, torch.randn_like(u), d.each(self.made.alpha_bar[level], x))
        given, skip, out = self.made.factors(level, x)
        numbers = [apart] if self.part == "next" else []
        told = (torch.cat([given * noisy, shown], dim=1), self.made.told(level, numbers))
        return Example(told, (u - skip * noisy) / out)

    def evaluation_example(self) -> Example:
        return self.forward()


class Part(Fit):
    """The fit of one of a sampler's networks."""

    def __init__(self, made: Fusion, name: str, **parts: Any) -> None:
        super().__init__(**parts, output=self._reconstruction)
        self.made, self.name = made, name

    input: Noisy

    def sampler(self) -> Fusion:
        """The sampler as it stands."""
        made = copy.deepcopy(self.made)
        made.networks[self.name].load_state_dict(self.network.state_dict())
        if self.name == "between" and self.input.held:
            made.correction_weight.copy_(made.least_squares_factor(2 * self.input.copies[-1] - 1, self.input.held))
        return made

    def _reconstruction(self, network: nn.Module) -> Tensor:
        return self.sampler().reconstruction()
