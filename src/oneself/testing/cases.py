"""Small problems for a method, made from its record: one for each task and number of dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Identity, Method, OptionRecord, Result, Run
from oneself.domains import IMAGE, Domain, Recording
from oneself.operators.mixture import MIXTURES, Mixture
from oneself.registry import find
from oneself.testing.inputs import inputs_of
from oneself.testing.networks import Edges, Painter, Smoother
from oneself.testing.operators import Blur, Mask, Pool
from oneself.testing.pictures import noisy, picture
from oneself.testing.watching import Watched, watch

__all__ = ["QUICK", "Case", "cases", "problem"]

SIGMA = 0.1
SIZES = {1: (48,), 2: (24, 20), 3: (10, 12, 14)}
SMALL = {**SIZES, 2: (36, 32)}  # of what is to be enlarged: its smaller copies must be worth learning from
PRIME = {1: (37,), 2: (23, 19), 3: (11, 13, 17)}
BLURRED = (47, 43)  # likewise, of what a kernel is looked for in
OTHER_SEED = 4
STEPS, FEW = 8, 3  # of the first case, and of the others
# What makes a method quick, where it has an option of that name: nothing else is known of it.
QUICK: Mapping[str, float] = {
    **{"steps": STEPS, "width": 8, "levels": 2, "code": 4, "skip": 2, "layers": 3, "samples": 2},
    **{
        "window": 3,
        "start": 0,
        "extra_steps": 2,
        "latent_steps": 4,
        "tuning_steps": 3,
        "restarts": 2,
        "candidates": 6,
        "patience": STEPS,
        "denoise_every": 3,
        "validate_every": 3,
        "crop": 8,
        "min_size": 12,
        "double_width_every": 1,
    },
}


@dataclass(frozen=True, eq=False)
class Case:
    """A method on a small problem: the measurement ``y`` of ``truth`` by ``physics``, and quickening options.

    The ``first`` of a method is for what holds anywhere.
    """

    method: Method
    task: str
    truth: Any
    y: Any
    physics: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False

    def __str__(self) -> str:
        return f"{self.method.key}-{self.task}-{'x'.join(map(str, self.method.domain.shape(self.truth)))}"

    def run(self, y: Any = None, physics: Any = None, *, seed: int = 0, **options: Any) -> Run:
        """A fresh run on the CPU; ``y``, ``physics`` and options in place of the case's own where given."""
        physics = self.physics if physics is None else physics
        chosen = {**self.options, **options}
        return Run(self.method, self.y if y is None else y, physics, seed=seed, device="cpu", **chosen)

    @cached_property
    def whole(self) -> Result[Any]:
        """What a run of the case gives, made once for all checks: that runs share nothing is a promise of its own."""
        return self.run().finish()

    @cached_property
    def watched(self) -> Watched:
        """What was seen of such a run that was looked at from all sides."""
        return watch(self)

    @cached_property
    def on_other(self) -> Result[Any]:
        """What a run on another input gives."""
        return self.run(self.other()).finish()

    @cached_property
    def other_seed(self) -> Result[Any]:
        """What a run of another seed gives."""
        return self.run(seed=OTHER_SEED).finish()

    @cached_property
    def again(self) -> Result[Any]:
        """What a second run gives, after one on another input, and where the caller has drawn other numbers."""
        assert self.whole is not self.on_other
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(2)
            return self.run().finish()

    def same(self, one: Any, other: Any) -> bool:
        """Whether two answers are the same, bit for bit."""
        return self._domain(one).fingerprint(one) == self._domain(other).fingerprint(other)

    def _domain(self, value: Any) -> Domain[Any]:
        """What an input or an answer is."""
        domain = self.method.domain
        return domain if isinstance(value, domain.kind) else self.method.answers

    def other(self, of: Any = None) -> Any:
        """Another input than the case's own, or than another one."""
        domain, y = self.method.domain, self.y if of is None else of
        arrays = domain.arrays(y)
        turned = {name: np.ascontiguousarray(np.flip(array, -1) * np.float32(0.5)) for name, array in _values(arrays)}
        return domain.of_arrays({**arrays, **turned})

    def cast(self, dtype: type[np.floating[Any]]) -> Any:
        """The case's input in another dtype."""
        domain = self.method.domain
        arrays = domain.arrays(self.y)
        return domain.of_arrays({**arrays, **{name: array.astype(dtype) for name, array in _values(arrays)}})

    def dtypes(self, y: Any) -> list[str]:
        """The dtypes of the elements that an input or an answer holds."""
        return [array.dtype.str for _, array in _values(self._domain(y).arrays(y))]

    def scribble(self, y: Any) -> None:
        """Overwrite all that an input holds."""
        for _, array in _values(self._domain(y).arrays(y)):
            array.fill(7)

    def why_unfit(self, x: Any) -> str:
        """What is wrong with an answer, in words; empty where it is one, of the truth's size where sizes are kept."""
        domain = self.method.answers
        try:
            domain.check_values("the answer", x)
        except (TypeError, ValueError) as error:
            return str(error)
        if not domain.pointwise:
            return ""
        found, wanted = domain.shape(x), domain.shape(self.truth)
        return "" if found == wanted else f"it is of the shape {found}, not {wanted}"

    def taking(self, **options: Any) -> dict[str, Any]:
        """Of these options those that the method has."""
        return {name: value for name, value in options.items() if self.method.takes(name)}


