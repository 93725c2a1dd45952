import numpy as np
import torch

from oneself.drawing import draw
from oneself.pretraining.pool import Pool


def test_a_pool_holds_the_same_whenever_it_is_told() -> None:
    """And whoever draws: processes, here one, or itself."""
    one, other = Pool(3, size=48, most=2, seed=5), Pool(3, size=48, most=2, seed=5, drawers=1)
    one.draw_until(3)
    other.draw_until(1)
    other.draw_until(3)
    other.close()
    assert torch.equal(one.pictures, other.pictures)
    assert np.array_equal(
        one.pictures[0].numpy(), draw(7, 3, 48).astype(np.float16)
    )  # the third takes the first's place
    patches, again = (pool.patches(torch.Generator().manual_seed(0), 12, 16) for pool in (one, other))
    assert patches.shape == (12, 3, 16, 16)
    assert torch.equal(patches, again)
    assert 0 <= patches.min() < patches.max() <= 1


def test_patches_are_squares_of_the_pictures() -> None:
    """Turned or flipped in each of eight ways: of a picture whose values tell their place, all are found."""
    pool = Pool(1, size=16, most=1)
    pool.draw_until(1)
    pool.pictures[0, :, :, 0] = torch.arange(256.0).reshape(16, 16)
    cut = pool._cut(torch.Generator().manual_seed(0), 100, 3)
    found = set()
    for patch in cut[:, 0]:
        down, right = int(patch[1, 0] - patch[0, 0]), int(patch[0, 1] - patch[0, 0])
        found.add((down, right))
        assert torch.equal(patch, patch[0, 0] + down * torch.arange(3.0)[:, None] + right * torch.arange(3.0))
    assert found == {(a * 16, b) for a in (-1, 1) for b in (-1, 1)} | {(a, b * 16) for a in (-1, 1) for b in (-1, 1)}
