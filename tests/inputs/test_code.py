"""The fixed code of the deep image prior."""

import pytest
import torch

from oneself.inputs import Code

Y = torch.rand(1, 3, 4, 5)


def test_the_code_is_uniform_and_fixed() -> None:
    torch.manual_seed(0)
    code = Code(Y, (40, 50), 8, 0.0)
    assert code.z.shape == (1, 8, 40, 50)
    assert 0 <= float(code.z.min()) < 0.001
    assert 0.099 < float(code.z.max()) <= 0.1
    assert float(code.z.mean()) == pytest.approx(0.05, abs=0.001)
    before = code.z.clone()
    for example in (code(), code(), code.evaluation_example()):
        assert torch.equal(example.input[0], before)
        assert torch.equal(example.target, Y)
        assert example.where is None


def test_jitter_is_fresh_and_leaves_the_code_as_it_is() -> None:
    torch.manual_seed(0)
    code = Code(Y, (40, 50), 8, 0.3)
    before = code.z.clone()
    first, second = code().input[0], code().input[0]
    assert float((first - before).std()) == pytest.approx(0.3, rel=0.03)
    assert float((first - before).mean()) == pytest.approx(0, abs=0.01)
    assert torch.corrcoef(torch.stack([(first - before).flatten(), (second - before).flatten()]))[0, 1].abs() < 0.05
    assert torch.equal(code.evaluation_example().input[0], before)
    assert float(before.max()) > 0.095


def test_the_code_is_saved_and_the_measurement_is_not() -> None:
    assert sorted(Code(Y, (4, 5), 2, 0.1, torch.ones_like(Y)).state_dict()) == ["z"]


def test_which_elements_count_is_passed_on() -> None:
    where = (torch.rand_like(Y) > 0.5).float()
    code = Code(Y, (4, 5), 2, 0.1, where)
    assert torch.equal(code().where, where)
    assert torch.equal(code.evaluation_example().where, where)
