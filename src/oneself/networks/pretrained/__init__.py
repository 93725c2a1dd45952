"""Networks that others have trained: the architectures of public weights, what is known of the files, and the way in.

Public weights stay where they are; those of our own training (``SHIPPED``) are part of this package.
"""

from oneself.networks.pretrained.architectures import ARCHITECTURES, Architecture, Kind
from oneself.networks.pretrained.diffusion import Diffusion, linear_schedule
from oneself.networks.pretrained.dncnn import DnCNN
from oneself.networks.pretrained.ffdnet import FFDNet
from oneself.networks.pretrained.files import read_state
from oneself.networks.pretrained.generators import DenseDiscriminator, Generator
from oneself.networks.pretrained.known import KNOWN, SHIPPED, Known, drawn_denoiser
from oneself.networks.pretrained.loading import Weights, load_weights
from oneself.networks.pretrained.mzsr import MZSRNet
from oneself.networks.pretrained.unet import BlindUNet

__all__ = [
    "ARCHITECTURES",
    "KNOWN",
    "SHIPPED",
    "Architecture",
    "BlindUNet",
    "DenseDiscriminator",
    "Diffusion",
    "DnCNN",
    "FFDNet",
    "Generator",
    "Kind",
    "Known",
    "MZSRNet",
    "Weights",
    "drawn_denoiser",
    "linear_schedule",
    "load_weights",
    "read_state",
]
