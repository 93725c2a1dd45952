"""What of a pretrained network may change: only that does, and at first nothing is other."""

import copy

import pytest
import torch
from torch import nn

from oneself.recipes.adaptation.changes import WORDS, allow, merge


class Small(nn.Module):
    """Every kind of layer that may change, groups among them."""

    def __init__(self, width=4):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(1, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.down = nn.Conv2d(width, width, 2, stride=2, groups=2, bias=False)
        self.up = nn.ConvTranspose2d(width, 2 * width, 2, stride=2, groups=2)
        self.mixed = nn.Linear(2 * width, 1)

    def forward(self, x):
        x = self.up(self.down(torch.relu(self.norm(self.first(x)))))
        return self.mixed(x.movedim(1, -1)).movedim(-1, 1)


ALL = ["all", "gains", "biases", "norm", "last:1", "last:9", "progressive", "lora:2"]
X = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def moved(what, steps=3):
    """A network before and after some steps on what may change."""
    before = Small().eval()
    after = copy.deepcopy(before)
    opening = allow(after, what)
    parameters = [p for p in after.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr=0.05)
    for step in range(steps):
        optimiser.zero_grad()
        after(X).square().mean().backward()
        optimiser.step()
        if opening is not None:
            opening.advance((step + 1) / steps)
    return before, after


@pytest.mark.parametrize("what", ALL)
def test_nothing_is_other_at_first(what):
    network = Small().eval()
    same = copy.deepcopy(network)
    allow(same, what)
    assert torch.equal(same(X), network(X))
    merged = merge(same)
    assert merged.state_dict().keys() == network.state_dict().keys()
    assert all(torch.equal(x, network.state_dict()[name]) for name, x in merged.state_dict().items())


CHANGED = {
    "all": {"first.weight", "first.bias", "norm.weight", "norm.bias", "down.weight", "up.weight", "up.bias",
            "mixed.weight", "mixed.bias"},
    "gains": {"first.weight", "down.weight", "up.weight", "mixed.weight"},
    "biases": {"first.bias", "norm.bias", "up.bias", "mixed.bias"},
    "norm": {"norm.weight", "norm.bias"},
    "last:1": {"mixed.weight", "mixed.bias"},
    "last:2": {"mixed.weight", "mixed.bias", "up.weight", "up.bias"},
    "progressive": {"first.weight", "first.bias", "down.weight", "up.weight", "up.bias", "mixed.weight", "mixed.bias"},
    "lora:1": {"first.weight", "down.weight", "up.weight", "mixed.weight"},
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_only_what_was_chosen_changes(what):
    before, after = moved(what)
    state = merge(after).state_dict()
    assert {name for name, x in before.state_dict().items() if not torch.equal(state[name], x)} == CHANGED[what]
    assert not any(p.requires_grad for p in after.parameters())


def test_a_gain_multiplies_a_channel_and_nothing_else():
    before, after = moved("gains")
    state = merge(after).state_dict()
    for name, axis in (("first.weight", 0), ("down.weight", 0), ("mixed.weight", 0)):
        ratio = (state[name] / before.state_dict()[name]).movedim(axis, 0).flatten(1)
        assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio), atol=1e-5)
    parts = (state["up.weight"] / before.state_dict()["up.weight"]).unflatten(0, (2, 2))
    assert torch.allclose(parts, parts[:, :1, :, :1, :1].expand_as(parts), atol=1e-5)
    assert len(parts[:, 0, :, 0, 0].unique()) == 8


def test_layers_open_one_after_another_the_last_first():
    network = Small().eval()
    before = copy.deepcopy(network.state_dict())
    opening = allow(network, "progressive")
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.01)
    seen = []
    for progress in (0.0, 0.13, 0.26, 0.5):
        opening.advance(progress)
        optimiser.zero_grad()
        network(X).square().mean().backward()
        optimiser.step()
        seen.append({n.partition(".")[0] for n, x in network.state_dict().items() if not torch.equal(x, before[n])})
    layers = ["mixed", "up", "down", "first"]
    assert seen == [set(layers[: k + 1]) for k in range(4)]


@pytest.mark.parametrize("rank", [1, 2])
def test_a_change_of_low_rank_has_that_rank(rank):
    before, after = moved(f"lora:{rank}")
    change = merge(after).state_dict()["first.weight"] - before.state_dict()["first.weight"]
    assert int(torch.linalg.matrix_rank(change.flatten(1), atol=1e-5)) == rank


def test_full_rank_equals_fine_tuning_on_a_linear_toy():
    torch.manual_seed(0)
    toy, x, y = nn.Linear(4, 3, bias=False).double(), torch.randn(20, 4).double(), torch.randn(20, 3).double()
    found = {}
    for what in ("all", "lora:3"):
        network = copy.deepcopy(toy)
        allow(network, what)
        optimiser = torch.optim.LBFGS([p for p in network.parameters() if p.requires_grad], max_iter=500,
                                      tolerance_grad=1e-12, tolerance_change=1e-16)  # fmt: skip

        def loss(network=network, optimiser=optimiser):
            optimiser.zero_grad()
            value = (network(x) - y).square().mean()
            value.backward()
            return value

        optimiser.step(loss)
        found[what] = merge(network).weight.detach()
    best = torch.linalg.lstsq(x, y).solution.T
    assert torch.allclose(found["all"], best, atol=1e-6)
    assert torch.allclose(found["lora:3"], best, atol=1e-6)


@pytest.mark.parametrize(
    "what", ["everything", "last", "last:0", "lora:-1", "lora:x", "gains:2", "all:", "", "last:2.5"]
)
def test_other_words_are_refused(what):
    with pytest.raises(ValueError, match="unknown") as refusal:
        allow(Small(), what)
    assert WORDS in str(refusal.value)


@pytest.mark.parametrize("what", ["norm", "biases"])
def test_what_a_network_has_not_is_refused(what):
    with pytest.raises(ValueError, match="nothing of the kind"):
        allow(nn.Sequential(nn.Conv2d(1, 1, 3, bias=False)), what)
