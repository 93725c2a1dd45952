"""``python -m oneself.testing PATH [KEY ...]``: write golden curves."""

import sys

from oneself.testing.golden import main

main(sys.argv[1:])
