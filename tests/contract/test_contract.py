"""Every method of the library keeps every promise of ``oneself.testing``."""

import pytest

from oneself import methods
from oneself.testing import Case, Check, promises

from .given import GIVEN

PROMISES = [promise for method in methods() for promise in promises([method], **GIVEN.get(method.key, {}))]


@pytest.mark.parametrize(("check", "case"), PROMISES, ids=str)
def test_promise(check: Check, case: Case) -> None:
    check(case)
