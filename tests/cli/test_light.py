"""`oneself --help` answers at once: nothing heavy comes in before it is needed."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "skimage", "scipy", "deepinv", "PIL", "tifffile", "imageio", "safetensors")
CALL = """
import sys
from oneself.cli import main
code = main({arguments!r})
print("LOADED", *(name for name in {heavy!r} if name in sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "super-resolve"),
        (["--help"], "super-resolve"),
        (["--version"], "oneself"),
        (["denoise", "--help"], "--skip"),
    ],
)
def test_help_imports_nothing_heavy(arguments, words):
    call = CALL.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert done.stdout.rstrip().endswith("LOADED")


def test_the_help_of_a_method_has_its_options(oneself):
    said = oneself("denoise --method self2self --help")
    assert said.code == 0
    for words in ("--dropout", "--samples", "--seed"):
        assert words in said.out
    assert "--back-projections" not in said.out
