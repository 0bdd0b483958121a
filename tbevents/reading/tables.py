"""Scalars of many tags and runs as one long table, and as a wide one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import checked_choice
from tbevents.reading.frames import Categories, Cell, Cells, Column, Frame, categories_of, unique_columns
from tbevents.reading.kinds.hparams import HParams
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import patterns
from tbevents.reading.points import PointColumns
from tbevents.reading.series import plain_count
from tbevents.reading.times import as_datetimes
from tbevents.views.groups import segment_means


class _ScalarRun(Protocol):
    """What a table needs of a run."""

    path: str

    @property
    def scalars(self) -> Mapping[str, ScalarSeries]: ...

    def scalar_columns(self) -> Iterable[tuple[str, PointColumns]]: ...

    def scalar_files(self, tag: str) -> tuple[list[str], Any]: ...


_EXTRA_COLUMNS: Final = ("dir_name", "file_name")
_COLUMNS: Final = ("run", "tag", "step", "wall_time", "value", *_EXTRA_COLUMNS)

_JOINED_ROWS: Final = 1 << 16
"""Number of rows of different series that are copied into one array: their own arrays are parts of larger ones."""

Repeated: TypeAlias = Literal["keep", "first", "last", "mean"]


@dataclass(frozen=True, slots=True, eq=False)
class Table(Frame):
    """Scalar points of any runs and tags, one row per point: run by run, tag by tag, in the order written.

    Attributes:
        runs: the names that `run_codes` index.
        tags: the names that `tag_codes` index.
        run_codes: int32, shape (n,).
        tag_codes: int32, shape (n,).
        steps: int64, shape (n,).
        wall_times: float64 seconds since 1970, shape (n,).
        values: shape (n,); float32, or float64 if any of the series is float64.
        extra: further columns by name.
    """

    runs: tuple[str, ...]
    tags: tuple[str, ...]
    run_codes: NDArray[np.int32]
    tag_codes: NDArray[np.int32]
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32] | NDArray[np.float64]
    extra: Mapping[str, Column] = field(default_factory=dict, repr=False)
    _dated: bool = field(default=False, repr=False)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def times(self) -> NDArray[np.datetime64]:
        """The wall times as UTC, datetime64[us], shape (n,); NaT where a time is not finite or beyond that type."""
        return as_datetimes(self.wall_times)

    def __repr__(self) -> str:
        runs, tags = plain_count(len(self.runs), "run"), plain_count(len(self.tags), "tag")
        return f"<Table of {plain_count(len(self), 'point')}: {runs}, {tags}>"

    def _columns(self) -> Mapping[str, Column]:
        return {
            "run": Categories(self.run_codes, self.runs),
            "tag": Categories(self.tag_codes, self.tags),
            "step": self.steps,
            "wall_time": self.times if self._dated else self.wall_times,
            "value": self.values,
            **self.extra,
        }

    def pivot(self, *, duplicates: Repeated = "keep") -> WideTable:
        """Returns a table with a column for each tag, and a row for each step of each run.

        Args:
            duplicates: what to do with several points of one run, tag and step. ``"keep"``: make several rows, the k-th
                points of all tags in the k-th row. ``"first"``, ``"last"``: keep that point. ``"mean"``: take the mean.

        Returns:
            The wide table, its rows sorted by run, then step. It has no wall times, since each tag has its own.
        """
        checked_choice("duplicates", duplicates, get_args(Repeated))
        return _pivoted(self, duplicates)


@dataclass(frozen=True, slots=True, eq=False)
class WideTable(Frame):
    """Scalars with a column for each tag; made by `Table.pivot`.

    Attributes:
        runs: the names that `run_codes` index.
        run_codes: int32, shape (n,).
        steps: int64, shape (n,).
        columns: tag -> its column, which has `values`, of the dtype of the table's, shape (n,), and `present`, bool,
            shape (n,): False, with 0 as the value, where the run has no point of the tag at that step.
    """

    runs: tuple[str, ...]
    run_codes: NDArray[np.int32]
    steps: NDArray[np.int64]
    columns: Mapping[str, Cells] = field(repr=False)

    _time_columns: ClassVar[tuple[str, ...]] = ()  # a tag may be called wall_time

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        runs, tags = plain_count(len(self.runs), "run"), plain_count(len(self.columns), "tag")
        return f"<WideTable of {plain_count(len(self), 'row')}: {runs}, {tags}>"

    def _columns(self) -> Mapping[str, Column]:
        columns: dict[str, Column] = {"run": Categories(self.run_codes, self.runs), "step": self.steps}
        titles = unique_columns(self.columns, columns, "tag")
        return columns | {titles[tag]: cells for tag, cells in self.columns.items()}


class TableBuilder:
    """Gathers the scalars of runs as the columns of a table. A run may be let go once it was added.

    It belongs to one thread at a time.

    Args:
        wanted: whether a tag's rows are wanted; called once for each tag. None means all.
        extra_columns: some of `_EXTRA_COLUMNS`.

    Attributes:
        rows: the number of rows so far.
    """

    def __init__(self, wanted: Callable[[str], bool] | None = None, extra_columns: Sequence[str] = ()) -> None:
        self._wants = wanted
        self._extra_columns = patterns("extra_columns", extra_columns)
        for column in self._extra_columns:
            checked_choice("extra_columns", column, _EXTRA_COLUMNS)
        self.rows = 0
        self._runs: list[str] = []
        self._known: dict[str, int] = {}  # tag -> its number among those that are wanted; -1 if it is not
        self._wanted: list[str] = []
        # Of each series: its run, its tag, how many rows it has.
        self._run_codes: list[int] = []
        self._tag_codes: list[int] = []
        self._lengths: list[int] = []
        self._steps, self._wall_times, self._values = map(_GrowingColumn, (np.int64, np.float64, np.float32))
        self._file_names: list[str] = []
        self._file_codes: list[NDArray[np.int32]] = []

    def add(self, name: str, run: _ScalarRun) -> None:
        """Adds the rows of a run, under a name."""
        self.add_columns(name, run.scalar_columns())
        if "file_name" in self._extra_columns:
            self._add_files(run)

    def add_columns(self, name: str, series: Iterable[tuple[str, PointColumns]]) -> None:
        """Adds rows of a run: points by their tag. Rows of one run may be added in several parts."""
        if not self._runs or self._runs[-1] != name:
            self._runs.append(name)
        run = len(self._runs) - 1
        for tag, points in series:
            code = self._known.get(tag)
            if code is None:
                code = self._number(tag)
            if code >= 0:
                length = len(points.steps)
                self._run_codes.append(run)
                self._tag_codes.append(code)
                self._lengths.append(length)
                self._steps.add(points.steps)
                self._wall_times.add(points.wall_times)
                self._values.add(points.values)
                self.rows += length

    def _number(self, tag: str) -> int:
        wanted = self._wants is None or self._wants(tag)
        code = self._known[tag] = len(self._wanted) if wanted else -1
        if wanted:
            self._wanted.append(tag)
        return code

    def _add_files(self, run: _ScalarRun) -> None:
        start = len(self._file_names)
        for tag in run.scalars:
            if self._known[tag] >= 0:
                files, places = run.scalar_files(tag)
                if start == len(self._file_names):
                    self._file_names += [file.replace("\\", "/").rpartition("/")[2] for file in files]
                self._file_codes.append(places + np.int32(start))

    @property
    def known(self) -> list[str]:
        """The tags so far, also those that are not wanted."""
        return list(self._known)

    def build(self, hparams: Mapping[str, HParams | None] | None = None, *, times: bool = False) -> Table:
        """Returns the table. The builder is of no use after that.

        Args:
            hparams: run -> hyperparameters, which become columns.
            times: whether the column of wall times holds dates.
        """
        lengths = np.array(self._lengths, np.intp)
        run_codes = np.repeat(np.array(self._run_codes, np.int32), lengths)
        extra: dict[str, Column] = {}
        for column in self._extra_columns:
            if column == "dir_name":
                extra[column] = categories_of(["" if name == "." else name for name in self._runs], run_codes)
            else:
                extra[column] = _used_names(self._file_names, self._file_codes)
        if hparams:
            extra.update(_parameters(self._runs, hparams, run_codes))
        return Table(
            tuple(self._runs),
            tuple(self._wanted),
            run_codes,
            np.repeat(np.array(self._tag_codes, np.int32), lengths),
            self._steps.array(),
            self._wall_times.array(),
            self._values.array(),
            extra,
            times,
        )


class _GrowingColumn:
    """A column that arrays are added to. What they are parts of is soon let go.

    Args:
        dtype: of an empty column.
    """

    def __init__(self, dtype: Any) -> None:
        self._arrays: list[NDArray[Any]] = [np.empty(0, dtype)]
        self._joined: list[NDArray[Any]] = []
        self._count = 0  # how many numbers are in `_arrays`

    def add(self, array: NDArray[Any]) -> None:
        self._arrays.append(array)
        self._count += len(array)
        if self._count >= _JOINED_ROWS:
            self._join()

    def _join(self) -> None:
        self._joined.append(np.concatenate(self._arrays))
        self._arrays, self._count = [self._arrays[0][:0]], 0

    def array(self) -> NDArray[Any]:
        """All the numbers. The column is empty then, which frees the memory of the parts."""
        self._join()
        joined, self._joined = self._joined, []
        return joined[0] if len(joined) == 1 else np.concatenate(joined)


def _used_names(names: list[str], codes: list[NDArray[np.int32]]) -> Categories:
    """Returns a column of those of the names that have a code."""
    used, places = np.unique(np.concatenate([np.empty(0, np.int32), *codes]), return_inverse=True)
    return categories_of([names[code] for code in used.tolist()], places.astype(np.int32))


def _parameters(
    runs: list[str], hparams: Mapping[str, HParams | None], run_codes: NDArray[np.int32]
) -> dict[str, Column]:
    """A column for each hyperparameter: of bools or numbers if all its values are, else of text."""
    sets = [found.parameters if (found := hparams.get(run)) is not None else {} for run in runs]
    columns: dict[str, Column] = {}
    titles = unique_columns(dict.fromkeys(chain(*sets)), _COLUMNS, "hparam")
    for name, column in titles.items():
        values: list[Cell] = [parameters.get(name) for parameters in sets]
        types = {type(value) for value in values if value is not None}
        if types in ({float}, {bool}):
            present = np.array([value is not None for value in values], np.bool_)
            of_run = np.array([value or 0 for value in values], types.pop())
            whole = bool(present[run_codes].all())
            columns[column] = of_run[run_codes] if whole else Cells(of_run[run_codes], present[run_codes])
        else:
            places = np.array([-1 if value is None else place for place, value in enumerate(values)], np.int32)
            columns[column] = categories_of([str(value) for value in values], places[run_codes])
    return columns


def _pivoted(table: Table, duplicates: Repeated) -> WideTable:
    order = np.lexsort((table.steps, table.tag_codes, table.run_codes))  # stable: equal steps stay as written
    runs, tags, steps = table.run_codes[order], table.tag_codes[order], table.steps[order]
    values: NDArray[Any] = table.values[order]
    n = len(order)
    if not n:
        return WideTable(table.runs, runs, steps, dict.fromkeys(table.tags, Cells(values, np.empty(0, np.bool_))))
    fresh = _changes(runs, tags, steps)  # whether a point is the first of its run, tag and step
    occurrence = np.zeros(n, np.int32)
    if not fresh.all():
        starts = np.flatnonzero(fresh)
        counts = np.diff(np.append(starts, n))
        if duplicates == "keep":
            occurrence = (np.arange(n) - np.repeat(starts, counts)).astype(np.int32)
        else:
            chosen = starts + counts - 1 if duplicates == "last" else starts
            if duplicates == "mean":
                values = segment_means(values.astype(np.float64), starts, counts).astype(values.dtype)
            else:
                values = values[chosen]
            runs, tags, steps, occurrence = runs[chosen], tags[chosen], steps[chosen], occurrence[chosen]
    del order, fresh  # as soon as it can be: there are many points
    by_row = np.lexsort((occurrence, steps, runs))
    changes = _changes(runs[by_row], steps[by_row], occurrence[by_row])
    rows = np.empty(len(by_row), np.intp)
    rows[by_row] = np.cumsum(changes) - 1
    firsts = by_row[changes]
    del by_row, occurrence
    columns: dict[str, Cells] = {}
    by_tag = np.argsort(tags, kind="stable")
    bounds = np.searchsorted(tags[by_tag], np.arange(len(table.tags) + 1))
    for code, tag in enumerate(table.tags):
        points = by_tag[bounds[code] : bounds[code + 1]]
        column = np.zeros(len(firsts), values.dtype)
        present = np.zeros(len(firsts), np.bool_)
        column[rows[points]] = values[points]
        present[rows[points]] = True
        columns[tag] = Cells(column, present)
    return WideTable(table.runs, runs[firsts], steps[firsts], columns)


def _changes(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Returns where a row differs from the one before it; the first one does."""
    changes = np.ones(len(columns[0]), np.bool_)
    changes[1:] = False
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return changes
