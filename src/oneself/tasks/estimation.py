"""The blur behind a picture, found from the picture alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Method, Result, callers_context, own_context
from oneself.domains.image import ChannelAxis, DataRange, unpack
from oneself.operators import CorrectionFilter
from oneself.operators.kernels import moved
from oneself.registry import find
from oneself.tasks.problems import choose_method, find_kernel, shrinking, super_resolution
from oneself.tasks.scaling import unit_options

__all__ = ["as_kernel", "blur", "correct", "corrected", "fitted_kernel", "kernel"]

ROWS = 16  # of the small picture at a time: each of its samples sees as many values as the kernel has
SURE = 10.0  # weight of the sum's being one
FLAT = 1e-5  # variance that windows are taken to have at least, so that flat pictures leave the kernel as it was


@own_context()
def kernel(
    image: Any,
    scale: float | Sequence[float] = 2,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """The kernel that a small picture was blurred with before every ``scale``-th sample was kept.

    Parameters
    ----------
    image : ndarray or Tensor
        One picture (2D), as of ``denoise``.
    scale : float
        2, 3 or 4.
    method : str or Method
        A key of ``methods()`` that does "kernel"; ``"auto"`` is ``kernel_spectra``.
    full : bool
        Return a ``Result`` whose ``image`` is the kernel.

    Returns
    -------
    ndarray or Tensor, or Result
        ``(side, side)``, float32, odd-sized, not negative, of sum 1: what ``super_resolve(image, scale, kernel)``
        takes. A picture does not tell where its kernel lies: the centre of mass is put ``(scale - 1) / 2`` before the
        middle, so that the enlarged picture covers the same field of view.

    Raises
    ------
    TypeError, ValueError
        As ``denoise``; several pictures, not a picture, another scale, too small to have a smaller self.
    """
    given = unpack(image, caller="kernel", channel_axis=channel_axis, data_range=data_range, gaps=True)
    y = given.y
    if len(y) > 1:
        raise ValueError(f"kernel(image): {len(y)} pictures, each with a blur of its own. Give one at a time.")
    factor = shrinking(scale, y.ndim - 2)
    chosen = choose_method("kernel", method, y, seconds=seconds, device=device).method
    own = unit_options(find(chosen), options, given.span)
    result = find_kernel(y, factor, method, seed=seed, seconds=seconds, device=device, **own)
    found = result.image[0, 0].cpu()
    answer: Any = found.to(image.device) if isinstance(image, Tensor) else found.numpy()
    return replace(result, answer=answer) if full else answer


@own_context()
def correct(
    image: Any,
    scale: float,
    kernel: Any = "estimate",
    *,
    super_resolver: Callable[[Any], Any] | None = None,
    rounds: int = 3,
    ridge: float = 1e-3,
    seed: int = 0,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
) -> Any:
    """The small picture as cubic shrinking would have made it, for any super-resolver that was made for that.

    ``your_super_resolver(oneself.correct(image, 2, kernel))``. See ``physics.CorrectionFilter``.

    Parameters
    ----------
    image : ndarray or Tensor
        A picture (2D) that was blurred with ``kernel``, and of which every ``scale``-th sample was kept.
    scale : float
        Whole; 2, 3 or 4 where the kernel is estimated.
    kernel : ndarray, Tensor or "estimate"
        As of ``super_resolve``.
    super_resolver : callable, optional
        Where the kernel is estimated: enlarges a picture of ``image``'s kind and layout by ``scale``. In turns the
        picture is corrected for the kernel and enlarged, and the kernel between the two pictures is found anew, so that
        what the super-resolver knows of pictures improves the kernel. One that only interpolates knows nothing: with
        it any kernel explains the picture, and hardly anything moves.
    rounds : int
        Turns of that, at least 1.
    ridge : float
        The larger, the less noise is amplified; of noisy pictures more.

    Returns
    -------
    ndarray or Tensor
        Of the image's kind, shape, dtype and range.

    Raises
    ------
    TypeError, ValueError
        As ``super_resolve``; not a picture; a super-resolver beside a known kernel, or one that returns another size.
    """
    given = unpack(image, caller="correct", channel_axis=channel_axis, data_range=data_range, gaps=True)
    y = given.y
    if super_resolver is not None and not _is_estimate(kernel):
        raise ValueError('correct(super_resolver): the kernel is given. Leave it out, or give kernel="estimate".')
    if rounds < 1:
        raise ValueError(f"correct(rounds={rounds}): fewer than 1. Give 1 or more.")
    made, found, _ = corrected(y, scale, kernel, ridge=ridge, seed=seed, device=device)
    for _ in range(rounds if super_resolver is not None else 0):
        assert super_resolver is not None
        with callers_context():
            enlarged = super_resolver(given.pack(made))
        large = unpack(enlarged, caller="correct", channel_axis=channel_axis, spans=given.spans, gaps=True).y
        _check_enlarged(large, y, int(scale))
        place = [-(int(scale) - 1) / 2] * 2
        found = moved(fitted_kernel(large, y, int(scale), found), place)
        made = CorrectionFilter(int(scale), found, ridge)(y)
    return given.pack(made)


def corrected(
    y: Tensor, scale: float, kernel: Any, *, ridge: float, seed: int = 0, device: str | torch.device | None = None
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """``y``, ``(B, C, H, W)``, corrected; the kernel, and a note where it was estimated.

    Raises
    ------
    TypeError, ValueError
        As ``correct``.
    """
    if y.ndim != 4:
        raise ValueError(f"correct(image): {y.ndim - 2}D. Pictures (2D) can be corrected.")
    if kernel is None:
        raise TypeError('correct(kernel=None): nothing to correct. Give the kernel, or "estimate".')
    if not ridge >= 0:
        raise ValueError(f"correct(ridge={ridge!r}): below 0. Give 0 or more.")
    found, notes = blur(kernel, y, scale, seed=seed, device=device)
    super_resolution(y, scale, found)  # says what is wrong with them
    assert found is not None
    return CorrectionFilter(int(scale), found, ridge)(y), found, notes


def _check_enlarged(large: Tensor, y: Tensor, scale: int) -> None:
    wanted = (*y.shape[:2], *(scale * n for n in y.shape[2:]))
    if tuple(large.shape) != wanted:
        raise ValueError(
            f"correct(super_resolver): made {tuple(large.shape)} (channels first) of {tuple(y.shape)}. "
            f"Give one that makes {wanted}."
        )


def _is_estimate(kernel: Any) -> bool:
    return isinstance(kernel, str) and kernel == "estimate"


def blur(
    kernel: Any, y: Tensor, scale: float | Sequence[float], *, seed: int = 0, device: str | torch.device | None = None
) -> tuple[Tensor | None, tuple[str, ...]]:
    """The kernel behind ``y``, ``(B, C, *spatial)``, as it was given; where it is ``"estimate"`` as it was found, with
    a note that says so.

    Raises
    ------
    TypeError, ValueError
        Not an array of numbers; as ``kernel`` where it must be found.
    """
    if not _is_estimate(kernel):
        return (None if kernel is None else as_kernel(kernel)), ()
    if len(y) > 1:
        raise ValueError(f'kernel="estimate": {len(y)} pictures, each with a blur of its own. Give one at a time.')
    result: Result[Tensor] = find_kernel(y, shrinking(scale, y.ndim - 2), "auto", seed=seed, device=device)
    notes = (f"the kernel was estimated from the picture by {result.method}", *result.notes)
    return result.image[0, 0].cpu(), notes


def as_kernel(kernel: Any) -> Tensor:
    """An array of numbers as a float tensor. Raises TypeError for anything else."""
    found = kernel.detach().cpu().numpy() if isinstance(kernel, Tensor) else np.asarray(kernel)
    if found.dtype.kind not in "buif":
        raise TypeError(f"kernel ({type(kernel).__name__} of {found.dtype}): not a blur. Give an array of numbers.")
    return torch.from_numpy(np.array(found, dtype=np.float32))


def fitted_kernel(x: Tensor, y: Tensor, scale: int, near: Tensor, weight: float = 1e-2) -> Tensor:
    """``argmin of ‖(k * x)↓ − y‖² + weight v ‖k − near‖²`` over ``k ≥ 0`` of sum 1, ``v`` the variance within windows.

    Only samples whose window lies within ``x`` count, so nothing is said of what lies beyond its edges.

    Parameters
    ----------
    x, y : Tensor
        The large picture and the small one, ``(1, C, *spatial)``, 2D, as of ``Downsample(scale, k)``.
    near : Tensor
        ``(side, side)``, which the kernel has the size of, and is drawn to where the pictures do not tell.
    weight : float
        Above 0.

    Raises
    ------
    ValueError
        The pictures are smaller than the kernel.
    """
    side = near.shape[0]
    skipped = -(-(side // 2) // scale)
    start = scale * skipped - side // 2
    wide = x.double()[..., start:, start:]
    if min(wide.shape[2:]) < side:
        raise ValueError(
            f"fitted_kernel(near.shape={tuple(near.shape)}): larger than the picture {tuple(x.shape[2:])} within its "
            "border. Give a larger picture."
        )
    windows = wide.unfold(2, side, scale).unfold(3, side, scale)
    seen = y.double()[..., skipped:, skipped:][..., : windows.shape[2], : windows.shape[3]]
    windows = windows[..., : seen.shape[2], : seen.shape[3], :, :]
    normal, right = near.new_zeros(side**2, side**2, dtype=torch.float64), near.new_zeros(side**2, dtype=torch.float64)
    spread = 0.0
    for row in range(0, seen.shape[2], ROWS):
        looked_at = windows[:, :, row : row + ROWS].reshape(-1, side**2)
        normal += looked_at.T @ looked_at
        right += looked_at.T @ seen[:, :, row : row + ROWS].reshape(-1)
        spread += float((looked_at - looked_at.mean(1, keepdim=True)).square().mean(1).sum())
    normal, right, spread = normal / seen.numel(), right / seen.numel(), spread / seen.numel()
    pull = weight * max(spread, FLAT)
    normal = normal + SURE + pull * torch.eye(side**2, dtype=normal.dtype, device=normal.device)
    right = right + SURE + pull * near.double().flip(0, 1).flatten()
    kernel = _positive(normal, right).reshape(side, side).flip(0, 1)
    return (kernel / kernel.sum()).to(near)


def _positive(normal: Tensor, right: Tensor) -> Tensor:
    """``argmin of kᵀ normal k / 2 − right k`` over ``k ≥ 0``."""
    from scipy.optimize import nnls

    root = torch.linalg.cholesky(normal)
    wanted = torch.linalg.solve_triangular(root, right[:, None], upper=False)[:, 0]
    return torch.from_numpy(nnls(root.T.cpu().numpy(), wanted.cpu().numpy())[0]).to(normal)
