"""``generate`` and what can be done with its model: sampled again, saved, edited, animated, and refused."""

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
import torch

import oneself
from oneself.core import NotEnoughMemory
from oneself.core.checkpoint import load_tree, save_tree
from oneself.generative.model import Kind
from oneself.tasks import generation
from oneself.tasks.animation import _Walk
from oneself.tasks.generation import _mask, first_scale

PICTURE = np.ascontiguousarray(skimage.data.coffee()[100:340:10, 150:450:10])
QUICK = {"min_size": 12, "layers": 3, "width": 8, "steps": 4, "device": "cpu", "method": "singan"}


@pytest.fixture(scope="module")
def made():
    return oneself.generate(PICTURE, 2, **QUICK)


@pytest.fixture
def model(made):
    return made.model


def test_pictures_are_of_the_inputs_kind(made):
    assert made.images.shape == (2, *PICTURE.shape)
    assert made.images.dtype == np.uint8
    assert made.model.reconstruction().shape == PICTURE.shape
    assert made.result.method == "singan"
    assert not np.array_equal(made.images[0], made.images[1])


@pytest.mark.parametrize(
    ("image", "shape", "settings"),
    [
        (PICTURE[..., 0], (1, 30, 40), {}),
        (PICTURE.transpose(2, 0, 1), (1, 3, 30, 40), {"channel_axis": 0}),
        (torch.from_numpy(PICTURE.transpose(2, 0, 1)[None] / 255), (1, 3, 30, 40), {}),
        (PICTURE.astype(np.float32) * 4, (1, 30, 40, 3), {"data_range": (0, 1020)}),
    ],
    ids=["gray", "channels-first", "tensor", "range"],
)
def test_every_kind(image, shape, settings):
    images = oneself.generate(image, size=(30, 40), **{**QUICK, "steps": 1}, **settings).images
    assert tuple(images.shape) == shape
    assert images.dtype == image.dtype
    assert abs(float(images.mean()) / float(image.mean()) - 1) < 0.8
    assert type(images) is type(image)


def test_a_seed_gives_the_same_samples_however_many(model):
    three, one = model.sample(3, seed=5), model.sample(1, seed=5)
    assert np.array_equal(three[:1], one)
    assert not np.array_equal(three, model.sample(3, seed=6))


def test_no_sample_is_the_reconstruction(model):
    far = [np.abs(one.astype(float) - model.reconstruction()).mean() for one in model.sample(4, seed=model.seed)]
    assert min(far) > 0.3 * max(far)


@pytest.mark.parametrize("size", [(24, 60), (48, 30), (9, 100)])
def test_any_size(model, size):
    assert model.sample(size=size).shape == (1, *size, 3)


def test_finer_starts_stay_nearer_to_the_picture(model):
    far = [np.abs(model.sample(1, start_scale=k)[0] - PICTURE.astype(float)).mean() for k in range(model.scales)]
    assert far[-1] < far[0]


def test_a_saved_model_gives_the_same_samples(model, tmp_path):
    model.save(tmp_path / "model")
    again = oneself.Model.load(tmp_path / "model", "singan", "cpu")
    assert np.array_equal(again.sample(2, (20, 40)), model.sample(2, (20, 40)))
    assert again.options == model.options


def test_models_of_other_methods_and_versions_are_refused(model, tmp_path):
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="a model of method 'singan', method 'sinddm' was asked for"):
        oneself.Model.load(tmp_path / "model", "sinddm")
    save_tree({**load_tree(tmp_path / "model"), "version": 7}, tmp_path / "newer")
    with pytest.raises(ValueError, match="model version 7, this library reads version 1"):
        oneself.Model.load(tmp_path / "newer")
    run = oneself.Run(y=torch.rand(1, 3, 20, 20), **QUICK)
    next(run)
    run.save(tmp_path / "run")
    with pytest.raises(ValueError, match="the checkpoint of a run, not a trained generator"):
        oneself.Model.load(tmp_path / "run")
    (tmp_path / "junk").write_bytes(b"junk" * 30)
    with pytest.raises(ValueError, match="damaged"):
        oneself.Model.load(tmp_path / "junk")


