"""The bytes of scalar events: always those of protobuf, and recognised in whatever order they stand."""

import math
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tbevents.format import scalar_encoder
from tbevents.format.record import encode_record
from tbevents.format.scalar_encoder import ScalarEncoder
from tbevents.format.scalar_layout import LINEAR_REACH, FieldOffsets, ScalarForm, Skeleton, find_offsets
from tbevents.proto import DataType, Event, SourceMetadata, Summary, SummaryMetadata, TensorProto, TensorShapeProto

INT64 = (-(2**63), 2**63 - 1)
FLOAT32_MAX = float(np.finfo(np.float32).max)
HALF_WAY = FLOAT32_MAX + 2.0**103  # to the next one, were there one: the first double that rounds to inf

STEPS = [0, 1, 127, 128, 2**14 - 1, 2**14, 2**21, 2**28, 2**35, 2**42, 2**49, 2**56, 2**62, -1, -128, *INT64]
WALL_TIMES = [0.0, -0.0, 5e-324, 1e-300, 1589601849.1, -1.5, 1.7976931348623157e308, math.inf, -math.inf, math.nan]
VALUES = [
    *(0.0, -0.0, 1.0, -1.5, 0.1, math.nan, math.inf, -math.inf),
    *(5e-324, 1e-45, 1e-40, -1e-40, 2.0**-149, 2.0**-150, 1.5 * 2.0**-150, 2.0**-126),
    *(FLOAT32_MAX, -FLOAT32_MAX, HALF_WAY, -HALF_WAY, math.nextafter(HALF_WAY, 0), 1e300, -1e300, 2.0**99),
    *(1 + 2.0**-24, 1 + 3 * 2.0**-24, math.nextafter(1 + 2.0**-24, 2)),  # half ways, that go to the even neighbour
]

tags = st.one_of(
    st.sampled_from(["", "loss", "a/b", "é", "損失/訓練", "\0", "x" * 127, "x" * 128]), st.text(max_size=40)
)
points = st.tuples(
    st.sampled_from(STEPS) | st.integers(*INT64),
    st.sampled_from(WALL_TIMES) | st.floats(),
    st.sampled_from(VALUES) | st.floats(),
)


# Protobuf 4 and later round as IEEE 754 says. Before, pure Python made inf of all beyond float32's greatest number,
# also of what rounds to it, and C++ made that number of what lies just between it and infinity.
GREATEST = float(np.finfo(np.float32).max)
ROUNDS = (
    Summary.Value(simple_value=GREATEST + 2.0**102).simple_value == GREATEST
    and Summary.Value(simple_value=GREATEST + 2.0**103).simple_value == math.inf
)


def by_protobuf(tag, form, step, wall_time, value):
    """The record as the message, protobuf and the framing make it."""
    if form in (ScalarForm.SIMPLE, ScalarForm.FLOAT) and not ROUNDS:
        with np.errstate(over="ignore"):
            value = float(np.float32(value))
    if form is ScalarForm.SIMPLE:
        entry = Summary.Value(tag=tag, simple_value=value)
    else:
        metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
        if form is ScalarForm.FLOAT:
            tensor = TensorProto(dtype=DataType.DT_FLOAT, float_val=[value])
        elif form is ScalarForm.DOUBLE:
            tensor = TensorProto(dtype=DataType.DT_DOUBLE, double_val=[value])
        else:
            with np.errstate(over="ignore"):
                content = np.float32(value).astype("<f4").tobytes()
            tensor = TensorProto(dtype=DataType.DT_FLOAT, tensor_shape=TensorShapeProto(), tensor_content=content)
        entry = Summary.Value(tag=tag, tensor=tensor, metadata=metadata)
    event = Event(wall_time=wall_time, step=step, summary=Summary(value=[entry]))
    payload = event.SerializeToString()
    minus_zero = struct.pack("<d", -0.0)
    if struct.pack("<d", wall_time) == minus_zero and payload[:1] != b"\x09":
        payload = b"\x09" + minus_zero + payload  # old protobuf in pure Python takes -0.0 for the default, and drops it
    return encode_record(payload)


def columns(points):
    series, steps, wall_times, values = zip(*points, strict=True)
    return (
        np.array(series, np.intp),
        np.array(steps, np.int64),
        np.array(wall_times, np.float64),
        np.array(values, np.float64),
    )


def encode_each(encoder, points):
    return b"".join(encoder.encode_one(*point) for point in points)


def encode_columns(encoder, points):
    return bytes(encoder.encode_columns(*columns(points)))


