"""Double-DIP: a picture taken apart by coupled deep image priors.

Given           y = m x₁ + (1 − m) x₂, and what is known of the layers: haze, hints, a mask, another mixture
Structure       hourglasses with skip connections for x₁, x₂ and m, untrained; smaller ones for what hardly varies
Input           fixed uniform noise for each network, jittered at every step
Loss            ‖m x₁ + (1 − m) x₂ − y‖², all networks together
Regularisation  the structure of the networks, as each layer is simpler than the mixture; and
                dehaze: m smooth, m (at first) and x₂ near what the dark channel tells
                transparency: m one number; edges of x₁ and x₂ exclude each other
                watermark: x₂ one colour, m = 1 outside the mask and nearly everywhere; x₁ at first filled in
                segment: m decided for 0 or 1; x₁, x₂ and m near y, y and 1 or 0 where hints are

Gandelsman, Shocher, Irani. "Double-DIP": unsupervised image decomposition via coupled deep-image-priors. CVPR 2019.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Input, Option, Recipe, Stage, Term, method
from oneself.imaging.filters import guided_filter
from oneself.imaging.haze import airlight, clear, refined, transmission
from oneself.inputs import Code, Together
from oneself.losses import Decided, Exclusion, Fidelity, Nearness, OfLayer, Smoothness
from oneself.networks import Constant, Field, Skip
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.separation.layers import LayeredFit, Layers
from oneself.stopping import Below, Objective, Plateau

COARSE = 16  # side of the grid that the airlight is made on
AT_FIRST = 3  # what holds at first holds for one in so many steps
MASK_RADIUS, MASK_EPSILON = 8, 1e-3  # of the guided filter that gives a segment's mask the picture's edges
VISIBLE = 0.05  # opacity under which a watermark changes nothing that can be seen
Found = Mapping[str, Tensor]
Answer = tuple[Tensor, Mapping[str, Tensor]]


@method(
    "Double-DIP",
    cite='Gandelsman, Shocher, Irani. "Double-DIP": unsupervised image decomposition via coupled deep-image-priors. '
    "CVPR 2019.",
    tasks=("dehaze", "transparency", "watermark", "segment"),
    dims=(2,),
    needs=("mix", "task", "known"),
    presets={"published-lr": {"lr": 0.001, "steps": 8000}},
)
def double_dip(
    y: Tensor,
    physics: Any,
    *,
    prior_weight: Annotated[float, Option("factor on the weights of the task's own terms", low=0, high=100)] = 1.0,
    width: o.Width = 16,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
    code: o.CodeChannels = 8,
    jitter: o.Jitter = 0.01,
    lr: o.LearningRate = 0.01,
    steps: o.StepsAtMost = 1500,
    target_psnr: Annotated[
        float, Option("PSNR of the mixture, in dB, at which a stage ends", above=0, high=200)
    ] = 35.0,
    window: o.Window = 200,
    tolerance: Annotated[
        float, Option("a stage ends when its fidelity falls by less than this share over a window", low=0, high=1e3)
    ] = 0.1,
    average: o.Average = 0.95,
) -> Recipe:
    task, known = physics.task(), physics.known()
    for name, value in known.items():
        wanted = tuple(y.shape) if name == "second" else (1, 1, *y.shape[2:])
        if tuple(value.shape) != wanted:
            raise ValueError(
                f"double_dip({name}.shape={tuple(value.shape)}): the picture needs {wanted}. Give one of its size."
            )
    setup = Setup(
        y,
        physics.mix,
        prior_weight,
        width,
        levels,
        skip,
        code,
        jitter,
        lr,
        steps,
        target_psnr,
        window,
        tolerance,
        average,
    )
    if task == "dehaze":
        return dehaze(setup)
    if task == "transparency":
        return transparency(setup, known.get("second"))
    return watermark(setup, known["mask"]) if task == "watermark" else segment(setup, known["hints"])


@dataclass(frozen=True)
class Setup:
    """What the tasks have in common: the networks, and the stage that fits them."""

    y: Tensor
    mix: Callable[[Tensor, Tensor, Tensor], Tensor]
    prior_weight: float
    width: int
    levels: int
    skip: int
    code: int
    jitter: float
    lr: float
    steps: int
    target_psnr: float
    window: int
    tolerance: float
    average: float

    @property
    def size(self) -> tuple[int, ...]:
        return tuple(self.y.shape[2:])

    @property
    def at_first(self) -> int:
        """Steps in which what holds at first is told."""
        return self.steps // AT_FIRST

    def picture(self, channels: int | None = None) -> tuple[nn.Module, int]:
        made = channels or self.y.shape[1]
        return Skip(2, self.code, made, self.size, [self.width] * self.levels, self.skip), made

    def smooth(self) -> tuple[nn.Module, int]:
        made = self.y.shape[1]
        widths = [self.width] * self.levels
        return Field(self.size, COARSE, dims=2, given=self.code, made=made, widths=widths, skip=self.skip), made

    def stage(
        self,
        layers: Layers,
        mixture: Callable[..., Tensor],
        look: Callable[[Found], Tensor],
        finish: Callable[[Found], Answer],
        told: Term | None = None,
        *,
        target: Tensor | None = None,
        done: LayeredFit | None = None,
        last: bool = True,
        told_at_first: bool = False,
        notes: Sequence[str] = (),
    ) -> LayeredFit:
        """The stage; what one before it has learned of a layer is taken over. Only the last has all the time, and
        none ends while it is told what holds at first."""
        y = self.y if target is None else target
        codes: dict[str, Input] = {
            name: Code(y, getattr(network, "coarse", self.size), self.code, self.jitter)
            for name, network in layers.networks.items()
        }
        if done is not None:
            layers.networks.update(copy.deepcopy(dict(done.structure.networks.items())))
            codes |= copy.deepcopy(dict(zip(done.structure.networks, done.codes, strict=True)))
        score = Objective(0.9, term="fidelity")
        start = self.at_first + self.window if told_at_first else 0
        made = LayeredFit(
            structure=layers,
            input=Together(y, codes.values()),
            loss=Fidelity(lambda stack: mixture(**layers.split(stack))),
            regularisation=told,
            optimiser=adam(self.lr),
            steps=self.steps,
            stop=Below(score, 10 ** (-self.target_psnr / 10), start)
            | Plateau(score, self.window, self.tolerance, start),
            look=look,
            finish=finish,
            score=score,
            average=self.average,
            notes=notes,
            rise=10.0,  # terms come and go
        )
        made.time_share = 1.0 if last else 1 / 3
        return made


def dehaze(setup: Setup) -> LayeredFit:
    """``m`` is the transmission, ``x₂`` the airlight: the picture decides about both, once they are near."""
    y, light = setup.y, airlight(setup.y)
    layers = Layers(first=setup.picture(), second=setup.smooth(), share=setup.picture(1))
    at_first = Nearness(transmission(y, light), steps=setup.at_first)
    told = 0.1 * setup.prior_weight * layers.term("second", Nearness(light), "airlight")
    told += 0.1 * setup.prior_weight * layers.term("share", at_first, "dark_channel")
    told += 0.1 * setup.prior_weight * layers.term("share", Smoothness())

    def finish(found: Found) -> Answer:
        t = refined(found["share"], y)
        return clear(y, t, found["second"]), {"transmission": t, "airlight": found["second"]}

    told_light = ", ".join(f"{value:.2f}" for value in light.flatten().tolist())
    notes = [f"airlight estimated at {told_light} of [0, 1]"]
    return setup.stage(layers, setup.mix, lambda found: found["first"], finish, told, told_at_first=True, notes=notes)


def transparency(setup: Setup, other: Tensor | None) -> LayeredFit:
    """One picture behind another, in one mixture or two; each mixture has its share."""
    shares = ["share"] if other is None else ["share", "share_2"]
    layers = Layers(
        first=setup.picture(), second=setup.picture(), **{name: (Constant(setup.size), 1) for name in shares}
    )
    told = 0.005 * setup.prior_weight * Exclusion(lambda stack: layers.picked(stack, "first", "second"))

    def mixtures(first: Tensor, second: Tensor, **shares: Tensor) -> Tensor:
        return torch.cat([setup.mix(first, second, share) for share in shares.values()], dim=1)

    def finish(found: Found) -> Answer:
        return found["first"], {name: x for name, x in found.items() if name != "first"}

    target = setup.y if other is None else torch.cat([setup.y, other], dim=1)
    return setup.stage(layers, mixtures, lambda found: found["first"], finish, told, target=target)


def watermark(setup: Setup, mask: Tensor) -> Generator[Stage, Stage, None]:
    """First the picture is filled in under the mask; what differs there may be the mark: one colour, few places."""
    y, where = setup.y, (mask > 0).to(setup.y)

    def outside(first: Tensor) -> Tensor:
        return (1 - where) * first + where * y

    def filled(found: Found) -> Tensor:
        return (1 - where) * y + where * found["first"]

    clean = Layers(first=setup.picture())
    done = yield setup.stage(clean, outside, filled, lambda found: (filled(found), {}), last=False)
    assert isinstance(done, LayeredFit)
    layers = Layers(first=setup.picture(), second=(Constant(setup.size, y.shape[1], low=0.0), y.shape[1]),
                    opacity=setup.picture(1))  # fmt: skip
    told = (
        0.02 * setup.prior_weight * layers.term("first", Nearness(done.answer(), where, steps=setup.at_first), "filled")
    )
    sparse = OfLayer("sparse", lambda stack: where * layers.split(stack)["opacity"], Nearness(0 * where, power=1))
    told += (
        7.5e-4 * setup.prior_weight * sparse
    )  # over the whole picture, as the fidelity: a small mask weighs as a large

    def marked(first: Tensor, second: Tensor, opacity: Tensor) -> Tensor:
        return setup.mix(first, second, 1 - where * opacity)

    def finish(found: Found) -> Answer:
        opacity = where * found["opacity"]
        image = torch.where(opacity > VISIBLE, found["first"], y)
        return image, {"opacity": opacity, "watermark": found["second"]}

    yield setup.stage(layers, marked, filled, finish, told, done=done, told_at_first=True)


def segment(setup: Setup, hints: Tensor) -> Generator[Stage, Stage, None]:
    """First each layer learns where it is hinted at; then they share the picture."""
    y = setup.y
    front, back = (hints == 1).to(y), (hints == 2).to(y)
    first, second = Nearness(y, front, power=1), Nearness(y, back, power=1)

    def told(layers: Layers) -> Term:
        return layers.term("first", first, "foreground") + layers.term("second", second, "background")

    def hinted(first: Tensor, second: Tensor) -> Tensor:
        return front * first + back * second + (1 - front - back) * y

    pair = Layers(first=setup.picture(), second=setup.picture())
    done = yield setup.stage(
        pair, hinted, lambda found: front * y, lambda found: (front * y, {"mask": front}), told(pair), last=False
    )
    assert isinstance(done, LayeredFit)
    layers = Layers(first=setup.picture(), second=setup.picture(), share=setup.picture(1))
    mask = layers.term("share", Nearness(front, front + back, power=1), "mask")
    decided = 0.01 * setup.prior_weight * layers.term("share", Decided(setup.steps))

    def finish(found: Found) -> Answer:
        smooth = guided_filter(found["share"], y.mean(dim=1, keepdim=True), MASK_RADIUS, MASK_EPSILON)
        m = (smooth > 0.5).to(y)
        return m * y, {"mask": m, "foreground": found["first"], "background": found["second"]}

    yield setup.stage(
        layers, setup.mix, lambda found: found["share"] * y, finish, told(layers) + mask + decided, done=done
    )
