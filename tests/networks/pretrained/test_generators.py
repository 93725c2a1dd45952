"""What the networks of public weights compute, on weights that mean nothing."""

import pytest
import torch

from oneself.networks.pretrained import ARCHITECTURES, SHIPPED, linear_schedule, load_weights

GENERATORS = [name for name, one in ARCHITECTURES.items() if one.kind == "generator"]


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_makes_pictures_in_the_unit_range_block_after_block(name):
    architecture = ARCHITECTURES[name]
    torch.manual_seed(0)
    network = architecture.build().eval()
    side = int(name.rpartition("-")[2])
    with torch.no_grad():
        z = torch.randn(2, *network.latent)
        x = network(z)
        assert x.shape == (2, architecture.channels, side, side)
        assert 0 <= float(x.min()) < float(x.max()) <= 1
        for block in network.blocks:
            z = block(z)
        assert torch.equal(z, x)


def test_a_discriminators_features_lead_to_its_verdict():
    torch.manual_seed(0)
    network = ARCHITECTURES["dense-28-discriminator"].build().eval()
    x = torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        first, second = network.features(x)
        plain = torch.nn.functional.leaky_relu((2 * x - 1).flatten(1) @ network.blocks[0].linear.weight.T
                                               + network.blocks[0].linear.bias, 0.2)  # fmt: skip
        assert torch.allclose(first, plain, atol=1e-5)
        assert torch.equal(network.blocks[-1](second), network(x))


def test_the_normalisation_by_deviations_keeps_scale():
    torch.manual_seed(0)
    network = ARCHITECTURES["bf-cnn"].build().eval()
    x = torch.rand(1, 1, 12, 12)
    with torch.no_grad():
        assert torch.allclose(network(3 * x), 3 * network(x), atol=1e-4)


def test_a_diffusion_model_finds_the_step_of_its_schedule_and_undoes_its_own_noise():
    """At the level of a step the denoiser is ``(x_t / √ᾱ − σ ε_θ(x_t, t) + 1) / 2``, from the schedule."""
    torch.manual_seed(0)
    network = ARCHITECTURES["digit-diffusion"].build().eval()
    step = 300
    alpha_bar = linear_schedule()[step].float()
    ratio = ((1 - alpha_bar) / alpha_bar).sqrt()
    assert float(network.step(ratio)) == pytest.approx(step, abs=0.01)
    x = torch.rand(1, 1, 8, 8)
    with torch.no_grad():
        noise = network.noise(alpha_bar.sqrt() * (2 * x - 1), torch.tensor([float(step)]))
        assert torch.allclose(network(x, ratio / 2), x - ratio / 2 * noise, atol=1e-4)


def test_the_schedule_is_ddpms():
    alpha_bar = linear_schedule()
    assert float(alpha_bar[0]) == pytest.approx(1 - 1e-4)
    assert float(alpha_bar[-1]) == pytest.approx(4.036e-5, rel=1e-3)  # as of the published 1000 steps


def test_what_is_shipped_is_small_and_knows_digits():
    """Bright strokes on black, which random weights do not make; and a denoiser that removes noise from them."""
    assert all(path.stat().st_size < 5e6 for path in SHIPPED.values())
    generator = load_weights(SHIPPED["digits"], kind="generator").network
    diffusion = load_weights(SHIPPED["digits-diffusion"], kind="denoiser").network
    torch.manual_seed(0)
    with torch.no_grad():
        x = generator(torch.randn(64, *generator.latent))
        assert x.shape == (64, 1, 8, 8)
        assert float(x[..., 0].mean()) < 0.05  # the first column
        assert float(x[..., 3:5].mean()) > 0.4
        for sigma in (0.1, 0.5):
            y = x + sigma * torch.randn_like(x)
            assert float((diffusion(y, sigma) - x).square().mean()) < 0.5 * sigma**2
