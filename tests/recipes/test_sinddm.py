"""What is particular to SinDDM: its examples, against their closed form; resuming; and what is refused."""

import pytest
import torch

from oneself import Run
from oneself.generative import diffusion as d
from oneself.testing.pictures import picture

QUICK = {
    "min_size": 12,
    "layers": 3,
    "dilated_layers": 0,
    "width": 8,
    "timesteps": 10,
    "steps": 3,
    "batch": 3,
    "device": "cpu",
}


def stage(x, **options):
    return Run("sinddm", x, **{**QUICK, **options})._stages().send(None)


def test_examples_are_noisy_mixtures_of_the_picture_and_its_smaller_copy():
    torch.manual_seed(0)
    made = stage(picture(24, 30), timesteps=100)
    cascade, seen = made.cascade, set()
    for _ in range(20):
        given, told, scale = (example := made.input()).input
        number = int(scale[0])
        seen.add(number)
        real, soft = cascade.pair(number)
        ratio = d.noise_ratio(cascade.alpha_bar)
        step = torch.stack([(ratio.log() / 4 - one).abs().argmin() for one in told])
        assert bool((step >= 1).all() & (step <= cascade.starts[number]).all())
        factors = d.preconditioning(
            d.each(cascade.alpha_bar[step], real), float((2 * cascade.picture - 1).square().mean().sqrt())
        )
        noisy = given / factors.given
        assert torch.allclose(factors.skip * noisy + factors.out * example.target, real.expand_as(noisy), atol=1e-3)
        level, share = (d.each(v[step], real) for v in (cascade.alpha_bar, cascade.softness(number, torch.arange(101))))
        noise = d.noise_in(noisy, share * soft + (1 - share) * real, level)
        assert float(noise.std()) == pytest.approx(1, abs=0.1)
        assert abs(float(noise.mean())) < 0.1
    assert seen == {0, 1, 2}


def test_smaller_scales_are_seen_more_often_and_in_larger_batches():
    torch.manual_seed(0)
    made = stage(picture(24, 30), coarsest_oversampling=8.0)
    numbers = [int(made.input().input[2][0]) for _ in range(60)]
    assert 36 <= numbers.count(0) <= 58
    assert made.input.batches == [12, 6, 3]
    steps = torch.sort(made.input.steps(0)).values
    assert len(steps) == 12
    assert int(steps.diff().max()) <= 2  # spread evenly


def test_a_part_counts_where_the_network_sees_no_border_that_is_not_the_pictures():
    made = stage(picture(40, 44), crop=8, min_size=40)
    assert made.input.sides(0) == [14, 14]
    assert made.input().target.shape == (3, 3, 14, 14)
    inside = made.input.inside(0, [slice(0, 14), slice(10, 24)])
    assert inside[0, 0].nonzero().amin(0).tolist() == [0, 3]
    assert inside[0, 0].nonzero().amax(0).tolist() == [10, 10]
    assert int(inside.sum()) == 11 * 8
    assert bool(made.input.inside(0, [slice(0, 40), slice(0, 44)]).all())


def test_what_counts_of_a_part_is_what_the_whole_gives():
    made = stage(picture(40, 44), min_size=40)
    for parameter in made.structure.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, level, scale = torch.rand(1, 3, 40, 44), torch.zeros(1), torch.zeros(1, dtype=torch.long)
    place = [slice(26, 40), slice(5, 19)]
    whole = made.structure(x, level, scale)[..., 26:40, 5:19]
    part = made.structure(x[..., 26:40, 5:19], level, scale)
    inside = made.input.inside(0, place).bool().expand_as(part)
    assert torch.allclose(part[inside], whole[inside], atol=1e-4)
    assert not torch.allclose(part, whole, atol=1e-2)


def test_too_small_for_its_patches():
    with pytest.raises(ValueError, match=r"sinddm\(layers=6.*at least 18"):
        next(Run("sinddm", picture(16, 40), device="cpu"))
    with pytest.raises(ValueError, match=r"sinddm\(dilated_layers=3, layers=3\)"):
        next(Run("sinddm", picture(24, 20), **{**QUICK, "dilated_layers": 3}))


def test_resumed_it_learns_the_same(tmp_path):
    whole = Run("sinddm", picture(24, 20), **{**QUICK, "steps": 6})
    run = Run("sinddm", picture(24, 20), **{**QUICK, "steps": 6})
    for step in run:
        if step.index == 2:
            break
    run.save(tmp_path / "state")
    again = Run("sinddm", picture(24, 20), **{**QUICK, "steps": 6})
    again.load(tmp_path / "state")
    assert torch.equal(again.finish().image, whole.finish().image)
    one, other = (r.stages[-1].sampler() for r in (again, whole))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
