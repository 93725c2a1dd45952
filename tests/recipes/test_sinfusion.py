"""What is particular to SinFusion: its examples, how far it looks, its networks, resuming, and what is refused."""

import pytest
import torch

from oneself import Run
from oneself.generators import Fusion
from oneself.generators import diffusion as d
from oneself.recipes.sinfusion import Noisy
from oneself.testing.pictures import picture

QUICK = {"width": 8, "blocks": 1, "levels": 5, "steps": 4, "device": "cpu"}
NUMBERED = torch.linspace(0, 1, 9).reshape(1, 1, 9, 1, 1).expand(1, 3, 9, 20, 16)  # frames that tell which they are


def clip(count=5):
    x = picture(20, 16)
    return torch.stack([x.roll(k, -1) for k in range(count)], dim=2)


@pytest.mark.parametrize("part", ["picture", "next", "between"])
def test_input_and_target_together_are_the_frame(part):
    made = Fusion(clip(), 8, 4, 1, 1)
    torch.manual_seed(0)
    draw = Noisy(made, part, 0.9, 2, 10)
    x, shown, apart = (list(parts) for parts in zip(*[draw.one() for _ in range(2)], strict=True))
    x, shown, apart = torch.stack(x), torch.stack(shown), torch.tensor(apart).float()
    state = torch.get_rng_state()
    example = draw.noisy(x, shown, apart)
    torch.set_rng_state(state)
    level = 1 + ((torch.arange(2) + torch.rand(2)) / 2 * 8).long()
    u = (x - (made.base(shown, x) if shown.shape[1] else 0)) / made.gain(part)
    noisy = d.noised(u, torch.randn_like(u), d.each(made.alpha_bar[level], u))
    given, skip, out = d.preconditioning(d.each(made.alpha_bar[level], u), 1.0)
    assert torch.allclose(example.input[0][:, :3], given * noisy)
    assert torch.equal(example.input[0][:, 3:], shown)
    assert torch.allclose(skip * noisy + out * example.target, u, atol=1e-5)
    assert example.target.shape == (2, 3, 18, 14)
    assert example.input[1].shape == (2, 2 if part == "next" else 1)


@pytest.mark.parametrize("part", ["next", "between"])
def test_frames_are_shown_at_the_distance_that_is_told(part):
    draw = Noisy(Fusion(NUMBERED, 8, 4, 1, 1), part, 1.0, 1, 3)
    draw.taken.fill_(3)
    for _ in range(40):
        x, shown, apart = draw.one()
        here, *beside = (round(float(4 * (frame[0, 0] + 1))) for frame in (x[0], *shown))
        wanted = [here - apart] if part == "next" else [here - 1, here + 1]
        assert beside[::3] == wanted


def test_what_follows_is_looked_for_ever_further():
    draw = Noisy(Fusion(NUMBERED, 8, 4, 1, 1), "next", 1.0, 1, 300)
    found = []
    for taken in (0, 99, 100, 200, 299):
        draw.taken.fill_(taken)
        found.append({draw.one()[2] for _ in range(80)})
    assert found[0] == found[1] == {-1, 1}
    assert found[2] == {-2, -1, 1, 2}
    assert found[3] == found[4] == {-3, -2, -1, 1, 2, 3}


def test_only_the_network_that_is_fitted_moves():
    walk = Run("sinfusion", clip(), **QUICK)._stages()
    stage = next(walk)
    moving = {name for name, p in stage.named_parameters() if p.requires_grad}
    assert moving
    assert not [name for name in moving if "next" in name or "between" in name or "average" in name]


def test_a_clip_has_three_networks_and_each_is_kept():
    run = Run("sinfusion", clip(), **QUICK)
    run.finish()
    assert [(stage.name, stage.steps) for stage in run.stages] == [("picture", 4), ("next", 8), ("between", 4)]
    last = run.stages[-1].sampler()
    for stage in run.stages:
        mine, kept = last.networks[stage.name].state_dict(), stage.network.state_dict()
        assert all(torch.equal(mine[name], kept[name]) for name in mine)


def test_resumed_across_a_border_of_networks(tmp_path):
    whole = Run("sinfusion", clip(), **QUICK)
    run = Run("sinfusion", clip(), **QUICK)
    for step in run:
        if (step.stage, step.index) == (1, 2):
            break
    run.save(tmp_path / "state")
    again = Run("sinfusion", clip(), **QUICK)
    again.load(tmp_path / "state")
    assert torch.equal(again.finish().image, whole.finish().image)
    one, other = (r.stages[-1].sampler() for r in (again, whole))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (clip(2), "a clip of 2 frames. At least 3"),
        (clip(1), "a clip of 1 frames"),
        (clip()[..., :7], "too small to learn from"),
        (picture(6, 30), "too small to learn from"),
    ],
)
def test_refusals(y, words):
    with pytest.raises(ValueError, match=words):
        next(Run("sinfusion", y, **QUICK))


def test_the_published_settings_see_patches_of_97():
    y = picture(20, 16)
    stage = next(Run("sinfusion", y, preset="published", device="cpu")._stages())
    assert 2 * stage.structure.reach + 1 == 97
    assert stage.steps == 50_000
    assert stage.average is None
