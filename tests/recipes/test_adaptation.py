"""Methods that adapt a pretrained denoiser: exact where nothing is learned, honest where nothing is gained."""

import copy

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from oneself.core import Example, Run
from oneself.networks.pretrained import ARCHITECTURES
from oneself.recipes.adaptation.calling import Denoising, called
from oneself.recipes.adaptation.examples import NOISIER, OBJECTIVES, examples, renoising
from oneself.recipes.adaptation.fine_tuning import fine_tuning
from oneself.recipes.adaptation.gain_tuning import gain_tuning
from oneself.recipes.adaptation.judging import Pairing, Parts, Prediction, Risk
from oneself.testing import psnr
from oneself.testing.networks import Smoother
from oneself.testing.pictures import noisy, picture

SIGMA = 0.1
X = picture(48, 40, channels=1)
Y = noisy(X, SIGMA)
QUICK = {"steps": 20, "validate_every": 5, "lr": 0.02, "sigma": SIGMA, "device": "cpu"}
LOSSES = ["sure", "esure", "noise2void", "noise2self", "pairs", "renoising"]


class Told(nn.Module):
    """Takes a share of the noise level off; three channels only."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x, sigma):
        return self.convolution(x) - sigma


@pytest.mark.parametrize("method", [gain_tuning, fine_tuning], ids=lambda m: m.key)
def test_no_steps_give_the_networks_own_answer_to_the_last_bit(method, tmp_path):
    torch.manual_seed(0)
    network = ARCHITECTURES["unet"].build().eval()
    save_file(network.state_dict(), str(tmp_path / "w.safetensors"))
    run = Run(method, Y, weights=tmp_path / "w.safetensors", sigma=SIGMA, steps=0, device="cpu")
    with torch.no_grad():
        assert torch.equal(run.finish().image, network(Y))
    assert all(torch.equal(x, network.state_dict()[n]) for n, x in run.stages[-1].adapted().state_dict().items())


@pytest.mark.parametrize("loss", LOSSES)
def test_adapting_gains_and_the_network_is_there_afterwards(loss):
    network = Smoother()
    before = copy.deepcopy(network.state_dict())
    run = Run(fine_tuning, Y, weights=network, what="gains", loss=loss, **{**QUICK, "steps": 60})
    result = run.finish()
    with torch.no_grad():
        assert psnr(result.image, X) > psnr(network(Y), X) + 1
    assert all(torch.equal(x, before[name]) for name, x in network.state_dict().items())
    adapted = run.stages[-1].adapted()
    assert adapted.state_dict().keys() == before.keys()
    other = picture(32, 32, channels=1)
    with torch.no_grad():
        assert torch.allclose(adapted(Y), result.image, atol=1e-5)
        assert psnr(adapted(noisy(other, SIGMA)), other) > psnr(network(noisy(other, SIGMA)), other) + 1


@pytest.mark.parametrize("options", [{"caution": 100.0}, {"lr": 5.0}], ids=["cautious", "ruined"])
def test_the_networks_own_answer_where_nothing_better_is_sure(options):
    network = Smoother()
    run = Run(gain_tuning, Y, weights=network, **{**QUICK, **options})
    result = run.finish()
    with torch.no_grad():
        assert torch.equal(result.image, network(Y))
    assert "as it came" in result.stopped_by
    adapted = run.stages[-1].adapted().state_dict()
    assert all(torch.equal(x, adapted[name]) for name, x in network.state_dict().items())


def test_noise_that_neighbours_share_is_not_adapted_to_and_that_is_told():
    torch.manual_seed(0)
    x = picture(96, 96, channels=1)
    shared = nn.functional.avg_pool2d(torch.randn(1, 1, 98, 98), 3, stride=1)
    y = x + 0.3 * shared
    network = Smoother()
    options = {name: value for name, value in QUICK.items() if name != "sigma"}
    result = Run(gain_tuning, y, weights=network, loss="noise2void", **options).finish()
    with torch.no_grad():
        assert torch.equal(result.image, network(y))
    assert any("neighbours share" in note for note in result.notes)
    told = Run(gain_tuning, y, weights=network, loss="noise2void", **QUICK).finish()
    assert not any("neighbours share" in note for note in told.notes)


def test_it_stops_by_itself():
    result = Run(gain_tuning, Y, weights=Smoother(), patience=10, **{**QUICK, "steps": 400}).finish()
    assert result.steps < 400
    assert "held_out_change" in result.stopped_by


def test_frozen_weights_stay_out_of_checkpoints():
    run = Run(gain_tuning, Y, weights=Smoother(), **QUICK)
    next(run)
    names = [name for name in run.state_dict()["stages"][0]["stage"] if name.startswith("structure.")]
    assert sorted(name.rpartition(".")[2] for name in names) == ["frozen_sha256", "gains", "gains"]


def test_a_network_that_is_told_the_level_and_one_for_gray():
    y = noisy(picture(24, 24), SIGMA)
    told = Told().eval()
    denoise, x, notes = called(told, y, SIGMA, "it", 64)
    with torch.no_grad():
        assert notes == ()
        assert torch.equal(denoise(y), told(y, SIGMA))
        assert torch.equal(x, denoise(y))
        assert torch.allclose(denoise(y, scale=0.5), told(y, SIGMA / 2))
    gray, _, notes = called(Smoother(), y, SIGMA, "it", 64)
    with torch.no_grad():
        assert torch.equal(gray(y)[:, 1:2], Smoother()(y[:, 1:2]))
    assert "each of the 3 is worked on by itself" in notes[0]


class Broken(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, self.scale = kind, nn.Parameter(torch.ones(()))

    def forward(self, x):
        return x[..., ::2] if self.kind == "smaller" else x * torch.nan


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (Broken("nan"), "NaN"),
        (Broken("smaller"), "keeps the size"),
        (nn.Conv2d(3, 3, 3), "cannot take a picture"),
        (nn.Sequential(nn.MaxPool2d(64), nn.Conv2d(1, 1, 1)), "larger picture"),
    ],
)
def test_networks_that_do_not_fit_are_refused_before_a_step(network, told):
    with pytest.raises(ValueError, match=told):
        next(Run(gain_tuning, Y, weights=network, device="cpu"))


def test_what_it_has_not_is_refused_by_the_methods_name():
    with pytest.raises(ValueError, match=r"fine_tuning\(what='everything'\): unknown"):
        next(Run(fine_tuning, Y, weights=Smoother(), what="everything", device="cpu"))


def test_noise_beyond_what_was_trained_is_said(tmp_path, monkeypatch):
    from oneself.networks.pretrained import KNOWN, Known, load_weights

    path = tmp_path / "w.safetensors"
    save_file(ARCHITECTURES["unet"].build().state_dict(), str(path))
    monkeypatch.setitem(KNOWN, load_weights(path).sha256, Known("mine", "unet", "here", "MIT", (0, 10), ""))
    notes = {s: Run(gain_tuning, Y, weights=path, sigma=s, steps=0, device="cpu").finish().notes for s in (0.03, 0.2)}
    assert notes[0.03] == ()
    assert "noise of 51 of 255; the weights were trained for 0 to 10" in notes[0.2][0]


def test_the_risk_of_a_linear_network_in_closed_form():
    """``f(y) = k * y`` with one kernel: its divergence is the number of elements times the kernel's middle."""
    network = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    y = noisy(picture(64, 64, channels=1), SIGMA)
    where = torch.ones_like(y[:, :1])
    with torch.no_grad():
        torch.manual_seed(0)
        probes = torch.randn(400, 1, 64, 64)
        terms = OBJECTIVES["sure"](SIGMA)(network, examples("sure", y, where, 64, 1).evaluation_example())
        assert float(terms["divergence"]) == 0  # its probe is 0

        stacked = Example((y.expand_as(probes), probes), y.expand_as(probes), where.expand_as(probes))
        terms = OBJECTIVES["sure"](SIGMA)(network, stacked)
    exact = 2 * SIGMA**2 * network.weight[0, 0, 1, 1].item()
    assert float(terms["divergence"]) == pytest.approx(exact, abs=2e-4)
    assert terms["fidelity"].item() == pytest.approx((network(y) - y).square().mean().item(), rel=1e-4)
    assert float(terms["offset"]) == pytest.approx(-(SIGMA**2))


