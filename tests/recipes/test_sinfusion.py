"""What is particular to SinFusion: its examples, how far it looks, its networks, resuming, and what is refused."""

import pytest
import skimage.data
import torch

from oneself import Run
from oneself.generative import Fusion
from oneself.generative import diffusion as d
from oneself.recipes.generation.sinfusion import Noisy
from oneself.testing.pictures import picture
from oneself.testing.quality import psnr

QUICK = {"width": 8, "blocks": 1, "timesteps": 5, "steps": 4, "device": "cpu"}
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
    assert [(stage.name, stage.steps) for stage in run.stages] == [("picture", 2), ("next", 4), ("between", 2)]
    last = run.stages[-1].sampler()
    for stage in run.stages:
        mine, kept = last.networks[stage.name].state_dict(), stage.network.state_dict()
        assert all(torch.equal(mine[name], kept[name]) for name in mine)


def test_resumed_across_a_border_of_networks(tmp_path):
    whole = Run("sinfusion", clip(), **QUICK)
    run = Run("sinfusion", clip(), **QUICK)
    for step in run:
        if (step.stage, step.index) == (1, 1):
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


def test_the_near_published_settings_see_patches_of_97():
    y = picture(20, 16)
    stage = next(Run("sinfusion", y, preset="near-published", device="cpu")._stages())
    assert 2 * stage.structure.reach + 1 == 97
    assert stage.steps == 50_000
    assert stage.average is None


SPEED, COUNT = 2, 8
WIDE = torch.from_numpy(skimage.data.coffee()[160:256:6, 100:580:6].mean(2) / 255).float()[None, None]


def window(k):
    """Of a wide picture, that the window moves over: a pure translation, of which the scene outside is known."""
    return WIDE[..., 22 + k : 46 + k]


def displacement(one, other, most=9):
    """Where the cross-correlation of two pictures peaks along the last axis, and how high."""
    found = {}
    for shift in range(-most, most + 1):
        width = one.shape[-1] - abs(shift)
        a = one[..., max(0, shift) :][..., :width].flatten()
        b = other[..., max(0, -shift) :][..., :width].flatten()
        found[shift] = float(torch.corrcoef(torch.stack([a, b]))[0, 1])
    best = max(found, key=lambda shift: found[shift])
    return best, found[best]


@pytest.fixture(scope="module")
def panned():
    moving = torch.stack([window(SPEED * k) for k in range(COUNT)], dim=2)
    options = {"width": 16, "blocks": 2, "kernel_radius": 2, "timesteps": 10, "batch": 4, "steps": 250, "device": "cpu"}
    run = Run("sinfusion", moving, **options)
    run.finish()
    return run.stages[-1].sampler()


@pytest.mark.parametrize("way", [1, -1])
def test_a_translation_goes_on_at_its_speed_in_both_directions(panned, way):
    last = panned.frames[-1:] if way == 1 else panned.frames[:1]
    torch.manual_seed(0)
    made = panned.following(last, 3, way)
    for k in range(3):
        moved, alike = displacement(last, made[:, :, k])
        assert moved == way * SPEED * (k + 1)
        assert alike > 0.7
        truth = window(SPEED * (COUNT + k) if way == 1 else -SPEED * (k + 1))
        assert psnr(made[:, :, k], truth) > psnr(last, truth) + 2


def test_frames_between_are_nearer_to_the_truth_than_the_mean_of_their_neighbours(panned):
    frames = panned.frames
    truth = torch.cat([window(SPEED * k + SPEED // 2) for k in range(COUNT - 1)])
    torch.manual_seed(0)
    made = panned.middle(frames[:-1], frames[1:])
    assert psnr(made, truth) > psnr((frames[:-1] + frames[1:]) / 2, truth) + 2


def test_held_frames_are_never_told_from_their_neighbours():
    draw = Noisy(Fusion(NUMBERED, 8, 4, 1, 1), "between", 1.0, 1, 3)
    assert draw.held == [2, 6]
    seen = {round(float(4 * (draw.one()[0][0, 0, 0] + 1))) for _ in range(60)}
    assert seen == {1, 3, 4, 5, 7}
    assert Noisy(Fusion(clip(5), 8, 4, 1, 1), "between", 1.0, 1, 3).held == []
    assert Noisy(Fusion(NUMBERED, 8, 4, 1, 1), "next", 1.0, 1, 3).held == []


def test_what_is_shown_to_tell_the_next_is_made_rough_as_far_as_frames_differ():
    made = Fusion(NUMBERED, 8, 4, 1, 1)
    made.gains.fill_(0.05)
    draw = Noisy(made, "next", 1.0, 1, 3)
    torch.manual_seed(0)
    off = torch.stack([draw.rough(torch.zeros(3, 20, 16)).std() for _ in range(200)]) / made.gain("next")
    assert 0.3 < float(off.mean()) < 0.6
    assert float(off.max()) < 1.4
    made.gains.fill_(0.5)
    assert float(draw.rough(torch.zeros(3, 20, 16)).std()) < 0.14


def test_smaller_copies_teach_what_is_between():
    draw = Noisy(Fusion(clip(), 8, 4, 1, 1), "between", 1.0, 1, 10)
    assert [tuple(copy.shape[2:]) for copy in draw.copies] == [(20, 16), (14, 11), (10, 8)]
    assert {draw().target.shape[2:] for _ in range(30)} == {(20, 16), (14, 11), (10, 8)}
    assert len(Noisy(Fusion(clip(), 8, 4, 1, 1), "next", 1.0, 1, 10).copies) == 1
