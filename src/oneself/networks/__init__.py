"""Networks, for one, two and three dimensions alike."""

from oneself.networks.blind import BlindNetwork
from oneself.networks.blur import DeepBlur, patch_discriminator
from oneself.networks.convnext import ConvNeXt
from oneself.networks.decoder import Decoder
from oneself.networks.denoiser import Denoiser
from oneself.networks.field import Constant, Field
from oneself.networks.manifold import FrameDecoder, helix
from oneself.networks.partial import PartialUNet
from oneself.networks.patchwise import patchwise
from oneself.networks.plain import Residual, plain
from oneself.networks.skip import Skip
from oneself.networks.split import SplitDenoiser
from oneself.networks.tiles import apply_in_tiles, mean_of_views
from oneself.networks.unet import UNet

__all__ = [
    "BlindNetwork",
    "Constant",
    "ConvNeXt",
    "Decoder",
    "DeepBlur",
    "Denoiser",
    "Field",
    "FrameDecoder",
    "PartialUNet",
    "Residual",
    "Skip",
    "SplitDenoiser",
    "UNet",
    "apply_in_tiles",
    "helix",
    "mean_of_views",
    "patch_discriminator",
    "patchwise",
    "plain",
]
