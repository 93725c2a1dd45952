"""The architectures of public weights by name, and what their tensors are called in the files that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from oneself.networks.pretrained.diffusion import DenseDiffusion, DigitDiffusion
from oneself.networks.pretrained.dncnn import DnCNN
from oneself.networks.pretrained.ffdnet import FFDNet
from oneself.networks.pretrained.generators import DenseDiscriminator, dcgan, dense_generator
from oneself.networks.pretrained.mzsr import MZSRNet
from oneself.networks.pretrained.unet import BlindUNet
from oneself.networks.split import SplitDenoiser

__all__ = ["ARCHITECTURES", "Architecture", "Kind"]

Kind = Literal["denoiser", "super-resolver", "generator", "discriminator"]

COUNTS = r".*\.num_batches_tracked"  # what torch counts while it trains, and nobody reads
Rename = tuple[str, Callable[[re.Match[str]], str]]


@dataclass(frozen=True)
class Architecture:
    """A network by name.

    Attributes
    ----------
    name, title : str
    channels : int
        Of the pictures it takes or makes.
    build : callable
        Makes the network, with weights that mean nothing; given what ``sizes`` found.
    renames : sequence of (pattern, function)
        What the tensors are called in files, and what that is here.
    idle : str
        A pattern of the names of tensors that files hold and the network has no use for.
    kind : str
        What it is for: a ``"denoiser"``, a ``"super-resolver"`` of pictures that were enlarged, a ``"generator"``
        of pictures from codes, or a ``"discriminator"``.
    sizes : callable
        Of a network of any width and depth: what the tensors of a file say of them.
    """

    name: str
    title: str
    channels: int
    build: Callable[..., nn.Module]
    renames: tuple[Rename, ...] = ()
    idle: str = COUNTS
    kind: Kind = "denoiser"
    sizes: Callable[[Mapping[str, Tensor]], tuple[int, ...]] = lambda given: ()

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
        given = self.renamed(state)
        wanted = self._shapes(given)
        for name, shape in wanted.items():
            if name not in given:
                return f"it has no {name}"
            if tuple(given[name].shape) != shape:
                return f"its {name} is {tuple(given[name].shape)}, not {shape}"
        more = [name for name in given if name not in wanted and not re.fullmatch(self.idle, name)]
        return f"it also has {more[0]}" if more else ""

    def _shapes(self, given: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
        with torch.device("meta"):  # nothing is made but the shapes
            state = self.build(*self.sizes(given)).state_dict()
        return {name: tuple(value.shape) for name, value in state.items() if not re.fullmatch(COUNTS, name)}

    def load(self, state: Mapping[str, Tensor]) -> nn.Module:
        """The network with the tensors of a file that fits, ready to use: float32, its statistics at rest."""
        given = self.renamed(state)
        with torch.device("meta"):
            network = self.build(*self.sizes(given))
        network.to_empty(device="cpu")
        own = network.state_dict()
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


def _of_blocks(pattern: str, part: str, step: int = 1) -> tuple[Rename, ...]:
    """The layer of a block that has the number of a match, divided by ``step``."""
    return ((pattern, lambda match: f"blocks.{int(match[1]) // step}.{part}.{match[2]}"),)


def _numbered(block: int, match: re.Match[str]) -> str:
    return f"blocks.{block}.linear.{match[1]}"


def _of_dcgan(match: re.Match[str]) -> str:
    """A convolution, its normalisation and its ReLU, again and again; the last convolution stands alone."""
    block, place = divmod(int(match[1]), 3)
    return f"blocks.{block}.{'norm' if place else 'convolution'}.{match[2]}"


OF_FACES = (100, (512, 256, 128, 64, 3), ((4, 1, 0), *[(4, 2, 1)] * 4))
OF_DIGITS = (64, (256, 128, 64, 1), ((3, 2, 0), (4, 1, 0), (3, 2, 0), (4, 2, 0)))
DIGITS = (1, 28, 28)
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


WIDEST, DEEPEST = 4096, 64  # of networks whose size a file tells: what more it claims does not fit


def _of_split(given: Mapping[str, Tensor]) -> tuple[int, int]:
    """Width, and the number of blocks that have a number; the smallest of each where there are none."""
    first = given.get("first.weight")
    numbers = {name.split(".")[1] for name in given if name.startswith("blocks.")}
    return 1 if first is None or not first.ndim else min(max(1, len(first)), WIDEST), min(max(1, len(numbers)), DEEPEST)


def _of_mzsr(given: Mapping[str, Tensor]) -> tuple[int, int]:
    """Width, and the number of convolutions that have a number; the smallest of each where there are none."""
    first = given.get("convolutions.0.weight")
    numbers = {name.split(".")[1] for name in given if name.startswith("convolutions.")}
    return 1 if first is None or not first.ndim else min(max(1, len(first)), WIDEST), min(max(2, len(numbers)), DEEPEST)


OF_SCORES: tuple[Rename, ...] = (
    (r"conv_layers\.(\d+)\.(.+)", _counted("convolutions")),
    (r"BN_layers\.(\d+)\.gammas", lambda match: f"norms.{match[1]}.weight"),
    (r"BN_layers\.(\d+)\.running_sd", lambda match: f"norms.{match[1]}.deviation"),
)

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
        Architecture(
            "bf-cnn",
            "the same with a linear first layer, normalised by standard deviations",
            1,
            partial(DnCNN, 20, bias=False, norm="deviation", linear_first=True),
            OF_SCORES,
        ),
        Architecture("unet", "small U-net, blind", 1, partial(BlindUNet, bias=True)),
        Architecture("unet-bias-free", "small U-net without offsets, blind", 1, partial(BlindUNet, bias=False)),
        Architecture(
            "ffdnet-colour", "FFDNet of 12 convolutions, told the level", 3, partial(FFDNet, 3, 96, 12), _of_ffdnet(12)
        ),
        Architecture(
            "digits-8-diffusion",
            "diffusion model of linear layers for pictures of 8 x 8, told the level",
            1,
            partial(DenseDiffusion, 8, 256),
        ),
        Architecture(
            "digit-diffusion",
            "small diffusion model of digits, told the level",
            1,
            DigitDiffusion,
            (
                (r"time_proj_(\w+)\.(.+)", lambda match: f"times.{match[1]}.{match[2]}"),
                (r"class_proj_(\w+)\.(.+)", lambda match: f"classes.{match[1]}.{match[2]}"),
            ),
        ),
        Architecture(
            "dcgan-64",
            "DCGAN: pictures of 64 x 64 from codes of 100 numbers",
            3,
            partial(dcgan, *OF_FACES, bias=False),
            ((r"main\.(\d+)\.(.+)", _of_dcgan),),
            kind="generator",
        ),
        Architecture(
            "dcgan-28",
            "DCGAN: pictures of 28 x 28 from codes of 64 numbers",
            1,
            partial(dcgan, *OF_DIGITS, bias=True),
            _of_blocks(r"gen\.(\d+)\.0\.(.+)", "convolution") + _of_blocks(r"gen\.(\d+)\.1\.(.+)", "norm"),
            kind="generator",
        ),
        Architecture(
            "vae-28",
            "the decoder of a variational auto-encoder: 28 x 28 from codes of 20 numbers",
            1,
            partial(dense_generator, 20, (400,), DIGITS, "sigmoid"),
            tuple((rf"fc{k + 3}\.(.+)", partial(_numbered, k)) for k in range(2)),
            COUNTS + r"|fc(1|21|22)\..+",
            kind="generator",
        ),
        Architecture(
            "digits-8",
            "the decoder of a variational auto-encoder: 8 x 8 from codes of 8 numbers",
            1,
            partial(dense_generator, 8, (128,), (1, 8, 8), "sigmoid"),
            kind="generator",
        ),
        Architecture(
            "dense-28",
            "linear layers: pictures of 28 x 28 from codes of 64 numbers",
            1,
            partial(dense_generator, 64, (256, 256), DIGITS),
            _of_blocks(r"(\d+)\.(.+)", "linear", step=2),
            kind="generator",
        ),
        Architecture(
            "dense-28-discriminator",
            "linear layers that tell pictures of 28 x 28 from made ones",
            1,
            partial(DenseDiscriminator, DIGITS, (256, 256)),
            _of_blocks(r"(\d+)\.(.+)", "linear", step=2),
            kind="discriminator",
        ),
        Architecture(
            "split-colour",
            "residual blocks on the 2x2 split, told the level",
            3,
            partial(SplitDenoiser, 3),
            sizes=_of_split,
        ),
        Architecture(
            "split-gray",
            "residual blocks on the 2x2 split, told the level",
            1,
            partial(SplitDenoiser, 1),
            sizes=_of_split,
        ),
        Architecture(
            "mzsr",
            "a chain of convolutions as of MZSR",
            3,
            partial(MZSRNet, 3),
            OF_MZSR,
            kind="super-resolver",
            sizes=_of_mzsr,
        ),
    )
}
