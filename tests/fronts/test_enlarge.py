"""``enlarge``: a larger picture that is the given one when it is shrunk, of its kind, and what is refused."""

import numpy as np
import pytest
import skimage.data
import torch

import oneself
from oneself.operators.resize import resize

PICTURE = np.ascontiguousarray(skimage.data.coffee()[100:340:10, 150:450:10])
QUICK = {"min_size": 12, "layers": 3, "width": 8, "steps": 20, "device": "cpu"}


@pytest.fixture(scope="module", params=["singan", "sinddm"])
def model(request):
    return oneself.generate(PICTURE, method=request.param, **QUICK).model


@pytest.mark.parametrize(("factor", "size"), [(2, (48, 60)), (1.2, (29, 36)), (3.3, (79, 99))])
def test_shrunk_it_is_the_picture_again(model, factor, size):
    made = oneself.enlarge(model, factor=factor)
    assert (made.shape, made.dtype) == ((*size, 3), np.uint8)
    again = resize(torch.from_numpy(made.astype(np.float32).transpose(2, 0, 1)[None]), PICTURE.shape[:2])
    off = (again[0].permute(1, 2, 0).numpy() - PICTURE.astype(float)).flatten()
    assert np.median(np.abs(off)) < 0.5  # not everywhere, as it was rounded and brought back to 0 ... 255
    assert np.sqrt(np.square(off).mean()) < 6
    assert np.array_equal(made, oneself.enlarge(model, PICTURE, factor))
    assert not np.array_equal(made, oneself.enlarge(model, factor=factor, seed=1))


def test_any_picture_of_its_kind(model):
    other = PICTURE[::-1, :20].copy()
    assert oneself.enlarge(model, other, 2).shape == (48, 40, 3)
    x = torch.from_numpy(other.transpose(2, 0, 1)[None] / 255).float()
    made = oneself.enlarge(model, x, 2)
    assert (made.shape, made.dtype) == ((1, 3, 48, 40), torch.float32)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_refusals(model):
    fusion = {"width": 8, "blocks": 1, "timesteps": 4, "steps": 1, "device": "cpu", "method": "sinfusion"}
    flat = oneself.generate(PICTURE, **fusion).model
    for call, words in [
        (lambda: oneself.enlarge(flat), "a model of sinfusion without smaller scales"),
        (lambda: oneself.enlarge(model, factor=1), "factor=1"),
        (lambda: oneself.enlarge(model, factor=17), "factor=17"),
        (lambda: oneself.enlarge(model, PICTURE[..., 0]), "1 channels, the model has learned 3"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
