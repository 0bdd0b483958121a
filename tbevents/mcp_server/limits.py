"""The limits of an answer. What is beyond them is left out, and the answer says so."""

from __future__ import annotations

from typing import Final

MOST_CHARACTERS: Final = 40_000
"""The most characters of JSON that the items of a page have; a single item may have more."""

MOST_RUNS: Final = 100
"""The most runs of a page."""
MOST_TAGS: Final = 100
"""The most tags of a page."""
MOST_POINTS: Final = 1_000
"""The most points of a series."""
MOST_COMPARED: Final = 20
"""The most runs that are compared, or drawn."""
MOST_CHARTS: Final = 12
"""The most tags that are drawn."""
MOST_FINDINGS: Final = 100
"""The most findings of a page."""
MOST_COLUMNS: Final = 60
"""The most parameters and metrics of a table of hyperparameters."""
MOST_TEXTS: Final = 20
"""The most texts of a page, and the most strings of one of them."""
MOST_TEXT: Final = 8_000
"""The most characters of a text."""
MOST_MESSAGE: Final = 400
"""The most characters of a message."""
MOST_DETAILS: Final = 10
"""The most problems, bad values and oddities of a run."""
MOST_DRAWN_POINTS: Final = 5_000
"""The most points of a line in a chart; longer lines are thinned, and keep their peaks."""
