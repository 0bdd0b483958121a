"""The damage of one event file: the one list that its problems are on, and what they say of the file as a whole."""

from __future__ import annotations

import bisect
import dataclasses
import io
from typing import Final

from tbevents.errors import (
    ChecksumError,
    DamagedFileError,
    IncompleteRecordError,
    NotAnEventFileError,
    UndecodableRecordError,
)
from tbevents.files import read_bytes
from tbevents.format.file_type import EXAMPLE, LOOKED_AT, file_type, line_endings_changed, payload_type
from tbevents.format.record import HEADER_SIZE
from tbevents.reading.problem import Problem

_DATA_CHECKSUM: Final = "data_checksum"

_SEARCHED: Final = 1 << 16
"""Bytes of a broken end that are looked at at a time."""


class WholeFileChecksumError(DamagedFileError):
    """The checksums of all lengths are right, and those of all data are wrong."""

    kind = _DATA_CHECKSUM


class Damage:
    """The problems of one event file, in the order of the file.

    It must be used by one thread at a time; a `copy` is independent.

    Args:
        path: the file.

    Attributes:
        path: the file.
        end: the problem of the end of the file, which is withdrawn when reading continues; None if there is none.
        of_all: what is wrong with all records of the file; None if some can be used.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.end: Problem | None = None
        self.of_all: DamagedFileError | None = None
        self._problems: list[Problem] = []
        self._summed = 0  # number of leading records that the first problem sums up; 0 if none
        self._explained = False  # True once the first checksum error was explained
        self._stored: frozenset[int] = frozenset()  # wrong checksums of data that the file stores: two that differ

    @property
    def problems(self) -> list[Problem]:
        """All problems, including that of the end."""
        return self._problems if self.end is None else [*self._problems, self.end]

    def copy(self) -> Damage:
        """Returns a copy, to which more can be added."""
        other = Damage.__new__(Damage)
        vars(other).update(vars(self))
        other._problems = self._problems.copy()
        return other

    def explain(self, error: DamagedFileError) -> None:
        """Adds to the file's first checksum error what happened to the file, if that is known."""
        if self._explained or not isinstance(error, ChecksumError):
            return
        self._explained = True
        start = _bytes_at(self.path, error.offset)
        if line_endings_changed(start):
            error.detail += "; line endings were changed (LF to CR LF): copy the file again, as binary"
        elif error.offset == 0 and error.part == "length" and (name := file_type(start)) is not None:
            error.detail += f"; the file is {name}"

    def add(self, error: DamagedFileError, skipped: int) -> None:
        """Adds an error, and the number of bytes skipped."""
        if isinstance(error, ChecksumError) and len(self._stored) < 2:
            self._stored = self._stored | {error.stored}
        problem = self._problem(error, skipped)
        if self._problems and problem.offset < self._problems[-1].offset:  # in a record that stood before other damage
            bisect.insort(self._problems, problem, key=lambda one: one.offset)
        else:
            self._problems.append(problem)

    def add_end(self, error: DamagedFileError, skipped: int) -> None:
        """Sets the problem of the end of the file."""
        self.end = self._problem(error, skipped)

    def end_wait(self, offset: int, stored: int, computed: int) -> None:
        """Changes the problem of a record that was incomplete: all of it is there now, with a wrong checksum."""
        for place, problem in enumerate(self._problems):
            if problem.offset == offset and problem.kind == "incomplete":
                error = ChecksumError(
                    part="data",
                    stored=stored,
                    computed=computed,
                    offset=offset,
                    record=problem.record,
                    path=self.path,
                )
                self._problems[place] = self._problem(error, problem.skipped)

    def sum_up(self, records: int) -> None:
        """Replaces all problems by one, and sets `of_all`, if none of the file's records can be used.

        It is called again when the file has been read on: that problem is then of more records, or, if one of them can
        be used, of the first ones only.

        Args:
            records: the number of records of the file, as far as it has been read.
        """
        known = self._summed
        if known and self.of_all is None:
            return
        kind = self._kind_of_all(records)
        if kind is None:
            if known:
                self.of_all = None
                what = self._fault(self._problems[0].kind, known, of_all=False)
                self._problems[0] = dataclasses.replace(self._problems[0], detail=what)
        elif records > known:
            self.of_all = self._error_of_all(kind, records)
            if self.of_all is not None:
                skipped = sum(problem.skipped for problem in self._problems)
                self._problems = [Problem(self.path, 0, kind, skipped, 0, self.of_all.detail)]
                self._summed = records

    @staticmethod
    def may_be_of_all(error: DamagedFileError) -> bool:
        """Returns True if an error may be the first of one that all records of the file have."""
        return not error.record and error.kind in (_DATA_CHECKSUM, UndecodableRecordError.kind)

    def _kind_of_all(self, records: int) -> str | None:
        """Returns the kind of fault that all records of the file have; None if there is none."""
        if len(self._problems) + max(self._summed - 1, 0) < records:
            return None
        problems = [problem for problem in self.problems if problem.kind != "incomplete"]
        kinds = {problem.kind for problem in problems}
        bad = {problem.record for problem in problems}
        return kinds.pop() if len(kinds) == 1 and bad.issuperset(range(self._summed, records)) else None

    def _error_of_all(self, kind: str, records: int) -> DamagedFileError | None:
        """Returns one error for all records, which have the same fault; None if it is of each by itself."""
        fault = self._fault(kind, records, of_all=True)
        if kind == _DATA_CHECKSUM and records > 1:
            return WholeFileChecksumError(fault, offset=0, record=0, path=self.path)
        if kind == UndecodableRecordError.kind and (records > 1 or self._type_of_payload() == EXAMPLE):
            detail = f"this is not an event file, but TFRecords of another sort: {fault}"
            return NotAnEventFileError(detail, offset=0, record=0, path=self.path)
        return None

    def _fault(self, kind: str, records: int, *, of_all: bool) -> str:
        """Says what is wrong with all records of the file, or only with its first ones."""
        if kind == _DATA_CHECKSUM:
            stored = self._stored
            each = f": each stores {next(iter(stored)):#010x}, as SageMaker Debugger does" if len(stored) == 1 else ""
            which = f"all {records:,}" if of_all else f"the first {records:,}"
            return (
                f"data checksum mismatch in {which} records, while the checksums of their lengths hold{each}; "
                'checksums="skip" (--checksums skip) reads them, and repair --rewrite-checksums mends the file'
            )
        name = self._type_of_payload()
        looks = f"; the first looks like {name}" if name is not None else ""
        return f"none of its {'' if of_all else 'first '}{records:,} records is an Event{looks}"

    def _type_of_payload(self) -> str | None:
        """What the payload of the first record looks like."""
        return payload_type(_bytes_at(self.path, HEADER_SIZE))

    def _problem(self, error: DamagedFileError, skipped: int) -> Problem:
        return Problem(self.path, error.offset, error.kind, skipped, error.record, error.detail)


