"""Every exception and warning of tbevents.

All derive from `TBEventsError` or `TBEventsWarning`. Each is also a built-in exception, so that ordinary ``except``
clauses work: a missing run is a `FileNotFoundError`, an unknown tag a `KeyError`, damage a `ValueError`. A
subclass that callers need not tell apart is defined where it is raised. This module imports nothing from the package,
and neither numpy nor protobuf.
"""

from __future__ import annotations

import functools
import heapq
import os
from collections.abc import Iterable
from typing import Final, TypeVar

__all__ = [
    "BadValueError",
    "ChecksumError",
    "DamageWarning",
    "DamagedFileError",
    "DropinError",
    "FileChangedError",
    "IncompleteRecordError",
    "MissingExtraError",
    "NotAnEventFileError",
    "PayloadError",
    "RecordTooLargeError",
    "RunNotFoundError",
    "SyncConflictError",
    "TBEventsError",
    "TBEventsWarning",
    "TensorError",
    "UndecodableRecordError",
    "UnknownNameError",
    "UnknownStepError",
    "UploadError",
    "WorkerError",
    "WriterWarning",
]

S = TypeVar("S", bound=str)


class TBEventsWarning(UserWarning):
    """Base class of all warnings of tbevents."""


class DamageWarning(TBEventsWarning):
    """Part of an event file could not be read; the rest was read. See the run's `problems`."""


class WriterWarning(TBEventsWarning):
    """A writer continued in a new file, because its file was changed; or a write failed and `on_error` is "warn"."""


class TBEventsError(Exception):
    """Base class of all exceptions of tbevents."""


def _rebuilt(cls: type[TBEventsError], *args: object) -> TBEventsError:
    """Returns an unpickled error without a call of its constructor, which does not take `args`."""
    return cls.__new__(cls, *args)


class DamagedFileError(TBEventsError, ValueError):
    """An event file holds bytes that are not a complete, intact record.

    Attributes:
        path: the file, or None if the bytes did not come from a file.
        offset: the byte offset at which the damaged record starts.
        record: the index of the damaged record in the file, from 0.
        detail: what is wrong, without the location.
        kind: one word for the kind of damage, as in `Problem.kind`.
    """

    kind = "damaged"

    def __init__(self, detail: str, *, offset: int, record: int, path: str | None = None) -> None:
        super().__init__(detail, offset, record, path)
        self.detail = detail
        self.offset = offset
        self.record = record
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (type(self), *self.args), self.__dict__)

    def __str__(self) -> str:
        where = f"record {self.record} at byte {self.offset}: {self.detail}"
        return where if self.path is None else f"{self.path}: {where}"


class ChecksumError(DamagedFileError):
    """A stored masked CRC32C does not match the bytes that it protects.

    Attributes:
        part: "length" or "data": what the checksum protects.
        stored: the checksum in the file.
        computed: the checksum of the bytes in the file.
    """

    def __init__(
        self, *, part: str, stored: int, computed: int, offset: int, record: int, path: str | None = None
    ) -> None:
        detail = f"{part} checksum mismatch: stored {stored:#010x}, computed {computed:#010x}"
        super().__init__(detail, offset=offset, record=record, path=path)
        self.part = part
        self.stored = stored
        self.computed = computed

    @property
    def kind(self) -> str:  # type: ignore[override]  # the kind depends on the part here
        """The checksum that failed: "length_checksum" or "data_checksum"."""
        return f"{self.part}_checksum"


class RecordTooLargeError(DamagedFileError):
    """A record declares more bytes than the limit, or than are left in the file. No memory was allocated for it.

    Attributes:
        length: the declared length of the payload, in bytes.
        limit: the largest length that is allowed, in bytes.
    """

    kind = "too_large"

    def __init__(self, *, length: int, limit: int, offset: int, record: int, path: str | None = None) -> None:
        detail = f"declared length of {length} bytes is over the limit of {limit}"
        super().__init__(detail, offset=offset, record=record, path=path)
        self.length = length
        self.limit = limit