def encode_whole(encoder, points):
    return bytes(encoder.encode(*zip(*points, strict=True)))


def encode_repeated(encoder, points):
    """Large enough for the columns, however few the points."""
    return bytes(encoder.encode(*zip(*points * 50, strict=True)))[: len(encode_whole(encoder, points))]


ENCODINGS = [encode_each, encode_columns, encode_whole, encode_repeated]


@pytest.mark.parametrize("encode", ENCODINGS)
@given(
    series=st.lists(st.tuples(tags, st.sampled_from(ScalarForm)), min_size=1, max_size=4),
    data=st.data(),
)
def test_every_way_of_encoding_equals_protobuf(encode, series, data):
    encoder = ScalarEncoder()
    numbers = [encoder.add_series(tag, form) for tag, form in series]
    batch = data.draw(st.lists(st.tuples(st.sampled_from(numbers), points), min_size=1, max_size=12))
    expected = b"".join(by_protobuf(*series[number], *point) for number, point in batch)
    assert encode(encoder, [(number, *point) for number, point in batch]) == expected


@pytest.mark.parametrize("form", ScalarForm)
@pytest.mark.parametrize("encode", ENCODINGS)
def test_each_edge_of_step_wall_time_and_value_equals_protobuf(encode, form):
    encoder = ScalarEncoder()
    number = encoder.add_series("tag", form)
    batch = [(step, 1.5, 1.0) for step in STEPS]
    batch += [(1, wall_time, 1.0) for wall_time in WALL_TIMES]
    batch += [(0, 0.0, value) for value in VALUES]
    expected = b"".join(by_protobuf("tag", form, *point) for point in batch)
    assert encode(encoder, [(number, *point) for point in batch]) == expected


def test_what_is_beyond_float32_is_infinite_and_the_last_number_before_is_not():
    encoder = ScalarEncoder()
    number = encoder.add_series("tag", ScalarForm.SIMPLE)
    for encode in ENCODINGS:
        for value, stored in [(HALF_WAY, math.inf), (math.nextafter(HALF_WAY, 0), FLOAT32_MAX), (-1e300, -math.inf)]:
            record = encode(encoder, [(number, 0, 0.0, value)])
            assert struct.unpack("<f", record[-8:-4]) == (stored,)


@pytest.mark.parametrize("count", range(scalar_encoder._FEW - 1, scalar_encoder._FEW + 3))
def test_both_sides_of_the_small_batch_limit_write_the_same(count):
    encoder = ScalarEncoder()
    kinds = [("a", ScalarForm.SIMPLE), ("b" * 200, ScalarForm.DOUBLE), ("", ScalarForm.FLOAT)]
    for kind in kinds:
        encoder.add_series(*kind)
    batch = [(k % 3, 10**k % 2**63, float(k % 2), k / 7) for k in range(count)]
    expected = b"".join(by_protobuf(*kinds[number], *point) for number, *point in batch)
    assert encode_whole(encoder, batch) == expected


