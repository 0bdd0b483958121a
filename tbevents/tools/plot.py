"""Plot: draws the scalars of runs with matplotlib."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from tbevents.files import StrPath, local_path
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.options import Checksums
from tbevents.reading.run import Run
from tbevents.tools.names import NameFilter, OnProblem, read_telling, runs_below
from tbevents.tools.new_files import NewFile, refuse_folder
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.tools.reduce import reduce_runs
from tbevents.views.chart import MOST_INCHES, ChartStyle, XAxis, draw_charts, refuse_many
from tbevents.views.curves import smoothed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["MOST_INCHES", "Band", "PlotStyle", "XAxis", "draw", "plot", "plot_series"]

Band: TypeAlias = Literal["std", "minmax"]

_VECTORS: Final = ("svg", "pdf")
_ENDINGS: Final = ("png", *_VECTORS, "jpg", "webp")
_MOST_SIDE: Final = 65_535
"""Maximum width and height in pixels that matplotlib draws."""
_MOST_PIXELS: Final = 200_000_000
"""Maximum number of pixels; each takes 4 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotStyle(ChartStyle):
    """Style of a plot: `ChartStyle`, and a band over runs.

    Attributes:
        band: instead of a line for each run, draw their mean at each step within a band: "std" is one standard
            deviation to both sides, "minmax" from the minimum to the maximum. Requires x to be "step".
    """

    band: Band | None = None

    def __post_init__(self) -> None:
        ChartStyle.__post_init__(self)  # super() knows no class with slots
        if self.band is not None and self.band not in get_args(Band):
            raise ValueError(f"band must be one of {', '.join(get_args(Band))}, not {self.band!r}")
        if self.band is not None and self.x != "step":
            raise ValueError("band requires x to be step")


def plot(
    logdir: StrPath,
    tags: Sequence[str],
    out: StrPath,
    *,
    runs: Sequence[str] | None = None,
    style: PlotStyle | None = None,
    checksums: Checksums = "verify",
    progress: Progress = no_progress,
    on_problem: OnProblem | None = None,
) -> list[str]:
    """Draws scalars into a file: one chart for each tag, with the runs overlaid.

    Args:
        logdir: a folder of runs, a run, or an event file.
        tags: names or globs of scalars; empty means all.
        out: the file, which is replaced if it exists. Its suffix selects the format: png, svg, pdf, jpg or webp.
        runs: names or globs of the runs to draw; None means all.
        style: the style of the charts.
        checksums: "skip" also reads records whose data checksum is wrong, as in `read_run`.
        progress: called with the number of runs done.
        on_problem: called with each problem; None issues warnings instead.

    Returns:
        The tags that were drawn.

    Raises:
        ValueError: if the suffix is not a known format, there is nothing to draw, or there are more than 60 tags.
        MissingExtraError: if matplotlib is not installed.
        RunNotFoundError, UnknownNameError: if the path does not exist, or a pattern matches no tag or run.
        OSError: if a file cannot be read or written.
    """
    _picture_format(out)
    wanted = NameFilter(tags, noun="tag")
    paths = runs_below(logdir, runs, on_problem=on_problem)
    found: dict[str, Run] = {}
    for done, (name, where) in enumerate(paths.items(), 1):
        found[name] = read_telling(where, name, kinds=("scalars",), checksums=checksums, on_problem=on_problem)
        progress(done, len(paths))
    known = dict.fromkeys(tag for run in found.values() for tag in run.scalars)
    chosen = [tag for tag in known if wanted(tag)]
    wanted.check(os.fspath(logdir))
    if not chosen:
        raise ValueError(f"{os.fspath(logdir)}: there are no scalars to draw")
    refuse_many(chosen, os.fspath(logdir))
    _save(draw(found, chosen, style), out)
    return chosen


def plot_series(series: Mapping[str, ScalarSeries], out: StrPath, *, y: str = "") -> None:
    """Draws series against their steps into a file.

    Args:
        series: the series by the names of their lines.
        out: the file, as in `plot`.
        y: the label of the vertical axis.

    Raises:
        ValueError: if the suffix is not a known format.
        MissingExtraError: if matplotlib is not installed.
        OSError: if the file cannot be written.
    """
    _picture_format(out)
    title = ", ".join(series)
    figure = draw_charts({name: {title: each} for name, each in series.items()}, [title], ChartStyle())
    figure.axes[0].set_ylabel(y)
    _save(figure, out)


def _picture_format(out: StrPath) -> str:
    """Returns the format for a file's suffix.

    Raises:
        ValueError: if the suffix is not a known format.
        IsADirectoryError: if the path is a folder.
    """
    ending = os.path.splitext(os.fspath(out))[1].lower().removeprefix(".")
    if ending not in _ENDINGS:
        raise ValueError(f"{os.fspath(out)}: unknown picture format; the file must end in {', '.join(_ENDINGS)}")
    refuse_folder(local_path(out, "the output"))
    return ending


def _save(figure: Figure, out: StrPath) -> None:
    ending = _picture_format(out)
    width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
    if ending not in _VECTORS and (max(width, height) > _MOST_SIDE or width * height > _MOST_PIXELS):
        raise ValueError(
            f"{os.fspath(out)}: {width} x {height} pixels are too many; draw fewer tags, use a lower dpi (--dpi), or "
            f"{' or '.join(_VECTORS)}"
        )
    metadata = {"Date": None} if ending == "svg" else {"CreationDate": None} if ending == "pdf" else None
    with NewFile(os.fspath(out)) as new, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the picture shows a box instead
        figure.savefig(new.file, format=ending, metadata=metadata)


def draw(runs: Mapping[str, Run], tags: Sequence[str], style: PlotStyle | None = None) -> Figure:
    """Makes a figure with one chart for each tag.

    Args:
        runs: the runs by the names of their lines.
        tags: the tags of scalars to draw.
        style: the style of the charts.

    Raises:
        MissingExtraError: if matplotlib is not installed.
    """
    style = PlotStyle() if style is None else style
    scalars = {name: run.scalars for name, run in runs.items()}

    def draw_band(axes: Axes, tag: str) -> dict[str, Line2D]:
        return _draw_band(axes, tag, [run for name, run in runs.items() if tag in scalars[name]], style)

    return draw_charts(scalars, tags, style, draw_band if style.band else None)


def _draw_band(axes: Axes, tag: str, runs: Sequence[Run], style: PlotStyle) -> dict[str, Line2D]:
    """Draws the mean of the runs within a band."""
    reduced = reduce_runs(runs, stats=("mean", "std", "min", "max"), tags=[tag], lax_steps=True).tags[0]
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