_HEADER_SIZE = 12
"""The size of a record's header: as many bytes are missing from an empty file."""


class IncompleteRecordError(DamagedFileError):
    """The data ends inside a record: the file is truncated, or its writer has not finished.

    Attributes:
        missing: how many bytes the record still needs, as far as is known.
        zeros: how many zero bytes end the file in place of the record; 0 if there are none. Network file systems
            show zeros for data that has not arrived yet.
    """

    kind = "incomplete"

    def __init__(self, *, missing: int, offset: int, record: int, path: str | None = None, zeros: int = 0) -> None:
        detail = f"the file ends {missing} {'byte' if missing == 1 else 'bytes'} before the record does"
        if offset == 0 and missing == _HEADER_SIZE:
            detail = "the file is empty"
        if zeros:
            detail = f"the file ends in {zeros} zero bytes where a record should be"
        super().__init__(detail, offset=offset, record=record, path=path)
        self.missing = missing
        self.zeros = zeros


class UndecodableRecordError(DamagedFileError):
    """A record's checksums match, but its payload is not an Event message."""

    kind = "undecodable"


class BadValueError(DamagedFileError):
    """An event is intact, but a value in it contradicts itself, for instance a tensor and its shape."""

    kind = "bad_value"


class NotAnEventFileError(DamagedFileError):
    """A file does not start with a record: it is not an event file but, for example, an image, an archive or text."""

    kind = "not_an_event_file"


class RunNotFoundError(TBEventsError, FileNotFoundError):
    """A run, logdir or event file does not exist.

    Attributes:
        path: what was looked for.
        detail: what is wrong, without `path`.
    """

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}" if path else detail)
        self.path = path
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.path, self.detail), self.__dict__)


class UnknownNameError(TBEventsError, KeyError):
    """A tag or run does not exist; the message names the closest matches.

    Args:
        noun: what the name should be that of, such as "tag" or "run".
        name: the unknown name.
        known: the known names; None if the message should not name any.
        where: what was searched, to begin the message with.
        hint: text for the message in place of the closest matches.

    Attributes:
        noun: the argument.
        name: the argument; its repr if it is not a str.
        where: the argument.
        hint: what the message says of other names; "" if it says nothing.
        reason: the message without `where`.
    """

    def __init__(
        self, noun: str, name: object, known: Iterable[str] | None, where: str = "", *, hint: str = ""
    ) -> None:
        if not hint and known is not None:
            hint = closest_or_first(name, known)
        self.noun = noun
        self.name: str = name if isinstance(name, str) else repr(name)
        self.where = where
        self.hint = hint
        self.reason: str = f"no {noun} {brief(name)}{'; ' if hint else ''}{hint}"
        super().__init__(f"{where}{': ' if where else ''}{self.reason}")

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError.__str__ would show the repr of the message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (type(self), *self.args), self.__dict__)


def checked_choice(argument: str, value: object, choices: Iterable[S]) -> S:
    """Returns the choice that an argument names.

    Raises:
        ValueError: if it names none; the message lists all choices, and names the closest.
    """
    choices = tuple(choices)
    if isinstance(value, str):
        for choice in choices:
            if choice == value:
                return choice
    *others, last = map(repr, choices)
    allowed = f"{', '.join(others)} or {last}" if others else last
    raise ValueError(f"{argument} must be {allowed}, not {brief(value)}{did_you_mean(value, choices)}")


