"""Charts of scalar series, through matplotlib: a chart for each tag, a line for each run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timezone
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import brief, checked_choice
from tbevents.views.curves import lonely, smoothed, without_outliers
from tbevents.views.groups import RESAMPLES, Band, Estimator, summed_up
from tbevents.views.protocols import ScalarCurve, TimedSeries
from tbevents.views.safe_text import shortened, shown_name
from tbevents.views.short_names import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from tbevents.views.figure import ShownFigure

XAxis: TypeAlias = Literal["step", "order", "relative", "wall"]

MOST_INCHES: Final = 100
"""The longest side of a picture; larger numbers are probably meant as pixels."""

MOST_CHARTS: Final = 60
"""The most charts in a figure of a run or logdir; more take minutes to draw."""

_FEW: Final = 10
"""Up to this many lines get the colours that are easiest to tell apart."""

_LEGEND: Final = 20
"""The most lines that a legend lists."""

_RAW: Final = "_nolegend_"
"""The label of lines that are there for comparison only."""

_BEYOND: Final = "tbevents-beyond"
"""The group of the marks at the edge."""

_BAND: Final = "tbevents-band"
"""The group of the bands of groups of runs."""

_MARGIN: Final = 0.05
"""The room above and below the curves, as a share of their height."""

_TITLE: Final = 50
"""The most characters of a chart's title, and of a name in a legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartStyle:
    """How to draw series.

    Attributes:
        x: the horizontal axis: "step", "order" (index of the point), "relative" (hours since the run's first point of
            the tag) or "wall" (the time). If all steps are 0, "step" is drawn as "order".
        smooth: TensorBoard's smoothing, at least 0 (none) and less than 1; the raw line stays, faint.
        log_x: whether the horizontal axis is logarithmic.
        log_y: whether the vertical axis is logarithmic.
        outliers: whether the vertical axis reaches all points. If not, it leaves out extreme ones as TensorBoard does
            (see `without_outliers`), and marks them at its edge.
        estimator: what a group of runs is drawn as: "mean", or "iqm" for the interquartile mean.
        band: what is shaded about the curve of a group: "ci95" for the 95 % interval of a bootstrap over runs, "std"
            for one standard deviation, "minmax" for the least and greatest value, or "none".
        title: text above the picture; empty for none.
        size: width and height in inches, at most 100; None to choose by the number of tags.
        dpi: pixels per inch.
    """

    x: XAxis = "step"
    smooth: float = 0.0
    log_x: bool = False
    log_y: bool = False
    outliers: bool = False
    estimator: Estimator = "mean"
    band: Band = "ci95"
    title: str = ""
    size: tuple[float, float] | None = None
    dpi: float = 120.0

    def __post_init__(self) -> None:
        for name, choices in (("x", get_args(XAxis)), ("estimator", get_args(Estimator)), ("band", get_args(Band))):
            checked_choice(name, getattr(self, name), choices)
        if not isinstance(self.smooth, Real) or not 0 <= self.smooth < 1:
            raise ValueError(f"smooth must be at least 0 and less than 1, not {self.smooth!r}")
        if not isinstance(self.dpi, Real) or not 0 < self.dpi <= sys.float_info.max:
            raise ValueError(f"dpi must be a positive number, not {brief(self.dpi)}")
        pair = (1.0, 1.0) if self.size is None else self.size
        if not isinstance(pair, Sequence) or len(pair) != 2 or not all(isinstance(x, Real) and x > 0 for x in pair):
            raise ValueError(f"size must be two positive numbers, not {self.size!r}")
        if self.size is not None and max(self.size) > MOST_INCHES:
            raise ValueError(f"size is in inches, at most {MOST_INCHES}, not {brief(max(self.size))}")


def refuse_many(tags: Sequence[str], where: str) -> None:
    """Raises ValueError if there are too many tags for one figure; the message says how to choose some."""
    if len(tags) > MOST_CHARTS:
        some = ", ".join(map(repr, tags[:3]))
        raise ValueError(
            f"{where}: {len(tags)} tags are too many for one figure of at most {MOST_CHARTS} charts; "
            f"say which: names or globs of {some} ..."
        )