def error_at_end(file: io.RawIOBase, error: DamagedFileError, size: int) -> DamagedFileError:
    """Returns what damage means if no record follows it; `size` is that of the file."""
    offset, record, path = error.offset, error.record, error.path
    assert path is not None  # a file's decoder names it
    start = _bytes_at(path, 0) if offset == 0 else b""
    name = file_type(start)
    is_other = name is not None or any(start[4:8])  # as the high bytes of a length, these would mean over 4 GiB
    short = isinstance(error, IncompleteRecordError) and len(start) <= HEADER_SIZE and is_other
    if not short and (not isinstance(error, ChecksumError) or error.part != "length"):
        return error
    file.seek(offset)
    if not any(any(block) for block in iter(lambda: file.read(_SEARCHED), b"")):
        return IncompleteRecordError(missing=HEADER_SIZE, zeros=size - offset, offset=offset, record=record, path=path)
    if offset == 0:
        detail = f"this is not an event file: it starts with {start[:8]!r}" + (f": {name}" if name else "")
        return NotAnEventFileError(detail, offset=offset, record=record, path=path)
    return error


def _bytes_at(path: str, offset: int) -> bytes:
    """Returns the bytes of a file from an offset on that tell its type. Opens the file anew: it may be being read."""
    return read_bytes(path, offset, LOOKED_AT)
