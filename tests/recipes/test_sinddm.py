"""What is particular to SinDDM: its examples, against their closed form, and what is refused."""

import pytest
import torch

from oneself import Run
from oneself.testing.pictures import picture

QUICK = {"coarsest": 12, "blocks": 1, "width": 8, "times": 10, "steps": 3, "batch": 3, "device": "cpu"}


def stage(x, **options):
    return Run("sinddm", x, **{**QUICK, **options})._stages().send(None)


def test_examples_are_noisy_mixtures_of_the_picture_and_its_smaller_copy():
    torch.manual_seed(0)
    made = stage(picture(24, 30))
    cascade = made.cascade
    seen = set()
    for _ in range(80):
        example = made.input()
        x, time, scale = example.input
        number = round(float(scale[0]) * (cascade.scales - 1))
        seen.add(number)
        real, soft = cascade.pair(number)
        step = (time * cascade.times).round()
        assert bool((step >= 1).all() & (step <= cascade.starts[number]).all())
        left = cascade.left[step.long()].reshape(-1, 1, 1, 1)
        mixed = left.sqrt() * x - (1 - left).sqrt() * example.target
        share = cascade.softness(number, step).reshape(-1, 1, 1, 1)
        assert torch.allclose(mixed, share * soft + (1 - share) * real, atol=1e-4)
        assert bool((share <= 0.55).all())
        assert number or not bool(share.any())
    assert seen == {0, 1, 2}


def test_a_crop_is_a_part():
    assert stage(picture(24, 30), crop=9, coarsest=24).input().target.shape == (3, 3, 9, 9)


def test_too_small_for_its_patches():
    with pytest.raises(ValueError, match=r"sinddm\(blocks=4.*at least half as large"):
        next(Run("sinddm", picture(16, 40), device="cpu", blocks=4))
