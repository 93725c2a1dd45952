"""Networks that others have trained: the architectures of public weights, what is known of the files, and the way in.

Public weights stay where they are; those of our own training (``shipped``) are part of this package.
"""

from oneself.networks.pretrained.architectures import ARCHITECTURES, Architecture
from oneself.networks.pretrained.dncnn import DnCNN
from oneself.networks.pretrained.ffdnet import FFDNet
from oneself.networks.pretrained.files import read_state
from oneself.networks.pretrained.known import KNOWN, Known
from oneself.networks.pretrained.loading import Weights, load_weights
from oneself.networks.pretrained.shipped import shipped
from oneself.networks.pretrained.unet import BlindUNet

__all__ = [
    "ARCHITECTURES",
    "KNOWN",
    "Architecture",
    "BlindUNet",
    "DnCNN",
    "FFDNet",
    "Known",
    "Weights",
    "load_weights",
    "read_state",
    "shipped",
]
