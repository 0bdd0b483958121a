"""Scalars: the points of one tag, as three arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from tbevents.format.values import whole
from tbevents.reading.frames import Column, Frame
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import is_one_number
from tbevents.reading.points import PointColumns, integers_at
from tbevents.reading.series import Series, as_number
from tbevents.reading.steps import unwrapped
from tbevents.views.chart import ChartStyle, XAxis, draw_series
from tbevents.views.curves import evenly, smoothed
from tbevents.views.notebook import scalars_html

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_DTYPES: Final = {
    "steps": (np.dtype(np.int64),),
    "wall_times": (np.dtype(np.float64),),
    "values": (np.dtype(np.float32), np.dtype(np.float64)),
}


class ScalarPoint(NamedTuple):
    """One logged number.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        value: the exact number: an int if it was logged as an integer that float64 cannot hold (beyond 2**53).
    """

    step: int
    wall_time: float
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class ScalarSeries(Frame, Series[ScalarPoint]):
    """The points of one tag in one run, in the order they were written.

    Attributes:
        tag: the series' name.
        steps: int64, shape (n,).
        wall_times: float64 seconds since 1970, shape (n,).
        values: shape (n,); float32, or float64 if any point was stored as a double or an integer. Integers beyond
            2**53 are rounded here and in tables; points and `exact_values` have them exactly.
        display_name: the name that TensorBoard shows; the tag if none is stored.
        description: Markdown text shown with the chart; often empty.

    The constructor raises TypeError if an array is of another type, and ValueError if their shapes differ.

    All arrays are read-only, and may share memory with the run's other series: to keep a single series of each of many
    runs, `copy` it. Arrays passed to the constructor are not copied, and stay writable for the caller. n is at least 1
    in a run's series, unless a restart removed all its points.
    """

    values: NDArray[np.float32] | NDArray[np.float64]
    display_name: str = ""
    description: str = ""
    _integers: Mapping[int, int] = field(default_factory=dict, repr=False)  # index -> integer that float64 cannot hold

    _arrays: ClassVar[tuple[str, ...]] = ("steps", "wall_times", "values")

    def __post_init__(self) -> None:
        if not isinstance(self.tag, str):
            raise TypeError(f"tag must be a str, not {type(self.tag).__name__}")
        for name, dtypes in _DTYPES.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype not in dtypes:
                given = f"of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
                raise TypeError(f"{name} must be an array of {' or '.join(map(str, dtypes))}, not {given}")
        if not (self.steps.shape == self.wall_times.shape == self.values.shape) or self.steps.ndim != 1:
            raise ValueError(
                "steps, wall_times and values must be one-dimensional and equally long: "
                f"{self.steps.shape}, {self.wall_times.shape}, {self.values.shape}"
            )
        if not self.display_name:
            object.__setattr__(self, "display_name", self.tag)
        Series.__post_init__(self)

    @classmethod
    def of_columns(cls, tag: str, columns: PointColumns, display_name: str, description: str) -> ScalarSeries:
        """Returns the series of a tag's read-only columns, unchecked, in a third of the constructor's time."""
        series = cls.__new__(cls)
        _put_tag(series, tag)
        _put_steps(series, columns.steps)
        _put_wall_times(series, columns.wall_times)
        _put_values(series, columns.values)
        _put_display_name(series, display_name or tag)
        _put_description(series, description)
        _put_integers(series, columns.integers or _NO_INTEGERS)
        return series

    def __iter__(self) -> Iterator[ScalarPoint]:
        columns = (self.steps.tolist(), self.wall_times.tolist(), self.exact_values)
        return map(ScalarPoint._make, zip(*columns, strict=True))

    def _point(self, place: int) -> ScalarPoint:
        value = self._integers.get(place, float(self.values[place]))
        return ScalarPoint(int(self.steps[place]), float(self.wall_times[place]), value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScalarSeries):
            return NotImplemented
        if self.tag != other.tag or self._integers != other._integers:
            return False
        pairs = [(getattr(self, name), getattr(other, name)) for name in self._arrays]
        return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # compared by content, which is large

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        # numpy would make a table of the points, and take the mean of steps, times and values.
        raise TypeError(f"{self.tag!r} is no array: use its `values`, `steps` or `wall_times`")

    @property
    def exact_values(self) -> list[float]:
        """The exact values: floats, and an int for each integer that float64 cannot hold (beyond 2**53)."""
        values: list[float] = self.values.tolist()
        for place, integer in self._integers.items():
            values[place] = integer
        return values

    def resample(self, n: int) -> ScalarSeries:
        """Returns at most n points, evenly spaced by index, including the first and the last.

        TensorBoard draws a random sample instead, which differs on each load; it also keeps the last point.

        Args:
            n: how many points to keep, at least 1; if 1, the last point is kept.

        Raises:
            TypeError: if n is not an integer.
            ValueError: if n is less than 1.
        """
        count = whole("n", n, least=1)
        return self if count >= len(self) else self._part(evenly(len(self), count))

    def smooth(self, weight: float) -> ScalarSeries:
        """Returns the curve smoothed as in TensorBoard: a debiased exponential moving average.

        Values that are not finite are kept, and do not affect the others.

        Args:
            weight: at least 0 (no smoothing) and less than 1; TensorBoard's slider ends at 0.999.

        Returns:
            A series of the same steps and times, with float64 values.

        Raises:
            ValueError: if the weight is less than 0, or 1 or more.
            TypeError: if the weight is not a number.
        """
        return replace(self, values=smoothed(self.values, as_number("weight", weight)), _integers={})

    def unwrap_steps(self) -> ScalarSeries:
        """Returns the series with the steps it would have if its 32-bit counter had not wrapped around.

        After each fall from above 0 to below 0 by more than 2**31, 2**32 is added to the steps. The result is exact and
        keeps the order; a series whose steps did not wrap is returned itself.
        """
        steps = unwrapped(self.steps)
        return self if steps is self.steps else replace(self, steps=steps)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        x: XAxis = "step",
        smooth: float = 0.0,
        log_x: bool = False,
        log_y: bool = False,
        outliers: bool = False,
        label: str | None = None,
        **line: Any,
    ) -> Axes:
        """Draws the curve, through matplotlib. Points without a finite neighbour are drawn as dots.

        Args:
            ax: axes to draw into; by default those of a new figure, which notebooks show and pyplot does not keep:
                ``series.plot().figure.savefig(...)``.
            x: the horizontal axis: "step", "order" (index of the point), "relative" (hours since the first point) or
                "wall" (the time). If all steps are 0, "step" is drawn as "order".
            smooth: TensorBoard's smoothing, at least 0 (none) and less than 1; the raw line stays, faint.
            log_x: whether the horizontal axis is logarithmic.
            log_y: whether the vertical axis is logarithmic.
            outliers: whether the vertical axis reaches all points. By default it leaves out extreme ones, as
                TensorBoard does (5th to 95th percentile, and what is near), and marks them at its edge.
            label: name of the line in the legend. Without it, no legend is drawn.
            **line: arguments of matplotlib's `plot`: color, linestyle ...

        Returns:
            The axes.

        Raises:
            ValueError: if `x` or `smooth` has an invalid value.
            MissingExtraError: if matplotlib is not installed.
        """
        style = ChartStyle(x=x, smooth=smooth, log_x=log_x, log_y=log_y, outliers=outliers)
        return draw_series(self, ax, style, label, **line)

    def _part(self, places: NDArray[Any] | slice) -> ScalarSeries:
        integers = integers_at(self._integers, np.arange(len(self))[places]) if self._integers else {}
        return self._with_arrays(lambda array: array[places], _integers=integers)

    def _columns(self) -> Mapping[str, Column]:
        return {"step": self.steps, "wall_time": self.wall_times, "value": self.values}

    def __repr__(self) -> str:
        last = f", last value {self.last.value:g}" if len(self) else ""
        return f"ScalarSeries({self.tag!r}, {self._extent()}{last})"

    def _repr_html_(self) -> str:
        return scalars_html(self)


_NO_INTEGERS: Final[Mapping[int, int]] = {}  # never changed

# The series is frozen, so these alone set its attributes; each takes half the time of object.__setattr__.
_put_tag, _put_steps, _put_wall_times, _put_values, _put_display_name, _put_description, _put_integers = (
    getattr(ScalarSeries, name.name).__set__ for name in fields(ScalarSeries)
)

register(
    Kind(
        name="scalars",
        noun="scalar tag",
        order=0,
        field="simple_value",
        plugins=("scalars",),
        fits=is_one_number,
        data_class="SCALAR",
        series=ScalarSeries,
    )
)
