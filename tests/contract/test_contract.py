"""Every method of the library keeps every promise of ``oneself.testing``."""

import pytest

from oneself import methods
from oneself.testing import Case, Check, promises


@pytest.mark.parametrize(("check", "case"), promises(methods()), ids=str)
def test_promise(check: Check, case: Case) -> None:
    check(case)
