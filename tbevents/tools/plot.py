"""Plot: scalars of runs as a picture, through matplotlib."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError
from tbevents.files import StrPath
from tbevents.reading.run import Run
from tbevents.reading.smoothing import smoothed
from tbevents.reading.values import ScalarSeries
from tbevents.tools.names import NameFilter, OnProblem, read_telling, runs_below
from tbevents.tools.new_files import NewFile, refuse_folder
from tbevents.tools.records import Progress, no_progress
from tbevents.tools.reduce import reduce_runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Band", "PlotStyle", "XAxis", "draw", "plot", "plot_series"]

XAxis: TypeAlias = Literal["step", "relative", "wall"]
Band: TypeAlias = Literal["std", "minmax"]

_ENDINGS: Final = ("png", "svg", "pdf", "jpg", "webp")
MOST_INCHES: Final = 100
"""The longest side of a picture: who asks for more means pixels."""

_FEW: Final = 10
"""Runs up to this number get the colours that are easiest to tell apart."""

_LEGEND: Final = 20
"""The most runs that a legend lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotStyle:
    """How scalars are drawn.

    Attributes:
        x: the horizontal axis: "step", "relative" (hours since the run's first point of the tag) or "wall" (the time).
        smooth: TensorBoard's smoothing, from 0 (none) to below 1; the raw line stays, faint.
        log_x: whether the horizontal axis is logarithmic.
        log_y: whether the vertical one is.
        band: instead of a line for each run, their mean at each step, in a band: "std" one standard deviation to both
            sides, "minmax" from the least to the greatest. Only by step.
        title: above the picture; none, where empty.
        size: of the picture, inches, at most 100: width and height; None: by the number of tags.
        dpi: pixels an inch.
    """

    x: XAxis = "step"
    smooth: float = 0.0
    log_x: bool = False
    log_y: bool = False
    band: Band | None = None
    title: str = ""
    size: tuple[float, float] | None = None
    dpi: float = 120.0

    def __post_init__(self) -> None:
        if self.x not in get_args(XAxis):
            raise ValueError(f"x must be one of {', '.join(get_args(XAxis))}, not {self.x!r}")
        if self.band is not None and self.band not in get_args(Band):
            raise ValueError(f"band must be one of {', '.join(get_args(Band))}, not {self.band!r}")
        if self.band is not None and self.x != "step":
            raise ValueError("a band is over equal steps: x must be step")
        if not 0 <= self.smooth < 1:
            raise ValueError(f"smooth must be from 0 to below 1, not {self.smooth!r}")
        if not self.dpi > 0 or (self.size is not None and not min(self.size) > 0):
            raise ValueError("size and dpi must be positive")
        if self.size is not None and max(self.size) > MOST_INCHES:
            raise ValueError(f"size is in inches, at most {MOST_INCHES}, not {max(self.size):g}")


def plot(
    logdir: StrPath,
    tags: Sequence[str],
    out: StrPath,
    *,
    runs: Sequence[str] | None = None,
    style: PlotStyle | None = None,
    progress: Progress = no_progress,
    on_problem: OnProblem | None = None,
) -> list[str]:
    """Draws scalars of runs into a file: a chart for each tag, the runs overlaid.

    Args:
        logdir: a folder of runs, a run, or an event file.
        tags: names or globs; all scalars, where empty.
        out: the file, which may be replaced; its ending says the format: png, svg, pdf, jpg or webp.
        runs: names or globs of the runs that are wanted; all, where None.
        style: how.
        progress: gets runs.
        on_problem: gets what was damaged and is left out; where None, there are warnings of it.

    Returns:
        The tags that were drawn.

    Raises:
        ValueError: the ending says no format; or there is nothing to draw.
        MissingExtraError: matplotlib is not installed.
        RunNotFoundError, UnknownNameError: there is no such path, run or tag.
        OSError: a file cannot be read or written.
    """
    _picture_format(out)
    wanted = NameFilter(tags, noun="tag")
    paths = runs_below(logdir, runs)
    found: dict[str, Run] = {}
    for done, (name, where) in enumerate(paths.items(), 1):
        found[name] = read_telling(where, name, kinds=("scalars",), on_problem=on_problem)
        progress(done, len(paths))
    known = dict.fromkeys(tag for run in found.values() for tag in run.scalars)
    chosen = [tag for tag in known if wanted(tag)]
    wanted.check(os.fspath(logdir))
    if not chosen:
        raise ValueError(f"{os.fspath(logdir)}: there are no scalars to draw")
    _save(draw(found, chosen, style), out)
    return chosen


