"""Tables that make checksums linear, and the places in scalar events that they are used for."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tbevents.format import crc32c_columns, scalar_layout
from tbevents.format.crc32c import crc32c
from tbevents.format.scalar_layout import find_offsets
from tbevents.proto import Event, Summary


@pytest.mark.parametrize("reaches", [[1], [40, 65], [32, 33, 1000]])
def test_a_row_is_what_a_byte_adds_so_many_bytes_before_the_end(reaches, monkeypatch):
    monkeypatch.setattr(crc32c_columns, "_tables", np.empty((0, 256), np.uint32))
    for reach in reaches:
        tables = crc32c_columns.contributions(reach)
        for distance in {0, 1, 3, 4, 5, reach // 2, reach - 1} & set(range(reach)):
            zero = crc32c(bytes(1 + distance))
            expected = [crc32c(bytes([byte]) + bytes(distance)) ^ zero for byte in range(256)]
            assert tables[distance].tolist() == expected


@st.composite
def payloads(draw):
    """Scalar events as most writers lay them out, perhaps with a byte changed, or cut."""
    value = Summary.Value(tag="t" * draw(st.integers(0, 130)), simple_value=draw(st.floats(width=32)))
    step = draw(st.sampled_from([0, 1, 127, 128, 2**40, 2**62, -1]))
    event = Event(wall_time=draw(st.sampled_from([0.0, 1e9])), step=step, summary=Summary(value=[value]))
    data = bytearray(event.SerializeToString())
    for place in draw(st.lists(st.integers(0, len(data) - 1), max_size=2)):
        data[place] = draw(st.sampled_from([0, 9, 0x0A, 0x10, 0x15, 0x2A, 0x80, 0xFF]))
    return bytes(data[: draw(st.one_of(st.none(), st.integers(0, len(data))))])


@given(payload=payloads())
@example(payload=b"\x09" + bytes(8) + b"\x10" + b"\xff" * 10 + b"\x01*\x09\n\x07\n\0\x15" + bytes(4))
def test_the_usual_layout_has_the_places_that_any_order_of_fields_has(payload):
    found = find_offsets(payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scalar_layout, "_usual_offsets", lambda payload: None)
        assert find_offsets(payload) == found
