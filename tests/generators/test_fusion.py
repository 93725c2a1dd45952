"""Diffusion at one scale: the way from noise with a denoiser in closed form, its inverse, clips, and any size."""

import pytest
import torch
import torch.nn.functional as F

from oneself.generators import Fusion, blank, fresh
from oneself.generators import diffusion as d
from oneself.testing.pictures import picture

SIDE = 7


def ideal(frames, side=SIDE):
    """What the best denoiser of patches tells of any ``u_t``: the mean of the picture's patches, each by how likely it
    is under ``u_t = √ᾱ x / g + √(1 − ᾱ) ε``."""
    keys = torch.cat([F.unfold(F.pad(frame[None], [side // 2] * 4), side)[0].T for frame in frames])
    values = torch.cat([frame.flatten(1).T for frame in frames])

    def estimate(made, noisy, level):
        share = made.alpha_bar[level]
        queries = F.unfold(F.pad(noisy, [side // 2] * 4), side)[0].T
        weights = (
            -torch.cdist(queries, share.sqrt() * keys / made.gain("picture")).square() / (2 * (1 - share))
        ).softmax(1)
        return (weights @ values).T.reshape(1, -1, *noisy.shape[2:])

    return estimate


def distance(made, source, side=3):
    """Mean distance of the made picture's patches from the nearest of the source's."""
    one, other = (F.unfold(x, side)[0].T for x in (made, source))
    return float(torch.cdist(one, other).amin(1).mean()) / one.shape[1] ** 0.5


@pytest.fixture
def perfect(monkeypatch):
    x = picture(20, 24)
    made, best = Fusion(x, 25, 4, 1, 1), ideal(2 * x - 1)
    monkeypatch.setattr(Fusion, "estimate", lambda self, part, noisy, level, shown, told: best(self, noisy, level))
    return made


def test_the_best_denoiser_makes_pictures_of_the_sources_patches(perfect):
    torch.manual_seed(0)
    samples = [perfect.sample((20, 24)) for _ in range(3)]
    assert max(distance(one, perfect.picture) for one in samples) < 0.1
    shuffled = perfect.picture.flatten(2)[..., torch.randperm(480)].reshape(perfect.picture.shape)
    assert distance(shuffled, perfect.picture) > 0.2
    assert float((samples[0] - samples[1]).abs().mean()) > 0.05, "they are various"
    assert perfect.sample((15, 40)).shape == (1, 3, 15, 40)


def test_a_later_start_stays_nearer_to_the_image(perfect):
    torch.manual_seed(0)
    far = [float((perfect.sample((20, 24), start=k) - perfect.picture).abs().mean()) for k in (0, 12, 22)]
    assert far[0] > far[1] > far[2]
    assert far[2] < 0.02


def test_the_way_can_be_steered(perfect):
    torch.manual_seed(0)
    dark = perfect.sample((20, 24), shaping=lambda x, scale: x if scale > 15 else torch.full_like(x, -1))
    assert float(dark.mean()) < 0.5 * float(perfect.sample((20, 24)).mean())


def test_noise_is_asked_for_once_a_scale_from_coarse_to_fine():
    made = Fusion(picture(12, 10), 6, 4, 1, 1)
    asked = []

    def noise(scale, like):
        asked.append((scale, tuple(like.shape)))
        return fresh(scale, like)

    made.sample((9, 14), noise=noise)
    assert asked == [(k, (1, 3, 9, 14)) for k in range(6)]
    asked.clear()
    made.sample((9, 14), start=4, noise=noise)
    assert [scale for scale, _ in asked] == [4, 5]


def test_the_way_to_noise_is_the_inverse_of_the_way_back(monkeypatch):
    x = 2 * picture(12, 10) - 1
    # of pictures that are Gaussian about 0 the best estimate is linear
    monkeypatch.setattr(Fusion, "_gain", lambda self, part: torch.tensor(2.0))
    made = Fusion((x + 1) / 2, 20, 4, 1, 1)
    s = 0.4

    def linear(self, part, noisy, level, shown, told):
        share = self.alpha_bar[level]
        return 2 * share.sqrt() * s**2 / (share * s**2 + 1 - share) * noisy

    monkeypatch.setattr(Fusion, "estimate", linear)
    z = made.inverted(x)
    assert torch.allclose(made.descend("picture", z, 0, None), x, atol=0.005)
    # the deterministic way only scales what is Gaussian: to the variance that the last level has
    expected = (made.alpha_bar[-1] * s**2 + 1 - made.alpha_bar[-1]).sqrt() / s * x / 2
    assert float((z / expected).median()) == pytest.approx(1, abs=0.1)


def test_the_estimate_is_preconditioned():
    clip = moving()
    made = Fusion(clip, 8, 4, 1, 1)  # whose networks tell 0
    noisy, share, x = torch.randn(2, 3, 16, 18) / 4, made.alpha_bar[5], 2 * made.frames - 1
    assert float(made.gain("picture")) == pytest.approx(float(x.square().mean().sqrt()))
    assert float(made.gain("next")) == pytest.approx(float((x[1:] - x[:-1]).square().mean().sqrt()))
    expected = share.sqrt() * noisy * made.gain("picture")  # of unit variance, as Wiener would
    assert torch.allclose(made.estimate("picture", noisy, 5, None, ()), expected.clamp(-1, 1), atol=1e-6)
    shown = torch.cat([x[:2], x[2:4]], dim=1)
    expected = (x[:2] + x[2:4]) / 2 + share.sqrt() * noisy * made.gain("between")
    assert torch.allclose(made.estimate("between", noisy, 5, shown, ()), expected.clamp(-1, 1), atol=1e-6)


def moving(count=6):
    x = picture(16, 18)
    return torch.stack([x.roll(2 * k, -1) for k in range(count)], dim=2)


def perfect_motion(self, part, noisy, level, shown, told):
    """The next frame is the one that is shown, moved by two pixels for each frame of distance."""
    if shown is None:
        return noisy
    return torch.stack([x.roll(2 * int(n), -1) for x, n in zip(shown, told[0], strict=True)])


def test_frames_follow_each_other_in_both_directions(monkeypatch):
    clip = moving()
    made = Fusion(clip, 10, 4, 1, 1)
    monkeypatch.setattr(Fusion, "estimate", perfect_motion)
    monkeypatch.setattr(Fusion, "cleaned", lambda self, frame, noise: frame)
    after, before = made.following(clip[:, :, 2], 3), made.following(clip[:, :, 3], 3, -1)
    assert torch.allclose(after, clip[:, :, 3:6], atol=1e-5)
    assert torch.allclose(before, clip[:, :, [2, 1, 0]], atol=1e-5)
    assert torch.allclose(made.reconstruction(), clip, atol=1e-5)
    assert made.sample((16, 18)).shape == clip.shape
    assert made.sample((10, 30)).shape == (1, 3, 6, 10, 30)


def test_cleaning_takes_a_little_noise_away_and_leaves_the_rest(monkeypatch):
    x = picture(16, 18)
    made, best = Fusion(moving(), 25, 4, 1, 1), ideal(2 * x - 1)
    monkeypatch.setattr(Fusion, "estimate", lambda self, part, noisy, level, shown, told: best(self, noisy, level))
    torch.manual_seed(0)
    dirty = 2 * x - 1 + 0.15 * torch.randn_like(x)
    cleaned = made.cleaned(dirty, fresh)
    assert float((cleaned - (2 * x - 1)).square().mean()) < 0.1 * float((dirty - (2 * x - 1)).square().mean())


def test_no_more_noise_is_added_to_clean_than_neighbours_differ_by():
    def cleaning(contrast):
        x = picture(16, 18)
        clip = torch.stack([x, x + contrast * (x.roll(1, -1) - x), x], dim=2)
        made = Fusion(clip, 50, 4, 1, 1)
        return made.cleaning, [float(d.noise_ratio(made.alpha_bar[k]) * made.gain("picture")) for k in range(51)], made

    level, noise, made = cleaning(0.3)
    assert 0 < level < 5
    assert noise[level] <= float(made.gain("next")) < noise[level + 1]
    assert cleaning(1.0)[0] == 5
    level, _, made = cleaning(1e-3)
    frame = 2 * picture(16, 18) - 1
    assert level == 0
    assert made.cleaned(frame, fresh) is frame


@pytest.mark.parametrize("source", [picture(12, 10), moving(4)], ids=["picture", "clip"])
def test_a_blank_one_of_the_same_shape(source):
    made = Fusion(source, 7, 5, 2, 2)
    again = blank("sinfusion", made.configuration())
    again.load_state_dict(made.state_dict())
    torch.manual_seed(0)
    expected = made.sample((9, 11))
    torch.manual_seed(0)
    assert torch.equal(again.sample((9, 11)), expected)
    assert set(made.networks) == ({"picture"} if source.ndim == 4 else {"picture", "next", "between"})
    assert made.memory((200, 300)) == pytest.approx(4 * made.memory((100, 150)), rel=0.01)