@pytest.mark.parametrize("task", ["paint", "edit", "harmonise"])
def test_edits_keep_the_pictures_shape_and_what_is_not_marked(model, task):
    edited = PICTURE.copy()
    edited[5:12, 8:16] = [250, 10, 10]
    found = getattr(oneself, task)(model, edited)
    assert found.shape == edited.shape
    assert found.dtype == np.uint8
    assert not np.array_equal(found, edited)
    if task != "paint":
        mask = np.zeros(edited.shape[:2], bool)
        mask[4:13, 7:17] = True
        inside = getattr(oneself, task)(model, edited, mask)
        assert np.array_equal(inside[~mask], edited[~mask])
        assert not np.array_equal(inside[mask], edited[mask])


def test_an_animation_moves_smoothly(model):
    clip = oneself.animate(model, 6, start_scale=0)
    assert clip.shape == (6, *PICTURE.shape)
    values = clip.astype(float)
    other = model.sample(6).astype(float)
    assert 0 < np.abs(np.diff(values, axis=0)).mean() < np.abs(np.diff(other, axis=0)).mean()
    assert np.array_equal(clip, oneself.animate(model, 6, start_scale=0))


def test_the_cost_is_said_before():
    said = []
    oneself.generate(PICTURE, tell=said.append, **QUICK)
    assert len(said) == 1
    assert "singan: 12 steps over 3 scales, about" in said[0]
    assert "GPU" not in said[0]


def test_work_for_a_gpu_is_called_that():
    given = {"preset": "near-published", "min_size": 20, "width": 16, "batch": 1, "steps": 10**7}
    training = generation.Training(PICTURE, "sinddm", device="cpu", **given)
    assert re.search(r"about [\d:]+ h .*on cpu; this is work for a GPU", training.cost())


def test_time_allowed_ends_the_training_with_a_model():
    made = oneself.generate(PICTURE, seconds=1.0, **{**QUICK, "steps": 5000})
    assert made.images.shape == (1, *PICTURE.shape)
    assert made.result.steps < 15000
    assert len(made.result.stages) == 3


def test_the_callers_random_state_stays(model):
    before = torch.get_rng_state()
    model.sample(2)
    oneself.animate(model, 2)
    assert torch.equal(before, torch.get_rng_state())


