"""Event files of scalars in every form, and what is in them: event by event, and as the package reads them."""

import math
import struct
import warnings

import numpy as np
import pytest
from event_files import scalar_tensor, tensor_value
from google.protobuf.internal import api_implementation
from hypothesis import strategies as st

import tbevents
from tbevents.proto import Event, HistogramProto, SourceMetadata, Summary, TensorProto

NAME = "events.out.tfevents.1700000000.host.1.0"


def expected(path):
    """Tag -> (steps, wall_times, values as bytes), gathered event by event."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = list(tbevents.iter_events(path))
    for event in events:
        for value in event.summary.value:
            double = value.tensor.dtype == 2
            if value.HasField("simple_value"):
                number = value.simple_value
            elif value.HasField("tensor"):
                content = value.tensor.tensor_content
                listed = value.tensor.double_val if double else value.tensor.float_val
                number = struct.unpack("<d" if double else "<f", content)[0] if content else listed[0]
            else:
                continue
            points = found.setdefault(value.tag, ([], [], [], [False]))
            points[0].append(event.step)
            points[1].append(event.wall_time)
            points[2].append(number)
            points[3][0] |= double
    return {
        tag: (
            np.array(steps, np.int64).tobytes(),
            np.array(wall_times, np.float64).tobytes(),
            np.array(values, np.float64 if double else np.float32).tobytes(),
        )
        for tag, (steps, wall_times, values, (double,)) in found.items()
    }


def obtained(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = tbevents.read_run(path, **options)
    return {
        tag: (series.steps.tobytes(), series.wall_times.tobytes(), series.values.tobytes())
        for tag, series in run.scalars.items()
    }


def content_tensor(number, dtype):
    tensor = TensorProto(dtype=dtype, tensor_content=struct.pack("<f" if dtype == 1 else "<d", number))
    tensor.tensor_shape.SetInParent()
    return tensor


VALUES = {
    "torch": lambda tag, x: Summary.Value(tag=tag, simple_value=x),
    "node_name": lambda tag, x: Summary.Value(tag=tag, node_name=tag, simple_value=x),
    "display": lambda tag, x: tensor_value(tag, scalar_tensor(x), "scalars", display_name="shown", data_class=1),
    "new_style": lambda tag, x: tensor_value(tag, TensorProto(dtype=1, float_val=[x]), "scalars"),
    "double": lambda tag, x: tensor_value(tag, TensorProto(dtype=2, double_val=[x]), "scalars"),
    "tf2": lambda tag, x: tensor_value(tag, content_tensor(x, 1), "scalars", data_class=1),
    "tf2 double": lambda tag, x: tensor_value(tag, content_tensor(x, 2), "scalars"),
    "shape [1]": lambda tag, x: tensor_value(tag, scalar_tensor(x, (1,)), "scalars"),
    "bare": lambda tag, x: tensor_value(tag, scalar_tensor(x)),
}

floats = st.floats(width=32, allow_subnormal=True)
if api_implementation.Type() == "python":
    floats = floats.map(lambda number: math.nan if math.isnan(number) else number)  # it makes all NaN one
steps = st.one_of(
    st.integers(0, 300), st.sampled_from([0, -1, 127, 128, 2**14, 2**62, -(2**63), 2**63 - 1]), st.integers(0, 2**40)
)
walls = st.one_of(st.floats(1e9, 2e9), st.sampled_from([0.0, -0.0, float("inf")]))
tags = st.sampled_from(["a", "b", "loss", "loss/train", "", "ü", "x" * 120, "x" * 2100])


@st.composite
def one_event(draw):
    form = draw(st.sampled_from([*VALUES, "torch", "torch", "torch", "several", "histogram", "source", "empty"]))
    event = Event(wall_time=draw(walls), step=draw(steps))
    if form == "several":
        event.summary.value.extend(VALUES["torch"](draw(tags), draw(floats)) for _ in range(3))
    elif form == "histogram":
        event.summary.value.add(tag="histogram", histo=HistogramProto(num=draw(floats)))
    elif form == "source":
        event.source_metadata.CopyFrom(SourceMetadata(writer="someone"))
        event.summary.value.append(VALUES["torch"](draw(tags), draw(floats)))
    elif form != "empty":
        event.summary.value.append(VALUES[form](draw(tags) + form[:3], draw(floats)))
    return event.SerializeToString()


def assert_reads_the_same(path):
    """Checks that a file, which is not empty, is read by columns as it is event by event."""
    try:
        events = expected(path)
    except tbevents.NotAnEventFileError:
        with pytest.raises(tbevents.NotAnEventFileError):
            tbevents.read_run(path)
    else:
        assert obtained(path) == events