@pytest.mark.parametrize("form", ScalarForm)
def test_tags_on_both_sides_of_the_reach_of_the_linear_checksums_equal_protobuf(form):
    for length in [*range(LINEAR_REACH - 100, LINEAR_REACH + 5), 10_000]:
        encoder = ScalarEncoder()
        kinds = [("é" * (length // 2) + "x" * (length % 2), form), ("short", ScalarForm.SIMPLE)]
        for kind in kinds:
            encoder.add_series(*kind)
        batch = [(k % 2, 2**62 + k, 1e9 + k / 7, k / 3) for k in range(30)]
        expected = b"".join(by_protobuf(*kinds[number], *point) for number, *point in batch)
        assert encode_whole(encoder, batch) == expected


def test_many_series_and_every_width_of_the_step_in_one_batch():
    encoder = ScalarEncoder()
    kinds = [(f"tag{k}", list(ScalarForm)[k % 3]) for k in range(100)]
    for kind in kinds:
        encoder.add_series(*kind)
    batch = [(k % 100, STEPS[k % len(STEPS)], WALL_TIMES[k % len(WALL_TIMES)], k / 3) for k in range(1700)]
    expected = b"".join(by_protobuf(*kinds[number], *point) for number, *point in batch)
    assert encode_whole(encoder, batch) == expected


def test_columns_of_any_byte_order_are_written_little_endian():
    """On a big-endian machine the arrays are of the other order, as these are here."""
    encoder = ScalarEncoder()
    for form in ScalarForm:
        number = encoder.add_series("tag", form)
        steps, numbers = np.arange(100, dtype=np.int64), np.arange(100) / 7
        expected = encoder.encode_columns(np.full(100, number), steps, 1e9 + numbers, numbers)
        for order in "<>":
            times, values = ((1e9 + numbers).astype(f"{order}f8"), numbers.astype(f"{order}f8"))
            assert encoder.encode_columns(np.full(100, number), steps, times, values) == expected


def test_columns_may_be_views_with_strides_and_are_not_changed():
    encoder = ScalarEncoder()
    number = encoder.add_series("tag", ScalarForm.SIMPLE)
    table = np.arange(100.0).reshape(25, 4)
    before = table.copy()
    steps = np.arange(50, dtype=np.int64)[::2]
    found = bytes(
        encoder.encode_columns(np.full(25, number), np.ascontiguousarray(steps), table[:, 1].copy(), table[:, 2].copy())
    )
    expected = b"".join(
        by_protobuf("tag", ScalarForm.SIMPLE, step, row[1], row[2])
        for step, row in zip(steps.tolist(), before.tolist(), strict=True)
    )
    assert found == expected
    assert (table == before).all()


# -- recognising ---------------------------------------------------------------------------------------------------


def field(number, wire, content):
    """One field: its key, the length where there is one, its content."""
    key = bytes([number << 3 | wire])
    return key + (bytes([len(content)]) if wire == 2 else b"") + content


WALL = field(1, 1, struct.pack("<d", 1589601849.1))
STEP = field(2, 0, b"\xac\x02")  # 300
TAG = field(1, 2, b"loss")
SIMPLE = field(2, 5, struct.pack("<f", 0.5))
METADATA = field(9, 2, field(1, 2, field(1, 2, b"scalars")))
DTYPE_FLOAT = field(1, 0, b"\x01")
DTYPE_DOUBLE = field(1, 0, b"\x02")
SHAPE = field(2, 2, b"")
SOURCE = field(10, 2, field(1, 2, b"me"))


def summary(*values):
    return field(5, 2, b"".join(field(1, 2, value) for value in values))


def tensor(*fields):
    return field(8, 2, b"".join(fields))


NUMBER = struct.pack("<f", 0.5)
SCALARS = {
    "simple value": TAG + SIMPLE,
    "value before tag": SIMPLE + TAG,
    "no tag": SIMPLE,
    "metadata": TAG + METADATA + SIMPLE,
    "float_val, packed": TAG + tensor(DTYPE_FLOAT, field(5, 2, NUMBER)) + METADATA,
    "tensor_content": METADATA + TAG + tensor(DTYPE_FLOAT, SHAPE, field(4, 2, NUMBER)),
    "number before dtype": TAG + tensor(field(4, 2, NUMBER), SHAPE, DTYPE_FLOAT),
    "double_val": TAG + tensor(DTYPE_DOUBLE, field(6, 2, bytes(8))),
    "double in tensor_content": TAG + tensor(DTYPE_DOUBLE, field(4, 2, bytes(8))),
}


@pytest.mark.parametrize("value", SCALARS.values(), ids=SCALARS)
@pytest.mark.parametrize("order", ["wsv", "vsw", "svw", "v", "wv", "vs", "vSws"])
def test_a_scalar_is_found_whatever_the_order_of_its_fields(value, order):
    parts = {"w": WALL, "s": STEP, "v": summary(value), "S": SOURCE}
    payload = b"".join(parts[letter] for letter in order)
    places = find_offsets(payload)
    event = Event.FromString(payload)
    assert places is not None
    if places.wall is None:
        assert event.wall_time == 0
    else:
        assert struct.unpack_from("<d", payload, places.wall) == (event.wall_time,)
    if places.step is None:
        assert (event.step, places.width) == (0, 0)
    else:
        assert payload[places.step : places.step + places.width] == b"\xac\x02"
    number = payload[places.value : places.value + places.size]
    assert number == (bytes(8) if places.size == 8 else NUMBER)


NOT_SCALARS = {
    "nothing": b"",
    "no summary": WALL + STEP,
    "an empty summary": WALL + summary(),
    "two values": WALL + summary(TAG + SIMPLE, TAG + SIMPLE),
    "a value without a number": WALL + summary(TAG),
    "two kinds of number": WALL + summary(TAG + SIMPLE + tensor(DTYPE_FLOAT, field(5, 2, NUMBER))),
    "a repeated number": WALL + summary(TAG + SIMPLE + SIMPLE),
    "a repeated tag": WALL + summary(TAG + TAG + SIMPLE),
    "a repeated wall time": WALL + WALL + summary(TAG + SIMPLE),
    "a repeated step": STEP + STEP + summary(TAG + SIMPLE),
    "a repeated summary": summary(TAG + SIMPLE) + summary(TAG + SIMPLE),
    "an unknown field of the event": field(15, 0, b"\x01") + summary(TAG + SIMPLE),
    "an unknown field of the value": summary(TAG + SIMPLE + field(15, 0, b"\x01")),
    "a file version": WALL + field(3, 2, b"brain.Event:2"),
    "a histogram": WALL + summary(TAG + field(5, 2, b"")),
    "the wall time as a varint": field(1, 0, b"\x01") + summary(TAG + SIMPLE),
    "the number as a double": summary(TAG + field(2, 1, bytes(8))),
    "a tensor of two": summary(TAG + tensor(DTYPE_FLOAT, field(5, 2, NUMBER * 2))),
    "a tensor of none": summary(TAG + tensor(DTYPE_FLOAT)),
    "a tensor without a type": summary(TAG + tensor(field(5, 2, NUMBER))),
    "float32 said to be float64": summary(TAG + tensor(DTYPE_DOUBLE, field(4, 2, NUMBER))),
    "float_val said to be float64": summary(TAG + tensor(DTYPE_DOUBLE, field(5, 2, bytes(8)))),
    "integers": summary(TAG + tensor(field(1, 0, b"\x03"), field(4, 2, NUMBER))),
    "content and list": summary(TAG + tensor(DTYPE_FLOAT, field(4, 2, NUMBER), field(5, 2, NUMBER))),
    "an endless varint": field(2, 0, b"\xff" * 11),
    "group wire type": bytes([1 << 3 | 3]) + summary(TAG + SIMPLE),
}


@pytest.mark.parametrize("payload", NOT_SCALARS.values(), ids=NOT_SCALARS)
def test_what_is_no_plain_scalar_is_left_to_the_general_decoder(payload):
    assert find_offsets(payload) is None


@given(st.binary(max_size=80))
@example(b"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
@example(b"\x80" * 12)
def test_random_bytes_are_never_an_error(payload):
    places = find_offsets(payload)
    assert places is None or isinstance(places, FieldOffsets)


@given(st.data(), st.sampled_from(list(SCALARS.values())))
def test_damage_never_raises_and_places_stay_inside(data, value):
    payload = bytearray(WALL + STEP + summary(value))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    payload = bytes(payload[: data.draw(st.integers(0, len(payload)))])
    places = find_offsets(payload)
    if places is not None:
        assert places.value + places.size <= len(payload)
        assert places.wall is None or places.wall + 8 <= len(payload)
        assert places.step is None or places.step + places.width <= len(payload)


def test_truncated_scalars_are_none():
    payload = WALL + STEP + summary(TAG + SIMPLE)
    assert find_offsets(payload) is not None
    for size in range(len(payload)):
        assert find_offsets(payload[:size]) is None


@given(tags, st.sampled_from(ScalarForm), points)
def test_what_the_encoder_writes_is_recognised(tag, form, point):
    payload = by_protobuf(tag, form, *point)[12:-4]
    places = find_offsets(payload)
    assert places is not None
    assert places.size == (8 if form is ScalarForm.DOUBLE else 4)
    assert (places.step is None) == (point[0] == 0)
    assert (places.wall is None) == (struct.pack("<d", point[1]) == bytes(8))


def test_a_skeleton_is_the_record_with_its_variable_bytes_and_footer_zero():
    record = by_protobuf("loss", ScalarForm.SIMPLE, 300, 1589601849.1, 0.5)
    payload = record[12:-4]
    places = find_offsets(payload)
    skeleton = Skeleton.of_payload(payload, places)
    blank = payload.replace(struct.pack("<d", 1589601849.1), bytes(8)).replace(b"\xac\x02", b"\0\0")
    assert skeleton.record == record[:12] + blank.replace(NUMBER, bytes(4)) + bytes(4)


def test_other_peoples_scalars_are_recognised():
    shape = TensorShapeProto()
    value = Summary.Value(
        tag="loss",
        metadata=SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars", content=b"\x08\x00")),
        tensor=TensorProto(dtype=DataType.DT_FLOAT, tensor_shape=shape, tensor_content=NUMBER),
    )
    event = Event(wall_time=1.0, step=7, summary=Summary(value=[value]), source_metadata=SourceMetadata(writer="x"))
    assert find_offsets(event.SerializeToString()) is not None
