import pytest
import torch
from torch import nn

from oneself.optim import Muon
from oneself.optim.muon import orthogonalised


@pytest.mark.parametrize("shape", [(48, 432), (64, 24), (16, 16)])
def test_orthogonalised_drives_all_singular_values_towards_one(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    made = orthogonalised(matrix)
    u, before, v = torch.linalg.svd(matrix, full_matrices=False)
    after = torch.linalg.svdvals(made)
    assert before.max() / before.min() > after.max() / after.min()
    assert after.min() > 0.6
    assert after.max() < 1.3
    # the singular directions stay: the answer is diagonal between them
    between = u.T @ made @ v.T
    assert (between - between.diag().diag()).abs().max() < 1e-4


def test_narrow_parameters_move_as_adam_moves_them():
    start = torch.randn(3, 48, 1, 1, generator=torch.Generator().manual_seed(0))
    mine, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    ours, adam = Muon([mine], lr=0.01), torch.optim.Adam([theirs], lr=0.01)
    for seed in range(20):
        gradient = torch.randn(start.shape, generator=torch.Generator().manual_seed(seed))
        mine.grad, theirs.grad = gradient.clone(), gradient.clone()
        ours.step()
        adam.step()
    assert torch.allclose(mine, theirs, atol=1e-5)


def test_hidden_kernels_move_alike_whatever_the_gradients_scale():
    start = torch.randn(32, 32, 3, 3, generator=torch.Generator().manual_seed(0))
    moved = []
    for scale in (1.0, 1e4):
        weight = nn.Parameter(start.clone())
        weight.grad = scale * torch.randn(start.shape, generator=torch.Generator().manual_seed(1))
        Muon([weight], lr=0.01).step()
        moved.append(weight.detach() - start)
    assert torch.allclose(*moved, atol=1e-5)
    size = moved[0].norm() / 32**0.5  # about 0.2 sqrt(fan in) rate: of the size of Adam's moves
    assert 0.6 < size / (0.01 * 0.2 * (32 * 9) ** 0.5) < 1.3


def test_state_is_saved_and_restored():
    def moved(optimiser, weight, seeds):
        for seed in seeds:
            weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed))
            optimiser.step()
        return weight.detach().clone()

    for shape in ((32, 32, 3), (8,)):
        whole = nn.Parameter(torch.ones(shape))
        straight = moved(Muon([whole], lr=0.01), whole, range(6))
        part = nn.Parameter(torch.ones(shape))
        first = Muon([part], lr=0.01)
        moved(first, part, range(3))
        second = Muon([part], lr=0.01)
        second.load_state_dict(first.state_dict())
        assert torch.equal(moved(second, part, range(3, 6)), straight)


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"Muon\(lr=0\)"):
        Muon([nn.Parameter(torch.ones(2))], lr=0)


def test_kernels_of_one_shape_move_together_as_each_would_alone():
    def moved(starts):
        weights = [nn.Parameter(start.clone()) for start in starts]
        optimiser = Muon(weights, lr=0.01)
        for seed in range(3):
            for k, weight in enumerate(weights):
                weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(10 * seed + k % 3))
            optimiser.step()
        return [weight.detach() for weight in weights]

    starts = [torch.randn(24, 20, 3, generator=torch.Generator().manual_seed(k)) for k in range(3)]
    together = moved(starts)
    alone = moved(starts[:1])
    assert torch.allclose(together[0], alone[0], atol=1e-5)
    assert (together[0] - starts[0] - (together[1] - starts[1])).abs().max() > 1e-3  # each by its own gradient
