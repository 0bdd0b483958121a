"""TensorBoard event files without TensorFlow, torch or tensorboard.

Write them with `SummaryWriter`, a drop-in for torch's and tensorboardX's; read them back, every point, with `read_run`
and `read_logdir`; go through what is in them with `iter_events` and `iter_records`.

Names are imported when they are first used: importing `tbevents`, or a light module of it such as `tbevents.errors`,
loads neither numpy nor protobuf.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tbevents._version import __version__

if TYPE_CHECKING:
    from tbevents.errors import (
        BadValueError,
        ChecksumError,
        DamagedFileError,
        DamageWarning,
        IncompleteRecordError,
        MissingExtraError,
        NotAnEventFileError,
        RecordTooLargeError,
        RunNotFoundError,
        TBEventsError,
        TBEventsWarning,
        TensorError,
        UndecodableRecordError,
        UnknownNameError,
        UnknownStepError,
    )
    from tbevents.reading.event_file import iter_events, iter_records
    from tbevents.reading.logdir import Logdir, read_logdir
    from tbevents.reading.run import Run, read_run
    from tbevents.reading.values import Problem, ScalarPoint, ScalarSeries
    from tbevents.writing.event_file import EventFileWriter
    from tbevents.writing.summary_writer import SummaryWriter

_HOMES = {
    "tbevents.errors": [
        "BadValueError",
        "ChecksumError",
        "DamageWarning",
        "DamagedFileError",
        "IncompleteRecordError",
        "MissingExtraError",
        "NotAnEventFileError",
        "RecordTooLargeError",
        "RunNotFoundError",
        "TBEventsError",
        "TBEventsWarning",
        "TensorError",
        "UndecodableRecordError",
        "UnknownNameError",
        "UnknownStepError",
    ],
    "tbevents.reading.event_file": ["iter_events", "iter_records"],
    "tbevents.reading.logdir": ["Logdir", "read_logdir"],
    "tbevents.reading.run": ["Run", "read_run"],
    "tbevents.reading.values": ["Problem", "ScalarPoint", "ScalarSeries"],
    "tbevents.writing.event_file": ["EventFileWriter"],
    "tbevents.writing.summary_writer": ["SummaryWriter"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BadValueError",
    "ChecksumError",
    "DamageWarning",
    "DamagedFileError",
    "EventFileWriter",
    "IncompleteRecordError",
    "Logdir",
    "MissingExtraError",
    "NotAnEventFileError",
    "Problem",
    "RecordTooLargeError",
    "Run",
    "RunNotFoundError",
    "ScalarPoint",
    "ScalarSeries",
    "SummaryWriter",
    "TBEventsError",
    "TBEventsWarning",
    "TensorError",
    "UndecodableRecordError",
    "UnknownNameError",
    "UnknownStepError",
    "__version__",
    "iter_events",
    "iter_records",
    "read_logdir",
    "read_run",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'tbevents' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
