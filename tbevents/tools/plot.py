"""Plot: scalars of runs as a picture, through matplotlib."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from tbevents.files import StrPath
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
"""Pixels: what matplotlib draws, wide or high."""
_MOST_PIXELS: Final = 200_000_000
"""In all; each takes 4 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotStyle(ChartStyle):
    """How scalars of runs are drawn: as `ChartStyle` says, and with a band.

    Attributes:
        band: instead of a line for each run, their mean at each step, in a band: "std" one standard deviation to both
            sides, "minmax" from the least to the greatest. Only by step.
    """

    band: Band | None = None

    def __post_init__(self) -> None:
        ChartStyle.__post_init__(self)  # super() knows no class with slots
        if self.band is not None and self.band not in get_args(Band):
            raise ValueError(f"band must be one of {', '.join(get_args(Band))}, not {self.band!r}")
        if self.band is not None and self.x != "step":
            raise ValueError("a band is over equal steps: x must be step")


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
    """Draws scalars of runs into a file: a chart for each tag, the runs overlaid.

    Args:
        logdir: a folder of runs, a run, or an event file.
        tags: names or globs; all scalars, where empty.
        out: the file, which may be replaced; its ending says the format: png, svg, pdf, jpg or webp.
        runs: names or globs of the runs that are wanted; all, where None.
        style: how.
        checksums: "skip" reads records whose data checksum does not hold, too, as in `read_run`.
        progress: gets runs.
        on_problem: gets what was damaged and is left out; where None, there are warnings of it.

    Returns:
        The tags that were drawn.

    Raises:
        ValueError: the ending says no format; there is nothing to draw; or there are more than 60 tags.
        MissingExtraError: matplotlib is not installed.
        RunNotFoundError, UnknownNameError: there is no such path, run or tag.
        OSError: a file cannot be read or written.
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
        series: by the names that the lines get.
        out: the file, as in `plot`.
        y: what the vertical axis says.

    Raises:
        ValueError: the ending says no format.
        MissingExtraError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    _picture_format(out)
    title = ", ".join(series)
    figure = draw_charts({name: {title: each} for name, each in series.items()}, [title], ChartStyle())
    figure.axes[0].set_ylabel(y)
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
    width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
    if ending not in _VECTORS and (max(width, height) > _MOST_SIDE or width * height > _MOST_PIXELS):
        raise ValueError(
            f"{os.fspath(out)}: {width} x {height} pixels are too many; draw fewer tags, take a lower dpi (--dpi), or "
            f"{' or '.join(_VECTORS)}"
        )
    metadata = {"Date": None} if ending == "svg" else {"CreationDate": None} if ending == "pdf" else None
    with NewFile(os.fspath(out)) as new, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a box in the picture says so as well
        figure.savefig(new.file, format=ending, metadata=metadata)


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
    scalars = {name: run.scalars for name, run in runs.items()}

    def draw_band(axes: Axes, tag: str) -> dict[str, Line2D]:
        return _draw_band(axes, tag, [run for name, run in runs.items() if tag in scalars[name]], style)

    return draw_charts(scalars, tags, style, draw_band if style.band else None)


def _draw_band(axes: Axes, tag: str, runs: Sequence[Run], style: PlotStyle) -> dict[str, Line2D]:
    """The mean of the runs, in a band."""
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
