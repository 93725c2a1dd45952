"""Diffusion at one scale: the way from noise with a denoiser in closed form, its inverse, clips, and any size."""

import pytest
import torch
import torch.nn.functional as F

from oneself.generative import Fusion, blank, fresh
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


def test_noise_is_asked_for_where_the_way_begins():
    made = Fusion(picture(12, 10), 6, 4, 1, 1)
    asked = []

    def noise(scale, like):
        asked.append((scale, tuple(like.shape)))
        return fresh(scale, like)

    made.sample((9, 14), noise=noise)
    assert asked == [(0, (1, 3, 9, 14))]
    asked.clear()
    made.sample((9, 14), start=4, noise=noise)
    assert [scale for scale, _ in asked] == [4]


def gaussian(monkeypatch, levels=200, s_noise=1.0, s=0.4):
    """A sampler of what is Gaussian about 0, of deviation ``s`` in units of the gain: the best estimate is linear."""
    made = Fusion(picture(12, 10), levels, 4, 1, 1, s_noise)
    made.gains.fill_(0.2)

    def linear(self, part, noisy, level, shown, told):
        share = self.alpha_bar[level]
        return 0.2 * share.sqrt() * s**2 / (share * s**2 + 1 - share) * noisy

    monkeypatch.setattr(Fusion, "estimate", linear)
    return made


