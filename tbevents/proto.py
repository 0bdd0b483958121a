"""The protobuf messages of event files, under their public names.

Message names, field numbers and types are those of TensorBoard, so the bytes are the same. The protobuf package is
`tbevents`, so that the messages of TensorBoard, TensorFlow and tensorboardX can be loaded in the same process. The
.proto files in the project's `proto` folder document the meaning and unit of every field. The `DataType` of
TensorBoard's hparams plugin is called `HParamDataType` here.

Example:
    >>> from tbevents.proto import Event, Summary
    >>> event = Event(step=7, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)]))
    >>> Event.FromString(event.SerializeToString()).summary.value[0].simple_value
    0.5
"""

import typing

from tbevents import public_names
from tbevents._proto.custom_scalars_pb2 import Category as Category
from tbevents._proto.custom_scalars_pb2 import Chart as Chart
from tbevents._proto.custom_scalars_pb2 import Layout as Layout
from tbevents._proto.custom_scalars_pb2 import MarginChartContent as MarginChartContent
from tbevents._proto.custom_scalars_pb2 import MultilineChartContent as MultilineChartContent
from tbevents._proto.event_pb2 import Event as Event
from tbevents._proto.event_pb2 import LogMessage as LogMessage
from tbevents._proto.event_pb2 import SessionLog as SessionLog
from tbevents._proto.event_pb2 import SourceMetadata as SourceMetadata
from tbevents._proto.event_pb2 import TaggedRunMetadata as TaggedRunMetadata
from tbevents._proto.graph_pb2 import AllocatorMemoryUsed as AllocatorMemoryUsed
from tbevents._proto.graph_pb2 import AttrValue as AttrValue
from tbevents._proto.graph_pb2 import DeviceStepStats as DeviceStepStats
from tbevents._proto.graph_pb2 import FunctionDef as FunctionDef
from tbevents._proto.graph_pb2 import FunctionDefLibrary as FunctionDefLibrary
from tbevents._proto.graph_pb2 import GraphDef as GraphDef
from tbevents._proto.graph_pb2 import NameAttrList as NameAttrList
from tbevents._proto.graph_pb2 import NodeDef as NodeDef
from tbevents._proto.graph_pb2 import NodeExecStats as NodeExecStats
from tbevents._proto.graph_pb2 import OpDef as OpDef
from tbevents._proto.graph_pb2 import RunMetadata as RunMetadata
from tbevents._proto.graph_pb2 import StepStats as StepStats
from tbevents._proto.graph_pb2 import VersionDef as VersionDef
from tbevents._proto.hparams_pb2 import DatasetType as DatasetType
from tbevents._proto.hparams_pb2 import Experiment as Experiment
from tbevents._proto.hparams_pb2 import HParamDataType as HParamDataType
from tbevents._proto.hparams_pb2 import HParamInfo as HParamInfo
from tbevents._proto.hparams_pb2 import HParamsPluginData as HParamsPluginData
from tbevents._proto.hparams_pb2 import Interval as Interval
from tbevents._proto.hparams_pb2 import MetricInfo as MetricInfo
from tbevents._proto.hparams_pb2 import MetricName as MetricName
from tbevents._proto.hparams_pb2 import SessionEndInfo as SessionEndInfo
from tbevents._proto.hparams_pb2 import SessionStartInfo as SessionStartInfo
from tbevents._proto.hparams_pb2 import Status as Status
from tbevents._proto.plugins_pb2 import AudioPluginData as AudioPluginData
from tbevents._proto.plugins_pb2 import HistogramPluginData as HistogramPluginData
from tbevents._proto.plugins_pb2 import ImagePluginData as ImagePluginData
from tbevents._proto.plugins_pb2 import MeshPluginData as MeshPluginData
from tbevents._proto.plugins_pb2 import PrCurvePluginData as PrCurvePluginData
from tbevents._proto.plugins_pb2 import ScalarPluginData as ScalarPluginData
from tbevents._proto.plugins_pb2 import TextPluginData as TextPluginData
from tbevents._proto.projector_pb2 import EmbeddingInfo as EmbeddingInfo
from tbevents._proto.projector_pb2 import ProjectorConfig as ProjectorConfig
from tbevents._proto.projector_pb2 import SpriteMetadata as SpriteMetadata
from tbevents._proto.summary_pb2 import DataClass as DataClass
from tbevents._proto.summary_pb2 import HistogramProto as HistogramProto
from tbevents._proto.summary_pb2 import Summary as Summary
from tbevents._proto.summary_pb2 import SummaryMetadata as SummaryMetadata
from tbevents._proto.tensor_pb2 import DataType as DataType
from tbevents._proto.tensor_pb2 import TensorProto as TensorProto
from tbevents._proto.tensor_pb2 import TensorShapeProto as TensorShapeProto


def _name_home(message: typing.Any) -> None:
    """Says where a message's constructor is, and those of the messages in it.

    protobuf's pure Python says None, which ends `help` with a TypeError from Python 3.13 on.
    """
    if getattr(message.__init__, "__module__", "") is None:
        message.__init__.__module__ = message.__module__
    for nested in message.DESCRIPTOR.nested_types:
        _name_home(getattr(message, nested.name))


for _public in list(vars().values()):
    if hasattr(_public, "FromString"):
        _name_home(_public)

if not typing.TYPE_CHECKING:
    __all__, __dir__ = public_names.eager_package(__name__)
