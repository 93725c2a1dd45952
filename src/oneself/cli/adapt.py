"""`oneself adapt`: denoise with a pretrained network that is adapted to the picture. Light until the work begins."""

from __future__ import annotations

from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneself.cli import flags

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SUMMARY", "main", "parameters"]

SUMMARY = "Denoise with a pretrained network that is adapted to the picture, and as it is where that is no better."
OWN = ("lr", "steps")  # of the methods' options those that are flags here


def parameters() -> list[Parameter]:
    """The command's flags."""
    return [
        flags.positional("source", "A noisy picture, or a folder of them.", metavar="IN"),
        flags.positional("out", "The result, or a folder for it; NAME-denoised.EXT beside IN otherwise.", default=None),
        flags.flag("weights", str, "Weights of a denoiser that 'oneself weights' lists, or of such an architecture; "
                   "those of the package otherwise, which were trained on drawn pictures.", metavar="FILE"),
        flags.flag("architecture", str, "What they must be of; told from the file otherwise.", metavar="NAME"),
        flags.flag("what", str, "What may change: gains, all, biases, norm, last:N, progressive or lora:R.",
                   default="gains", metavar="WHAT"),
        flags.flag("loss", str, "What is minimised: sure, esure, noise2void, noise2self, pairs or renoising.",
                   default="sure", metavar="LOSS"),
        flags.flag("steps", int, "Steps at most; 0 for the network as it is.", metavar="NUMBER", low=0, high=10**7),
        flags.flag("lr", float, "Learning rate; by what changes otherwise.", metavar="NUMBER", above=0, high=1e3),
        *flags.COMMON,
        *flags.FILES,
    ]  # fmt: skip


def main(command_line: str, **given: Any) -> int:
    """Denoise what is named, and write the results and their records; the exit code.

    Raises
    ------
    OSError, TypeError, ValueError
        What is refused before the work: files that cannot be read or written, weights that do not fit.
    """
    from oneself.cli.tasks import restore
    from oneself.registry import find
    from oneself.tasks.adaptation import adapting_method

    weights = given.pop("weights")
    _check_weights(weights, given.pop("architecture"))
    method, options = adapting_method(given.pop("what"), given.pop("loss"))
    options |= {name: given[name] for name in OWN if given[name] is not None}
    find(method).resolve_options(options)
    if given["data_range"] is None:
        given["data_range"] = _trained_range(Path(given["source"]), given["axes"])
    flags_of_method = {**given, "method": method, "preset": None}
    return restore("denoise", flags_of_method, options, {} if weights is None else {"weights": weights}, command_line)


def _check_weights(weights: str | None, architecture: str | None) -> None:
    from oneself.networks.pretrained import load_weights

    if weights is not None:
        load_weights(weights, architecture, "denoiser")
    elif architecture is not None:
        raise ValueError(
            f"adapt(--architecture {architecture}): of which weights? Give --weights too, or leave it out."
        )


def _trained_range(source: Path, axes: str | None) -> str | None:
    """What the network knows as black and white of such files: of a folder as of its first picture."""
    from oneself import io
    from oneself.domains.gaps import close_gaps
    from oneself.tasks.adaptation import trained_range

    first = next((path for path in sorted(source.rglob("*")) if path.is_file()), source) if source.is_dir() else source
    try:
        pixels: np.ndarray[Any, Any] = close_gaps(io.split(io.read(first, axes=axes))[0].pixels)[0]
    except (OSError, ValueError):
        return None  # who reads them all says what is wrong
    found = trained_range(pixels)
    return None if found is None else f"{found[0]:g},{found[1]:g}"
