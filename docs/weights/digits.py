"""Trains the two small priors that the package ships, on the digits that scikit-learn ships: a minute of a core.

    pip install scikit-learn
    python docs/weights/digits.py src/oneself/networks/pretrained/weights

`digits.safetensors`: the decoder of a variational auto-encoder (Kingma, Welling. ICLR 2014), pictures of 8 x 8 from
codes of 8 numbers. `digits-diffusion.safetensors`: a network that tells noise (Ho, Jain, Abbeel. NeurIPS 2020). Both
learn from the first 1500 of the 1797 digits; the others are for measuring.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn

from oneself.networks.pretrained import ARCHITECTURES, linear_schedule

TRAINING = 1500
CODE, HIDDEN, BATCH = 8, 128, 64
DECODER_STEPS, DIFFUSION_STEPS = 8000, 8000


def digits() -> Tensor:
    """All of them, ``(1797, 1, 8, 8)`` in [0, 1]."""
    return torch.from_numpy(load_digits().images).float()[:, None] / 16


def batch(x: Tensor) -> Tensor:
    return x[torch.randint(len(x), (BATCH,))]


def descending(network: nn.Module, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    adam = torch.optim.Adam(network.parameters(), 1e-3)
    return adam, torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)


def decoder(x: Tensor) -> nn.Module:
    """``-log p(x | z) + KL(q(z | x) ‖ N(0, I))``, the first as the cross-entropy of the pixels."""
    network = ARCHITECTURES["digits-8"].build()
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * CODE))
    both = nn.ModuleList([network, encoder])
    adam, schedule = descending(both, DECODER_STEPS)
    for step in range(DECODER_STEPS):
        target = batch(x)
        mean, log_variance = encoder(target).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        surprise = F.binary_cross_entropy(network(z), target, reduction="sum")
        divergence = (log_variance.exp() + mean.square() - 1 - log_variance).sum() / 2
        loss = (surprise + divergence) / BATCH
        adam.zero_grad()
        loss.backward()
        adam.step(), schedule.step()
        if step % 1000 == 0:
            print("decoder", step, float(loss.detach()), flush=True)
    return network


def diffusion(x: Tensor) -> nn.Module:
    """``‖ε − ε_θ(√ᾱ v + √(1 − ᾱ) ε, t)‖²``, one step of the schedule for each batch, ``v`` in [-1, 1]."""
    network = ARCHITECTURES["digits-8-diffusion"].build()
    alpha_bars = linear_schedule().float()
    adam, schedule = descending(network, DIFFUSION_STEPS)
    for step in range(DIFFUSION_STEPS):
        v, t = 2 * batch(x) - 1, torch.randint(len(alpha_bars), (1,))
        alpha_bar, noise = alpha_bars[t], torch.randn_like(v)
        told = network.noise(alpha_bar.sqrt() * v + (1 - alpha_bar).sqrt() * noise, t.float())
        loss = (told - noise).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step(), schedule.step()
        if step % 1000 == 0:
            print("diffusion", step, float(loss.detach()), flush=True)
    return network


def main(folder: Path) -> None:
    torch.manual_seed(0)
    x = digits()[:TRAINING]
    for name, train in (("digits", decoder), ("digits-diffusion", diffusion)):
        state = {key: value.half() for key, value in train(x).state_dict().items()}
        save_file(state, folder / f"{name}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
