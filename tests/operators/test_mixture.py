"""What a mixture may be."""

import pytest
import torch

from oneself.operators import MIXTURES, Mixture

MARKS = torch.zeros(1, 1, 4, 4)


def marks(*values: float) -> torch.Tensor:
    made = MARKS.clone()
    for place, value in enumerate(values):
        made[..., place, 0] = value
    return made


def test_the_share_is_of_the_first():
    assert float(Mixture.mix(torch.tensor(1.0), torch.tensor(3.0), torch.tensor(0.25))) == 2.5


def test_what_is_known_follows_to_a_device_and_is_given_by_name():
    mixture = Mixture("segment", hints=marks(1, 2)).double()
    assert mixture.task() == "segment"
    assert list(mixture.known()) == ["hints"]
    assert mixture.known()["hints"].dtype == torch.float64
    assert Mixture("dehaze").known() == {}


@pytest.mark.parametrize(
    ("task", "given", "words"),
    [
        ("unmix", {}, f"unknown. Give one of {', '.join(MIXTURES)}"),
        ("segment", {}, "hints=None.*Give hints"),
        ("watermark", {}, "mask=None.*Give mask"),
        ("dehaze", {"mask": marks(1)}, "only watermark uses it. Leave mask out"),
        ("segment", {"hints": marks(1, 2), "second": MARKS}, "only transparency uses it"),
        ("segment", {"hints": marks(1)}, "none of the background. Mark some of it with 2"),
        ("segment", {"hints": marks(2)}, "none of the foreground"),
        ("segment", {"hints": marks(1, 2, 3)}, r"holds 3\. Give 0 \(unknown\), 1 \(foreground\) and 2"),
        ("watermark", {"mask": MARKS}, "marks nothing"),
        ("watermark", {"mask": MARKS + 1}, "marks everything"),
    ],
)
def test_what_cannot_be_is_refused(task, given, words):
    with pytest.raises(ValueError, match=words):
        Mixture(task, **given)
