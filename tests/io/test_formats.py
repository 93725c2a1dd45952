"""The register of formats."""

import pytest

from oneself.io.files import CODERS
from oneself.io.formats import EXTENSIONS, FORMATS, PICTURES, known_by, of_ending
from oneself.io.picture import Metadata


def test_every_format_is_read_and_written_and_has_endings_of_its_own():
    assert set(CODERS) == set(FORMATS)
    assert len(EXTENSIONS) == len(set(EXTENSIONS)) == sum(len(one.endings) for one in PICTURES)
    assert all(one.holds <= set(Metadata.__dataclass_fields__) and set(one.limits) <= one.holds for one in PICTURES)


@pytest.mark.parametrize("one", PICTURES, ids=lambda one: one.key)
def test_its_marks_tell_a_format(one):
    for mark in one.marks:
        assert known_by(mark.ljust(16, b"\1"), ".anything") is one
    for ending in one.endings:
        assert of_ending(ending.upper()) is one


def test_what_is_no_picture_is_known_by_nothing():
    assert known_by(b"\1" * 16, ".png") is None
    assert known_by(b"RIFF\1\1\1\1WEBP\1\1\1\1", ".wav") is FORMATS["webp"]
    assert known_by(b"RIFF\1\1\1\1AVI \1\1\1\1", ".webp") is None