def closest_or_first(name: object, known: Iterable[str], most: int = 3) -> str:
    """Returns ``"did you mean 'x'?"`` with up to `most` close known names, or the first ones if none is close."""
    known = list(known)
    if near := _closest(name, known, most):
        return suggestion(near)
    if not known:
        return "there are none"
    shown = ", ".join(map(brief, known[:8]))
    return f"there are: {shown}" + (f" and {len(known) - 8} more" if len(known) > 8 else "")


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Returns ``"; did you mean 'x'?"`` with the known name that is closest to a value, or "" if none is close."""
    near = nearest(value, known)
    return f"; {suggestion([near])}" if near else ""


def nearest(value: object, known: Iterable[str]) -> str:
    """Returns the known name that is closest to a value, or "" if none is close."""
    near = _closest(value, known, 1)
    return near[0] if near else ""


_CUTOFF: Final = 0.5
"""How similar two names must be to be close, from 0 to 1: half of their letters are equal and in the same order."""


_MOST_COMPARED: Final = 500
"""The most names that are compared letter by letter: 50,000 would take seconds."""


def _closest(value: object, known: Iterable[str], most: int) -> list[str]:
    """Returns the known names that are close to a value, the closest first."""
    if not isinstance(value, str):
        return []
    import difflib  # here: this module is loaded with the package

    names = list(known)
    below = [name for name in names if value and name.startswith(f"{value}/")]  # add_text appends to its tag
    if below:
        return below[:most]
    if len(names) > _MOST_COMPARED:  # those that begin and end as it does come first
        names = heapq.nlargest(_MOST_COMPARED, names, key=functools.partial(_shared_ends, value))
    return difflib.get_close_matches(value, names, n=most, cutoff=_CUTOFF)


def _shared_ends(a: str, b: str) -> int:
    """Returns how many letters two names have in common at their beginnings and at their ends."""
    return sum(len(os.path.commonprefix(pair)) for pair in ((a, b), (a[::-1], b[::-1])))  # noqa: RUF071  # of letters


def suggestion(names: Iterable[str]) -> str:
    """Returns ``"did you mean 'x' or 'y'?"``."""
    return f"did you mean {' or '.join(map(brief, names))}?"


def brief(name: object) -> str:
    """Returns the repr of a name, with the middle left out if it is very long."""
    text = repr(name)
    return text if len(text) <= 100 else f"{text[:50]}...{text[-47:]}"


class UnknownStepError(TBEventsError, KeyError):
    """A series has no point at the requested step.

    Attributes:
        tag: the tag of the series.
        step: the requested step.
        hint: which steps are nearest; or that there are no points.
    """

    def __init__(self, tag: str, step: float, hint: str) -> None:
        super().__init__(f"{tag!r} has no point at step {step!r}; {hint}")
        self.tag = tag
        self.step = step
        self.hint = hint

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (type(self), *self.args), self.__dict__)


class MissingExtraError(TBEventsError, ImportError):
    """An optional package is needed but not installed; the message names the extra that installs it."""

    def __init__(self, package: str, extra: str, purpose: str, *, hint: str = "") -> None:
        how = hint or f"pip install 'tbevents[{extra}]'"
        super().__init__(f"{purpose} needs {package}: {how}", name=package)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (type(self), *self.args), {**self.__dict__, "msg": self.msg, "name": self.name})


class WorkerError(TBEventsError, RuntimeError):
    """A process that reads runs ended before it had finished: it was killed, for instance. The next use tries again."""


class TensorError(TBEventsError, ValueError):
    """A TensorProto contradicts itself, or numpy has no equivalent of its dtype."""


class PayloadError(TBEventsError, ValueError):
    """The content of a value cannot be decoded: an image, audio, a graph or a layout."""


class FileChangedError(TBEventsError, OSError):
    """An event file no longer holds what was read from it: it was truncated, replaced or removed."""


class SyncConflictError(TBEventsError, RuntimeError):
    """Others changed a Delta table again and again while it was synchronized. The table holds what they wrote."""


class UploadError(TBEventsError, OSError):
    """What a writer logged could not be put in object storage.

    Attributes:
        filename: the URL of the object.
        spool: the local folder that keeps the events, or None if it keeps none: nothing was logged yet, or the folder
            was removed.
    """

    spool: str | None = None

    def __str__(self) -> str:
        return super().__str__() if self.filename is None else f"{self.filename}: {self.strerror}"


class DropinError(TBEventsError, ImportError):
    """`tbevents.dropin` was installed too late: a package that it should replace was already imported."""
