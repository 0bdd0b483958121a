"""What is wrong with a file as a whole, where none of its records can be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from tbevents.errors import ChecksumError, DamagedFileError, NotAnEventFileError, UndecodableRecordError
from tbevents.reading.file_type import EXAMPLE, file_type, line_endings_changed, payload_type
from tbevents.reading.problem import Problem

__all__ = ["DATA_CHECKSUM", "error_of_all", "explain"]

DATA_CHECKSUM: Final = "data_checksum"


class WholeFileChecksumError(DamagedFileError):
    """The checksums of all lengths hold, and none of those of the data."""

    kind = DATA_CHECKSUM


def explain(error: DamagedFileError, start: bytes) -> None:
    """Adds to a checksum error what happened to the file, where that can be told.

    Args:
        error: the first damage in the file.
        start: the bytes from there on.
    """
    if not isinstance(error, ChecksumError):
        return
    if line_endings_changed(start):
        error.detail += "; line endings were changed (LF to CR LF): copy the file again, as binary"
    elif error.offset == 0 and error.part == "length" and (name := file_type(start)) is not None:
        error.detail += f"; the file is {name}"


def error_of_all(
    problems: Sequence[Problem], records: int, stored: Collection[int], payload: bytes, path: str
) -> DamagedFileError | None:
    """One error for all records of a file; None where some can be used, or where they have nothing in common.

    Args:
        problems: of the file.
        records: how many records it has.
        stored: the checksums of data that do not hold; two are enough.
        payload: of the first record.
        path: the file.
    """
    kinds = {problem.kind for problem in problems} - {"incomplete"}
    bad = {problem.record for problem in problems if problem.kind != "incomplete"}
    if len(kinds) != 1 or len(bad & set(range(records))) < records:
        return None
    if kinds == {DATA_CHECKSUM} and len(bad) > 1:
        which = f"each stores {next(iter(stored)):#010x}, as SageMaker Debugger does" if len(stored) == 1 else ""
        detail = (
            f"data checksum mismatch in all {len(bad):,} records, while the checksums of their lengths hold"
            f'{": " if which else ""}{which}; checksums="skip" (--checksums skip) reads them, and '
            "repair --rewrite-checksums mends the file"
        )
        return WholeFileChecksumError(detail, offset=0, record=0, path=path)
    name = payload_type(payload)
    if kinds == {UndecodableRecordError.kind} and (name == EXAMPLE or len(bad) > 1):
        what = f"; the first looks like {name}" if name is not None else ""
        detail = (
            f"this is no event file, but TFRecords of another sort: none of its {len(bad):,} records is an Event{what}"
        )
        return NotAnEventFileError(detail, offset=0, record=0, path=path)
    return None