def _values(arrays: Mapping[str, np.ndarray[Any, Any]]) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Those that hold an input's elements, rather than what is said of all of them."""
    return [(name, array) for name, array in arrays.items() if array.ndim and array.dtype.kind == "f"]


def cases(method: str | Method, inputs: Sequence[Any] = (), **options: Any) -> list[Case]:
    """The first for what holds anywhere, the others with fewer steps; ``options`` replace ``QUICK``'s.

    Of images: the method's first task in 2D where it works there; then one for each other task, each other number of
    dimensions, and one of a prime size in gray. Of another domain: ``inputs``, or some that are known of it.
    """
    method = find(method)
    if method.domain is not IMAGE:
        given = {**_quick(method), **options}
        less = {**given, **_fewer(method, options)}
        found = inputs or inputs_of(method.domain)
        if method.tasks[0] == "super-resolve":
            return [_slower(method, y, less if i else given, not i) for i, y in enumerate(found)]
        task = method.tasks[0]
        return [Case(method, task, y, y, Identity(), less if i else given, not i) for i, y in enumerate(found)]
    first = 2 if 2 in method.dims else method.dims[0]
    chosen = {**_quick(method), **options}
    made = [(task, problem(task, _size(task, first))) for task in method.tasks]
    made += [
        (method.tasks[0], problem(method.tasks[0], _size(method.tasks[0], dims)))
        for dims in method.dims
        if dims != first
    ]
    made += [(method.tasks[0], problem(method.tasks[0], _prime(method.tasks[0], first), channels=1))]
    fewer = {**chosen, **_fewer(method, options)}
    return [
        Case(method, task, *parts, {**beside(method, *parts), **(fewer if i else chosen)}, not i)
        for i, (task, parts) in enumerate(made)
    ]


