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

from tbevents._proto.custom_scalars_pb2 import (
    Category,
    Chart,
    Layout,
    MarginChartContent,
    MultilineChartContent,
)
from tbevents._proto.event_pb2 import (
    Event,
    LogMessage,
    SessionLog,
    SourceMetadata,
    TaggedRunMetadata,
)
from tbevents._proto.graph_pb2 import (
    AllocatorMemoryUsed,
    AttrValue,
    DeviceStepStats,
    FunctionDef,
    FunctionDefLibrary,
    GraphDef,
    NameAttrList,
    NodeDef,
    NodeExecStats,
    OpDef,
    RunMetadata,
    StepStats,
    VersionDef,
)
from tbevents._proto.hparams_pb2 import (
    DatasetType,
    Experiment,
    HParamDataType,
    HParamInfo,
    HParamsPluginData,
    Interval,
    MetricInfo,
    MetricName,
    SessionEndInfo,
    SessionStartInfo,
    Status,
)
from tbevents._proto.plugins_pb2 import (
    AudioPluginData,
    HistogramPluginData,
    ImagePluginData,
    MeshPluginData,
    PrCurvePluginData,
    ScalarPluginData,
    TextPluginData,
)
from tbevents._proto.projector_pb2 import (
    EmbeddingInfo,
    ProjectorConfig,
    SpriteMetadata,
)
from tbevents._proto.summary_pb2 import (
    DataClass,
    HistogramProto,
    Summary,
    SummaryMetadata,
)
from tbevents._proto.tensor_pb2 import (
    DataType,
    TensorProto,
    TensorShapeProto,
)

__all__ = [
    "AllocatorMemoryUsed",
    "AttrValue",
    "AudioPluginData",
    "Category",
    "Chart",
    "DataClass",
    "DataType",
    "DatasetType",
    "DeviceStepStats",
    "EmbeddingInfo",
    "Event",
    "Experiment",
    "FunctionDef",
    "FunctionDefLibrary",
    "GraphDef",
    "HParamDataType",
    "HParamInfo",
    "HParamsPluginData",
    "HistogramPluginData",
    "HistogramProto",
    "ImagePluginData",
    "Interval",
    "Layout",
    "LogMessage",
    "MarginChartContent",
    "MeshPluginData",
    "MetricInfo",
    "MetricName",
    "MultilineChartContent",
    "NameAttrList",
    "NodeDef",
    "NodeExecStats",
    "OpDef",
    "PrCurvePluginData",
    "ProjectorConfig",
    "RunMetadata",
    "ScalarPluginData",
    "SessionEndInfo",
    "SessionLog",
    "SessionStartInfo",
    "SourceMetadata",
    "SpriteMetadata",
    "Status",
    "StepStats",
    "Summary",
    "SummaryMetadata",
    "TaggedRunMetadata",
    "TensorProto",
    "TensorShapeProto",
    "TextPluginData",
    "VersionDef",
]
