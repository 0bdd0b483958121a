"""Event files for tests, made from messages with plain framing: no writer of the package's takes part."""

import struct

import numpy as np

from tbevents.format.crc32c import masked_crc32c
from tbevents.proto import Event, Summary, SummaryMetadata, TensorProto

STEP, WALL = 7, 1234.5  # of the first of `value_events`


def record(payload):
    """A record around a payload."""
    size = struct.pack("<Q", len(payload))
    return b"".join((size, struct.pack("<I", masked_crc32c(size)), payload, struct.pack("<I", masked_crc32c(payload))))


def version_event(wall_time=1000.0):
    """What every event file begins with."""
    return Event(wall_time=wall_time, file_version="brain.Event:2")


def scalar_event(tag, step, value, wall_time=1001.5):
    """A scalar as torch writes it."""
    return Event(wall_time=wall_time, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))


def tensor_value(tag, tensor, plugin="", **metadata):
    """A value that holds a tensor; with metadata where a plugin is named."""
    value = Summary.Value(tag=tag, tensor=tensor)
    if plugin or metadata:
        plugin_data = SummaryMetadata.PluginData(plugin_name=plugin)
        value.metadata.CopyFrom(SummaryMetadata(plugin_data=plugin_data, **metadata))
    return value


def scalar_tensor(number, shape=(), **fields):
    """A FLOAT tensor of one element with its number in float_val."""
    tensor = TensorProto(dtype=1, float_val=[number], **fields)
    tensor.tensor_shape.SetInParent()
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def strings(*items):
    """An array of bytes, for a tensor of strings."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def value_events(*values):
    """A file's events, with each value in one of its own, at steps from STEP on."""
    events = [
        Event(wall_time=WALL + i, step=STEP + i, summary=Summary(value=[value])) for i, value in enumerate(values)
    ]
    return [version_event(), *events]


def write_events(path, events):
    """Writes events to a file; returns where each record starts, and the end."""
    starts, data = [0], b""
    for event in events:
        data += record(event if isinstance(event, bytes) else event.SerializeToString())
        starts.append(len(data))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return starts
