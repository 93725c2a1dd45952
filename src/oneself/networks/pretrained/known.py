"""Weights that are known by their contents, public ones and our own: a small register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KNOWN", "SHIPPED", "Known", "drawn_denoiser"]

SHIPPED: Mapping[str, Path] = {
    name: Path(__file__).with_name("weights") / f"{name}.safetensors"
    for name in ("drawn-colour", "drawn-gray", "drawn-cameras", "mzsr-start", "digits", "digits-diffusion")
}
"""The files of this package, by name: denoisers, and a start of mzsr, that were trained on drawn pictures
(`oneself pretrain`), and small priors of handwritten digits of 8 x 8."""
COLOUR = 3


def drawn_denoiser(channels: int) -> Path:
    """The file of weights for pictures of so many channels: colour for three, gray, channel by channel, for others."""
    return SHIPPED["drawn-colour" if channels == COLOUR else "drawn-gray"]


@dataclass(frozen=True)
class Known:
    """Weights in a file.

    Attributes
    ----------
    name : str
    architecture : str
        One of ``ARCHITECTURES``.
    source : str
        Repository and path.
    licence : str
    levels : (float, float) or None
        The noise levels that they were trained for, of pictures in 0 to 255; ``None`` of what is no denoiser.
    figure : str
        What was measured with them, here or in their paper.
    """

    name: str
    architecture: str
    source: str
    licence: str
    levels: tuple[float, float] | None
    figure: str


def _bias_free(kind: str, bias: bool, top: int, figure: str) -> Known:
    bare = "" if bias else "-bias-free"
    architecture = ("dncnn-20" if kind == "dncnn" else "unet") + bare
    folder = "bias" if bias else "bias_free"
    place = f"LabForComputationalVision/bias_free_denoising: pretrained/{kind}/{folder}/0-{top}.pt"
    return Known(f"{kind}{bare}-0-{top}", architecture, place, "MIT", (0, top), figure)


def _damp(low: int, high: int) -> Known:
    place = f"ricedsp/D-AMP_Toolbox: Packages/DnCNN/BestNets_17/DnCNN_17Layer_sigma{low}to{high}-best.mat"
    return Known(f"damp-dncnn-17-{low}-{high}", "dncnn-17", place, "BSD-like (Rice University)", (low, high), "")


def _of_digits(name: str, architecture: str, file: str) -> Known:
    return Known(name, architecture, f"csinva/gan-vae-pretrained-pytorch: {file}", "MIT by its README", None, "")


KNOWN: Mapping[str, Known] = {
    "1d794e5e5117196cccea268fd31d484e25d102bcde0bae74f5a34f577a7805f3": _bias_free("dncnn", True, 10, ""),
    "6af6c965e9cdbdb34f04bb399ec454411db33ba8ea445abcb5e16e1008805969": _bias_free("dncnn", True, 55, ""),
    "620fda70ca2c199cca91454e1b7b169032d4aedd947367ec1de0f2fe0513e017": _bias_free("dncnn", False, 10, ""),
    "f1338cbbeea8c34c56cda1076f1516ac0ba5831118786f6226c748af6cd31efa": _bias_free(
        "dncnn", False, 55, "30.35 dB on Set12 at 25"
    ),
    "a21e6541a39f3975f421142f5d3845bc858e89881118be647ad9208cb61126e5": _bias_free("dncnn", False, 100, ""),
    "ba1bb76b1abeb8decc56e6e682b58a4e6badaf998b450360e1e2680470e802dc": _bias_free("unet", True, 55, ""),
    "a73a66ed6b63ae4787be986ad3964a17daf35aaa92eee89e9dbb7a70cfaab67a": _bias_free("unet", False, 55, ""),
    "328eef4122d31f377a3baf3f043698ffae64ea7b39328f96f33c5a57030452c1": _bias_free("unet", False, 100, ""),
    "0451a70de9b672ae037270498fbb1c17a1c1c4403785df586ff65df5b858e5b0": Known(
        "dncnn-17-25", "dncnn-17", "cszn/KAIR: model_zoo/dncnn_25.pth", "MIT", (25, 25), "30.44 dB on Set12 at 25"
    ),
    "ec06e1f59e63752f4b025f6657beeda9c6562a562cbd63d87787256caa292bbe": Known(
        "ffdnet-procedural",
        "ffdnet-colour",
        "rachddou/DeadLeavesPlus: models_zoo/ffdnet_vl.pth",
        "MIT",
        (0, 75),
        "31.40 dB on Set9 at 25, 28.72 at 50",
    ),
    "ff8b2513913143a379136ec1702e67f4607d8f02fc81dcdb7b37c0dfd18da604": Known(
        "drawn-colour",
        "split-colour",
        "part of this package: docs/priors.md",
        "BSD-3-Clause",
        (0, 75),
        "33.67, 31.64, 28.93 dB on Set9 at 15, 25, 50",
    ),
    "c1eb3788303fc01b7ff0ae262c6fa563f506f3799268934832e98d4671218792": Known(
        "drawn-gray",
        "split-gray",
        "part of this package: docs/priors.md",
        "BSD-3-Clause",
        (0, 75),
        "30.26 dB on Set12 at 25, 27.04 at 50",
    ),
    "7e15c8763e2717c3125fab37fce36243b40c8ae11b6c2dd1e32adc139620e6ef": Known(
        "drawn-cameras",
        "split-colour",
        "part of this package: docs/priors.md",
        "BSD-3-Clause",
        (0, 50),
        "photographs; as camera_blend: benchmarks/results/real_noise-cameras.md",
    ),
    "cc8706479ff154deab1abd864b85b11cd935a83cb440f1f0f083430671b4d947": Known(
        "mzsr-start",
        "mzsr",
        "part of this package: docs/priors.md",
        "BSD-3-Clause",
        None,
        "35.43 dB on the middles of Set5, Gaussian blur, x2, after 10 steps; cubic 31.35",
    ),
    "7d785f52c2c6661893945585f216dfd1d54e8cfed22cf80b18943bc829bb2100": _damp(0, 10),
    "3afac28b5d13a4b5048a480dbad6c71537c912137ac63ad19ae493222f7e0b3e": _damp(10, 20),
    "77ed1c1b0a090a5b3530ffd723c4fef09eb56e56eab04e8c4b4c4d0c92f503ea": _damp(20, 40),
    "4da0c23ea2d387c1e13f3a949ed117d9cf728faba859afbcb8c4566f674bc26d": _damp(40, 60),
    "78932a826e1f89f8ab4fcbc4893046364eef8c14aadc5ead6dbff04cc42b280e": _damp(60, 80),
    "117575245c85ab00ee0edf1476a002f8428ee82e97dcab0e17c8127378da1c52": Known(
        "bf-cnn-faces-40",
        "bf-cnn",
        "LabForComputationalVision/local-probability-models-of-images: the low band of 40 x 40 of CelebA",
        "MIT",
        (0, 255),
        "",
    ),
    "73aa5e3d197282c65aa2ffca10875ca9d1024cc3c472f0993b37e19a6a7a9c61": Known(
        "digit-diffusion-28",
        "digit-diffusion",
        "rpw1134/diffusion-model-experiment: mnist_diffusion_model_conditioned.pth",
        "none found: measure only",
        (0, 255),
        "",
    ),
    "2fac9ca895e97f319a638e59237f793549b029e3dde11600b061788ccc320d00": Known(
        "dcgan-faces-64", "dcgan-64", "PyPI gan-face-generate 1.1.1: netG_state_dict, in float16", "MIT", None, ""
    ),
    "a4b38a42c2c241a3876aca6e61f2f437ea2edf68ca2469cc8ebc3907c300e482": Known(
        "dcgan-digits-28",
        "dcgan-28",
        "Ryhan9834/DigitDCGAN-Digit-Generation-with-DCGAN: generator.pth",
        "MIT",
        None,
        "",
    ),
    "233916a8095759cf732f4dc19c381bc8de03d97040e68f4252a257a5502a9c70": _of_digits(
        "vae-digits-28", "vae-28", "vae_epoch_25.pth"
    ),
    "3163c6503c144d35fe44bb0247bbc61cd8e49c50ea3d84c1b7c080dc18fbf84c": _of_digits(
        "dense-digits-28", "dense-28", "G--300.ckpt"
    ),
    "5ccc1cee6b036477a4f4c5f789f370b4ed9405dba5a16298291d355f6d50836a": _of_digits(
        "dense-digits-28-discriminator", "dense-28-discriminator", "D--300.ckpt"
    ),
    "93bc64174de850d0e07086f1098f4113b32f6c908c02ce13639f2e04d05b58f0": Known(
        "mzsr-large-scale",
        "mzsr",
        "JWSoh/MZSR: Pretrained",
        "none given: measure only",
        None,
        "37.53 dB on Set5, cubic x2, before any adaptation",
    ),
}
"""By the SHA-256 of the file."""
