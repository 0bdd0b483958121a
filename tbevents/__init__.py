"""TensorBoard event files without TensorFlow, torch or tensorboard.

Write them with `SummaryWriter`, a drop-in for torch's and tensorboardX's; read them back, every point, with `read_run`
and `read_logdir`; go through what is in them with `iter_events` and `iter_records`.

Names are imported when they are first used: importing `tbevents`, or a light module of it such as `tbevents.errors`,
loads neither numpy nor protobuf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tbevents import errors as errors
from tbevents import public_names
from tbevents._version import __version__ as __version__

_HOMES: Final = {
    "errors": errors.__all__,
    "file_ref": ["FileRef"],
    "live_page.notebook": ["BoardView", "board"],
    "reading.batches": ["iter_batches"],
    "reading.hparams_table": ["HParamsTable"],
    "reading.iterate": ["follow", "iter_events", "iter_records"],
    "reading.kinds.audio": ["Audio", "AudioSeries"],
    "reading.kinds.graph": ["Graph", "GraphNode", "LoggedGraph", "LoggedGraphSeries", "RunStatistics"],
    "reading.kinds.histogram": ["Histogram", "HistogramSeries"],
    "reading.kinds.hparams": ["HParams"],
    "reading.kinds.image": ["Image", "ImageSeries"],
    "reading.kinds.mesh": ["Mesh", "MeshSeries"],
    "reading.kinds.metadata": ["TagMetadata"],
    "reading.kinds.pr_curve": ["PrCurve", "PrCurveSeries"],
    "reading.kinds.projector": ["Embedding", "Projector"],
    "reading.kinds.scalar": ["ScalarPoint", "ScalarSeries"],
    "reading.kinds.session": ["LogLine", "SessionEvent"],
    "reading.kinds.tensor": ["Tensor", "TensorSeries"],
    "reading.kinds.text": ["Text", "TextSeries"],
    "reading.logdir": ["Logdir", "read_logdir"],
    "reading.problem": ["Problem"],
    "reading.refs": ["RunRef"],
    "reading.run": ["Run", "read_run"],
    "reading.tables": ["Table", "WideTable"],
    "tools.sync": ["sync"],
    "writing.event_file_writer": ["EventFileWriter"],
    "writing.global_summary_writer": ["GlobalSummaryWriter"],
    "writing.summary_writer": ["SummaryWriter"],
}
"""The modules, and the public names that each defines."""

_MODULES: Final = ("dropin", "errors", "integrations", "lint", "lr_scheduler", "proto", "summary", "testing", "tools")
"""The modules that are public themselves, beside `pytest_plugin`, which pytest loads."""

if TYPE_CHECKING:
    from tbevents import dropin as dropin
    from tbevents import integrations as integrations
    from tbevents import lint as lint
    from tbevents import lr_scheduler as lr_scheduler
    from tbevents import proto as proto
    from tbevents import summary as summary
    from tbevents import testing as testing
    from tbevents import tools as tools
    from tbevents.errors import BadValueError as BadValueError
    from tbevents.errors import ChecksumError as ChecksumError
    from tbevents.errors import DamagedFileError as DamagedFileError
    from tbevents.errors import DamageWarning as DamageWarning
    from tbevents.errors import DropinError as DropinError
    from tbevents.errors import FileChangedError as FileChangedError
    from tbevents.errors import IncompleteRecordError as IncompleteRecordError
    from tbevents.errors import MissingExtraError as MissingExtraError
    from tbevents.errors import NotAnEventFileError as NotAnEventFileError
    from tbevents.errors import PayloadError as PayloadError
    from tbevents.errors import RecordTooLargeError as RecordTooLargeError
    from tbevents.errors import RunNotFoundError as RunNotFoundError
    from tbevents.errors import SyncConflictError as SyncConflictError
    from tbevents.errors import TBEventsError as TBEventsError
    from tbevents.errors import TBEventsWarning as TBEventsWarning
    from tbevents.errors import TensorError as TensorError
    from tbevents.errors import UndecodableRecordError as UndecodableRecordError
    from tbevents.errors import UnknownNameError as UnknownNameError
    from tbevents.errors import UnknownStepError as UnknownStepError
    from tbevents.errors import UploadError as UploadError
    from tbevents.errors import WorkerError as WorkerError
    from tbevents.errors import WriterWarning as WriterWarning
    from tbevents.file_ref import FileRef as FileRef
    from tbevents.live_page.notebook import BoardView as BoardView
    from tbevents.live_page.notebook import board as board
    from tbevents.reading.batches import iter_batches as iter_batches
    from tbevents.reading.hparams_table import HParamsTable as HParamsTable
    from tbevents.reading.iterate import follow as follow
    from tbevents.reading.iterate import iter_events as iter_events
    from tbevents.reading.iterate import iter_records as iter_records
    from tbevents.reading.kinds.audio import Audio as Audio
    from tbevents.reading.kinds.audio import AudioSeries as AudioSeries
    from tbevents.reading.kinds.graph import Graph as Graph
    from tbevents.reading.kinds.graph import GraphNode as GraphNode
    from tbevents.reading.kinds.graph import LoggedGraph as LoggedGraph
    from tbevents.reading.kinds.graph import LoggedGraphSeries as LoggedGraphSeries
    from tbevents.reading.kinds.graph import RunStatistics as RunStatistics
    from tbevents.reading.kinds.histogram import Histogram as Histogram
    from tbevents.reading.kinds.histogram import HistogramSeries as HistogramSeries
    from tbevents.reading.kinds.hparams import HParams as HParams
    from tbevents.reading.kinds.image import Image as Image
    from tbevents.reading.kinds.image import ImageSeries as ImageSeries
    from tbevents.reading.kinds.mesh import Mesh as Mesh
    from tbevents.reading.kinds.mesh import MeshSeries as MeshSeries
    from tbevents.reading.kinds.metadata import TagMetadata as TagMetadata
    from tbevents.reading.kinds.pr_curve import PrCurve as PrCurve
    from tbevents.reading.kinds.pr_curve import PrCurveSeries as PrCurveSeries
    from tbevents.reading.kinds.projector import Embedding as Embedding
    from tbevents.reading.kinds.projector import Projector as Projector
    from tbevents.reading.kinds.scalar import ScalarPoint as ScalarPoint
    from tbevents.reading.kinds.scalar import ScalarSeries as ScalarSeries
    from tbevents.reading.kinds.session import LogLine as LogLine
    from tbevents.reading.kinds.session import SessionEvent as SessionEvent
    from tbevents.reading.kinds.tensor import Tensor as Tensor
    from tbevents.reading.kinds.tensor import TensorSeries as TensorSeries
    from tbevents.reading.kinds.text import Text as Text
    from tbevents.reading.kinds.text import TextSeries as TextSeries
    from tbevents.reading.logdir import Logdir as Logdir
    from tbevents.reading.logdir import read_logdir as read_logdir
    from tbevents.reading.problem import Problem as Problem
    from tbevents.reading.refs import RunRef as RunRef
    from tbevents.reading.run import Run as Run
    from tbevents.reading.run import read_run as read_run
    from tbevents.reading.tables import Table as Table
    from tbevents.reading.tables import WideTable as WideTable
    from tbevents.tools.sync import sync as sync
    from tbevents.writing.event_file_writer import EventFileWriter as EventFileWriter
    from tbevents.writing.global_summary_writer import GlobalSummaryWriter as GlobalSummaryWriter
    from tbevents.writing.summary_writer import SummaryWriter as SummaryWriter
else:
    __all__, __getattr__, __dir__ = public_names.lazy_package(__name__, _HOMES, _MODULES)
