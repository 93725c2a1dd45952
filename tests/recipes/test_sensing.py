"""Approximate message passing and its adapted denoiser; Poisson measurements denoised before they are inverted."""

import math

import pytest
import torch
from torch import nn

import oneself
from oneself import Run
from oneself.core import Example
from oneself.operators import Listed
from oneself.recipes.adaptation.ct_pure import Root
from oneself.recipes.adaptation.examples import stein
from oneself.recipes.adaptation.message_passing import Coarse, MessagePassing, column_scale
from oneself.testing.networks import ToldSmoother
from oneself.testing.operators import Pool, Scaled
from oneself.testing.pictures import picture

SHAPE = (1, 1, 40, 50)


class Matrix:
    """``A`` of independent Gaussian elements, its columns of length 1 on average."""

    def __init__(self, count: int, shape: tuple[int, ...], seed: int = 9) -> None:
        self.shape, size = shape, math.prod(shape)
        self.matrix = torch.randn(count, size, generator=torch.Generator().manual_seed(seed)) / math.sqrt(count)

    def A(self, x):
        return (self.matrix @ x.flatten())[None, None, None]

    def A_adjoint(self, y):
        return (self.matrix.T @ y.flatten()).reshape(self.shape)


class Shrinking(nn.Module):
    """The best estimate of Gaussian values of variance 1, or ``factor`` times the input."""

    def __init__(self, factor: float | None = None) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x, level):
        return x * (1 / (1 + level**2) if self.factor is None else self.factor)


