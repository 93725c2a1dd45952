import torch

from oneself.core import Step
from oneself.stopping import Posterior


def test_mean_and_spread_are_those_of_the_samples_after_burn_in():
    samples = torch.randn(9, 1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    selection = Posterior(burn_in=4)
    for index, x in enumerate(samples):
        selection.update(Step(0, index, 9, torch.device("cpu"), {}, x, x.clone))
    torch.testing.assert_close(selection.answer(None), samples[4:].mean(0))
    torch.testing.assert_close(selection.parts()["uncertainty"], samples[4:].std(0))


def test_one_sample_has_no_spread_and_none_no_mean():
    selection, x = Posterior(burn_in=1), torch.rand(1, 2, 3, 4)
    for index, words in enumerate(["the last iterate, since no step came after the burn-in", "the mean of 1 samples"]):
        selection.update(Step(0, index, 9, torch.device("cpu"), {}, x, x.clone))
        assert selection.words() == words
        assert selection.parts() == {}
    assert torch.equal(selection.answer(None), x)
