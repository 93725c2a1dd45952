"""Every method beats the trivial answer on a small real picture, at a reduced setting stated here."""

import pytest
import torch
from torch import nn

from oneself import methods
from oneself.core import Run
from oneself.domains import IMAGE
from oneself.registry import find
from oneself.testing import BrokenPromise, check_beats_trivial
from oneself.testing.cases import problem
from oneself.testing.networks import ToldSmoother
from oneself.testing.quality import psnr

BOTH = ("bp_dip", "dip")


def sharpener() -> nn.Module:
    """What cubic shrinking and enlarging blur, a little sharper: a super-resolver of one convolution."""
    network = nn.Conv2d(1, 1, 3, padding=1, padding_mode="replicate", bias=False)
    kernel = torch.tensor([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]])
    with torch.no_grad():
        network.weight.copy_(-0.07 * kernel)
        network.weight[0, 0, 1, 1] += 1
    return network


PRIOR = {"steps": 100, "width": 16, "levels": 3, "start": 0, "average": 0.95, "size": (32, 32)}
FAINT = {**PRIOR, "noise": 0.02}  # back-projection is for little noise
RISK = {**PRIOR, "lr": 1e-2}
MASKED = {"steps": 100, "width": 12, "levels": 2, "lr": 1e-2, "samples": 8, "size": (32, 32)}
REDUCED = {
    "bp_dip": FAINT,
    "bp_tv": FAINT,
    "camera_blend": {"weights": None, "size": (48, 48)},  # the package's own
    "cs_sure": {"weights": None, "adapting_steps": 3, "steps": 5, "size": (48, 48)},  # the package's own
    "ct_pure": {"weights": None, "steps": 3, "size": (48, 48)},
    "deep_decoder": {"steps": 200, "width": 16, "levels": 2, "average": 0.95, "size": (32, 32)},
    "deep_red": PRIOR,
    "dip": PRIOR,
    "dip_sgld": {"steps": 120, "width": 16, "levels": 3, "temperature": 0.1, "burn_in": 60, "size": (32, 32)},
    "dip_sure": RISK,
    "dip_sure_ste": RISK,
    "dip_tv": PRIOR,
    "fine_tuning": {"steps": 40, "lr": 0.01, "size": (48, 48)},
    "gain_tuning": {"steps": 40, "lr": 0.01, "size": (48, 48)},
    "dpir": {"weights": None, "size": (48, 48)},  # the package's own
    "idbp": {"steps": 10, "size": (48, 48)},
    "idbp_ia": {  # its denoiser only blurs: little of it
        **{"weights": ToldSmoother(), "delta_first": 0.002, "steps": 5, "adapting_steps": 10},
        "size": (40, 40),
    },
    "mlsr": {"weights": sharpener(), "steps": 5, "size": (40, 40), "margin": 0.3},
    "mzsr": {"weights": sharpener(), "lr": 0.01, "steps": 10, "size": (40, 40), "margin": 0.3},
    "double_dip": {"steps": 100, "width": 12, "levels": 3, "size": (32, 32)},
    **{
        key: {"task": "inpaint", "size": (16, 16), **options}  # beside holes: the contract's generator is coarse
        for key, options in {
            "csgm": {"steps": 30},
            "iagan": {"latent_steps": 15, "steps": 20},
            "ilo": {"latent_steps": 15, "steps": 10},
            "pti": {"latent_steps": 15, "steps": 20},
            "dgp": {"candidates": 20, "steps": 30},
            "implicit_prior": {"steps": 60},
            "ddpg": {"steps": 20, "sigma": 0.1},
            "adir": {"tuning_steps": 10, "steps": 20, "sigma": 0.1},
        }.items()
    },
    "kernel_spectra": {"size": (96, 96)},
    "kernelgan": {
        "size": (96, 96),
        "steps": 90,
        "width": 16,
        "layers": 3,
        "lr": 1e-3,
        "average": 0.9,
        "warmup": 0.4,
    },
    "noise2noise": {"steps": 60, "width": 16, "size": (48, 48)},
    "blind_network": {"steps": 36, "width": 16, "layers": 3, "size": (48, 48)},
    "noise2self": {"steps": 60, "width": 16, "size": (48, 48)},
    "noise2void": {"steps": 36, "width": 16, "size": (48, 48)},
    "p_gsure": {**RISK, "noise": 0.02},
    "pip": PRIOR,
    "pnp_dip": PRIOR,
    "self2self": MASKED,
    **{
        "patch_diffusion": {"steps": 8, "size": (32, 32)},  # those that generate: defaults but for the steps
        "patch_transport": {"steps": 100, "size": (32, 32)},
        "sinddm": {"steps": 24, "size": (32, 32)},
        "sinfusion": {"steps": 20, "size": (32, 32)},
        "singan": {"steps": 18, "size": (32, 32)},
    },
    "td_dip": {**PRIOR, "levels": 2, "size": (4, 16, 16)},
    "zs_n2n": {"steps": 100, "size": (48, 48)},
    "zssr": {"steps": 100, "width": 24, "crop": 32, "size": (40, 40)},
}


IMAGES = [method for method in methods() if method.domain is IMAGE]


@pytest.mark.parametrize("method", IMAGES, ids=lambda method: method.key)
def test_beats_the_trivial_answer(method):
    steps = {"steps": 300} if method.takes("steps") else {}
    check_beats_trivial(method, **REDUCED.get(method.key, steps))


@pytest.mark.parametrize("key", ["dip", "self2self"])
def test_inpainting_beats_leaving_holes(key):
    check_beats_trivial(key, "inpaint", margin=5, **REDUCED[key])


@pytest.mark.parametrize("task", ["deblur", "restore"])
def test_dip_beats_the_trivial_answer_of_linear_operators(task):
    check_beats_trivial("dip", task, **REDUCED["dip"])


def test_back_projection_is_ahead_of_least_squares_at_little_noise():
    x, y, physics = problem("deblur", (32, 32), shrink=2, sigma=0.01)
    options = {name: value for name, value in PRIOR.items() if name != "size"}
    found = {key: psnr(Run(find(key), y, physics, device="cpu", **options).finish().image, x) for key in BOTH}
    assert found["bp_dip"] > found["dip"] + 1


def test_too_few_steps_do_not_beat_it():
    with pytest.raises(BrokenPromise, match="dB, the trivial answer has"):
        check_beats_trivial("dip", size=(32, 32), steps=2, width=4)


def test_a_generator_that_has_learned_nothing_does_not_beat_it():
    with pytest.raises(BrokenPromise, match="those of its mean colour"):
        check_beats_trivial("patch_transport", size=(32, 32), steps=1, lr=1e-9)