class Sharpening(nn.Module):
    """No denoiser: it makes more of what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(3.0))

    def forward(self, x, sigma):
        return self.gain * x


def taken(stage, count):
    return [float(stage.solve()["level"]) for _ in range(count)]


@pytest.mark.parametrize("sigma", [0.0, 0.3])
def test_the_noise_level_follows_state_evolution(sigma):
    torch.manual_seed(0)
    physics, x = Matrix(1000, SHAPE), torch.randn(SHAPE)
    y = physics.A(x) + sigma * torch.randn(1, 1, 1, 1000)
    found = taken(MessagePassing(y, physics, Shrinking(), x, 1.0, "toy", steps=6), 6)
    power = 1.0  # of the error
    for level in found:
        foretold = math.sqrt(sigma**2 + 2 * power)
        assert level == pytest.approx(foretold, rel=0.08)
        power = foretold**2 / (1 + foretold**2)


def test_of_a_linear_denoiser_it_ends_at_the_ridge_solution():
    torch.manual_seed(0)
    physics, factor = Matrix(300, (1, 1, 20, 25)), 0.3
    x = torch.randn(physics.shape)
    stage = MessagePassing(physics.A(x), physics, Shrinking(factor), x, 1.0, "toy", steps=1)
    taken(stage, 60)
    ridge = (1 - factor) * (1 - factor * 500 / 300) / factor
    a = physics.matrix.double()
    wanted = torch.linalg.solve(a.T @ a + ridge * torch.eye(500), a.T @ physics.A(x).flatten().double())
    assert torch.allclose(stage.x.flatten().double(), wanted, atol=1e-4)


def test_columns_are_scaled_to_length_1():
    torch.manual_seed(0)
    physics = Matrix(500, SHAPE)
    assert column_scale(physics, torch.zeros(SHAPE)) == pytest.approx(1, rel=0.05)
    assert column_scale(Scaled(physics, 7.0), torch.zeros(SHAPE)) == pytest.approx(1 / 7, rel=0.05)
    with pytest.raises(ValueError, match="A gives values of power 0"):
        column_scale(Scaled(physics, 0.0), torch.zeros(SHAPE))


def test_more_noise_than_was_trained_for_is_taken_off_means_of_pixels():
    told = []

    def denoise(x, level):
        told.append((tuple(x.shape[2:]), level))
        return x

    coarse, x = Coarse(denoise, 0.2), torch.rand(1, 1, 9, 12)
    assert torch.equal(coarse(x, 0.2), x)
    assert coarse(x, 0.7).shape == x.shape
    assert told == [((9, 12), 0.2), ((3, 3), pytest.approx(0.175))]


def test_message_passing_is_gone_on_with():
    torch.manual_seed(0)
    physics = Matrix(1000, SHAPE)
    y = physics.A(torch.randn(SHAPE))
    first = MessagePassing(y, physics, Shrinking(), torch.zeros(SHAPE), 1.0, "toy", steps=2)
    taken(first, 2)
    more = MessagePassing(y, physics, Shrinking(), torch.zeros(SHAPE), 1.0, "toy", begin=first, steps=2)
    assert torch.equal(more.estimate(), first.estimate())
    assert taken(more, 1)[0] < float(first.least)


def test_what_runs_away_is_left_where_it_was_nearest():
    physics = Matrix(1000, SHAPE)
    y = physics.A(torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)))
    stage = MessagePassing(y, physics, Shrinking(3.0), torch.zeros(SHAPE), 1.0, "toy", steps=9)
    levels = taken(stage, 9)
    assert levels[-1] == levels[-2] > 5 * levels[0]
    assert float(stage.least) == min(levels)
    assert not torch.equal(stage.estimate(), stage.x)
    assert [note.partition(",")[0] for note in stage.notes] == ["toy: message passing ran away"]
    again = MessagePassing(y, physics, Shrinking(3.0), torch.zeros(SHAPE), 1.0, "toy", steps=9)
    again.load_state_dict(stage.state_dict())
    assert again.notes == stage.notes


def test_an_operator_that_does_not_look_random_is_told():
    y = Pool().A(picture(24, 20, channels=1))
    given = {"weights": Sharpening(), "adapting_steps": 2, "steps": 40, "device": "cpu"}
    result = Run("cs_sure", y, Pool(), **given).finish()
    assert torch.isfinite(result.image).all()
    assert len(result.stages) == 1
    assert any("cs_sure: message passing ran away" in note for note in result.notes)


def test_pure_of_a_linear_denoiser_is_its_closed_form():
    generator = torch.Generator().manual_seed(0)
    y, gain, factor = torch.rand(1, 1, 16, 16, generator=generator), 0.02, 0.7
    probe = torch.randn(y.shape, generator=generator).sign()
    terms = stein(lambda x: gain * x, 1e-3)(lambda x: factor * x, Example((y, probe), y))
    wanted = ((factor - 1) ** 2 * y.square() + 2 * factor * gain * y - gain * y).mean()
    assert float(sum(terms.values())) == pytest.approx(float(wanted), rel=1e-3)


def test_the_root_and_its_inverse():
    root, x = Root(0.05, 4.0), torch.linspace(0, 4, 9)
    assert float(root(torch.tensor(4.0))) == pytest.approx(1)
    assert torch.allclose(root.back(root(x)), x + 0.05 / 4, atol=1e-5)
    counts = torch.poisson(torch.full((100000,), 40.0), generator=torch.Generator().manual_seed(0))
    assert float(root(0.05 * counts).std()) == pytest.approx(root.level, rel=0.02)
    assert float(root.back(root(0.05 * counts).mean())) == pytest.approx(2.0, rel=2e-3)


def counted(gain, size=(64, 64)):
    x = picture(*size, channels=1)
    return gain * torch.poisson(Pool().A(x) / gain, generator=torch.Generator().manual_seed(0))


def test_no_steps_invert_what_the_network_makes_as_it_came():
    y, network = counted(0.02), ToldSmoother()
    result = Run("ct_pure", y, Pool(), weights=network, gain=0.02, steps=0, device="cpu").finish()
    root = Root(0.02, float(y.max()))
    with torch.no_grad():
        wanted = Pool().A_dagger(root.back(network(root(y), root.level)))
    assert torch.allclose(result.image, wanted, atol=1e-6)


def test_the_gain_is_estimated():
    result = Run("ct_pure", counted(0.02, (128, 128)), Pool(), weights=ToldSmoother(), steps=0, device="cpu").finish()
    (told,) = (note for note in result.notes if "estimated as" in note)
    assert float(told.partition("estimated as ")[2].partition(",")[0]) == pytest.approx(0.02, rel=0.25)


def test_what_is_nowhere_above_0_is_refused():
    with pytest.raises(ValueError, match="nowhere above 0"):
        Run("ct_pure", -counted(0.02), Pool(), weights=ToldSmoother(), gain=0.1, device="cpu").finish()


def test_a_list_of_numbers_is_restored_from():
    matrix = Matrix(300, (1, 1, 16, 20))

    class Plain:
        def A(self, x):
            return matrix.A(x)[:, 0, 0]

        def A_adjoint(self, y):
            return matrix.A_adjoint(y)

    y = Plain().A(picture(16, 20, channels=1))
    given = {"weights": ToldSmoother(), "adapting_steps": 0, "steps": 2, "device": "cpu"}
    found = oneself.restore(y, Plain(), "cs_sure", data_range=(0, 1), **given)
    run = Run("cs_sure", matrix.A(picture(16, 20, channels=1)), matrix, **given)
    assert torch.allclose(found, run.finish().image, atol=1e-6)
    assert not hasattr(Listed(Plain()), "A_dagger")
    with pytest.raises(ValueError, match="of 299 numbers the operator's A_adjoint makes no image"):
        oneself.restore(y[:, 1:], Plain(), "cs_sure")
