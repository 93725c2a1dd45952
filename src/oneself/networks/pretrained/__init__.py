"""Networks that others have trained: the architectures of public weights, what is known of the files, and the way in.

Weights stay where they are; none are part of this package.
"""

from oneself.networks.pretrained.architectures import ARCHITECTURES, Architecture
from oneself.networks.pretrained.dncnn import DnCNN
from oneself.networks.pretrained.ffdnet import FFDNet
from oneself.networks.pretrained.known import KNOWN, Known
from oneself.networks.pretrained.loading import Weights, load_weights
from oneself.networks.pretrained.mzsr import MZSRNet
from oneself.networks.pretrained.unet import BlindUNet

__all__ = [
    "ARCHITECTURES",
    "KNOWN",
    "Architecture",
    "BlindUNet",
    "DnCNN",
    "FFDNet",
    "Known",
    "MZSRNet",
    "Weights",
    "load_weights",
]
