"""``python -m tbevents``: the command line, if its script is not on the path."""

import sys

from tbevents.cli import main

sys.exit(main())