def test_the_deterministic_way_gives_gaussians_their_deviation_and_the_lift_more(monkeypatch):
    deviation = 0.2 * 0.4
    noise = torch.randn(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    made = gaussian(monkeypatch).descend("picture", noise, 0, None)
    assert float(made.std()) == pytest.approx(deviation * float(noise.std()), rel=0.03)
    assert float((made * noise).mean() / made.std() / noise.std()) == pytest.approx(1, abs=1e-4)
    lifted = gaussian(monkeypatch).descend("picture", noise, 0, None, s_noise=1.3)
    assert 1.1 < float(lifted.std() / made.std()) < 1.3
    again = gaussian(monkeypatch, levels=100)
    ratio = again.descend("picture", noise, 0, None, s_noise=1.3).std() / again.descend("picture", noise, 0, None).std()
    assert float(ratio) == pytest.approx(float(lifted.std() / made.std()), abs=0.02), "whatever the number of levels"


def test_samples_are_lifted_and_reconstructions_are_not(monkeypatch):
    plain, lifted = gaussian(monkeypatch, 50), gaussian(monkeypatch, 50, s_noise=2.0)
    lifted.z_star.copy_(plain.z_star)
    assert torch.equal(plain.reconstruction(), lifted.reconstruction())
    noise = torch.randn(1, 3, 12, 10)
    one, other = (made.sample((12, 10), noise=lambda scale, like: noise) for made in (plain, lifted))
    assert float((other - 0.5).square().mean()) > 1.5 * float((one - 0.5).square().mean())


def missed(made):
    return float(-10 * (made.reconstruction() - made.picture).square().mean().log10())


def test_the_best_denoiser_reconstructs_the_picture(perfect):
    assert missed(perfect) > 30


def test_a_network_that_has_learned_nothing_does_not():
    made = Fusion(picture(20, 24), 25, 4, 1, 1)
    assert missed(made) < 20
    assert torch.equal(made.reconstruction(), made.reconstruction()), "the noise is fixed"


def test_the_estimate_is_preconditioned():
    clip = moving()
    made = Fusion(clip, 8, 4, 1, 1)  # whose networks tell 0
    noisy, share, x = torch.randn(2, 3, 16, 18) / 4, made.alpha_bar[5], 2 * made.frames - 1
    assert float(made.gain("picture")) == pytest.approx(float(x.square().mean().sqrt()))
    assert float(made.gain("next")) == pytest.approx(float((x[1:] - x[:-1]).square().mean().sqrt()))
    expected = share.sqrt() * noisy * made.gain("picture")  # of unit variance, as Wiener would
    assert torch.allclose(made.estimate("picture", noisy, 5, None, ()), expected.clamp(-1, 1), atol=1e-5)
    shown = torch.cat([x[:2], x[2:4]], dim=1)
    expected = (x[:2] + x[2:4]) / 2 + share.sqrt() * noisy * made.gain("between")
    assert torch.allclose(made.estimate("between", noisy, 5, shown, ()), expected.clamp(-1, 1), atol=1e-5)


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
    monkeypatch.setattr(Fusion, "cleaned", lambda self, frame: frame)
    after, before = made.following(clip[:, :, 2], 3), made.following(clip[:, :, 3], 3, -1)
    assert torch.allclose(after, clip[:, :, 3:6], atol=1e-5)
    assert torch.allclose(before, clip[:, :, [2, 1, 0]], atol=1e-5)
    assert torch.allclose(made.reconstruction(), clip, atol=1e-5)
    assert made.sample((16, 18)).shape == clip.shape
    assert made.sample((10, 30)).shape == (1, 3, 6, 10, 30)


def test_what_is_expected_between_counts_as_far_as_it_was_right(monkeypatch):
    torch.manual_seed(0)
    made = Fusion(moving(), 10, 4, 1, 1)
    frames = 2 * torch.rand(7, 3, 16, 18) - 1
    missing = frames[1:-1] - (frames[:-2] + frames[2:]) / 2
    for factor, trust in [(1.0, 1.0), (2.0, 0.5), (-1.0, 0.0), (0.0, 0.0), (0.5, 1.0)]:
        asked = iter([1, 3])  # of what is missing in frames 2 and 4

        def told(self, shown, draws, f=factor, asked=asked):
            return self.base(shown, missing[:1]) + f * missing[next(asked)][None]

        monkeypatch.setattr(Fusion, "expected", told)
        assert float(made.least_squares_factor(frames, [2, 4])) == pytest.approx(trust, abs=1e-5)
    made.correction_weight.fill_(0)
    one, other = made.picture[:, :, 1], made.picture[:, :, 2]
    monkeypatch.setattr(Fusion, "expected", lambda self, shown, draws: torch.ones_like(one))
    assert torch.allclose(made.middle(one, other), (one + other) / 2, atol=1e-5)
    made.correction_weight.fill_(0.25)
    assert torch.allclose(made.middle(one, other), 0.75 * (one + other) / 2 + 0.25, atol=1e-5)


def test_noise_of_both_signs_is_averaged_out_of_what_is_expected(monkeypatch):
    made = Fusion(moving(), 10, 4, 1, 1)
    shown = torch.zeros(1, 6, 16, 18)
    monkeypatch.setattr(Fusion, "estimate", lambda self, part, noisy, level, shown, told: 0.3 + 0.1 * noisy)
    assert torch.allclose(made.expected(shown, [torch.randn(1, 3, 16, 18)]), torch.tensor(0.3), atol=1e-5)


def test_cleaning_takes_half_of_what_is_taken_for_noise(monkeypatch):
    frame, clean = torch.rand(1, 3, 16, 18), torch.rand(1, 3, 16, 18)
    made, asked = Fusion(moving(), 25, 4, 1, 1), []

    def estimate(self, part, noisy, level, shown, told):
        asked.append((part, level))
        assert torch.allclose(noisy * self.gain("picture") / self.alpha_bar[level].sqrt(), frame, atol=1e-5)
        return clean

    monkeypatch.setattr(Fusion, "estimate", estimate)
    assert torch.allclose(made.cleaned(frame), (frame + clean) / 2, atol=1e-5)
    assert asked == [("picture", 1)]


def test_the_last_levels_are_left_out(monkeypatch):
    made, asked = Fusion(moving(), 50, 4, 1, 1), []

    def estimate(self, part, noisy, level, shown, told):
        asked.append((part, level))
        return noisy

    monkeypatch.setattr(Fusion, "estimate", estimate)
    made.sample((8, 9), noise=fresh)
    assert [level for part, level in asked if part == "picture"] == [*range(50, 3, -1), *[1] * 5]
    assert [level for part, level in asked if part == "next"] == [*range(50, 16, -1)] * 5
    assert made.last("picture") == 4
    assert Fusion(picture(12, 10), 4, 4, 1, 1).last("picture") == 1


@pytest.mark.parametrize("source", [picture(12, 10), moving(4)], ids=["picture", "clip"])
def test_a_blank_one_of_the_same_shape(source):
    made = Fusion(source, 7, 5, 2, 2)
    again = blank("sinfusion", made.configuration(), made.state_dict())
    again.load_state_dict(made.state_dict())
    torch.manual_seed(0)
    expected = made.sample((9, 11))
    torch.manual_seed(0)
    assert torch.equal(again.sample((9, 11)), expected)
    assert set(made.networks) == ({"picture"} if source.ndim == 4 else {"picture", "next", "between"})
    assert made.memory((200, 300)) == pytest.approx(4 * made.memory((100, 150)), rel=0.01)
