"""Columns to data frames of pandas, polars and Arrow; those packages are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError
from tbevents.reading.arrow_arrays import numbers, words
from tbevents.reading.times import as_datetimes, iso_texts
from tbevents.views.notebook import MOST_COLUMNS, MOST_ROWS, frame_html
from tbevents.views.safe_text import storable

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Cell: TypeAlias = bool | float | str | None


@dataclass(frozen=True, slots=True, eq=False)
class Categories:
    """A column of few different strings.

    Attributes:
        codes: int32 indices into `names`, shape (n,); -1 for a missing string.
        names: the different strings.
    """

    codes: NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column of numbers of which some are missing.

    Attributes:
        values: shape (n,); any number in place of a missing one.
        present: bool, shape (n,).
    """

    values: NDArray[Any]
    present: NDArray[np.bool_]


Column: TypeAlias = NDArray[Any] | Categories | Cells | Sequence[Cell]
"""A sequence holds bools, floats or strings, and None if one is missing."""


def categories_of(strings: Sequence[str], codes: NDArray[np.int32]) -> Categories:
    """Returns a column from codes into strings that may repeat; -1 means a missing string."""
    numbers: dict[str, int] = {}
    places = np.array([*(numbers.setdefault(text, len(numbers)) for text in strings), -1], np.int32)
    return Categories(places[codes], tuple(numbers))


def unique_columns(names: Iterable[str], taken: Iterable[str], prefix: str) -> dict[str, str]:
    """Returns a title for the column of each name, all different.

    Args:
        names: different names. Each is its own title if it is not taken.
        taken: the titles of other columns.
        prefix: is put before other names with a slash, as often as needed.
    """
    names = tuple(names)
    own, used = set(names), set(taken)
    titles: dict[str, str] = {}
    for name in names:
        title = name
        while title in used or (title != name and title in own):
            title = f"{prefix}/{title}"
        used.add(title)
        titles[name] = title
    return titles


