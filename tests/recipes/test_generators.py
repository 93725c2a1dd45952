"""Methods with a generator, on generators whose answers are known."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import oneself
from oneself.cli import main
from oneself.core import Run
from oneself.networks.pretrained import ARCHITECTURES
from oneself.recipes.generators.ilo import onto_ball
from oneself.registry import find
from oneself.tasks.scaling import Scaling
from oneself.testing import Mask, Pool, picture
from oneself.testing.networks import Edges, Painter

SIDE, CODE = 8, 3


class Linear(nn.Module):
    """``G(z) = x0 + W z``, pictures of 8 x 8."""

    latent: tuple[int, ...] = (CODE,)

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.paint = nn.Linear(CODE, SIDE * SIDE)
        self.paint.weight.data.mul_(0.3)
        self.paint.bias.data.fill_(0.5)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.paint(z).reshape(-1, 1, SIDE, SIDE)


class Dense:
    """``A`` of any matrix; measurements ``(B, 1, m, 1)``."""

    def __init__(self, matrix: torch.Tensor) -> None:
        self.matrix = matrix

    def A(self, x: torch.Tensor) -> torch.Tensor:
        return (x.flatten(1) @ self.matrix.T).reshape(len(x), 1, -1, 1)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return (y.flatten(1) @ self.matrix).reshape(len(y), 1, SIDE, SIDE)


def problem(count=20, seed=0):
    chance = torch.Generator().manual_seed(seed)
    physics = Dense(torch.randn(count, SIDE * SIDE, generator=chance) / count**0.5)
    x = torch.rand(1, 1, SIDE, SIDE, generator=chance)
    return x, physics.A(x), physics


def run(key, y, physics, **options):
    return Run(find(key), y, physics, device="cpu", **options)


def test_csgm_with_a_linear_generator_is_least_squares():
    """``argmin ‖A(x0 + W z) − y‖²`` by the normal equations."""
    network, (_, y, physics) = Linear(), problem()
    seen = physics.matrix @ network.paint.weight.detach()
    gap = y.flatten() - physics.matrix @ network.paint.bias.detach()
    z = torch.linalg.lstsq(seen, gap[:, None]).solution.flatten()
    wanted = network(z[None]).detach()
    result = run("csgm", y, physics, generator=network, steps=200, lr=0.1, restarts=2).finish()
    assert torch.allclose(result.image, wanted, atol=2e-3)
    assert "least_error had levelled out" in result.stopped_by or result.steps == 200
    assert float(result.parts["uncertainty"].max()) < 0.02  # every restart found the same


def test_a_heavy_code_is_ridge_regression():
    network, (_, y, physics) = Linear(), problem()
    seen, weight = physics.matrix @ network.paint.weight.detach(), 0.05
    gap = y.flatten() - physics.matrix @ network.paint.bias.detach()
    normal = seen.T @ seen / len(gap) + weight * torch.eye(CODE)
    wanted = network(torch.linalg.solve(normal, seen.T @ gap / len(gap))[None]).detach()
    image = run("csgm", y, physics, generator=network, steps=200, lr=0.1, latent_weight=weight).finish().image
    assert torch.allclose(image, wanted, atol=2e-3)


def test_a_picture_of_the_generator_is_found_by_csgm_and_others_only_where_weights_move():
    x = picture(12, 12)
    network = Painter(x)
    keep = (torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) > 0.4).float()
    own = network(torch.tensor([[0.5, -1.0, 0.3, 0.8, -0.2, 0.4]])).detach()
    other = Painter(x.flip(-1))(torch.zeros(1, 6)).detach()
    errors = {}
    for name, truth in (("own", own), ("other", other)):
        for key, options in (("csgm", {"steps": 150}), ("iagan", {"latent_steps": 50, "steps": 100, "lr": 0.02})):
            image = run(key, truth * keep, Mask(keep), generator=network, restarts=2, **options).finish().image
            errors[name, key] = float((image - truth).square().mean())
    assert errors["own", "csgm"] < 1e-3
    assert errors["other", "iagan"] < errors["other", "csgm"] / 3


def test_back_projection_makes_the_measurement_exact():
    x = picture(24, 20)
    physics = Pool()
    y = physics.A(x)
    options = {"generator": Painter(x), "latent_steps": 5, "steps": 5}
    before = run("iagan", y, physics, **options).finish().image
    after = run("iagan", y, physics, back_projection=True, **options).finish().image
    assert float((physics.A(before) - y).abs().max()) > 0.01
    assert torch.allclose(physics.A(after), y, atol=1e-5)
    assert torch.allclose(after - before, physics.A_dagger(y - physics.A(before)), atol=1e-5)


def test_without_an_adapting_step_iagan_is_csgm():
    _, y, physics = problem()
    made = run(
        "iagan", y, physics, generator=Linear(), steps=1, hold_out=0.0, latent_steps=20, lr=1e-12, latent_lr=1e-12
    )
    csgm = run("csgm", y, physics, generator=Linear(), steps=20)
    assert torch.allclose(made.finish().image, csgm.finish().image, atol=1e-5)


def test_the_generator_that_was_given_is_not_changed():
    _, y, physics = problem()
    network = Linear()
    for key in ("iagan", "pti", "dgp"):
        run(key, y, physics, generator=network, steps=3, **({} if key == "dgp" else {"latent_steps": 3})).finish()
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), Linear().parameters(), strict=True))


def test_pti_keeps_its_pivot_and_with_locality_what_lies_around_it():
    """A linear generator cannot change at the pivot alone, so a heavy locality keeps it as it was."""
    _, y, physics = problem()
    options = {"generator": Linear(), "steps": 60, "lr": 0.01, "latent_steps": 60, "hold_out": 0.0, "distance": 2.0}
    moved, fits = [], []
    for locality in (0.0, 30.0):
        going = run("pti", y, physics, locality=locality, **options)
        history = going.finish().history["fidelity"]
        search, tuned = going.stages
        assert torch.equal(tuned.structure.z, search.code)
        away = search.code + torch.tensor([[1.2, -1.2, 1.0]])
        moved.append(float((tuned.structure.prior(away) - tuned.prior(away)).detach().square().mean()))
        fits.append(history[-1] / history[-60])
    assert moved[1] < moved[0] / 2
    assert fits[0] < 0.5
    assert fits[0] < fits[1]


def test_dgp_takes_the_best_candidate_and_opens_from_the_code_on():
    x = picture(24, 20, channels=1)
    keep = torch.ones_like(x)
    keep[..., 10:16] = 0
    network = Painter(x)
    network.blocks.append(nn.Conv2d(1, 1, 1))
    nn.init.ones_(network.blocks[-1].weight), nn.init.zeros_(network.blocks[-1].bias)
    going = run("dgp", x * keep, Mask(keep), generator=network, discriminator=Edges(1), candidates=40, steps=8)
    changed = []
    for step in going:
        if step.stage == 1:
            blocks = going._now.stage.structure.prior.blocks
            same = [all(torch.equal(p, q) for p, q in zip(block.parameters(), own.parameters(), strict=True))
                    for block, own in zip(blocks, network.blocks, strict=True)]  # fmt: skip
            changed.append([not one for one in same if one is not None])
    assert changed[1] == [True, False, False, False]
    assert changed[-1] == [True, False, False, True]
    scores = going.result().history["lowest"][:4]
    assert scores == sorted(scores, reverse=True)
    assert going.result().history["features"][-1] > 0


def test_the_ball_is_the_nearest_of_it():
    """The projection by bisection of its threshold."""
    v = torch.randn(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for radius in (0.01, 1.0, 10.0):
        low, high = 0.0, float(v.abs().max())
        for _ in range(80):
            theta = (low + high) / 2
            low, high = (theta, high) if float((v.abs() - theta).clamp(min=0).sum()) > radius else (low, theta)
        wanted = v.sign() * (v.abs() - high).clamp(min=0)
        assert torch.allclose(onto_ball(v, radius), wanted, atol=1e-9)
    assert torch.equal(onto_ball(v, 1e3), v)


def test_ilo_stays_in_its_ball_and_explains_more():
    x = picture(24, 20)
    physics = Pool()
    options = {"latent_steps": 20, "steps": 30, "lr": 0.05, "radius": 0.1, "hold_out": 0.0}
    going = run("ilo", physics.A(x), physics, generator=Painter(x), **options)
    result = going.finish()
    errors = result.history["fidelity"]
    assert errors[-1] < 0.9 * errors[19]
    for stage in going.stages[1:]:
        h = stage.structure.h.detach()
        assert float((h - stage.center).abs().sum()) <= 0.1 * float(stage.center.abs().sum()) * (1 + 1e-4)


class Odd(Linear):
    """A generator that does not say what codes it takes, or makes what is none."""

    def __init__(self, latent=None, nan=False, flat=False):
        super().__init__()
        self.latent, self.nan, self.flat = latent, nan, flat

    def forward(self, z):
        x = super().forward(z)
        return x.flatten(1) if self.flat else x / 0 if self.nan else x


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (None, r"csgm\(generator=None\): there is no generator. Give a file"),
        (Odd(), "does not say what codes it takes. Set its latent"),
        (Odd((5,)), r"cannot take codes \(5,\)"),
        (Odd((3,), nan=True), "NaN or infinite values of the code 0"),
        (Odd((3,), flat=True), r"makes no pictures \(B, C, H, W\)"),
    ],
)
def test_what_is_no_generator_is_refused(network, told):
    _, y, physics = problem()
    with pytest.raises(ValueError, match=told):
        next(run("csgm", y, physics, generator=network))


def test_a_generator_without_blocks_is_none_for_ilo_and_a_network_without_features_no_discriminator():
    _, y, physics = problem()
    with pytest.raises(ValueError, match=r"ilo\(generator\): it has no blocks in a row"):
        next(run("ilo", y, physics, generator=Linear()))
    with pytest.raises(ValueError, match=r"dgp\(discriminator=Linear\): it has no features"):
        next(run("dgp", y, physics, generator=Linear(), discriminator=Linear()))


def test_a_generator_of_another_size_is_fitted_and_that_is_told():
    y = picture(12, 12)
    result = run("csgm", y, None, generator=Linear(), steps=2).finish()
    assert result.image.shape == y.shape
    assert "makes (1, 8, 8), fitted to the image's (3, 12, 12)" in result.notes[0]


def test_pictures_of_8_bits_are_worked_on_in_the_range_of_the_training():
    dim = np.full((4, 4), 100, np.uint8)
    dim[0, 0], dim[3, 3] = 90, 130
    assert Scaling.of("inpaint", "csgm")(dim)[1][:2] == (0, 255)
    assert Scaling.of("inpaint", "dip")(dim)[1][:2] != (0, 255)
    low, high, _ = Scaling.of("inpaint", "csgm")(dim.astype(np.float32))[1]
    assert (low, high) == (90, 130)


@pytest.fixture
def torn(tmp_path):
    torch.manual_seed(0)
    network = ARCHITECTURES["vae-28"].build().eval()
    save_file(network.state_dict(), str(tmp_path / "vae.safetensors"))
    with torch.no_grad():
        x = network(torch.randn(1, 20))[0, 0].numpy()
    imageio.imwrite(tmp_path / "in.png", (255 * x).round().astype(np.uint8))
    mask = np.zeros((28, 28), np.uint8)
    mask[8:16, 8:20] = 255
    imageio.imwrite(tmp_path / "mask.png", mask)
    return tmp_path


def inpaint(folder, *more):
    return main(["inpaint", str(folder / "in.png"), str(folder / "out.png"), "--mask", str(folder / "mask.png"),
                 "--quiet", *more])  # fmt: skip


def test_a_file_is_restored_with_a_file_of_weights_and_repeated(torn):
    given = ["--method", "iagan", "--generator", str(torn / "vae.safetensors"), "--latent-steps", "5", "--steps", "3"]
    assert inpaint(torn, *given) == 0
    record = json.loads((torn / "out.png.json").read_text())
    assert record["items"][0]["method"] == "iagan"
    assert main(["repeat", str(torn / "out.png.json"), "--output", str(torn / "again.png"), "--quiet"]) == 0
    assert np.array_equal(imageio.imread(torn / "again.png"), imageio.imread(torn / "out.png"))


def test_a_denoiser_in_the_generators_place_is_refused(torn, capsys):
    save_file(ARCHITECTURES["unet"].build().state_dict(), str(torn / "unet.safetensors"))
    assert inpaint(torn, "--method", "csgm", "--generator", str(torn / "unet.safetensors")) != 0
    assert "weights of a denoiser (unet), a generator is needed" in " ".join(capsys.readouterr().err.split())


def test_python_and_files_agree(torn):
    assert inpaint(torn, "--method", "csgm", "--generator", str(torn / "vae.safetensors"), "--steps", "5") == 0
    y, mask = imageio.imread(torn / "in.png"), imageio.imread(torn / "mask.png") > 0
    x = oneself.inpaint(y, mask, "csgm", generator=str(torn / "vae.safetensors"), steps=5)
    assert np.array_equal(x, imageio.imread(torn / "out.png"))
