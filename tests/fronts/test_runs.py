"""``Run``, ``Reconstructor`` and ``methods``, as the package gives them."""

import subprocess
import sys

import pytest
import torch

import oneself
from oneself.core import Method
from oneself.domains import IMAGE as IMAGES
from oneself.registry import find

from .pictures import FAST, PRIOR, colour

Y = torch.from_numpy(colour(16, 18)).permute(2, 0, 1)[None] / 255


def test_a_run_is_the_callers_loop():
    run = oneself.Run("dip", Y, device="cpu", **PRIOR)
    indices = [(step.index, step.estimate.shape) for step in run]
    assert indices == [(0, Y.shape), (1, Y.shape)]
    assert torch.equal(run.result().image, oneself.Run("dip", Y, device="cpu", **PRIOR).finish().image)


def test_a_run_takes_a_key_or_a_method():
    by_key, by_record = (
        oneself.Run(given, Y, device="cpu", **FAST).finish().image for given in ("zs_n2n", find("zs_n2n"))
    )
    assert torch.equal(by_key, by_record)
    with pytest.raises(ValueError, match="Did you mean 'zs_n2n'"):
        oneself.Run("zs-n2n", Y)


def test_a_reconstructor_is_called_as_deepinvs():
    reconstructor = oneself.Reconstructor("zs_n2n", device="cpu", seed=2, **FAST)
    batch = torch.cat([Y, Y.flip(-1)])
    made = reconstructor(batch, oneself.core.Identity())
    singles = [oneself.Run("zs_n2n", y[None], device="cpu", seed=2, **FAST).finish().image for y in batch]
    assert torch.equal(made, torch.cat(singles))
    assert [result.seed for result in reconstructor.results(batch)] == [2, 2]
    with pytest.raises(ValueError, match="no inputs"):
        reconstructor(batch[:0])
    with pytest.raises(ValueError, match="Did you mean 'dip'"):
        oneself.Reconstructor("dipp")


def test_methods_are_records():
    records = oneself.methods()
    assert [record.key for record in records] == sorted(record.key for record in records)
    assert {"deep_red", "dip", "self2self", "zs_n2n", "zssr"} <= {record.key for record in records}
    for record in records:
        assert isinstance(record, Method)
        assert record.title
        assert record.cite
        assert record.tasks
        assert record.dims or record.domain is not IMAGES
        assert all(option.help for option in record.options)


WHATEVER = (
    "import oneself.recipes",
    "import oneself.recipes.prior.dip",
    "import oneself.registry",
    "oneself.Run('zs_n2n', torch.rand(1, 1, 12, 12), steps=1, width=2, device='cpu').finish()",
    "oneself.denoise(numpy.eye(12), 'zs_n2n', steps=1, width=2, device='cpu')",
)


def test_methods_stays_a_function_whatever_was_imported():
    first = oneself.methods()[0].key
    checked = [f"{line}; assert oneself.methods()[0].key == {first!r}" for line in WHATEVER]
    code = "\n".join(["import oneself, numpy, torch", *checked, "print(len(oneself.methods()))"])
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (told.returncode, told.stdout.strip()) == (0, str(len(oneself.methods()))), told.stderr


def test_public_names_exist_and_no_others_are_made_up():
    for name in oneself.__all__:
        assert getattr(oneself, name) is not None
        assert name in dir(oneself)
    with pytest.raises(AttributeError, match="no attribute 'denoize'"):
        oneself.denoize  # noqa: B018
