"""A model of SinDDM through the front doors: sampled, saved, edited, steered, and what it refuses."""

import numpy as np
import pytest
import skimage.data
import torch

import oneself

PICTURE = np.ascontiguousarray(skimage.data.coffee()[100:340:10, 150:450:10])
QUICK = {"min_size": 12, "layers": 3, "dilated_layers": 0, "width": 8, "timesteps": 12, "steps": 200, "device": "cpu"}


@pytest.fixture(scope="module")
def model():
    said = []
    made = oneself.generate(PICTURE, 2, method="patch_diffusion", tell=said.append, **QUICK)
    assert made.images.shape == (2, *PICTURE.shape)
    assert made.result.image.shape == (1, 3, 24, 30)
    assert "patch_diffusion: 200 steps, about" in said[0]
    return made.model


def test_samples_of_any_size_by_seed(model):
    two = model.sample(2, (20, 50), seed=4)
    assert two.shape == (2, 20, 50, 3)
    assert two.dtype == np.uint8
    assert np.array_equal(two[:1], model.sample(1, (20, 50), seed=4))
    assert not np.array_equal(two[0], two[1])


def test_a_short_training_already_has_the_colours(model):
    made, real = model.sample(4).astype(float), PICTURE.astype(float)
    assert np.abs(made.mean((0, 1, 2)) - real.mean((0, 1))).max() < 25
    assert made.std() == pytest.approx(real.std(), rel=0.35)


def test_finer_starts_stay_nearer_to_the_picture(model):
    far = [np.abs(model.sample(1, start_scale=k)[0] - PICTURE.astype(float)).mean() for k in range(model.scales)]
    assert far[-1] < 0.7 * far[0]


def test_a_saved_model_gives_the_same_samples(model, tmp_path):
    model.save(tmp_path / "model")
    again = oneself.Model.load(tmp_path / "model", "patch_diffusion", "cpu")
    assert np.array_equal(again.sample(1, (20, 40)), model.sample(1, (20, 40)))
    with pytest.raises(ValueError, match="a model of method 'patch_diffusion', method 'singan' was asked for"):
        oneself.Model.load(tmp_path / "model", "singan")


@pytest.mark.parametrize("task", ["paint", "edit", "harmonise"])
def test_edits(model, task):
    edited = PICTURE.copy()
    edited[5:12, 8:16] = [250, 10, 10]
    mask = np.zeros(edited.shape[:2], bool)
    mask[4:13, 7:17] = True
    found = oneself.paint(model, edited) if task == "paint" else getattr(oneself, task)(model, edited, mask)
    assert found.shape == edited.shape
    assert not np.array_equal(found, edited)
    if task != "paint":
        assert np.array_equal(found[~mask], edited[~mask])


def test_regions_are_kept_and_scores_raised(model):
    region = oneself.Region(part=(6, 4, 12, 14), place=(8, 30))
    held, free = (model.sample(1, (24, 60), regions=regions)[0].astype(float) for regions in ([region], []))
    wanted = PICTURE[6:18, 4:18].astype(float)
    off = [np.abs(x[8:20, 30:44] - wanted).mean() for x in (held, free)]
    assert off[0] < 0.6 * off[1]
    red, plain = (model.sample(2, guide=guide).astype(float) for guide in (lambda x: x[:, 0].mean(), None))
    assert red[..., 0].mean() > plain[..., 0].mean() + 5


@pytest.mark.parametrize("start", [0, 1])
def test_an_animation_moves_smoothly(model, start):
    clip = oneself.animate(model, 8, start_scale=start, seed=2).astype(float)
    assert clip.shape == (8, *PICTURE.shape)
    near = np.abs(clip[1:] - clip[:-1]).mean()
    assert 0 < near < 0.8 * np.abs(clip[4:] - clip[:-4]).mean()
    sharpness = np.abs(np.diff(clip, axis=2)).mean() / np.abs(np.diff(PICTURE.astype(float), axis=1)).mean()
    assert 0.4 < sharpness < 1.5
    assert np.array_equal(clip[:4], oneself.animate(model, 4, start_scale=start, seed=2))


def test_refusals(model):
    for call, words in [
        (lambda: model.sample(guide="a red balloon"), "none comes with this library"),
        (lambda: model.sample(guide=3), "cannot be called"),
        (lambda: model.sample(guide=np.mean, strength=-1.0), "strength=-1.0"),
        (lambda: model.sample(guide=torch.mean, fill=0.0), "fill=0.0"),
        (lambda: model.sample(guide=lambda x: x), r"scores a picture with a tensor of \(1, 3, 24, 30\)"),
        (lambda: model.sample(regions=[oneself.Region((20, 0, 12, 5), (0, 0))]), "leaves the training picture"),
        (lambda: model.sample(regions=[oneself.Region((0, 0, 5, 5), (0, 26))]), "leaves the sample, 24x30"),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            call()


def test_others_cannot_be_steered():
    options = {"min_size": 12, "layers": 3, "width": 8, "steps": 1, "device": "cpu"}
    model = oneself.generate(PICTURE, method="singan", **options).model
    with pytest.raises(ValueError, match="a model of singan cannot be steered"):
        model.sample(guide=lambda x: x.mean())
