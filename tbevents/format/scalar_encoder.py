"""Encodes scalars as records: one at a time, or as columns."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c import crc32c, mask
from tbevents.format.crc32c_columns import contributions, mask_array
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE
from tbevents.format.scalar_layout import LINEAR_REACH, ScalarForm, Skeleton, find_offsets, value_message
from tbevents.proto import Event, Summary

_FEW: Final = 24
"""Batches up to this size are encoded one record at a time: numpy's fixed cost would outweigh its speed."""


_WIDTH_STARTS: Final = np.array([1] + [2 ** (7 * k) for k in range(1, 10)], np.uint64)
"""The smallest step, as uint64, of each varint width from 1 to 10; a step of 0 has no field."""

_VARIANTS: Final = 22
"""Skeletons of one series: 11 widths of the step, each with and without a wall time."""

_FLOAT: Final = struct.Struct("<f")
_DOUBLE: Final = struct.Struct("<d")
_CHECKSUM: Final = struct.Struct("<I")


class ScalarEncoder:
    """Encodes scalars as records, byte for byte as protobuf would serialise their Events.

    A series is a tag in one form. Its records are made from skeletons, which protobuf serialises once.

    It must be used by one thread at a time: the caller holds a lock.
    """

    def __init__(self) -> None:
        self._messages: list[Summary.Value] = []
        self._skeletons: list[Skeleton] = []
        self._records: list[bytes] = []  # of the skeletons
        self._numbers = np.empty((len(_Row._fields), 0), np.int64)  # of the skeletons, as in _Row
        self._skeleton_of = np.empty((0, _VARIANTS), np.int32)  # series, variant -> skeleton, or -1

    def add_series(self, tag: str, form: ScalarForm) -> int:
        """Adds a series; it is called by its number, from 0, from then on."""
        number = len(self._messages)
        self._messages.append(value_message(tag, form))
        if number == len(self._skeleton_of):
            grown = np.full((max(8, 2 * number), _VARIANTS), -1, np.int32)
            grown[:number] = self._skeleton_of
            self._skeleton_of = grown
        return number

    def encode(
        self, series: Sequence[int], steps: Sequence[int], wall_times: Sequence[float], values: Sequence[float]
    ) -> bytes | bytearray:
        """Returns the records of a batch of points, in order; see `encode_columns`."""
        if len(series) <= _FEW:
            return b"".join(map(self.encode_one, series, steps, wall_times, values))
        return self.encode_columns(
            _column(series, "q", np.int64).astype(np.intp, copy=False),
            _column(steps, "q", np.int64),
            _column(wall_times, "d", np.float64),
            _column(values, "d", np.float64),
        )

    def encode_one(self, series: int, step: int, wall_time: float, value: float) -> bytes:
        """Returns the record of one point."""
        bits = step & 0xFFFFFFFFFFFFFFFF
        wall_bytes = _DOUBLE.pack(wall_time)
        variant = 2 * ((bits.bit_length() + 6) // 7) + (wall_bytes != bytes(8))
        number = int(self._skeleton_of[series, variant])
        skeleton = self._skeletons[number if number >= 0 else self._learn(series, variant)]
        places = skeleton.places
        record = bytearray(skeleton.record)
        if places.wall is not None:
            at = HEADER_SIZE + places.wall
            record[at : at + 8] = wall_bytes
        if places.step is not None:
            at = HEADER_SIZE + places.step
            for _ in range(places.width - 1):
                record[at] = bits & 0x7F | 0x80
                bits >>= 7
                at += 1
            record[at] = bits
        at = HEADER_SIZE + places.value
        record[at : at + places.size] = _DOUBLE.pack(value) if places.size == 8 else _float_bytes(value)
        end = len(record) - FOOTER_SIZE
        _CHECKSUM.pack_into(record, end, mask(crc32c(bytes(record[HEADER_SIZE:end]))))
        return bytes(record)

    def encode_columns(
        self,
        series: NDArray[np.intp],
        steps: NDArray[np.int64],
        wall_times: NDArray[np.float64],
        values: NDArray[np.float64],
    ) -> bytearray:
        """Returns the records of points, in order. All columns have shape (n,).

        Args:
            series: the numbers of the series.
            steps: int64.
            wall_times: seconds since 1970.
            values: rounded to float32 if the form stores float32.
        """
        widths = np.searchsorted(_WIDTH_STARTS, steps.view(np.uint64), side="right")
        variants = 2 * widths + (wall_times.view(np.uint64) != 0)
        which = self._skeleton_of[series, variants]
        if (which < 0).any():
            # Not numpy.unique, which imports numpy.ma: a signal handler's exception would spoil that for good.
            for missing in sorted(set((series * _VARIANTS + variants)[which < 0].tolist())):
                self._learn(*divmod(missing, _VARIANTS))
            which = self._skeleton_of[series, variants]
        if (which == which[0]).all():  # one series, mostly
            buffer = bytearray(self._records[int(which[0])]) * len(which)
        else:
            buffer = bytearray().join(map(self._records.__getitem__, which.tolist()))
        row = _Row(*self._numbers.take(which, axis=1))
        ends = np.cumsum(row.length)
        fill = _Fill(np.frombuffer(buffer, np.uint8), ends - row.length, row)
        fill.numbers("<f8", row.wall, wall_times, np.flatnonzero(row.wall))
        fill.varints(row.step, row.width, steps.view(np.uint64))
        with np.errstate(over="ignore"):  # beyond float32 is inf, as in protobuf
            fill.numbers("<f4", row.value, values.astype("<f4"), np.flatnonzero(row.size == 4))
        fill.numbers("<f8", row.value, values, np.flatnonzero(row.size == 8))
        fill.checksums()
        return buffer

    def _learn(self, series: int, variant: int) -> int:
        """Makes the skeleton of a series for one width of the step, with or without a wall time."""
        width, has_wall = divmod(variant, 2)
        step = 0 if width == 0 else -1 if width == 10 else int(_WIDTH_STARTS[width - 1])
        event = Event(wall_time=float(has_wall), step=step, summary=Summary(value=[self._messages[series]]))
        payload = event.SerializeToString()
        places = find_offsets(payload)
        assert places is not None, "our own messages are scalar events"
        skeleton = Skeleton.of_payload(payload, places)
        number = len(self._skeletons)
        self._skeletons.append(skeleton)
        self._records.append(skeleton.record)
        if number == self._numbers.shape[1]:
            grown = np.empty((len(_Row._fields), max(16, 2 * number)), np.int64)
            grown[:, :number] = self._numbers
            self._numbers = grown
        self._numbers[:, number] = (
            len(skeleton.record),
            0 if places.wall is None else HEADER_SIZE + places.wall,
            0 if places.step is None else HEADER_SIZE + places.step,
            places.width,
            HEADER_SIZE + places.value,
            places.size,
            skeleton.crc,
        )
        self._skeleton_of[series, variant] = number
        return number


class _Row(NamedTuple):
    """Numbers of a record each, int64 arrays of shape (n,): places count from the record's start, 0 means none."""

    length: NDArray[np.int64]
    wall: NDArray[np.int64]
    step: NDArray[np.int64]
    width: NDArray[np.int64]
    value: NDArray[np.int64]
    size: NDArray[np.int64]
    crc: NDArray[np.int64]


class _Fill:
    """Fills the variable bytes of adjacent records in a buffer, and keeps their checksums up to date."""

    def __init__(self, buffer: NDArray[np.uint8], starts: NDArray[np.int64], row: _Row) -> None:
        self.buffer = buffer
        self.starts = starts
        self.row = row
        self.crcs = row.crc.astype(np.uint32)
        reach = int(row.length.max()) - HEADER_SIZE - FOOTER_SIZE
        self.tables = contributions(min(reach, LINEAR_REACH)).ravel()
        self.far = np.zeros(len(starts), bool) if reach > LINEAR_REACH else None

    def numbers(self, dtype: str, places: NDArray[np.int64], numbers: NDArray[Any], records: NDArray[np.intp]) -> None:
        """Stores one number in each of some records."""
        if not len(records):
            return
        chosen: Any = _ALL
        numbers = numbers.astype(dtype, copy=False)  # in the file's byte order: the checksum goes byte by byte
        if len(records) < len(self.starts):
            chosen, places, numbers = records, places[records], numbers[records]
        size = numbers.itemsize
        at = self.starts[chosen] + places
        np.ndarray((len(self.buffer) - size + 1,), dtype, self.buffer, strides=(1,))[at] = numbers
        nearer = np.arange(size)[:, np.newaxis] << 8  # each byte is one nearer to the end
        each = self._rows(chosen, places) - nearer + numbers.view(np.uint8).reshape(-1, size).T
        self.crcs[chosen] ^= np.bitwise_xor.reduce(self.tables.take(each), axis=0)

    def varints(self, places: NDArray[np.int64], widths: NDArray[np.int64], numbers: NDArray[np.uint64]) -> None:
        """Stores one varint of a given width in each record; none if the width is 0."""
        chosen: Any = _ALL
        for i in range(int(widths.max())):
            longer = np.flatnonzero(widths > i)
            if len(longer) < len(self.starts):
                chosen = longer
            more = widths[chosen] > i + 1
            byte = (numbers[chosen] >> np.uint64(7 * i)).astype(np.uint8) & np.uint8(0x7F) | (more.view(np.uint8) << 7)
            at = places[chosen] + i
            self.buffer[self.starts[chosen] + at] = byte
            self.crcs[chosen] ^= self.tables.take(self._rows(chosen, at) + byte)

    def _rows(self, chosen: Any, places: NDArray[np.int64]) -> NDArray[np.intp]:
        """Where in the tables the row begins of the byte at each of these places, one in each record."""
        distance = self.row.length[chosen] - (FOOTER_SIZE + 1) - places
        if self.far is not None:
            self.far[chosen] |= distance >= LINEAR_REACH
            distance = np.minimum(distance, LINEAR_REACH - 1)
        rows: NDArray[np.intp] = (distance << 8).astype(np.intp, copy=False)  # numpy's `take` wants no more bits
        return rows

    def checksums(self) -> None:
        stored = mask_array(self.crcs)
        ends = self.starts + self.row.length - FOOTER_SIZE
        if self.far is not None:
            for k in np.flatnonzero(self.far).tolist():
                stored[k] = mask(crc32c(self.buffer[self.starts[k] + HEADER_SIZE : ends[k]].tobytes()))
        np.ndarray((len(self.buffer) - 3,), "<u4", self.buffer, strides=(1,))[ends] = stored


_ALL: Final = slice(None)


def _column(numbers: Sequence[float], code: str, dtype: type[np.generic]) -> NDArray[Any]:
    """Returns an array of numbers by their type code in struct, which takes half as long over a list as numpy."""
    return np.frombuffer(struct.pack(f"{len(numbers)}{code}", *numbers), dtype)


def _float_bytes(value: float) -> bytes:
    """Returns the nearest float32 as 4 bytes; numbers beyond float32 become inf, as in protobuf."""
    try:
        return _FLOAT.pack(value)
    except OverflowError:
        return _FLOAT.pack(math.copysign(math.inf, value))
