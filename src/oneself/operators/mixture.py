"""Two layers in one picture, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

__all__ = ["MIXTURES", "Mixture", "check_mixture"]

MIXTURES: Mapping[str, tuple[str | None, bool]] = {
    "dehaze": (None, False),
    "transparency": ("second", False),
    "watermark": ("mask", True),
    "segment": ("hints", True),
}
"""The tasks that take a picture apart: what is known beside the picture, and whether it must be."""


class Mixture(nn.Module):
    """``y = m x₁ + (1 − m) x₂`` at every element: what a picture is made of. Not linear in ``(m, x₁, x₂)``.

    Parameters
    ----------
    task : str
        One of ``MIXTURES``, which says what is assumed of the three: a scene behind haze (``x₂`` airlight, ``m``
        transmission), two transparent pictures, a picture under a watermark, or two segments (``m`` 0 or 1).
    hints : Tensor, optional
        For ``"segment"``: ``(1, 1, *spatial)``; 1 in the foreground ``x₁``, 2 in the background, 0 where unknown.
    mask : Tensor, optional
        For ``"watermark"``: ``(1, 1, *spatial)``; 1 where the watermark may be.
    second : Tensor, optional
        For ``"transparency"``: another mixture of the same layers, of the picture's shape.

    Raises
    ------
    ValueError
        An unknown task; what the task does not use, or lacks; hints or a mask that say nothing.
    """

    def __init__(
        self, task: str, *, hints: Tensor | None = None, mask: Tensor | None = None, second: Tensor | None = None
    ) -> None:
        super().__init__()
        given = {"hints": hints, "mask": mask, "second": second}
        check_mixture(task, given)
        _check_marks(hints, mask)
        self._task = task
        for name, value in given.items():
            self.register_buffer(name, value)

    def task(self) -> str:
        return self._task

    def known(self) -> dict[str, Tensor]:
        """What is known beside the picture, by name."""
        return dict(self.named_buffers())

    @staticmethod
    def mix(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
        """``share · first + (1 − share) · second``."""
        return share * first + (1 - share) * second


def check_mixture(task: str, given: Mapping[str, object]) -> None:
    """Refuse an unknown task, what it does not use, and that it lacks what it needs."""
    if task not in MIXTURES:
        raise ValueError(f"separate(task={task!r}): unknown. Give one of {', '.join(MIXTURES)}.")
    used, needed = MIXTURES[task]
    for name, value in given.items():
        if value is not None and name != used:
            owner = next(other for other, (uses, _) in MIXTURES.items() if uses == name)
            raise ValueError(f"separate(task={task!r}, {name}=…): only {owner} uses it. Leave {name} out.")
        if value is None and name == used and needed:
            raise ValueError(f"separate(task={task!r}, {name}=None): {_WHAT[name]} Give {name}.")


def _check_marks(hints: Tensor | None, mask: Tensor | None) -> None:
    """Refuse hints and a mask that say nothing."""
    if hints is not None:
        _check_hints(hints)
    if mask is not None and not bool((mask > 0).any()):
        raise ValueError("separate(mask): it marks nothing. Mark where the watermark may be.")
    if mask is not None and bool((mask > 0).all()):
        raise ValueError("separate(mask): it marks everything. Leave some of the clean picture out to learn from.")


_WHAT = {
    "hints": "which side is the foreground cannot be told from the picture.",
    "mask": "where the watermark may be cannot be told from the picture.",
}


def _check_hints(hints: Tensor) -> None:
    found = set(hints.unique().tolist())
    if not found <= {0, 1, 2}:
        other = sorted(found - {0, 1, 2})[0]
        raise ValueError(f"separate(hints): holds {other:g}. Give 0 (unknown), 1 (foreground) and 2 (background).")
    for value, name in ((1, "foreground"), (2, "background")):
        if value not in found:
            raise ValueError(f"separate(hints): none of the {name}. Mark some of it with {value}.")
