"""Plot: draws the scalars of runs with matplotlib."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tbevents.files import StrPath, folder_name, local_path
from tbevents.reading.hparams_table import grouped_runs
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.reading.problem import tell_of
from tbevents.reading.run import Run
from tbevents.tools.names import OnProblem, open_refs, refs_below
from tbevents.tools.new_files import NewFile, refuse_output
from tbevents.tools.record_copy import Progress, no_progress
from tbevents.views.chart import ChartStyle, draw_charts, refuse_many
from tbevents.views.groups import GroupBy

if TYPE_CHECKING:
    from tbevents.views.figure import ShownFigure

_VECTORS: Final = ("svg", "pdf")
_ENDINGS: Final = ("png", *_VECTORS, "jpg", "webp")
_MOST_SIDE: Final = 65_535
"""Maximum width and height in pixels that matplotlib draws."""
_MOST_PIXELS: Final = 200_000_000
"""Maximum number of pixels; each takes 4 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotStyle(ChartStyle):
    """Style of a plot: `ChartStyle`, and groups of runs.

    Attributes:
        group_by: draw groups of runs instead of runs: "all", "folder", "hparam:NAME", a regular expression or a
            function, as in `Logdir.plot`. Requires x to be "step".
    """

    group_by: GroupBy | None = None

    def __post_init__(self) -> None:
        ChartStyle.__post_init__(self)  # super() knows no class with slots
        if self.group_by is not None and self.x != "step":
            raise ValueError("group_by requires x to be step")


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
    on_caption: Callable[[str], None] | None = None,
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
        on_caption: called with a caption that says what was drawn.

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
    refs = refs_below(logdir, runs, on_problem=on_problem)
    by = None if style is None else style.group_by
    kinds = ("scalars", "hparams") if isinstance(by, str) and by.startswith("hparam:") else ("scalars",)
    found: dict[str, Run] = {}
    for run in open_refs(refs, ReadOptions(kinds=kinds, checksums=checksums)):
        tell_of(run.problems, on_problem)
        found[run.name] = run
        progress(len(found), len(refs))
    known = dict.fromkeys(tag for run in found.values() for tag in run.scalars)
    chosen = [tag for tag in known if wanted(tag)]
    wanted.check(os.fspath(logdir))
    if not chosen:
        raise ValueError(f"{os.fspath(logdir)}: there are no scalars to draw")
    refuse_many(chosen, os.fspath(logdir))
    figure = draw(found, chosen, style, root=folder_name(os.fspath(logdir)))
    _save(figure, out)
    if on_caption is not None:
        on_caption(figure.caption)
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
    figure = draw_charts({name: {title: each} for name, each in series.items()}, [title], ChartStyle(outliers=True))
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
    refuse_output(local_path(out, "the output"))
    return ending


def _save(figure: ShownFigure, out: StrPath) -> None:
    ending = _picture_format(out)
    width, height = (side * figure.dpi for side in figure.get_size_inches().tolist())
    if ending not in _VECTORS and (max(width, height) > _MOST_SIDE or width * height > _MOST_PIXELS):
        raise ValueError(
            f"{os.fspath(out)}: {width:.0f} x {height:.0f} pixels are too many; draw fewer tags, use a lower dpi "
            f"(--dpi), or {' or '.join(_VECTORS)}"
        )
    metadata = {"Date": None} if ending == "svg" else {"CreationDate": None} if ending == "pdf" else None
    with NewFile(os.fspath(out)) as new, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the picture shows a box instead
        figure.savefig(new.file, format=ending, metadata=metadata)


def draw(runs: Mapping[str, Run], tags: Sequence[str], style: PlotStyle | None = None, root: str = ".") -> ShownFigure:
    """Makes a figure with one chart for each tag.

    Args:
        runs: the runs by the names of their lines.
        tags: the tags of scalars to draw.
        style: the style of the charts.
        root: the name of the logdir's folder, which stands for the run ".".

    Raises:
        MissingExtraError: if matplotlib is not installed.
    """
    style = PlotStyle() if style is None else style
    scalars = {name: run.scalars for name, run in runs.items()}
    groups = None
    if style.group_by is not None:
        drawn = [name for name, series in scalars.items() if any(tag in series for tag in tags)]
        groups = grouped_runs(drawn, style.group_by, runs)
    return draw_charts(scalars, tags, style, groups=groups, root=root)
