"""The formats of ``tbevents lint``: functions that turn what was found into text, chunk by chunk.

All text of event files (names of runs and tags) is made harmless first, by `views.safe_text.printable`: it cannot move
the cursor, end a line or begin a command of the continuous integration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from tbevents.lint.config import LintConfig
from tbevents.lint.formats.github import as_github
from tbevents.lint.formats.json_format import as_json
from tbevents.lint.formats.junit import as_junit
from tbevents.lint.formats.sarif import as_sarif
from tbevents.lint.formats.text import as_text
from tbevents.lint.linting import LintedRun

Formatter: TypeAlias = Callable[[Iterable[LintedRun], LintConfig], Iterator[str]]

FORMATS: Final[Mapping[str, Formatter]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "junit": as_junit,
    "sarif": as_sarif,
}
"""The formats by name. ``text`` and ``github`` yield while runs are read, the others at the end."""