def test_the_extended_risk_of_a_linear_network_is_its_error_at_the_raised_noise():
    """``f(y) = k * y`` on nothing but noise: its error is the power of what it makes of noise of the raised level."""
    network = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular", bias=False)

    class Called(nn.Module):
        def forward(self, x, scale):
            assert scale == pytest.approx((1 + NOISIER**2) ** 0.5)
            return network(x)

    torch.manual_seed(0)
    y = SIGMA * torch.randn(300, 1, 64, 64)
    with torch.no_grad():
        terms = OBJECTIVES["esure"](SIGMA)(Called(), Example((y, torch.randn_like(y)), y))
    exact = (1 + NOISIER**2) * SIGMA**2 * network.weight.square().sum().item()
    assert sum(terms.values()).item() == pytest.approx(exact, abs=3e-5)


def test_renoising_is_the_absolute_error_of_taking_known_noise_away():
    y, noise = torch.rand(1, 1, 8, 8), torch.randn(1, 1, 8, 8)
    terms = renoising(SIGMA)(nn.Identity(), Example((y, noise), y))
    assert terms["renoising"].item() == pytest.approx(SIGMA * noise.abs().mean().item(), rel=1e-5)


def test_statistics_of_the_input_are_used_where_asked_and_the_network_comes_back_as_it_was():
    network = Smoother()
    run = Run(fine_tuning, 0.5 + 2 * Y, weights=network, what="norm", statistics="input", caution=0.0, **QUICK)
    run.finish()
    norm = run.stages[-1].structure.network.network.norm
    assert norm.running_mean is None
    run = Run(fine_tuning, Y, weights=network, what="norm", statistics="input", caution=100.0, **QUICK)
    image, adapted = run.finish().image, run.stages[-1].adapted()
    with torch.no_grad():
        assert torch.equal(image, network(Y))
        assert torch.equal(adapted(Y), image)


