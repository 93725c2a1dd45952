"""Crops of fathers, found again in them; tests/recipes/test_zssr.py says more of sons."""

import pytest
import torch
from torch import Tensor

from oneself.inputs import FatherSon
from oneself.operators import Resize, enlarge
from oneself.operators.alignment import turns


def numbered(*size: int) -> Tensor:
    return torch.arange(float(torch.tensor(size).prod())).reshape(1, 1, *size)


def sons(fathers: list[Tensor], scale: tuple[float, ...], crop: int, **more: object) -> FatherSon:
    return FatherSon(fathers, Resize(scale).A, enlarge, scale, turns(scale), crop=crop, **more)


@pytest.mark.parametrize("size", [(40, 56), (20, 18), (13, 30)])
def test_a_crop_is_a_turned_part_of_the_father_from_anywhere(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    y, examples, seen = numbered(*size), sons([numbered(*size)], (2.0, 2.0), 12), set()
    for _ in range(400):
        target = examples().target
        inverse = [turn for turn in turns((2.0, 2.0)) if _is_part(turn(target), y)]
        assert len(inverse) == 1
        seen |= set(target.flatten().tolist())
    assert len(seen) > 0.99 * y.numel()


def _is_part(x: Tensor, y: Tensor) -> bool:
    row, column = divmod(int(x[0, 0, 0, 0]), y.shape[3])
    part = y[..., row : row + x.shape[2], column : column + x.shape[3]]
    return part.shape == x.shape and torch.equal(part, x)


@pytest.mark.parametrize("scale", [(2.0, 2.0), (1.5, 1.5), (1.0, 3.0)])
def test_within_its_father_a_son_is_what_the_whole_father_makes(scale: tuple[float, float]) -> None:
    """The margin is wide enough: a crop's son is that of the whole father, cut out."""
    torch.manual_seed(0)
    y = torch.rand(1, 1, 60, 60, dtype=torch.float64)
    examples = FatherSon([y], Resize(scale).A, enlarge, scale, turns(scale)[:1], crop=12)
    whole = enlarge(Resize(scale).A(y), (60, 60))
    compared = 0
    for _ in range(100):
        (son,), father, _ = examples()
        row, column = ((y == father[0, 0, 0, 0]).nonzero()[0][2:]).tolist()
        begins = [place - (outer - 12) // 2 for place, outer in zip((row, column), examples.outer, strict=True)]
        inside = all(b >= 0 and b + outer <= 60 for b, outer in zip(begins, examples.outer, strict=True))
        if inside and all(b / s == round(b / s) for b, s in zip(begins, scale, strict=True)):
            compared += 1
            assert torch.allclose(son, whole[..., row : row + 12, column : column + 12], atol=1e-9)
    assert compared > 3


def test_several_crops_at_once() -> None:
    example = sons([numbered(30, 30)], (2.0, 2.0), 8, crops=5)()
    assert example.input[0].shape == example.target.shape == (5, 1, 8, 8)
    assert len({float(father[0, 0, 0]) for father in example.target}) > 1


def test_a_clean_look_is_of_the_first_father_at_a_multiple_of_the_factor() -> None:
    first, second = torch.rand(1, 2, 13, 16), torch.rand(1, 2, 12, 12)
    (son,), father, _ = sons([first, second], (2.0, 2.0), 8).evaluation_example()
    assert torch.equal(father, first[..., :12, :])
    assert torch.allclose(son, enlarge(Resize((2.0, 2.0)).A(father), (12, 16)))
