"""``generate`` of a clip, ``extrapolate`` and ``interpolate``: kinds, seeds, files, and what is refused."""

import numpy as np
import pytest
import skimage.data
import torch

import oneself
from oneself.core import NotEnoughMemory

WIDE = np.ascontiguousarray(skimage.data.coffee()[100:340:12, 150:450:10])
CLIP = np.stack([WIDE[:, k : k + 20] for k in range(5)])
QUICK = {"width": 8, "blocks": 1, "timesteps": 4, "steps": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def made():
    return oneself.generate(CLIP, 2, channel_axis=-1, **QUICK)


@pytest.fixture
def model(made):
    return made.model


def test_new_clips_are_of_the_clips_kind(made):
    assert made.images.shape == (2, *CLIP.shape)
    assert made.images.dtype == np.uint8
    assert made.model.reconstruction().shape == CLIP.shape
    assert made.result.method == "sinfusion"
    assert not np.array_equal(made.images[0], made.images[1])
    assert made.model.sample(size=(12, 30)).shape == (1, 5, 12, 30, 3)


@pytest.mark.parametrize(
    ("clip", "settings"),
    [
        (CLIP[..., 0], {}),
        (CLIP.transpose(3, 0, 1, 2), {"channel_axis": 0}),
        (CLIP.transpose(0, 3, 1, 2), {"channel_axis": 1}),
        (torch.from_numpy(CLIP.transpose(3, 0, 1, 2)[None] / 255), {}),
    ],
    ids=["gray", "channels-first", "channels-second", "tensor"],
)
def test_every_kind(clip, settings):
    model = oneself.generate(clip, **{**QUICK, "steps": 1}, **settings).model
    more, slow = oneself.extrapolate(model, 3), oneself.interpolate(model)
    time = 2 if isinstance(clip, torch.Tensor) else 1 if settings.get("channel_axis") == 0 else 0
    for found, count in ((more, 3), (slow, 9)):
        assert type(found) is type(clip)
        assert found.dtype == clip.dtype
        assert tuple(found.shape) == (*clip.shape[:time], count, *clip.shape[time + 1 :])


def test_frames_are_made_by_their_seed_and_direction(model):
    three = oneself.extrapolate(model, 3, seed=4)
    assert np.array_equal(three[:2], oneself.extrapolate(model, 2, seed=4))
    assert not np.array_equal(three, oneself.extrapolate(model, 3, seed=5))
    back = oneself.extrapolate(model, 3, direction="backward", seed=4)
    assert np.array_equal(back[1:], oneself.extrapolate(model, 2, direction="backward", seed=4))
    again = oneself.extrapolate(model, 3, frame=CLIP[-1], seed=4)
    assert np.array_equal(again, three)
    assert oneself.extrapolate(model, 2, frame=WIDE).shape == (2, *WIDE.shape)


def test_the_clips_own_frames_stay(model):
    assert np.array_equal(oneself.interpolate(model)[::2], CLIP)
    four = oneself.interpolate(model, 4)
    assert four.shape[0] == 17
    assert np.array_equal(four[::4], CLIP)


def test_a_saved_model_gives_the_same_frames(model, tmp_path):
    model.save(tmp_path / "model")
    again = oneself.Model.load(tmp_path / "model", "sinfusion", "cpu")
    assert np.array_equal(oneself.extrapolate(again, 2), oneself.extrapolate(model, 2))
    assert np.array_equal(oneself.interpolate(again), oneself.interpolate(model))
    with pytest.raises(ValueError, match="a model of method 'sinfusion', method 'singan' was asked for"):
        oneself.Model.load(tmp_path / "model", "singan")


def test_what_it_costs_is_said_of_all_networks():
    said = []
    oneself.generate(CLIP, tell=said.append, channel_axis=-1, **QUICK)
    assert "sinfusion: 4 steps over 3 networks, about" in said[0]


def test_the_callers_random_state_stays(model):
    before = torch.get_rng_state()
    oneself.extrapolate(model)
    oneself.interpolate(model)
    assert torch.equal(before, torch.get_rng_state())


def test_refusals(model):
    still = oneself.generate(CLIP[0], method="sinfusion", **{**QUICK, "steps": 1}).model
    for call, words in [
        (lambda: oneself.extrapolate(model, 0), "not a number of frames"),
        (lambda: oneself.extrapolate(model, direction="sideways"), "'forward' or 'backward'"),
        (lambda: oneself.extrapolate(model, frame=CLIP), "3 spatial axes"),
        (lambda: oneself.extrapolate(model, frame=CLIP[0, ..., 0]), "no frame of 3 channels"),
        (lambda: oneself.interpolate(model, 3), "2, 4, 8 or 16"),
        (lambda: oneself.extrapolate(still), "a model of one picture"),
        (lambda: oneself.interpolate(still), "a model of one picture"),
        (lambda: oneself.edit(model, CLIP[0]), "a model of a clip"),
        (lambda: model.sample(guide=torch.mean), "cannot be steered"),
        (lambda: oneself.animate(model), "a model of a clip. Use extrapolate"),
        (lambda: oneself.generate(CLIP[:1], channel_axis=-1), "a clip of 1 frames"),
        (lambda: oneself.generate(CLIP[:, :5, :9], channel_axis=-1), "too small to learn from"),
        (lambda: oneself.generate(CLIP, method="singan", channel_axis=-1), "works on 2D"),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            call()
    for call in (lambda: oneself.extrapolate(model, 10**9), lambda: model.sample(size=(10**6, 10**6))):
        with pytest.raises(NotEnoughMemory):
            call()


def test_a_picture_is_edited_from_a_level_of_noise():
    model = oneself.generate(CLIP[0], method="sinfusion", **{**QUICK, "timesteps": 9}).model
    assert model.scales == 9
    assert model.sample(2).shape == (2, *CLIP[0].shape)
    far = [np.abs(model.sample(start_scale=k)[0].astype(float) - CLIP[0]).mean() for k in (0, 8)]
    assert far[1] < far[0]
    for task in (oneself.paint, oneself.edit, oneself.harmonise):
        assert task(model, CLIP[1]).shape == CLIP[1].shape
