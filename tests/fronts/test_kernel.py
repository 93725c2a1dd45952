"""`kernel`, and `super_resolve(kernel="estimate")`."""

import numpy as np
import pytest
import torch
from skimage import data

import oneself

PICTURE = data.camera()[::4, ::4]
QUICK = {"steps": 2, "width": 8, "layers": 3, "crop": 16}


def test_arrays_and_tensors_alike():
    found = oneself.kernel(PICTURE, steps=20)
    assert found.shape == (13, 13)
    assert found.dtype == np.float32
    assert found.sum() == pytest.approx(1, abs=1e-4)
    again = oneself.kernel(torch.from_numpy(PICTURE)[None, None], steps=20)
    assert isinstance(again, torch.Tensor)
    assert np.array_equal(again.numpy(), found)
    result = oneself.kernel(PICTURE, 2, "kernel_spectra", steps=20, full=True)
    assert np.array_equal(result.image, found)
    assert result.method == "kernel_spectra"
    assert result.steps == 20


def test_an_estimated_kernel_enlarges():
    kernel = oneself.kernel(PICTURE)
    blind = oneself.super_resolve(PICTURE, 2, "estimate", full=True, device="cpu", **QUICK)
    told = oneself.super_resolve(PICTURE, 2, kernel, device="cpu", **QUICK)
    assert np.array_equal(blind.image, told)
    assert any("estimated from the picture by kernel_spectra" in note for note in blind.notes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: oneself.kernel(PICTURE, 2.5), r"kernel\(scale=2.5\).*2, 3 and 4"),
        (lambda: oneself.kernel(PICTURE, (2, 3)), "the same for both axes"),
        (lambda: oneself.kernel(PICTURE, 1), "enlarges nothing"),
        (lambda: oneself.kernel(PICTURE[0]), "pictures"),
        (lambda: oneself.kernel(PICTURE[:12]), "smaller copy"),
        (lambda: oneself.kernel(torch.rand(2, 1, 40, 40)), "one at a time"),
        (lambda: oneself.kernel(PICTURE, method="dip"), "does denoise"),
        (lambda: oneself.denoise(PICTURE, "kernelgan"), "does kernel"),
        (lambda: oneself.super_resolve(PICTURE, 5, "estimate"), "2, 3 and 4"),
        (lambda: oneself.super_resolve(torch.rand(2, 1, 40, 40), 2, "estimate"), "one at a time"),
        (lambda: oneself.super_resolve(PICTURE[:8, :8], 2, np.ones((17, 17)) / 289), "larger than the enlarged image"),
        (lambda: oneself.super_resolve(PICTURE[:2], 2), "too small to learn from"),
        (lambda: oneself.super_resolve(PICTURE[:40, :40], 1.01), "adds less than one sample"),
        (lambda: oneself.super_resolve(PICTURE[:40, :40], 1.01, method="dip"), "adds less than one sample"),
        (lambda: oneself.super_resolve(PICTURE[:40, :40], 0.01), "enlarges nothing"),
        (lambda: oneself.super_resolve(PICTURE[:24, :24], 16), r"would have \(1, 1\) samples"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_word_is_no_kernel():
    with pytest.raises(TypeError, match="not a blur"):
        oneself.super_resolve(PICTURE, 2, "guess")
