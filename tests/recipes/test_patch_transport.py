"""Generators by optimal transport of patches: steps and weights of the scales, and the two distances."""

import pytest
import torch

from oneself import Run
from oneself.losses import sliced_distance
from oneself.testing.pictures import picture

QUICK = {"width": 8, "layers": 3, "min_size": 12, "steps": 6, "device": "cpu"}


def test_finer_scales_take_fewer_steps():
    run = Run("patch_transport", picture(36, 30), **{**QUICK, "steps": 10}, steps_ratio=0.4)
    run.finish()
    assert [stage.steps for stage in run.stages] == [10, 7, 5, 4]


@pytest.mark.parametrize("weights", [{"transport_weight": 0.0}, {"sliced_weight": 0.0}])
def test_each_distance_alone_brings_the_patches_nearer(weights):
    torch.manual_seed(0)
    x = picture(14, 16)
    run = Run(
        "patch_transport",
        x,
        width=8,
        layers=3,
        min_size=14,
        steps=150,
        device="cpu",
        reconstruction_weight=0.0,
        **weights,
    )
    begun = next(iter(Run("patch_transport", x, width=8, layers=3, min_size=14, device="cpu")._stages())).sampler()
    run.finish()
    off = [sliced_distance(made.sample((14, 16)), x, 5, 64) for made in (run.stages[-1].sampler(), begun)]
    assert float(off[0]) < 0.6 * float(off[1])


def test_nothing_to_compare_by_is_refused():
    with pytest.raises(ValueError, match="then no patches are compared"):
        next(Run("patch_transport", picture(24, 20), **QUICK, transport_weight=0.0, sliced_weight=0.0))


def test_the_reconstruction_weighs_more_at_finer_scales():
    def weights(**options):
        walk = Run("patch_transport", picture(24, 20), **{**QUICK, **options})._stages()
        found, sent = [], None
        while True:
            try:
                sent = walk.send(sent)
            except StopIteration:
                return found
            found.append(sent.plan.reconstruction_weight)

    assert weights(reconstruction_weight=2.0, reconstruction_growth=16.0) == pytest.approx([2, 32])
    assert weights(reconstruction_weight=2.0, reconstruction_growth=1.0) == [2, 2]
