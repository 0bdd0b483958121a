"""Every exception and warning of tbevents.

All derive from `TBEventsError` or `TBEventsWarning`; each is also the built-in exception that plain code would
expect (a missing run is a `FileNotFoundError`, an unknown tag a `KeyError`, damage a `ValueError`),
so ordinary ``except`` clauses work. This module imports nothing of the package's, and neither numpy nor protobuf.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TBEventsWarning(UserWarning):
    """The root of the warnings."""


class DamageWarning(TBEventsWarning):
    """Part of an event file could not be read; the rest was. The run's `problems` say what and where."""


class WriterWarning(TBEventsWarning):
    """A writer's file was disturbed, so that it went on in another; or, where it warns of errors, a write failed."""


class TBEventsError(Exception):
    """The root of the exceptions."""


class DamagedFileError(TBEventsError, ValueError):
    """An event file holds something that is no whole, intact record.

    Attributes:
        path: the file, or None where bytes were decoded without one.
        offset: the byte at which the damaged record starts.
        record: how many records stand before it in the file.
        detail: what is wrong, without the location.
        kind: one word for the sort of damage, as in `Problem.kind`.
    """

    kind = "damaged"

    def __init__(self, detail: str, *, offset: int, record: int, path: str | None = None) -> None:
        super().__init__(detail, offset, record, path)
        self.detail = detail
        self.offset = offset
        self.record = record
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by their positional arguments; ours are keyword-only. The state carries them.
        return (_blank, (type(self),), self.__dict__)

    def __str__(self) -> str:
        where = f"record {self.record} at byte {self.offset}: {self.detail}"
        return where if self.path is None else f"{self.path}: {where}"


def _blank(cls: type[DamagedFileError]) -> DamagedFileError:
    return cls.__new__(cls)


class ChecksumError(DamagedFileError):
    """A stored masked CRC32C is not that of the bytes it guards.

    Attributes:
        part: "length" or "data", whichever the checksum guards.
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
        """What failed: "length_checksum" or "data_checksum"."""
        return f"{self.part}_checksum"


class RecordTooLargeError(DamagedFileError):
    """A record declares more bytes than the limit, or than its file has left; nothing was allocated for it.

    Attributes:
        length: the declared length of the payload, in bytes.
        limit: the most that was allowed.
    """

    kind = "too_large"

    def __init__(self, *, length: int, limit: int, offset: int, record: int, path: str | None = None) -> None:
        detail = f"declared length of {length} bytes is over the limit of {limit}"
        super().__init__(detail, offset=offset, record=record, path=path)
        self.length = length
        self.limit = limit


EMPTY_FILE = 12
"""Bytes that an empty file lacks: a record's header."""


class IncompleteRecordError(DamagedFileError):
    """The data ends within a record: a truncated file, or one whose writer has not finished.

    Attributes:
        missing: how many bytes the record still needs, as far as is known.
        zeros: how many zero bytes end the file in the record's place, as a network file system shows what has not
            arrived yet; 0 where none do.
    """

    kind = "incomplete"

    def __init__(self, *, missing: int, offset: int, record: int, path: str | None = None, zeros: int = 0) -> None:
        detail = f"the file ends {missing} bytes before the record does"
        if offset == 0 and missing == EMPTY_FILE:
            detail = "the file is empty"
        if zeros:
            detail = f"the file ends in {zeros} zero bytes where a record should be"
        super().__init__(detail, offset=offset, record=record, path=path)
        self.missing = missing
        self.zeros = zeros


class UndecodableRecordError(DamagedFileError):
    """A record's checksums hold, but its payload is no Event message."""

    kind = "undecodable"


class BadValueError(DamagedFileError):
    """An event is intact, but a value in it contradicts itself, for instance a tensor and its shape."""

    kind = "bad_value"


class NotAnEventFileError(DamagedFileError):
    """A file does not start with a record: it is something else (an image, an archive, text)."""

    kind = "not_an_event_file"


class RunNotFoundError(TBEventsError, FileNotFoundError):
    """No such run, logdir or event file."""


class UnknownNameError(TBEventsError, KeyError):
    """A tag or run was asked for that is not there; the message names the nearest that are.

    `hint` takes the place of the nearest names, where the caller knows better.
    """

    def __init__(self, noun: str, name: object, known: Iterable[str], where: str = "", *, hint: str = "") -> None:
        known = list(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) if isinstance(name, str) else []
        if hint:
            pass
        elif near:
            hint = "did you mean " + " or ".join(map(_brief, near)) + "?"
        elif known:
            shown = ", ".join(map(_brief, known[:8]))
            hint = f"there are: {shown}" + (f" and {len(known) - 8} more" if len(known) > 8 else "")
        else:
            hint = "there are none"
        super().__init__(f"{where}{': ' if where else ''}no {noun} {_brief(name)}; {hint}")

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError's own would show the repr of the message

    def __reduce__(self) -> tuple[object, ...]:
        return (_blank_name, (), {"args": self.args})


def _brief(name: object) -> str:
    """A name for a message, its middle left out where it is very long."""
    text = repr(name)
    return text if len(text) <= 100 else f"{text[:50]}...{text[-47:]}"


def _blank_name() -> UnknownNameError:
    return UnknownNameError.__new__(UnknownNameError)


class UnknownStepError(TBEventsError, KeyError):
    """A series has no point at the step asked for."""

    def __str__(self) -> str:
        return str(self.args[0])


class MissingExtraError(TBEventsError, ImportError):
    """An optional package is needed and not installed; the message says which extra brings it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'tbevents[{extra}]'", name=package)


class TensorError(TBEventsError, ValueError):
    """A TensorProto contradicts itself, or is of a type that numpy has no equivalent of."""


class PayloadError(TBEventsError, ValueError):
    """What a value holds is not what its kind says: a picture, a sound, a graph or a layout that cannot be decoded."""


class FileChangedError(TBEventsError, OSError):
    """An event file does not hold any more what was read of it: it was truncated, replaced or removed."""


class DropinError(TBEventsError, ImportError):
    """`tbevents.dropin` comes too late: a package that it is to replace has been imported."""
