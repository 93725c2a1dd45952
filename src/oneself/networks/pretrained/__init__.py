"""Networks that others have trained: the architectures of public weights, what is known of the files, and the way in.

Weights stay where they are; but for two small ones of digits (``SHIPPED``), none are part of this package.
"""

from oneself.networks.pretrained.architectures import ARCHITECTURES, Architecture, Kind
from oneself.networks.pretrained.diffusion import DigitDiffusion, linear_schedule
from oneself.networks.pretrained.dncnn import DnCNN
from oneself.networks.pretrained.ffdnet import FFDNet
from oneself.networks.pretrained.generators import DenseDiscriminator, Generator
from oneself.networks.pretrained.known import KNOWN, SHIPPED, Known
from oneself.networks.pretrained.loading import Weights, load_weights
from oneself.networks.pretrained.unet import BlindUNet

__all__ = [
    "ARCHITECTURES",
    "KNOWN",
    "SHIPPED",
    "Architecture",
    "BlindUNet",
    "DenseDiscriminator",
    "DigitDiffusion",
    "DnCNN",
    "FFDNet",
    "Generator",
    "Kind",
    "Known",
    "Weights",
    "linear_schedule",
    "load_weights",
]