def plot_series(series: Mapping[str, ScalarSeries], out: StrPath, *, y: str = "") -> None:
    """Draws series against their steps into a file.

    Args:
        series: by the names that the lines get.
        out: the file, as in `plot`.
        y: what the vertical axis says.

    Raises:
        ValueError: the ending says no format.
        MissingExtraError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    _picture_format(out)
    figure = _new_figure((7.0, 4.5), PlotStyle().dpi)
    axes = figure.subplots()
    lines = {name: axes.plot(each.steps, each.values)[0] for name, each in series.items()}
    _dress(axes, ", ".join(series), PlotStyle())
    axes.set_ylabel(y)
    _add_legend(axes, lines)
    _save(figure, out)


def _picture_format(out: StrPath) -> str:
    """The format that a file's ending says.

    Raises:
        ValueError: none.
        IsADirectoryError: there is a folder of that name.
    """
    ending = os.path.splitext(os.fspath(out))[1].lower().removeprefix(".")
    if ending not in _ENDINGS:
        raise ValueError(f"{os.fspath(out)}: the ending says no format; there are {', '.join(_ENDINGS)}")
    refuse_folder(os.fspath(out))
    return ending


def _save(figure: Figure, out: StrPath) -> None:
    ending = _picture_format(out)
    metadata = {"Date": None} if ending == "svg" else {"CreationDate": None} if ending == "pdf" else None
    with NewFile(os.fspath(out)) as new:
        figure.savefig(new.file, format=ending, metadata=metadata)


def _new_figure(size: tuple[float, float], dpi: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "plotting") from None
    return Figure(figsize=size, dpi=dpi, layout="constrained")


def draw(runs: Mapping[str, Run], tags: Sequence[str], style: PlotStyle | None = None) -> Figure:
    """A figure with a chart for each tag.

    Args:
        runs: by the names that they get.
        tags: which scalars.
        style: how.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    style = PlotStyle() if style is None else style
    columns = min(len(tags), 3)
    rows = -(-len(tags) // columns)
    size = style.size or (max(7.0, 4.5 * columns), max(4.5, 3.2 * rows))
    figure = _new_figure(size, style.dpi)
    grid = figure.subplots(rows, columns, squeeze=False)
    colors = dict(zip(runs, _colors(len(runs)), strict=True))
    for tag, axes in zip(tags, grid.flat, strict=False):
        having = {name: run for name, run in runs.items() if tag in run.scalars}
        lines = _draw_band(axes, tag, having, style) if style.band else _draw_runs(axes, tag, having, style, colors)
        _dress(axes, tag, style)
        _add_legend(axes, lines)
    for axes in grid.flat[len(tags) :]:
        axes.remove()
    if style.title:
        figure.suptitle(style.title).set_parse_math(False)
    return figure


def _add_legend(axes: Axes, lines: Mapping[str, Any]) -> None:
    """Says which line is whose, where there are several and not too many."""
    if 1 < len(lines) <= _LEGEND:
        legend = axes.legend(list(lines.values()), [_label(name) for name in lines], fontsize="small")
        for text in legend.get_texts():
            text.set_parse_math(False)


def _colors(count: int) -> list[Any]:
    if count <= _FEW:
        return [f"C{number}" for number in range(count)]
    from matplotlib import colormaps

    return list(colormaps["turbo"](np.linspace(0.05, 0.95, count)))


def _label(name: str) -> str:
    return f"\u2009{name}" if name.startswith("_") else name  # matplotlib hides labels that start with _


def _dress(axes: Axes, tag: str, style: PlotStyle) -> None:
    axes.set_title(tag, fontsize="medium", parse_math=False)  # a tag may have a $
    axes.set_xlabel({"step": "step", "relative": "hours", "wall": "time"}[style.x])
    axes.grid(visible=True, alpha=0.3)
    if style.log_x:
        axes.set_xscale("log")
    if style.log_y:
        axes.set_yscale("log")
    if style.x == "wall":
        axes.tick_params(axis="x", labelrotation=30)


def _draw_runs(
    axes: Axes, tag: str, runs: Mapping[str, Run], style: PlotStyle, colors: Mapping[str, Any]
) -> dict[str, Any]:
    """A line for each run; answers with them."""
    lines = {}
    for name, run in runs.items():
        series = run.scalars[tag]
        x, values = _x(series, style.x), series.values.astype(np.float64)
        marker = "." if len(values) < 2 else None
        if style.smooth:
            axes.plot(x, values, color=colors[name], alpha=0.25, linewidth=1)
            values = smoothed(values, style.smooth)
        (lines[name],) = axes.plot(x, values, color=colors[name], marker=marker, linewidth=1.5)
    return lines


def _x(series: ScalarSeries, axis: XAxis) -> NDArray[Any]:
    if axis == "step":
        return series.steps
    times = series.wall_times
    if axis == "relative":
        return np.asarray((times - np.nanmin(times)) / 3600)
    known = np.isfinite(times) & (np.abs(times) < 1e11)  # the years that datetime64[ns] and matplotlib can show
    dates = np.full(len(times), np.datetime64("NaT"), "datetime64[us]")
    dates[known] = (times[known] * 1e6).astype(np.int64).astype("datetime64[us]")
    return dates


def _draw_band(axes: Axes, tag: str, runs: Mapping[str, Run], style: PlotStyle) -> dict[str, Any]:
    """The mean of the runs, in a band."""
    reduced = reduce_runs(list(runs.values()), stats=("mean", "std", "min", "max"), tags=[tag], lax_steps=True).tags[0]
    mean = reduced.stats["mean"]
    if style.band == "std":
        low, high = mean - reduced.stats["std"], mean + reduced.stats["std"]
    else:
        low, high = reduced.stats["min"], reduced.stats["max"]
    if style.smooth:
        mean, low, high = (smoothed(each, style.smooth) for each in (mean, low, high))
    axes.fill_between(reduced.steps, low, high, alpha=0.25, linewidth=0, color="C0")
    (line,) = axes.plot(reduced.steps, mean, color="C0", linewidth=1.5)
    return {f"mean of {len(runs)} runs": line}
