"""`oneself pretrain`."""

import pytest
import torch

from oneself.cli import main
from oneself.networks import SplitDenoiser
from oneself.networks.pretrained import read_state


def pretrain(folder, *more):
    return main(["pretrain", "denoiser", str(folder / "out.safetensors"), "--channels", "1", "--width", "16",
                 "--blocks", "1", "--patch", "16", "--batch", "1", *more])  # fmt: skip


def test_weights_are_trained_and_told(tmp_path, capsys, monkeypatch):
    from oneself.pretraining import training

    monkeypatch.setattr(training, "Pool", lambda channels, **more: Drawn())
    assert pretrain(tmp_path, "--steps", "2") == 0
    assert "2 steps in" in capsys.readouterr().err
    network = SplitDenoiser(1, 16, 1)
    network.load_state_dict({name: value.float() for name, value in read_state(tmp_path / "out.safetensors").items()})
    assert network(torch.rand(1, 1, 9, 8), 0.1).shape == (1, 1, 9, 8)
    assert (tmp_path / "out.safetensors.checkpoint").exists()
    assert pretrain(tmp_path, "--steps", "2") == 2
    assert "is there already. Say --overwrite" in capsys.readouterr().err
    assert pretrain(tmp_path, "--steps", "3", "--overwrite", "--resume") == 0
    assert "3 steps in" in capsys.readouterr().err


class Drawn:
    """In place of drawn pictures, which take longer than two steps."""

    def draw_until(self, count):
        pass

    def patches(self, chance, count, side):
        return torch.rand((count, 1, side, side), generator=chance)

    def close(self):
        pass


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["pretrain", "painter", "a.safetensors"],
            "pretrain(KIND='painter'): there is no such kind. Known: denoiser, mzsr, mlsr.",
        ),
        (["pretrain", "mzsr", "a.safetensors", "--blocks", "3"], "pretrain(--blocks 3): does not count for mzsr"),
        (["pretrain", "denoiser", "a.safetensors", "--shots", "3"], "pretrain(--shots 3): does not count for denoiser"),
        (["pretrain", "mlsr", "a.safetensors", "--channels", "1"], "mlsr is of colour pictures"),
        (
            ["pretrain", "denoiser", "a.safetensors", "--noise", "camera", "--channels", "1"],
            "noise as cameras make it is of colour pictures",
        ),
        (["pretrain", "mlsr", "a.safetensors", "--noise", "camera"], "does not count for mlsr"),
        (["pretrain", "denoiser", "a.safetensors", "--noise", "pink"], "camera"),
        (["pretrain", "mzsr", "a.safetensors", "nowhere"], "there is no such folder"),
        (["pretrain", "denoiser", "a.pth"], "weights are safetensors"),
        (["pretrain", "denoiser", "nowhere/a.safetensors"], "there is no folder nowhere"),
        (["pretrain", "denoiser", "a.safetensors", "--resume"], "there is no checkpoint a.safetensors.checkpoint"),
        (["pretrain", "denoiser", "a.safetensors", "--patch", "15"], "out of range"),
        (["pretrain", "denoiser", "a.safetensors", "--patch", "17"], "an even number"),
        (["pretrain", "denoiser", "a.safetensors", "--start", "b.safetensors"], "no such file"),
        (["pretrain", "denoiser", "a.safetensors", "--start", "./a.safetensors", "--overwrite"], "this is an input"),
        (["pretrain", "denoiser", "a.safetensors", "--checkpoint", "./a.safetensors"], "already written as OUT"),
    ],
)
def test_what_is_refused(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