def _slower(method: Method, x: Any, options: Mapping[str, Any], first: bool) -> Case:
    """A recording to be brought to twice its rate, with itself the other way round as the example."""
    from oneself.operators.rates import Rate

    samples, physics = x.samples[..., : x.samples.shape[-1] // 2 * 2], Rate(2.0)
    beside = {"example": Recording(samples.flip(-1), x.rate)} if method.takes("example") else {}
    truth, y = Recording(samples, x.rate), Recording(physics.A(samples), x.rate / 2)
    return Case(method, "super-resolve", truth, y, physics, {**beside, **options}, first)


def _fewer(method: Method, options: Mapping[str, Any]) -> dict[str, int]:
    return {"steps": FEW} if method.takes("steps") and "steps" not in options else {}


def beside(method: Method, truth: Tensor, y: Tensor, physics: Any) -> dict[str, Any]:
    """What a method cannot do without, by the name of the option: a ``second`` shot of the scene, a small network in
    place of ``weights``, one that makes pictures in place of a ``generator``."""
    found: dict[str, Any] = {}
    defaults = method.resolve_options({})
    for record in method.options:
        if not record.option.counts(defaults):
            continue
        if record.name == "second" and record.is_input:
            found["second"] = noisy(physics.A(truth), float((y - physics.A(truth)).std()), seed=2)
        elif record.name == "weights" and record.takes_module:
            found["weights"] = Smoother()
        elif record.name == "generator" and record.takes_module:
            found["generator"] = Painter(truth)
        elif record.name == "discriminator" and record.takes_module:
            found["discriminator"] = Edges(truth.shape[1])
    return found


def _size(task: str, dims: int) -> tuple[int, ...]:
    return (SMALL if task in ("super-resolve", "kernel") else SIZES)[dims]


def _prime(task: str, dims: int) -> tuple[int, ...]:
    return BLURRED if task == "kernel" else PRIME[dims]


def problem(
    task: str, size: tuple[int, ...], *, channels: int = 3, sigma: float = SIGMA, shrink: int | None = None
) -> tuple[Tensor, Tensor, Any]:
    """Truth, measurement and operator of one of the tasks of images; noise of level ``sigma`` where neither enlarged,
    taken apart nor learned from to make others.

    ``size``, ``channels`` and ``shrink`` as of ``picture``; what is to be enlarged has that size before.
    """
    if task == "super-resolve":
        from oneself.operators import Resize

        x = picture(*(2 * n for n in size), channels=channels, shrink=shrink)
        return x, Resize(2).A(x), Resize(2)
    if task == "kernel":
        return _blurred(picture(*(2 * n for n in size), channels=channels, shrink=shrink))
    x = picture(*size, channels=channels, shrink=shrink)
    if task == "inpaint":
        known = (
            (torch.rand(x.shape[2:], generator=torch.Generator().manual_seed(1)) > 0.3).to(x).expand(x.shape).clone()
        )
        return x, noisy(x, sigma) * known, Mask(known)
    if task in MIXTURES:
        return _mixed(task, x)
    if task == "generate":
        return x, x.clone(), Identity()
    x = x[..., : x.shape[-1] // 2 * 2] if task == "restore" else x
    physics: Any = {"denoise": Identity, "deblur": Blur, "restore": Pool}[task]()
    return x, noisy(physics.A(x), sigma), physics


def _blurred(x: Tensor) -> tuple[Tensor, Tensor, Any]:
    """A kernel, what it and the loss of every other sample make of a picture, and no operator: that is looked for."""
    from oneself.operators import Downsample
    from oneself.operators.kernels import gaussian_kernel

    kernel = gaussian_kernel(13, (1.8, 1.2), 0.5, (-0.5, -0.5))
    return kernel[None, None], Downsample(2, kernel).A(x), Identity()


def _mixed(task: str, x: Tensor) -> tuple[Tensor, Tensor, Any]:
    """What is wanted, a picture that it is mixed into without noise, and what is known of the mixture."""
    height, width = x.shape[2:]
    other, marks = x.flip(-1), x.new_zeros(1, 1, height, width)
    if task == "dehaze":
        t = torch.linspace(0.3, 1, height).reshape(1, 1, -1, 1)
        return x, Mixture.mix(x, torch.full_like(x, 0.9), t), Mixture(task)
    if task == "transparency":
        return x, Mixture.mix(x, other, marks + 0.6), Mixture(task, second=Mixture.mix(x, other, marks + 0.3))
    if task == "watermark":
        opacity = marks.clone()
        marks[..., height // 2 - 3 : height // 2 + 3, :] = 1
        opacity[..., height // 2 - 1 : height // 2 + 1, ::2] = 0.5
        return x, Mixture.mix(torch.ones_like(x), x, opacity), Mixture(task, mask=marks)
    front = marks.clone()
    front[..., : width // 2] = 1
    marks[..., : width // 4], marks[..., -(width // 4) :] = 1, 2
    y = Mixture.mix(x, 1 - x, front)
    return front * y, y, Mixture(task, hints=marks)


def _quick(method: Method) -> dict[str, Any]:
    quick = {record.name: _nearest(record, QUICK[record.name]) for record in method.options if record.name in QUICK}
    beside = {**method.resolve_options({}), **quick}
    return {
        record.name: quick[record.name]
        for record in method.options
        if record.name in quick and record.option.counts(beside)
    }


def _nearest(record: OptionRecord, value: float) -> Any:
    """The value, or the option's default where it may not be that."""
    return record.type(value) if record.type in (int, float) and record.option.allows(value) else record.default
