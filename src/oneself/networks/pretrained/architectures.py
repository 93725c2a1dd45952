"""The architectures of public weights by name, and what their tensors are called in the files that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from oneself.networks.pretrained.dncnn import DnCNN
from oneself.networks.pretrained.ffdnet import FFDNet
from oneself.networks.pretrained.mzsr import MZSRNet
from oneself.networks.pretrained.unet import BlindUNet

__all__ = ["ARCHITECTURES", "Architecture"]

COUNTS = r".*\.num_batches_tracked"  # what torch counts while it trains, and nobody reads
Rename = tuple[str, Callable[[re.Match[str]], str]]


@dataclass(frozen=True)
class Architecture:
    """A network by name.

    Attributes
    ----------
    name, title : str
    channels : int
        Of the pictures it takes.
    build : callable
        Makes the network, with weights that mean nothing.
    renames : sequence of (pattern, function)
        What the tensors are called in files, and what that is here.
    task : str
        ``"denoise"``, or ``"super-resolve"``: what is in it for pictures that were enlarged.
    idle : str
        A pattern of the names of tensors that files hold and the network has no use for.
    """

    name: str
    title: str
    channels: int
    build: Callable[[], nn.Module]
    renames: tuple[Rename, ...] = ()
    idle: str = COUNTS
    task: str = "denoise"

    def renamed(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a file under the names that the network has for them."""
        return {self._own(name.removeprefix("module.")): _channels_first(name, value) for name, value in state.items()}

    def _own(self, name: str) -> str:
        for pattern, own in self.renames:
            match = re.fullmatch(pattern, name)
            if match is not None:
                return own(match)
        return name

    def misfit(self, state: Mapping[str, Tensor]) -> str:
        """How the tensors of a file differ from those of the network, in words; empty where they do not."""
        given, wanted = self.renamed(state), self._shapes()
        for name, shape in wanted.items():
            if name not in given:
                return f"it has no {name}"
            if tuple(given[name].shape) != shape:
                return f"its {name} is {tuple(given[name].shape)}, not {shape}"
        more = [name for name in given if name not in wanted and not re.fullmatch(self.idle, name)]
        return f"it also has {more[0]}" if more else ""

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        with torch.device("meta"):  # nothing is made but the shapes
            state = self.build().state_dict()
        return {name: tuple(value.shape) for name, value in state.items() if not re.fullmatch(COUNTS, name)}

    def load(self, state: Mapping[str, Tensor]) -> nn.Module:
        """The network with the tensors of a file that fits, ready to use: float32, its statistics at rest."""
        with torch.device("meta"):
            network = self.build()
        network.to_empty(device="cpu")
        own, given = network.state_dict(), self.renamed(state)
        network.load_state_dict(
            {name: given[name].float() if name in given else torch.zeros_like(own[name]) for name in own}
        )
        return network.eval()


def _channels_first(name: str, value: Tensor) -> Tensor:
    """A convolution's kernel, the axes in torch's order: TensorFlow's, which are called so, have them last."""
    return value.permute(3, 2, 0, 1) if name.endswith("kernel") and value.ndim == 4 else value


def _counted(part: str, step: int = 1, more: int = 0) -> Callable[[re.Match[str]], str]:
    """``part`` with the number that a match has first, divided by ``step`` and raised by ``more``, and its second."""
    return lambda match: f"{part}.{int(match[1]) // step + more}.{match[2]}"


def _of_bias_free(depth: int) -> tuple[Rename, ...]:
    return (
        (r"first_layer\.(.+)", lambda match: f"convolutions.0.{match[1]}"),
        (r"hidden_layer_list\.(\d+)\.(.+)", _counted("convolutions", more=1)),
        (r"last_layer\.(.+)", lambda match: f"convolutions.{depth - 1}.{match[1]}"),
        (r"bn_layer_list\.(\d+)\.(.+)", _counted("norms")),
    )


OF_CHAINS: tuple[Rename, ...] = (
    (r"model\.(\d+)\.(.+)", _counted("convolutions", step=2)),  # ReLUs have the odd numbers
    (r"w(\d+)", lambda match: f"convolutions.{match[1]}.weight"),
    (r"b(\d+)", lambda match: f"convolutions.{match[1]}.bias"),
)
OF_MZSR: tuple[Rename, ...] = (
    (r"conv(\d+)\.kernel", lambda match: f"convolutions.{int(match[1]) - 1}.weight"),
    (r"conv(\d+)\.bias", lambda match: f"convolutions.{int(match[1]) - 1}.bias"),
)
INSIDE = r"intermediate_dncnn\.itermediate_dncnn"


def _of_ffdnet(depth: int) -> tuple[Rename, ...]:
    """A convolution and its ReLU; then a convolution, its normalisation and its ReLU, again and again."""

    def own(match: re.Match[str]) -> str:
        number, name = int(match[1]), match[2]
        if number == 0 or number == 3 * depth - 4:
            return f"convolutions.{min(number, depth - 1)}.{name}"
        layer, place = divmod(number - 2, 3)
        return f"norms.{layer}.{name}" if place == 1 else f"convolutions.{layer + 1}.{name}"

    return ((INSIDE + r"\.(\d+)\.(.+)", own),)


ARCHITECTURES: Mapping[str, Architecture] = {
    one.name: one
    for one in (
        Architecture(
            "dncnn-17",
            "DnCNN of 17 convolutions, normalisation merged into them",
            1,
            partial(DnCNN, 17, bias=True),
            OF_CHAINS,
        ),
        Architecture(
            "dncnn-20",
            "DnCNN of 20 convolutions with batch normalisation, blind",
            1,
            partial(DnCNN, 20, bias=True, norm="batch"),
            _of_bias_free(20),
        ),
        Architecture(
            "dncnn-20-bias-free",
            "DnCNN of 20 convolutions without offsets, blind",
            1,
            partial(DnCNN, 20, bias=False, norm="scale"),
            _of_bias_free(20),
            COUNTS + r"|norms\.\d+\.(bias|running_mean)",
        ),
        Architecture("unet", "small U-net, blind", 1, partial(BlindUNet, bias=True)),
        Architecture("unet-bias-free", "small U-net without offsets, blind", 1, partial(BlindUNet, bias=False)),
        Architecture(
            "ffdnet-colour", "FFDNet of 12 convolutions, told the level", 3, partial(FFDNet, 3, 96, 12), _of_ffdnet(12)
        ),
        Architecture("mzsr", "MZSR's 8 convolutions", 3, MZSRNet, OF_MZSR, task="super-resolve"),
    )
}
