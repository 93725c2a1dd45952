"""CT-PURE: a denoiser of measurements with Poisson noise, adapted to them without truth, before they are inverted.

Given           y = gain · Poisson(A x / gain), such as a sinogram, and a denoiser D trained on other pictures
Structure       h(y): D between the square root that makes the noise of one level (Anscombe's) and its inverse; what may
                change is all of D, or its gains, biases, normalisation or last layers, or a change of low rank (LoRA)
Input           y
Loss            PURE: ‖h(y) − y‖² − gain⟨1, y⟩ + 2 gain⟨y, ∂h(y)⟩
Regularisation  what does not change; squares of y are held out, and D stays as it came unless the error there is surely
                lower; the answer is A⁺h(y), of tomography filtered back-projection

Kim, Soltanayev, Chun. Unsupervised training of denoisers for low-dose CT reconstruction without full-dose ground truth.
IEEE Journal of Selected Topics in Signal Processing 2020.
Anscombe. The transformation of Poisson, binomial and negative-binomial data. Biometrika 1948.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any

from torch import Tensor, nn

from oneself.core import Option, Stage, method
from oneself.noise import known_level
from oneself.recipes import options as o
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.adapting import adapted_by
from oneself.recipes.adaptation.calling import Denoising, called, network_of, whole
from oneself.recipes.adaptation.examples import SHIFT, Crops, stein
from oneself.recipes.adaptation.judging import Parts, PoissonRisk

DARKEST = 1e-3  # of a count, under the square root: where a probe leads below what can be counted


@method(
    "Denoising of Poisson measurements adapted by PURE, before their inversion (CT-PURE)",
    cite="Kim, Soltanayev, Chun. Unsupervised training of denoisers for low-dose CT reconstruction without full-dose "
    "ground truth. IEEE Journal of Selected Topics in Signal Processing 2020.",
    tasks=("restore",),
    dims=(2,),
    presets={"whole": {"what": "all"}, "lora": {"what": "lora:4"}},
    needs=("A", "A_dagger"),
)
def ct_pure(
    y: Tensor,
    physics: Any,
    *,
    weights: a.Weights = None,
    gain: Annotated[
        float | None,
        Option(
            "the variance of the noise is gain times the measurement; estimated unless given",
            low=1e-9,
            high=1e9,
            unit="counts",
        ),
    ] = None,
    what: a.Change = "gains",
    lr: a.LearningRate = None,
    patch: a.Patch = 128,
    patches: o.Patches = 1,
    hold_out: a.HoldOut = 0.2,
    validate_every: o.ValidateEvery = 10,
    caution: a.Caution = 0.5,
    steps: a.Steps = 100,
    tile: o.Tile = 1024,
) -> Generator[Stage, Any, None]:
    found, notes = _known_gain(y, gain)
    root = Root(found, float(y.max()))
    network, known = network_of(weights, y.device, "ct_pure", channels=y.shape[1])
    own = (f"ct_pure: the denoiser is the package's own, {known.name}",) if weights is None and known else ()
    tried, _, more = called(network, root(y), root.level, "ct_pure", tile)
    denoise = Stabilised(tried, root)
    made = whole(denoise, y, tile)
    if steps:
        parts = Parts(y, hold_out, "ct_pure")
        shift = SHIFT * math.sqrt(found * float(y.clamp(min=0).mean()))
        fitted = yield adapted_by(
            denoise,
            y,
            made,
            "ct_pure",
            terms_of=stein(lambda x: found * x.clamp(min=0), shift),
            input=Crops(y, parts.seen, patch, patches),
            judge=PoissonRisk(parts, found, shift),
            what=what,
            lr=lr,
            steps=steps,
            validate_every=validate_every,
            patience=steps,
            caution=caution,
            tile=tile,
            notes=(),
        )
        made = fitted.answer()
        more = (*more, f"ct_pure: adapting the denoiser returned {fitted.selection.words()}")
    yield Inverted(made, physics, (*own, *notes, *more))


def _known_gain(y: Tensor, gain: float | None) -> tuple[float, tuple[str, ...]]:
    """The gain that was given, or the measured variance divided by the mean, and a note of it."""
    mean = float(y.clamp(min=0).mean())
    if not mean > 0:
        raise ValueError("ct_pure(y): nowhere above 0. Give counts, or what is proportional to them.")
    if gain is not None:
        return gain, ()
    level, _ = known_level(y[0].cpu().numpy(), None, "ct_pure")
    found = level**2 / mean
    return found, (f"ct_pure: gain was not given; estimated as {found:.3g}, from noise of level {level:.3g}",)


class Root(nn.Module):
    """``2 √(x/gain + 3/8)``, in which Poisson noise is of level 1, divided by its value at ``most``."""

    def __init__(self, gain: float, most: float) -> None:
        super().__init__()
        self.gain = gain
        self.top = 2 * math.sqrt(most / gain + 3 / 8)
        self.level = 1 / self.top

    def forward(self, x: Tensor) -> Tensor:
        return 2 * (x / self.gain + 3 / 8).clamp(min=DARKEST).sqrt() / self.top

    def back(self, root: Tensor) -> Tensor:
        """The inverse that keeps the mean of what is many counts."""
        return self.gain * ((self.top * root / 2).square() - 1 / 8)


class Stabilised(Denoising):
    """A denoiser between the square root and its inverse."""

    def __init__(self, denoise: Denoising, root: Root) -> None:
        super().__init__(denoise.network, denoise.level, denoise.apart)
        self.root = root

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        return self.root.back(super().forward(self.root(x), scale))


class Inverted(Stage):
    """``A⁺`` of a measurement, in one step."""

    x: Tensor

    def __init__(self, y: Tensor, physics: Any, notes: Sequence[str]) -> None:
        super().__init__(steps=1, notes=notes)
        self.y, self.physics = y, physics
        self.register_buffer("x", physics.A_dagger(y))

    def solve(self) -> Mapping[str, Tensor]:
        return {"residual": (self.physics.A(self.x) - self.y).square().mean()}

    def estimate(self) -> Tensor:
        return self.x.clone()