REFUSED = [
    (lambda: oneself.generate(np.dstack([PICTURE, PICTURE[..., :1]])), "may be alpha"),
    (lambda: oneself.generate(PICTURE[:10]), "at least 12"),
    (lambda: oneself.generate(PICTURE[0], channel_axis=1), "1 spatial axes"),
    (lambda: oneself.generate(PICTURE.transpose(2, 0, 1)), "channels or frames"),
    (lambda: oneself.generate(np.stack([PICTURE] * 4), method="singan", channel_axis=3), "SinGAN works on 2D"),
    (lambda: oneself.generate(np.stack([PICTURE, PICTURE[::-1]]), channel_axis=3), "a clip of 2 frames"),
    (lambda: oneself.generate(np.stack([PICTURE] * 4)[:, :6, :9], channel_axis=3), "too small to learn from"),
    (lambda: oneself.generate(torch.rand(2, 3, 30, 30)), "2 pictures"),
    (lambda: oneself.generate(PICTURE, size=(3, 400)), "too small"),
    (lambda: oneself.generate(PICTURE, size=(30.5, 40)), "no size"),
    (lambda: oneself.generate(PICTURE, size="512x512"), "no size"),
    (lambda: oneself.generate(PICTURE, method="dip"), "Use one of .*singan"),
    (lambda: oneself.generate(PICTURE * 0), "Where all are the same"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refusals_before_the_work(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_refusals_of_a_model(model):
    for call, words in [
        (lambda: model.sample(0), "not a number of pictures"),
        (lambda: model.sample(start_scale=3), "scales 0 .coarsest. to 2"),
        (lambda: oneself.paint(model, PICTURE, scale=0), "1 .coarse. to 2"),
        (lambda: oneself.paint(model, PICTURE[..., 0]), "1 channels, the model has learned 3"),
        (lambda: oneself.edit(model, PICTURE, np.ones((3, 3))), "Give a mask of that shape"),
        (lambda: oneself.harmonise(model, PICTURE, np.zeros(PICTURE.shape[:2])), "marks nothing"),
        (lambda: oneself.animate(model, 1), "at least 2"),
        (lambda: oneself.animate(model, pull=2.0), "pull=2.0"),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            call()


def test_a_size_that_would_not_fit_in_memory(model):
    with pytest.raises(NotEnoughMemory, match="Give a smaller size, such as"):
        model.sample(size=(10**6, 10**6))
    with pytest.raises(NotEnoughMemory, match="Give a smaller size, such as"):
        oneself.generate(PICTURE, size=(10**6, 10**6), tell=lambda words: pytest.fail(words))


def test_the_seed_is_that_of_the_samples_too():
    found = oneself.generate(PICTURE, seed=3, **{**QUICK, "steps": 1})
    assert np.array_equal(found.images, found.model.sample(seed=3))
    assert not np.array_equal(found.images, found.model.sample(seed=0))


def test_samples_are_brought_back_to_the_pictures_range():
    x = torch.tensor([0.0, 0.25, 1.0]).reshape(1, 1, 1, 3)
    assert Kind(-1, 3, "float64", None, True).pack(x).flatten().tolist() == [-1, 0, 3]
    assert Kind(-1, 3, "float32", None).pack(x).tolist() == [[[-1, 0, 3]]]
    assert Kind(0, 255, "uint8", 2).pack(x.expand(2, 3, 1, 3)).shape == (2, 1, 3, 3)


def test_a_painting_has_the_range_of_the_model():
    wide = PICTURE.astype(np.float32) * 4
    model = oneself.generate(wide, data_range=(0, 1020), **{**QUICK, "steps": 1}).model
    found = oneself.paint(model, wide)
    assert found.max() > 255
    assert float(np.abs(found - wide).mean()) < 300


def test_the_size_that_is_proposed_fits(model, monkeypatch):
    monkeypatch.setattr("oneself.generative.model.available_memory", lambda device: 1e9)
    with pytest.raises(NotEnoughMemory) as refused:
        model.check_memory((20_000, 10_000))
    most = re.search(r"such as (\d+)x(\d+)", str(refused.value))
    height, width = int(most[1]), int(most[2])
    assert height == pytest.approx(2 * width, rel=0.01)
    model.check_memory((height, width))
    with pytest.raises(NotEnoughMemory):
        model.check_memory((int(1.03 * height), int(1.03 * width)))


def test_where_edits_begin():
    for scales, found in ((2, (1, 1, 1)), (9, (2, 4, 5)), (11, (2, 5, 6))):
        starts = [first_scale(task, SimpleNamespace(scales=scales), None) for task in ("paint", "edit", "harmonise")]
        assert tuple(starts) == found


def test_a_mask_fades_inwards():
    mask = np.zeros((13, 15), bool)
    mask[3:10, 2:] = True
    found = _mask("edit", mask, mask.shape)[0, 0]
    assert found[:, 6].tolist() == pytest.approx([0] * 3 + [0.6, 0.8, 1, 1, 1, 0.8, 0.6] + [0] * 3)
    assert float(found[6, 14]) == 1, "it does not fade at the picture's own border"


def test_a_walk_is_the_one_that_is_written():
    anchor = torch.rand(1, 1, 3, 4)
    model = SimpleNamespace(sampler=SimpleNamespace(fixed=lambda level, like: anchor))
    walk, like = _Walk(model, 1, 0.2, 0.7), torch.empty(1, 1, 3, 4)
    assert torch.equal(walk(0, like), anchor)
    torch.manual_seed(0)
    found = [walk(1, like) for _ in range(3)]
    torch.manual_seed(0)
    z, before = anchor, anchor
    for one in found:
        moved = z + 0.7 * (z - before) + 0.3 * torch.randn_like(like)
        z, before = 0.2 * anchor + 0.8 * moved, z
        assert torch.allclose(one, z)


def test_the_expected_time_is_that_of_all_steps(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(generation, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    run = oneself.Run(y=torch.rand(1, 3, 24, 30), **QUICK)
    expected = generation.training_cost(run)
    assert (expected.seconds, expected.steps, expected.stages) == (12.0, 12, 3)  # of a second each
    assert expected.memory is None or 1e7 < expected.memory < 1e11


@pytest.mark.parametrize(("side", "method"), [(24, "patch_diffusion"), (16, "patch_transport")])
def test_auto_chooses_what_the_picture_is_large_enough_for(side, method):
    training = generation.Training(torch.rand(1, 3, side, 30), device="cpu", steps=1)
    assert training.run.method.key == method