@pytest.mark.parametrize("size", [(48, 40), (37, 53), (700, 500)])
def test_what_is_held_out_is_whole_squares_that_the_loss_never_sees(size):
    torch.manual_seed(0)
    y = torch.rand(1, 1, *size)
    parts = Parts(y, 0.2, "judge")
    share = 1 - float(parts.seen.mean())
    assert 0.02 < share < 0.3
    count = int(parts.held.sum())
    assert round(float((1 - parts.seen).sum())) == count * parts.cell**2
    assert len(parts.means(torch.rand_like(parts.y))) == count >= 2
    assert parts.cell % 2 == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_no_gradient_comes_from_what_is_held_out(loss):
    torch.manual_seed(0)
    y = torch.rand(1, 1, 32, 32)
    seen = torch.ones(1, 1, 32, 32)
    seen[..., 8:24, 8:24] = 0
    network = nn.Conv2d(1, 1, 1)
    made = examples(loss, y, seen, 16, 4)

    class Watched(nn.Module):
        def forward(self, x, scale=1.0):
            self.x = network(x)
            self.x.retain_grad()
            return self.x

    watched = Watched()
    wanted = {"sure": 2, "esure": 2, "pairs": 2}.get(loss, 1)
    for _ in range(20):
        example = made()
        sum(OBJECTIVES[loss](SIGMA)(watched, example).values()).backward()
        grad, where = watched.x.grad, example.where.expand_as(example.target)
        where = where[..., ::2, ::2] if loss == "pairs" else where
        assert bool((grad[where.repeat(wanted, 1, 1, 1) == 0] == 0).all())


def test_judges_tell_the_better_of_two_networks():
    torch.manual_seed(0)
    parts = Parts(Y, 0.3, "judge")
    good, bad = Denoising(Smoother(), None, False), Denoising(nn.Identity(), None, False)
    with torch.no_grad():
        good.network.mean.weight.fill_(0.5)  # whose own are darker
        assert Risk(parts, SIGMA).errors(good).mean() < Risk(parts, SIGMA).errors(bad).mean()
        far = Denoising(Smoother(), None, False)
        far.network.mean.weight.fill_(0.2)
        assert Pairing(parts).errors(good).mean() < Pairing(parts).errors(far).mean()
        assert Prediction(parts).errors(good).mean() < Prediction(parts).errors(far).mean()


def test_large_pictures_are_answered_in_tiles():
    torch.manual_seed(0)
    y = noisy(picture(80, 72, channels=1), SIGMA)
    whole, tiled = (
        Run(gain_tuning, y, weights=Smoother(), **{**QUICK, "steps": 5, "tile": t}).finish().image for t in (1024, 16)
    )
    assert torch.allclose(whole, tiled, atol=1e-6)


@pytest.mark.parametrize("what", ["all", "biases", "norm", "last:1", "progressive", "lora:1"])
def test_every_choice_of_what_may_change_ends_with_the_same_kind_of_network(what):
    network = Smoother()
    run = Run(fine_tuning, Y, weights=network, what=what, caution=0.0, **QUICK)
    image = run.finish().image
    adapted = run.stages[-1].adapted()
    assert adapted.state_dict().keys() == network.state_dict().keys()
    with torch.no_grad():
        assert torch.allclose(adapted(Y), image, atol=1e-5)
        assert psnr(image, X) >= psnr(network(Y), X)
