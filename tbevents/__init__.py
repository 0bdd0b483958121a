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
        DropinError,
        FileChangedError,
        IncompleteRecordError,
        MissingExtraError,
        NotAnEventFileError,
        PayloadError,
        RecordTooLargeError,
        RunNotFoundError,
        TBEventsError,
        TBEventsWarning,
        TensorError,
        UndecodableRecordError,
        UnknownNameError,
        UnknownStepError,
        WriterWarning,
    )
    from tbevents.reading.hparams_table import HParamsTable
    from tbevents.reading.iterate import follow, iter_events, iter_records
    from tbevents.reading.kinds.audio import Audio, AudioSeries
    from tbevents.reading.kinds.graph import Graph, GraphNode, LoggedGraph, LoggedGraphSeries, RunStatistics
    from tbevents.reading.kinds.histogram import Histogram, HistogramSeries
    from tbevents.reading.kinds.hparams import HParams
    from tbevents.reading.kinds.image import Image, ImageSeries
    from tbevents.reading.kinds.mesh import Mesh, MeshSeries
    from tbevents.reading.kinds.metadata import TagMetadata
    from tbevents.reading.kinds.pr_curve import PrCurve, PrCurveSeries
    from tbevents.reading.kinds.projector import Embedding, Projector
    from tbevents.reading.kinds.scalar import ScalarPoint, ScalarSeries
    from tbevents.reading.kinds.session import LogLine, SessionEvent
    from tbevents.reading.kinds.tensor import Tensor, TensorSeries
    from tbevents.reading.kinds.text import Text, TextSeries
    from tbevents.reading.logdir import Logdir, read_logdir
    from tbevents.reading.problem import Problem
    from tbevents.reading.run import Run, read_run
    from tbevents.reading.tables import Table, WideTable
    from tbevents.writing.event_file_writer import EventFileWriter
    from tbevents.writing.global_summary_writer import GlobalSummaryWriter
    from tbevents.writing.summary_writer import SummaryWriter

_HOMES = {
    "tbevents.errors": [
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
        "TBEventsError",
        "TBEventsWarning",
        "TensorError",
        "UndecodableRecordError",
        "UnknownNameError",
        "UnknownStepError",
        "WriterWarning",
    ],
    "tbevents.reading.hparams_table": ["HParamsTable"],
    "tbevents.reading.iterate": ["follow", "iter_events", "iter_records"],
    "tbevents.reading.kinds.audio": ["Audio", "AudioSeries"],
    "tbevents.reading.kinds.graph": ["Graph", "GraphNode", "LoggedGraph", "LoggedGraphSeries", "RunStatistics"],
    "tbevents.reading.kinds.histogram": ["Histogram", "HistogramSeries"],
    "tbevents.reading.kinds.hparams": ["HParams"],
    "tbevents.reading.kinds.image": ["Image", "ImageSeries"],
    "tbevents.reading.kinds.mesh": ["Mesh", "MeshSeries"],
    "tbevents.reading.kinds.metadata": ["TagMetadata"],
    "tbevents.reading.kinds.pr_curve": ["PrCurve", "PrCurveSeries"],
    "tbevents.reading.kinds.projector": ["Embedding", "Projector"],
    "tbevents.reading.kinds.scalar": ["ScalarPoint", "ScalarSeries"],
    "tbevents.reading.kinds.session": ["LogLine", "SessionEvent"],
    "tbevents.reading.kinds.tensor": ["Tensor", "TensorSeries"],
    "tbevents.reading.kinds.text": ["Text", "TextSeries"],
    "tbevents.reading.logdir": ["Logdir", "read_logdir"],
    "tbevents.reading.problem": ["Problem"],
    "tbevents.reading.run": ["Run", "read_run"],
    "tbevents.reading.tables": ["Table", "WideTable"],
    "tbevents.writing.event_file_writer": ["EventFileWriter"],
    "tbevents.writing.global_summary_writer": ["GlobalSummaryWriter"],
    "tbevents.writing.summary_writer": ["SummaryWriter"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Audio",
    "AudioSeries",
    "BadValueError",
    "ChecksumError",
    "DamageWarning",
    "DamagedFileError",
    "DropinError",
    "Embedding",
    "EventFileWriter",
    "FileChangedError",
    "GlobalSummaryWriter",
    "Graph",
    "GraphNode",
    "HParams",
    "HParamsTable",
    "Histogram",
    "HistogramSeries",
    "Image",
    "ImageSeries",
    "IncompleteRecordError",
    "LogLine",
    "Logdir",
    "LoggedGraph",
    "LoggedGraphSeries",
    "Mesh",
    "MeshSeries",
    "MissingExtraError",
    "NotAnEventFileError",
    "PayloadError",
    "PrCurve",
    "PrCurveSeries",
    "Problem",
    "Projector",
    "RecordTooLargeError",
    "Run",
    "RunNotFoundError",
    "RunStatistics",
    "ScalarPoint",
    "ScalarSeries",
    "SessionEvent",
    "SummaryWriter",
    "TBEventsError",
    "TBEventsWarning",
    "Table",
    "TagMetadata",
    "Tensor",
    "TensorError",
    "TensorSeries",
    "Text",
    "TextSeries",
    "UndecodableRecordError",
    "UnknownNameError",
    "UnknownStepError",
    "WideTable",
    "WriterWarning",
    "__version__",
    "follow",
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
