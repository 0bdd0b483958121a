"""Patterns of whole files: runs of one script write the same records, with other wall times and values in them.

Files of one size are compared with the constant bytes of one that has been decoded. Where these are the same, headers,
tags and steps are, too; nothing has to be found or told apart. What differs is copied from its places, in the order in
which series have it, and the checksums say whether it is intact.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.crc32c_columns import mask_array, unmask_array
from tbevents.format.record import FOOTER_SIZE, HEADER_SIZE
from tbevents.format.scalar_fields import WORD, NumberField
from tbevents.format.scalar_layout import LINEAR_REACH, FieldOffsets
from tbevents.proto import Event
from tbevents.reading.scalar_blocks import ScalarBlock

_VERSION_TIME: Final = 1
"""Offset of the wall time in a payload that begins with it: after the key, which is one byte."""

_TIME_KEY: Final = 0x09


class FilePoints(NamedTuple):
    """What an intact file holds besides the bytes of its pattern.

    Attributes:
        first: the wall time of its first record.
        wall_times: float64, of the points that the pattern was asked for, in its order.
        values: likewise; float32 or float64, as they are stored.
    """

    first: float
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]


class _Fields:
    """The wall times, and perhaps the values, of records at known places of a file.

    Args:
        payloads: where the payloads of the records start in the file.
        lengths: of the payloads.
        wall: where in each payload the wall time is.
        value: where in each payload the value is; None if the records have none.
        size: the number of bytes of a value.
    """

    def __init__(
        self,
        payloads: NDArray[np.int64],
        lengths: NDArray[np.int64],
        wall: NDArray[np.int64],
        value: NDArray[np.int64] | None,
        size: int,
    ) -> None:
        rows = tuple(lengths.tolist())
        self._numbers = [(payloads + wall, NumberField(tuple(wall.tolist()), rows, "<f8", WORD))]
        if value is not None:
            field = NumberField(tuple(value.tolist()), rows, f"<f{size}", size, vary=True)
            self._numbers.append((payloads + value, field))
        self._ends = payloads + lengths
        self._crcs = np.zeros((len(payloads), 1), np.uint32)

    def clear_varying(self, mask: NDArray[np.uint8]) -> None:
        """Clears the mask where bytes vary."""
        for places, count in (*((at, number.count) for at, number in self._numbers), (self._ends, FOOTER_SIZE)):
            mask[places[:, np.newaxis] + np.arange(count)] = 0

    def take_checksums(self, data: NDArray[np.uint8]) -> None:
        """Learns the checksums of the constant bytes from an intact file."""
        crcs = unmask_array(_column(data, [0], "<u4", self._ends))
        for places, number in self._numbers:
            number.add_to(crcs, _column(data, [0], number.dtype, places))
        self._crcs = crcs

    def read(
        self, data: NDArray[np.uint8], starts: Sequence[int], *, verify: bool
    ) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
        """Returns the wall times, and the values if there are any, shape (records, files); and which files are intact.

        Args:
            data: has the files.
            starts: where they start in it.
            verify: if True, checksums are verified.
        """
        columns = [_column(data, starts, number.dtype, places) for places, number in self._numbers]
        if not verify:
            return columns, np.ones(len(starts), np.bool_)
        crcs = np.empty(columns[0].shape, np.uint32)
        crcs[...] = self._crcs
        for column, (_, number) in zip(columns, self._numbers, strict=True):
            number.add_to(crcs, column)
        return columns, (mask_array(crcs) == _column(data, starts, "<u4", self._ends)).all(axis=0)


class FilePattern:
    """What all files that log the same have in common.

    Threads may share it: what it knows of files never changes, but for remembered parts of checksums (`NumberField`),
    which are the same whoever computes them.

    Args:
        data: the bytes of an intact file.
        points: the fields of its scalars; first those that are asked for, in the order in which series have them.
        version: the field of its first record, if that is no scalar; else None.
        count: how many of the points are asked for.
        first: the place of the first record among the points, if there is no `version`.
        verify: if True, files must have the checksums that they store.
    """

    def __init__(
        self, data: NDArray[np.uint8], points: _Fields, version: _Fields | None, count: int, first: int, *, verify: bool
    ) -> None:
        self._mask = np.full(len(data), 0xFF, np.uint8)
        self._fields = [points] if version is None else [points, version]
        self._count = count
        self._first = first
        self._verify = verify
        for fields in self._fields:
            fields.clear_varying(self._mask)
            if verify:
                fields.take_checksums(data)
        self._constant = (data & self._mask).tobytes()

    @property
    def size(self) -> int:
        """The size of each file in bytes."""
        return len(self._mask)

    @classmethod
    def of(
        cls,
        block: ScalarBlock,
        wanted: NDArray[np.intp],
        others: Sequence[int],
        places: Mapping[int, FieldOffsets],
        *,
        verify: bool,
    ) -> FilePattern | None:
        """Returns the pattern of an intact file; None if it has anything that a pattern can't have.

        Args:
            block: the records of the file, decoded.
            wanted: the places of the points that are asked for among the records, in the order of the series.
            others: the records that are no points.
            places: of the variable bytes of each skeleton.
            verify: if True, files must have the checksums that they store.
        """
        records, skeletons = block.records, block.skeleton
        start, end = -records.base, records.end
        data = records.block[start:end]
        payloads, lengths = records.offsets - start + HEADER_SIZE, records.lengths
        if lengths.max() > LINEAR_REACH:  # the tables of checksums have a row for each byte of a record, and stay
            return None
        version = None
        if others:
            if tuple(others) != (0,) or not _begins_with_time(data[payloads[0] :][: lengths[0]].tobytes()):
                return None
            version = _Fields(payloads[:1], lengths[:1], np.array([_VERSION_TIME]), None, 0)
        unwanted = np.ones(len(skeletons), np.bool_)
        unwanted[wanted] = False
        unwanted[list(others)] = False
        order = np.concatenate((wanted, unwanted.nonzero()[0]))
        known = sorted(set(skeletons[order].tolist()))
        forms = [places[skeleton] for skeleton in known]
        sizes = {form.size for form in forms}
        if len(sizes) != 1 or any(form.wall is None for form in forms):
            return None
        of_skeleton = np.zeros((2, known[-1] + 1), np.int64)
        of_skeleton[:, known] = [[form.wall for form in forms], [form.value for form in forms]]
        wall, value = of_skeleton[:, skeletons[order]]
        points = _Fields(payloads[order], lengths[order], wall, value, sizes.pop())
        first = 0 if others else int((order == 0).argmax())
        return cls(data, points, version, len(wanted), first, verify=verify)

    def read(self, data: NDArray[np.uint8], starts: Sequence[int]) -> list[FilePoints | None]:
        """Returns what files have; None for one that does not fit the pattern, or is damaged.

        Args:
            data: has the files.
            starts: where they start in it.
        """
        size, scratch = self.size, np.empty(self.size, np.uint8)
        fits = [
            np.bitwise_and(data[start : start + size], self._mask, out=scratch).tobytes() == self._constant
            for start in starts
        ]
        found: list[FilePoints | None] = [None] * len(starts)
        several = [start for start, fit in zip(starts, fits, strict=True) if fit]
        if not several:
            return found
        (wall_times, values), intact = self._fields[0].read(data, several, verify=self._verify)
        firsts = wall_times[self._first]
        if len(self._fields) > 1:
            (times,), version = self._fields[1].read(data, several, verify=self._verify)
            firsts, intact = times[0], intact & version
        # Each file has columns of its own, in the machine's byte order: they may be kept alone.
        rows = zip(firsts.tolist(), wall_times[: self._count].T, values[: self._count].T, intact.tolist(), strict=True)
        native = values.dtype.newbyteorder("=")
        of_files = iter(
            [
                FilePoints(first, times.astype(np.float64), own.astype(native)) if good else None
                for first, times, own, good in rows
            ]
        )
        return [next(of_files) if fit else None for fit in fits]


def _begins_with_time(payload: bytes) -> bool:
    """Whether an event begins with its wall time, and has no other one later, which would count instead."""
    rest = payload[_VERSION_TIME + WORD :]
    if len(payload) < _VERSION_TIME + WORD or payload[0] != _TIME_KEY:
        return False
    return all(Event.FromString(payload[:1] + struct.pack("<d", time) + rest).wall_time == time for time in (1.0, 2.0))


def _column(data: NDArray[np.uint8], starts: Sequence[int], dtype: str, places: NDArray[np.int64]) -> NDArray[Any]:
    """Returns the numbers at places of files, shape (places, files), contiguous."""
    distances = {after - start for start, after in itertools.pairwise(starts)}
    itemsize = np.dtype(dtype).itemsize
    if len(distances) < 2:
        width = int(places.max()) + 1
        windows: NDArray[Any] = np.ndarray((len(starts), width), dtype, data, starts[0], (*(distances or {1}), 1))
        found = windows[:, places].T
    else:
        window: NDArray[Any] = np.ndarray((len(data) - itemsize + 1,), dtype, data, strides=(1,))
        found = window[np.add.outer(places, np.array(starts))]
    return np.ascontiguousarray(found)
