"""The contract that every method keeps, for this library's tests and for methods written elsewhere.

>>> from oneself.testing import check_all
>>> check_all("zs_n2n", only=["unknown_options"])

A test suite parametrises over ``promises(methods)`` instead, so that every broken promise is told apart.
"""

from oneself.testing.cases import Case, cases
from oneself.testing.contract import CHECKS, Check, check_all, promises
from oneself.testing.golden import curve
from oneself.testing.operators import Blur, Mask, Only, Pool, Scaled
from oneself.testing.pictures import picture
from oneself.testing.promise import BrokenPromise
from oneself.testing.quality import check_beats_trivial, psnr

__all__ = [
    "CHECKS",
    "Blur",
    "BrokenPromise",
    "Case",
    "Check",
    "Mask",
    "Only",
    "Pool",
    "Scaled",
    "cases",
    "check_all",
    "check_beats_trivial",
    "curve",
    "picture",
    "promises",
    "psnr",
]
