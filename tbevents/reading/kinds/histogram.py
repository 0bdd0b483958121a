"""Histograms: counts of values per bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TBEventsError, checked_choice
from tbevents.format.tensors import to_array
from tbevents.format.values import whole
from tbevents.proto import HistogramProto, Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import numbers_of_shape
from tbevents.reading.series import LazySeries
from tbevents.views.chart import axis_of, x_of
from tbevents.views.curves import evenly
from tbevents.views.histogram_chart import HistogramAxis, HistogramView, draw_histograms
from tbevents.views.notebook import Html, histogram_picture, series_html
from tbevents.views.notebook_values import histogram_html

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Histogram:
    """One histogram with k buckets: every bucket in the file, including empty ones.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        lefts: left edges in the unit of the values, float64, shape (k,). The TF1 form stores only right edges; the
            first left edge is then `min`, or the first right edge if that is less.
        rights: right edges, float64, shape (k,).
        counts: number of values in each bucket, float64, shape (k,).
        min: the least value. This and the next four are None in the TF2 form, which does not store them.
        max: the greatest value.
        num: the number of values.
        sum: the sum of the values.
        sum_squares: the sum of the squared values.
    """

    step: int
    wall_time: float
    lefts: NDArray[np.float64]
    rights: NDArray[np.float64]
    counts: NDArray[np.float64]
    min: float | None = None
    max: float | None = None
    num: float | None = None
    sum: float | None = None
    sum_squares: float | None = None

    def __len__(self) -> int:
        return len(self.counts)

    def __repr__(self) -> str:
        extent = f", {self.lefts[0]:g} to {self.rights[-1]:g}" if len(self) else ""
        return f"Histogram(step={self.step}, buckets: {len(self)}, values: {self.counts.sum():g}{extent})"

    def _repr_html_(self) -> str:
        """A chart of the buckets and their statistics, for notebooks."""
        return histogram_html(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HistogramSeries(LazySeries[Histogram]):
    """The histograms of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> Histogram:
        if value.HasField("histo"):
            return _from_proto(value.histo, step, wall_time)
        table = to_array(value.tensor)
        if table.ndim != 2 or table.shape[1] != 3 or table.dtype.kind not in "fiub":
            raise PayloadError(
                f"a histogram's tensor has rows of left, right and count, not shape {table.shape} of {table.dtype}"
            )
        lefts, rights, counts = np.ascontiguousarray(table.T, np.float64)
        return Histogram(step, wall_time, lefts, rights, counts)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        view: HistogramView = "heat",
        x: HistogramAxis = "step",
        most: int = 200,
        **style: Any,
    ) -> Axes:
        """Draws the histograms over steps, through matplotlib.

        Args:
            ax: axes to draw into; by default those of a new figure, which notebooks show and pyplot does not keep:
                ``series.plot().figure.savefig(...)``.
            view: "heat" draws a column for each step, coloured by the share of values in each bucket; "distribution"
                draws bands between quantiles, as TensorBoard's Distributions page does; "ridges" draws overlapping
                outlines, as its Histograms page does.
            x: the axis of the steps: "step", "order" (index of the point) or "relative" (hours since the first point).
                If all steps are 0, "step" is drawn as "order".
            most: the maximum number of histograms to read and draw, at least 1; evenly spaced, including the last.
            **style: arguments passed to matplotlib: to `pcolormesh` for "heat", otherwise to `fill_between` and `plot`.

        Returns:
            The axes.

        Raises:
            ValueError: if `view`, `x` or `most` has an invalid value, or the series has no points.
            TypeError: if `most` is not a whole number.
            MissingExtraError: if matplotlib is not installed.
            PayloadError, TensorError, FileChangedError: if a histogram cannot be read.
        """
        checked_choice("x", x, get_args(HistogramAxis))
        most = whole("most", most, least=1)
        if not len(self):
            raise ValueError(f"{self.tag!r} has no points to draw")
        axis = axis_of([self], x)
        places = x_of(self, axis)
        order = np.argsort(places, kind="stable")
        chosen = order[evenly(len(order), most)]
        label = {"step": "step", "relative": "hours"}.get(axis, "order" if x == axis else "order (all steps are 0)")
        histograms = [self[place] for place in chosen.tolist()]
        return draw_histograms(histograms, places[chosen], ax, view=view, label=label, title=self.tag, **style)

    def _repr_html_(self) -> str:
        """A summary of the series, and a chart of its last histogram, for notebooks."""
        return series_html(self, self._last_picture())

    def _last_picture(self) -> Html | None:
        try:
            return histogram_picture(self.last) if len(self) else None
        except (TBEventsError, OSError):  # what is shown must not raise
            return None


def _from_proto(histo: HistogramProto, step: int, wall_time: float) -> Histogram:
    rights = np.array(histo.bucket_limit, np.float64)
    counts = np.array(histo.bucket, np.float64)
    if len(rights) != len(counts):
        raise PayloadError(f"a histogram has {len(rights)} right edges for {len(counts)} buckets")
    lefts = np.empty_like(rights)
    if len(rights):
        lefts[0] = min(histo.min, rights[0])  # torch's first bucket is empty and ends where the values begin
        lefts[1:] = rights[:-1]
    return Histogram(
        step, wall_time, lefts, rights, counts, histo.min, histo.max, histo.num, histo.sum, histo.sum_squares
    )


register(
    Kind(
        name="histograms",
        noun="histogram tag",
        order=10,
        field="histo",
        plugins=("histograms",),
        fits=numbers_of_shape(None, 3),
        data_class="TENSOR",
        series=HistogramSeries,
    )
)
