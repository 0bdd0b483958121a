"""What could not be read, and the warnings about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tbevents.callers import callers_level
from tbevents.errors import DamageWarning
from tbevents.remote import reason_of


@dataclass(frozen=True, slots=True)
class Problem:
    """A stretch of an event file that could not be read.

    Attributes:
        file: the event file; or a folder that cannot be listed.
        offset: the byte at which the stretch starts.
        kind: "length_checksum", "data_checksum", "too_large", "undecodable", "bad_value", "not_an_event_file";
            "incomplete": the file ends within a record, as one does that is still being written; or "unreadable": the
            system does not let it be read from there on, or does not list the folder.
        skipped: how many bytes were passed over.
        record: how many records stand before it in the file.
        detail: what is wrong.
    """

    file: str
    offset: int
    kind: str
    skipped: int
    record: int
    detail: str

    @classmethod
    def unreadable(cls, path: str, error: OSError, offset: int = 0, record: int = 0, skipped: int = 0) -> Problem:
        """That of a file that cannot be read from a byte on, or of a folder that cannot be listed."""
        return cls(path, offset, "unreadable", skipped, record, f"cannot be read: {reason_of(error)}")

    def __str__(self) -> str:
        if self.kind == "unreadable" and not self.offset:
            return f"{self.file}: {self.detail}"
        return f"{self.file}: record {self.record} at byte {self.offset}: {self.detail} ({self.skipped} bytes skipped)"


OnProblem: TypeAlias = Callable[[Problem], object]
"""Called with each problem."""


_WARNED_EACH: Final = 3
"""Problems of one reading that get a warning each; those behind get one together."""


def warn_about(problems: Sequence[Problem]) -> None:
    """Warns of problems: of the first few each, of the others together."""
    if not problems:
        return
    stacklevel = callers_level()
    for problem in problems[:_WARNED_EACH]:
        warnings.warn(str(problem), DamageWarning, stacklevel=stacklevel)
    more = len(problems) - _WARNED_EACH
    if more > 0:
        warnings.warn(
            f"and {more} more damaged stretches: see the run's problems", DamageWarning, stacklevel=stacklevel
        )


def tell_of(problems: Sequence[Problem], on_problem: OnProblem | None) -> None:
    """Calls `on_problem` with each of the problems; None warns of them."""
    if on_problem is None:
        warn_about(problems)
    else:
        for problem in problems:
            on_problem(problem)
