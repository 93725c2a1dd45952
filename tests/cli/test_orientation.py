"""Masks, hints, guides and other pictures drawn on a photograph as viewers show it."""

import numpy as np
import pytest
from PIL import Image, ImageOps

TURNED = {3: 2, 6: 1, 8: 3}  # quarter turns against the clock by which the stored pixels lie
QUICK = ("--method", "dip", "--steps", "2", "--width", "4", "--levels", "2", "--device", "cpu")


def photograph(path, seen, tag):
    exif = Image.Exif()
    exif[274] = tag
    Image.fromarray(np.rot90(seen, TURNED[tag]).copy()).save(path, exif=exif)


def seen_in(path):
    with Image.open(path) as opened:
        return np.asarray(ImageOps.exif_transpose(opened))


@pytest.fixture
def scene():
    y, _ = np.mgrid[:24, :30]
    noisy = 120 + 3 * y + np.random.default_rng(0).normal(0, 4, y.shape)
    seen = np.stack([np.clip(noisy, 0, 255).astype(np.uint8)] * 3, -1)
    mask = np.zeros((24, 30), np.uint8)
    mask[4:10, 6:14] = 255
    return seen, mask


@pytest.mark.parametrize("tag", TURNED)
def test_the_place_that_is_seen_is_filled(tag, scene, oneself, tmp_path):
    seen, mask = scene
    marked = np.where(mask[..., None] > 0, np.uint8([255, 0, 0]), seen)
    photograph(tmp_path / "p.png", marked, tag)
    Image.fromarray(mask).save(tmp_path / "m.png")
    done = oneself("inpaint p.png o.png --mask m.png", *QUICK)
    assert done.code == 0, done.err
    with Image.open(tmp_path / "o.png") as opened:
        assert opened.getexif()[274] == tag
    made = seen_in(tmp_path / "o.png")
    assert np.array_equal(made[mask == 0], seen[mask == 0])
    assert (made[mask > 0] != marked[mask > 0]).any(axis=-1).all()


def test_what_does_not_fit_is_told_why(scene, oneself, tmp_path):
    seen, mask = scene
    photograph(tmp_path / "p.png", seen, 6)
    Image.fromarray(np.rot90(mask).copy()).save(tmp_path / "m.png")
    done = oneself("inpaint p.png o.png --mask m.png", *QUICK)
    assert done.code == 2
    assert "turned by its EXIF orientation (6)" in done.err


def test_a_guide_and_the_picture_to_compare_are_turned_alike(scene, oneself, tmp_path):
    seen, _ = scene
    photograph(tmp_path / "p.png", seen, 6)
    photograph(tmp_path / "g.png", seen[..., ::-1], 8)
    done = oneself("denoise p.png o.png --guide g.png --compare c.png", *QUICK)
    assert done.code == 0, done.err
    shown = seen_in(tmp_path / "c.png")
    assert shown.shape == (24, 2 * 30 + 8, 3)
    assert np.array_equal(shown[:, :30], seen)


def test_info_says_so(scene, oneself, tmp_path):
    photograph(tmp_path / "p.png", scene[0], 8)
    assert "shown turned, EXIF orientation 8" in oneself("info p.png").out


def test_new_pictures_are_upright(scene, oneself, tmp_path):
    photograph(tmp_path / "p.png", scene[0], 6)
    done = oneself("generate p.png new/ --method sinddm --steps 2 --width 4 --device cpu")
    assert done.code == 0, done.err
    (made,) = (tmp_path / "new").glob("*.png")
    assert seen_in(made).shape == scene[0].shape
