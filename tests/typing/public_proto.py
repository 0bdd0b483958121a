"""Every public name of tbevents.proto with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

from typing_extensions import assert_type

from tbevents import proto


def messages(data: bytes) -> None:
    assert_type(proto.AllocatorMemoryUsed.FromString(data), proto.AllocatorMemoryUsed)
    assert_type(proto.AttrValue.FromString(data), proto.AttrValue)
    assert_type(proto.AudioPluginData.FromString(data), proto.AudioPluginData)
    assert_type(proto.Category.FromString(data), proto.Category)
    assert_type(proto.Chart.FromString(data), proto.Chart)
    assert_type(proto.DeviceStepStats.FromString(data), proto.DeviceStepStats)
    assert_type(proto.EmbeddingInfo.FromString(data), proto.EmbeddingInfo)
    assert_type(proto.Event.FromString(data), proto.Event)
    assert_type(proto.Experiment.FromString(data), proto.Experiment)
    assert_type(proto.FunctionDef.FromString(data), proto.FunctionDef)
    assert_type(proto.FunctionDefLibrary.FromString(data), proto.FunctionDefLibrary)
    assert_type(proto.GraphDef.FromString(data), proto.GraphDef)
    assert_type(proto.HParamInfo.FromString(data), proto.HParamInfo)
    assert_type(proto.HParamsPluginData.FromString(data), proto.HParamsPluginData)
    assert_type(proto.HistogramPluginData.FromString(data), proto.HistogramPluginData)
    assert_type(proto.HistogramProto.FromString(data), proto.HistogramProto)
    assert_type(proto.ImagePluginData.FromString(data), proto.ImagePluginData)
    assert_type(proto.Interval.FromString(data), proto.Interval)
    assert_type(proto.Layout.FromString(data), proto.Layout)
    assert_type(proto.LogMessage.FromString(data), proto.LogMessage)
    assert_type(proto.MarginChartContent.FromString(data), proto.MarginChartContent)
    assert_type(proto.MeshPluginData.FromString(data), proto.MeshPluginData)
    assert_type(proto.MetricInfo.FromString(data), proto.MetricInfo)
    assert_type(proto.MetricName.FromString(data), proto.MetricName)
    assert_type(proto.MultilineChartContent.FromString(data), proto.MultilineChartContent)
    assert_type(proto.NameAttrList.FromString(data), proto.NameAttrList)
    assert_type(proto.NodeDef.FromString(data), proto.NodeDef)
    assert_type(proto.NodeExecStats.FromString(data), proto.NodeExecStats)
    assert_type(proto.OpDef.FromString(data), proto.OpDef)
    assert_type(proto.PrCurvePluginData.FromString(data), proto.PrCurvePluginData)
    assert_type(proto.ProjectorConfig.FromString(data), proto.ProjectorConfig)
    assert_type(proto.RunMetadata.FromString(data), proto.RunMetadata)
    assert_type(proto.ScalarPluginData.FromString(data), proto.ScalarPluginData)
    assert_type(proto.SessionEndInfo.FromString(data), proto.SessionEndInfo)
    assert_type(proto.SessionLog.FromString(data), proto.SessionLog)
    assert_type(proto.SessionStartInfo.FromString(data), proto.SessionStartInfo)
    assert_type(proto.SourceMetadata.FromString(data), proto.SourceMetadata)
    assert_type(proto.SpriteMetadata.FromString(data), proto.SpriteMetadata)
    assert_type(proto.StepStats.FromString(data), proto.StepStats)
    assert_type(proto.Summary.FromString(data), proto.Summary)
    assert_type(proto.SummaryMetadata.FromString(data), proto.SummaryMetadata)
    assert_type(proto.TaggedRunMetadata.FromString(data), proto.TaggedRunMetadata)
    assert_type(proto.TensorProto.FromString(data), proto.TensorProto)
    assert_type(proto.TensorShapeProto.FromString(data), proto.TensorShapeProto)
    assert_type(proto.TextPluginData.FromString(data), proto.TextPluginData)
    assert_type(proto.VersionDef.FromString(data), proto.VersionDef)


def fields() -> None:
    event = proto.Event(step=7, summary=proto.Summary(value=[proto.Summary.Value(tag="loss", simple_value=0.5)]))
    assert_type(event.step, int)
    assert_type(event.wall_time, float)
    assert_type(event.summary.value[0].tag, str)


def enums() -> None:
    assert_type(proto.DataClass.Name(1), str)
    assert_type(proto.DataType.Name(1), str)
    assert_type(proto.DatasetType.Name(1), str)
    assert_type(proto.HParamDataType.Name(1), str)
    assert_type(proto.Status.Name(1), str)
