"""Networks, for one, two and three dimensions alike."""

from oneself.networks.decoder import Decoder
from oneself.networks.field import Constant, Field
from oneself.networks.manifold import FrameDecoder, helix
from oneself.networks.partial import PartialUNet
from oneself.networks.patchwise import patchwise
from oneself.networks.plain import Residual, plain
from oneself.networks.skip import Skip
from oneself.networks.tiles import apply_in_tiles

__all__ = [
    "Constant",
    "Decoder",
    "Field",
    "FrameDecoder",
    "PartialUNet",
    "Residual",
    "Skip",
    "apply_in_tiles",
    "helix",
    "patchwise",
    "plain",
]
