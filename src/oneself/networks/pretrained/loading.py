"""A pretrained network out of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from torch import Tensor, nn

from oneself.networks.pretrained.architectures import ARCHITECTURES, Architecture, Kind
from oneself.networks.pretrained.files import digest, read_state
from oneself.networks.pretrained.known import KNOWN, Known
from oneself.networks.pretrained.restorers import INSTALL, restorer

__all__ = ["Weights", "load_weights"]


@dataclass(frozen=True, eq=False)
class Weights:
    """A network with the weights of a file.

    Attributes
    ----------
    network : Module
        In evaluation mode: normalisation layers use the statistics of the training.
    architecture : Architecture
    sha256 : str
        Of the file.
    known : Known or None
        What is known of the file: its licence, and the noise levels it was trained for.
    """

    network: nn.Module
    architecture: Architecture
    sha256: str
    known: Known | None


def load_weights(path: str | Path, architecture: str | None = None, kind: Kind | None = None) -> Weights:
    """Read a file of weights into the network that it is of.

    Parameters
    ----------
    path : str or Path
        Safetensors, an ``.npz`` of numpy's, or what ``torch.save`` wrote, if it holds nothing but tensors, plain
        values and an ``argparse.Namespace``.
    architecture : str, optional
        One of ``ARCHITECTURES``; told from the names and shapes of the tensors otherwise, of other networks that
        restore by spandrel where it is installed.
    kind : str, optional
        What the network must be for, such as ``"denoiser"``.

    Raises
    ------
    FileNotFoundError
    ValueError
        What ``read_state`` refuses; an unknown architecture, or one whose tensors have other names or shapes; a network
        of another kind.
    """
    told = f"load_weights({str(path)!r}"
    if architecture is not None and architecture not in ARCHITECTURES:
        near = get_close_matches(architecture, ARCHITECTURES, n=1)
        offered = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(ARCHITECTURES)}."
        raise ValueError(f"{told}, architecture={architecture!r}): there is no such architecture. {offered}")
    state = read_state(path)
    chosen = _told(state, told) if architecture is None else _checked(state, ARCHITECTURES[architecture], told)
    if kind is not None and chosen.kind != kind:
        able = ", ".join(one.name for one in ARCHITECTURES.values() if one.kind == kind)
        raise ValueError(
            f"{told}): weights of a {chosen.kind} ({chosen.name}), a {kind} is needed. Give weights of one of {able}."
        )
    sha256 = digest(Path(path))
    return Weights(chosen.load(state), chosen, sha256, KNOWN.get(sha256))


def _fitting(state: Mapping[str, Tensor]) -> Architecture | None:
    return next((one for one in ARCHITECTURES.values() if not one.misfit(state)), None)


def _told(state: Mapping[str, Tensor], told: str) -> Architecture:
    """The architecture that the tensors are of."""
    found = _fitting(state)
    if found is not None:
        return found
    try:
        found, more = restorer(state, told), ""
    except ImportError:
        found, more = None, f" Common restoration networks are told by spandrel, which is not installed: {INSTALL}."
    if found is None:
        raise ValueError(
            f"{told}): {len(state)} tensors, {next(iter(state))} first, of none of the architectures that are known "
            f"({', '.join(ARCHITECTURES)}). In Python, load them into your network and give that.{more}"
        )
    return found


def _checked(state: Mapping[str, Tensor], wanted: Architecture, told: str) -> Architecture:
    """The architecture that was asked for, if the tensors are of it."""
    misfit = wanted.misfit(state)
    if not misfit:
        return wanted
    other = _fitting(state)
    said = f"{told}, architecture={wanted.name!r})"
    if other is None:
        raise ValueError(f"{said}: weights of another network ({misfit}). Give weights of {wanted.name}.")
    raise ValueError(f"{said}: these are weights of {other.name!r} ({misfit}). Give architecture={other.name!r}.")