class Frame:
    r"""The base of everything that can be made a data frame.

    Names in a frame are UTF-8: bytes of a file name that are not UTF-8 are written like ``\udcff``.
    """

    __slots__ = ()

    _time_columns: ClassVar[tuple[str, ...]] = ("wall_time",)
    """The columns that hold seconds since 1970."""

    def _columns(self) -> Mapping[str, Column]:
        """The columns, all of one length."""
        raise NotImplementedError

    def to_pandas(self, *, times: bool = False) -> pd.DataFrame:
        """The table as a pandas DataFrame; runs and tags are categorical.

        Args:
            times: whether wall times are dates (datetime64[us], UTC, without a time zone) instead of seconds since
                1970. A time that is no date is missing.

        Raises:
            MissingExtraError: if pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("pandas", "pandas", "to_pandas") from None
        data: dict[str, Any] = {}
        for name, column in storable_columns(self, times=times).items():
            if isinstance(column, Categories):
                data[name] = pd.Categorical.from_codes(column.codes, categories=list(column.names))
            elif isinstance(column, Cells):
                missing = np.array(np.nan, column.values.dtype if column.values.dtype.kind == "f" else object)
                data[name] = np.where(column.present, column.values, missing)
            elif isinstance(column, np.ndarray):
                data[name] = _within_nanoseconds(column, pd) if column.dtype.kind == "M" else column
            else:
                plain, dtype = _of_one_type(column)
                if dtype is float:
                    plain = [np.nan if value is None else value for value in plain]
                whole = None if all(value is not None for value in plain) else object
                data[name] = pd.Series(plain, dtype=np.float64 if dtype is float else whole)
        frame: pd.DataFrame = pd.DataFrame(data)
        return frame

    def to_polars(self, *, times: bool = False) -> pl.DataFrame:
        """The table as a polars DataFrame; runs and tags are categorical.

        Args:
            times: as in `to_pandas`.

        Raises:
            MissingExtraError: if polars is not installed.
        """
        try:
            import polars as pl
        except ImportError:
            raise MissingExtraError("polars", "polars", "to_polars") from None
        text: Any = str  # polars renamed its own type; it takes Python's types, too
        data: list[Any] = []
        for name, column in storable_columns(self, times=times).items():
            if isinstance(column, Categories):
                names = pl.Series(name, list(column.names), dtype=text)
                codes = pl.Series(column.codes)
                there = pl.select(pl.when(codes >= 0).then(codes).cast(pl.UInt32)).to_series()
                data.append(names.gather(there).cast(pl.Categorical))
            elif isinstance(column, Cells):
                cell = pl.when(pl.Series(column.present)).then(pl.Series(column.values)).alias(name)
                data.append(pl.select(cell).to_series())
            elif isinstance(column, np.ndarray):
                data.append(pl.Series(name, column))
            else:
                plain, dtype = _of_one_type(column)
                of_type: Any = dtype
                data.append(pl.Series(name, plain, dtype=of_type))
        frame: pl.DataFrame = pl.DataFrame(data)
        return frame

    def to_arrow(self, *, times: bool = False) -> pa.Table:
        """The table as a pyarrow Table; runs and tags are dictionary-encoded.

        Args:
            times: as in `to_pandas`.

        Raises:
            MissingExtraError: if pyarrow is not installed.
        """
        try:
            import pyarrow as pa
        except ImportError:
            raise MissingExtraError("pyarrow", "arrow", "to_arrow") from None
        types = {bool: pa.bool_(), float: pa.float64(), str: pa.string()}
        data: dict[str, Any] = {}
        for name, column in storable_columns(self, times=times).items():
            if isinstance(column, Categories):
                data[name] = words(column.codes, column.names)
            elif isinstance(column, Cells):
                data[name] = numbers(column.values, column.present)
            elif isinstance(column, np.ndarray):
                data[name] = numbers(column)
            else:
                plain, dtype = _of_one_type(column)
                data[name] = pa.array(plain, types[dtype])
        table: pa.Table = pa.Table.from_arrays(list(data.values()), names=list(data))
        return table

    def _repr_html_(self) -> str:
        columns = self._columns()
        shown = {name: cells_of(column, slice(MOST_ROWS)) for name, column in islice(columns.items(), MOST_COLUMNS)}
        return frame_html(shown, max(map(length_of, columns.values()), default=0), len(columns))


def storable_columns(frame: Frame, *, times: bool = False) -> dict[str, Column]:
    """Returns the columns of a frame, with texts and titles that UTF-8 can encode; if `times`, `dated`."""
    columns = dated(frame) if times else frame._columns()
    return {storable(name): _storable(column) for name, column in columns.items()}


def dated(frame: Frame) -> dict[str, Column]:
    """Returns the columns of a frame, with wall times as datetime64[us]."""
    return {
        name: _dates(column) if name in frame._time_columns else column for name, column in frame._columns().items()
    }


def _dates(column: Column) -> Column:
    if isinstance(column, (Categories, Cells)) or (isinstance(column, np.ndarray) and column.dtype.kind == "M"):
        return column
    if isinstance(column, np.ndarray):
        return as_datetimes(column)
    return as_datetimes(np.array([np.nan if cell is None else cell for cell in column], np.float64))


def _within_nanoseconds(dates: NDArray[Any], pd: Any) -> NDArray[Any]:
    """Returns dates as a pandas before 2.0 takes them: it stores nanoseconds, and refuses what is beyond."""
    if int(pd.__version__.partition(".")[0]) > 1:
        return dates
    beyond = np.abs(dates.astype(np.int64)) > np.iinfo(np.int64).max // 1000
    return np.where(beyond, np.datetime64("NaT"), dates)


def _storable(column: Column) -> Column:
    if isinstance(column, Categories):
        names = tuple(map(storable, column.names))
        return column if names == column.names else categories_of(names, column.codes)
    if isinstance(column, (Cells, np.ndarray)):
        return column
    return [storable(cell) if isinstance(cell, str) else cell for cell in column]


def length_of(column: Column) -> int:
    """Returns the number of cells of a column."""
    if isinstance(column, Categories):
        return len(column.codes)
    return len(column.values if isinstance(column, Cells) else column)


def cells_of(column: Column, rows: slice) -> list[Cell]:
    """Returns some cells of a column as Python's values; None is a missing cell. Dates are text, as in ISO 8601."""
    if isinstance(column, Categories):
        return [column.names[code] if code >= 0 else None for code in column.codes[rows].tolist()]
    if isinstance(column, Cells):
        cells = zip(column.values[rows].tolist(), column.present[rows].tolist(), strict=True)
        return [value if present else None for value, present in cells]
    if isinstance(column, np.ndarray):
        return iso_texts(column[rows]) if column.dtype.kind == "M" else column[rows].tolist()  # type: ignore[return-value]
    return list(column[rows])


def _of_one_type(values: Sequence[Cell]) -> tuple[list[Cell], type]:
    """Returns the values in one type, and that type; mixed bools, numbers and strings become strings."""
    types = {type(value) for value in values if value is not None}
    if len(types) == 1:
        (only,) = types
        return list(values), only
    if not types:
        return list(values), float
    return [None if value is None else str(value) for value in values], str
