"""`python -m oneself.cli`."""

import sys

from oneself.cli import main

sys.exit(main())
