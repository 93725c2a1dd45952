import torch

from oneself.core import Step
from oneself.stopping import Posterior


def test_mean_and_spread_are_those_of_the_samples_after_burn_in():
    samples = torch.randn(9, 1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    keep = Posterior(burn_in=4)
    for index, x in enumerate(samples):
        keep.update(Step(0, index, 9, torch.device("cpu"), {}, x, x.clone))
    torch.testing.assert_close(keep.answer(None), samples[4:].mean(0))
    torch.testing.assert_close(keep.parts()["uncertainty"], samples[4:].std(0))


def test_before_burn_in_there_is_no_uncertainty():
    assert Posterior(3).parts() == {}