def draw_charts(
    runs: Mapping[str, Mapping[str, ScalarCurve]],
    tags: Sequence[str],
    style: ChartStyle,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    root: str = ".",
) -> ShownFigure:
    """Returns a figure with a chart for each tag.

    Args:
        runs: name in the legend -> tag -> series.
        tags: the tags to draw, one at least.
        style: how to draw them.
        groups: name in the legend -> runs that are drawn as one curve. If None, each run is a line, and the legend
            shows their `short_names`.
        root: the name of the logdir's folder, which is shown in place of ".".

    Raises:
        MissingExtraError: if matplotlib is not installed.
        ValueError: if `groups` is given, and the horizontal axis is not "step".
    """
    if groups is not None and style.x != "step":
        raise ValueError(f"groups of runs are drawn over steps: x must be step, not {style.x!r}")
    from tbevents.views.figure import ShownFigure

    columns = min(len(tags), 3)
    rows = -(-len(tags) // columns)
    size = style.size or (max(7.0, 4.5 * columns), max(4.5, 3.2 * rows))
    figure = ShownFigure(figsize=size, dpi=style.dpi, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    drawn = [name for name, series in runs.items() if any(tag in series for tag in tags)]
    short = short_names(drawn, root)
    names = drawn if groups is None else list(groups)
    colors = dict(zip(names, _colors(len(names)), strict=True))
    for tag, axes in zip(tags, grid.flat, strict=False):
        x = style.x
        if groups is None:
            having = {name: series[tag] for name, series in runs.items() if tag in series}
            x = axis_of(having.values(), x)
            lines = {
                short[name]: _draw_line(axes, series, style, x, color=colors[name]) for name, series in having.items()
            }
        else:
            lines = {}
            for group, members in groups.items():
                if curves := [runs[name][tag] for name in members if tag in runs[name]]:
                    lines[f"{group} ({_runs(len(curves))})"] = _draw_group(axes, curves, style, colors[group])
        _dress(axes, tag)
        _scale(axes, style, x)
        if not style.outliers:
            _leave_out(axes)
        _add_legend(axes, lines, least=2 if groups is None else 1)
    for axes in grid.flat[len(tags) :]:
        axes.remove()
    if style.title:
        figure.suptitle(style.title).set_parse_math(False)
    figure.caption = _caption(len(drawn), groups, style)
    return figure


def draw_series(series: ScalarCurve, ax: Axes | None, style: ChartStyle, label: str | None, **line: Any) -> Axes:
    """Draws a series into axes, or into new axes if `ax` is None. See `ScalarSeries.plot`."""
    from tbevents.views.figure import ShownAxes, new_axes

    axes = new_axes(figsize=(7.0, 4.5), dpi=style.dpi) if ax is None else ax
    ours = isinstance(axes, ShownAxes) and (axes.get_autoscaley_on() or axes.get_ylim() == axes.left_out_to)
    # The caller may add a legend, in which matplotlib would read dollar signs as a formula.
    name = _label(series.tag if label is None else label).replace("$", r"\$")
    x = axis_of([series], style.x)
    _draw_line(axes, series, style, x, label=name, **line)
    if ax is None:
        _dress(axes, series.tag)
    _scale(axes, style, x)
    if ours and not style.outliers:
        ends = _leave_out(axes)
        if isinstance(axes, ShownAxes):
            axes.left_out_to = ends
    if label is not None:
        axes.legend()
    return axes


def axis_of(several: Iterable[TimedSeries], x: XAxis) -> XAxis:
    """Returns the horizontal axis for some series: "order" in place of "step" if all their steps are 0."""
    steps = [series.steps for series in several]
    without = x == "step" and any(len(each) > 1 for each in steps) and not any(each.any() for each in steps)
    return "order" if without else x


def _draw_line(axes: Axes, series: ScalarCurve, style: ChartStyle, axis: XAxis, **line: Any) -> Line2D:
    """Draws a series; if the style says so, smoothed over its faint raw line.

    Args:
        axes: axes to draw into.
        series: the series.
        style: how to draw it.
        axis: the horizontal axis.
        **line: arguments of matplotlib's `plot`: color, linestyle ...

    Returns:
        The line; the smoothed one if there are two.
    """
    x, values = x_of(series, axis), series.values.astype(np.float64)
    line = {"linewidth": 1.5, **line}
    if style.smooth:
        (raw,) = axes.plot(x, values, **{**line, "alpha": 0.25, "linewidth": 1, "label": _RAW})
        values = smoothed(values, style.smooth)
        line["color"] = raw.get_color()
    dots = np.flatnonzero(lonely(values)).tolist()
    if dots and "marker" not in line:
        line |= {"marker": ".", "markevery": dots}  # no line leads to these
    (drawn,) = axes.plot(x, values, **line)
    return drawn


def _draw_group(axes: Axes, curves: Sequence[ScalarCurve], style: ChartStyle, color: Any) -> Line2D:
    """Draws some runs as one curve within a band, and returns the curve."""
    found = summed_up(curves, style.estimator, style.band)
    middle, low, high = (smoothed(each, style.smooth) for each in (found.middle, found.low, found.high))
    if style.band != "none":
        area = axes.fill_between(found.steps, low, high, alpha=0.25, linewidth=0, color=color)
        area.set_gid(_BAND)
    (line,) = axes.plot(found.steps, middle, color=color, linewidth=1.5)
    return line


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _caption(drawn: int, groups: Mapping[str, Sequence[str]] | None, style: ChartStyle) -> str:
    """What was drawn, as a caption of a paper says it."""
    said = []
    if groups is None:
        said.append(f"Curves of {_runs(drawn)}, one line each.")
    else:
        curve = {"mean": "Mean", "iqm": "Interquartile mean"}[style.estimator]
        bands = {
            "ci95": f"the 95 % percentile bootstrap interval ({RESAMPLES:,} resamples of the runs)",
            "std": "one standard deviation to either side",
            "minmax": "the range from the least to the greatest value",
        }
        shaded = f"; the shaded band is {bands[style.band]}" if style.band != "none" else ""
        counts = ", ".join(f"{len(members)} in group {name}" for name, members in groups.items())
        said.append(f"{curve} over runs at each step{shaded}. Number of runs: {counts}.")
    if style.smooth:
        said.append(f"Smoothed by a debiased exponential moving average of weight {style.smooth:g}.")
    if logs := [name for name, log in (("horizontal", style.log_x), ("vertical", style.log_y)) if log]:
        said.append(f"Logarithmic axes: {', '.join(logs)}.")
    if not style.outliers:
        said.append("Extreme points, far outside of the 5th to 95th percentile, are marked at the edge.")
    return " ".join(said)


def _dress(axes: Axes, tag: str) -> None:
    axes.set_title(shortened(shown_name(tag), _TITLE), fontsize="medium", parse_math=False)  # a tag may have a $
    axes.grid(visible=True, alpha=0.3)
    if not any(np.isfinite(_data(line)[1]).any() for line in axes.lines):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", va="center", alpha=0.6)


def _scale(axes: Axes, style: ChartStyle, x: XAxis) -> None:
    from tbevents.views.figure import label_whole_numbers

    label = {"step": "step", "order": "order", "relative": "hours", "wall": "time"}[x]
    axes.set_xlabel(label if x == style.x else f"{label} (all steps are 0)")
    if x == "wall":
        _show_local_time(axes)
    elif x in ("step", "order"):
        label_whole_numbers(axes.xaxis)
    for number, (axis, log) in enumerate(((axes.xaxis, style.log_x), (axes.yaxis, style.log_y))):
        if log and any((_data(line)[number] > 0).any() for line in axes.lines):
            (axes.set_xscale, axes.set_yscale)[number]("log")
        elif log:
            axis.set_label_text(f"{axis.get_label_text()} (nothing above 0: linear)".lstrip())


def _leave_out(axes: Axes) -> tuple[float, float] | None:
    """Ends the vertical axis where `without_outliers` says, with a triangle at its edge for each point beyond.

    As in TensorBoard, the raw lines below smoothed ones do not count.

    Returns:
        The new limits of the axis; None if it shows all points, and stays as it is.
    """
    from matplotlib.markers import CARETDOWN, CARETUP

    for marks in [each for each in axes.collections if each.get_gid() == _BEYOND]:
        marks.remove()
    drawn = [(line, *_data(line)) for line in axes.lines]
    lines = [each for each in drawn if each[0].get_label() != _RAW]
    log = axes.get_yscale() == "log"
    bands = [area.get_paths() for area in axes.collections if area.get_gid() == _BAND]
    edges = [np.asarray(path.vertices)[:, 1] for paths in bands for path in paths]
    shown = without_outliers(np.concatenate([y for _, _, y in lines] + edges + [np.empty(0)]), log=log)
    if shown is None:
        return None
    reached = np.concatenate([y[np.isfinite(y) & ((y > 0) | (not log))] for y in [y for _, _, y in drawn] + edges])
    if shown[0] <= reached.min() and reached.max() <= shown[1]:
        return None
    bottom, top = np.log10(shown) if log else shown
    margin = (top / 2 - bottom / 2) * (2 * _MARGIN)  # halves, since the difference may be beyond float64
    low, high = axes.set_ylim(
        (10 ** (bottom - margin), 10 ** (top + margin)) if log else (bottom - margin, top + margin)
    )
    for line, x, y in lines:
        there = np.isfinite(x) & np.isfinite(y) & ((y > 0) | (not log))
        for marker, edge, which in ((CARETUP, 1.0, y > high), (CARETDOWN, 0.0, y < low)):
            beyond = there & which
            if beyond.any():
                at = np.full(int(beyond.sum()), edge)
                style: dict[str, Any] = {"marker": marker, "color": line.get_color(), "clip_on": False, "zorder": 3}
                marks = axes.scatter(x[beyond], at, 30, transform=axes.get_xaxis_transform(), **style)
                marks.set_gid(_BEYOND)
    return low, high


def _data(line: Line2D) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The coordinates of a line; times are in days, as in matplotlib."""
    x, y = line.get_data(orig=False)
    return np.asarray(x, np.float64), np.asarray(y, np.float64)


def _show_local_time(axes: Axes) -> None:
    """Shows local time; the time zone is that of the first point."""
    import matplotlib.dates

    dates = np.concatenate([np.asarray(line.get_xdata(), "datetime64[us]") for line in axes.lines])
    known = dates[~np.isnat(dates)]
    if not len(known):
        return
    first = known.min().item().replace(tzinfo=timezone.utc).astimezone()
    ticks: Any = matplotlib.dates  # has no types
    locator = ticks.AutoDateLocator(tz=first.tzinfo)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ticks.ConciseDateFormatter(locator, tz=first.tzinfo))
    axes.set_xlabel(f"time ({first:%Z})")


def _add_legend(axes: Axes, lines: Mapping[str, Line2D], least: int) -> None:
    """Adds a legend of named lines if there are as many as that, and not too many."""
    if least <= len(lines) <= _LEGEND:
        legend = axes.legend(list(lines.values()), [_label(name) for name in lines], fontsize="small")
        for text in legend.get_texts():
            text.set_parse_math(False)


def _label(name: str) -> str:
    name = shortened(name, _TITLE)
    return f"\u2009{name}" if name.startswith("_") else name  # matplotlib hides labels that start with _


def _colors(count: int) -> list[Any]:
    if count <= _FEW:
        return [f"C{number}" for number in range(count)]
    from matplotlib import colormaps

    return list(colormaps["turbo"](np.linspace(0.05, 0.95, count)))


def x_of(series: TimedSeries, axis: XAxis) -> NDArray[Any]:
    """Returns where the points of a series are on a horizontal axis, shape (n,)."""
    if axis == "step":
        return series.steps
    if axis == "order":
        return np.arange(len(series))
    times = series.wall_times
    known = np.isfinite(times)
    if axis == "relative":
        start = times[known].min() if known.any() else 0.0
        return np.asarray((times - start) / 3600)
    known &= (times > -6e10) & (times < 1e11)  # the years that matplotlib can show: 69 to 5138
    dates = np.full(len(times), np.datetime64("NaT"), "datetime64[us]")
    dates[known] = (times[known] * 1e6).astype(np.int64).astype("datetime64[us]")
    return dates
