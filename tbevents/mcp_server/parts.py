"""Parts of answers: what is said of a series, a tag, a text, a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tbevents.errors import UnknownNameError
from tbevents.mcp_server.answers import ComparedTag, Difference, RunValues, SeriesStats, TagInfo, TextInfo
from tbevents.mcp_server.limits import MOST_DRAWN_POINTS, MOST_TEXT, MOST_TEXTS
from tbevents.mcp_server.shown_text import LONGEST_NAME, clipped, shown, shown_names
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import NameFilter
from tbevents.reading.run import Run
from tbevents.tools.describe import TagDescription, scalar_stats
from tbevents.tools.diff import Tolerance, diff_series
from tbevents.tools.json_text import plain
from tbevents.views.curves import thinned
from tbevents.views.safe_text import storable


def scalars_by_shown_tag(run: Run) -> dict[str, ScalarSeries]:
    """Returns the scalars of a run by how their tags are shown."""
    scalars = run.scalars
    return {name: scalars[real] for name, real in shown_names(scalars).items()}


def chosen_tags(series: Mapping[str, Mapping[str, ScalarSeries]], tags: Sequence[str] | None) -> list[str]:
    """Returns the tags that runs have and that are wanted.

    Raises:
        UnknownNameError: if a name or pattern matches no scalar tag of the runs; the message names the nearest.
    """
    wanted = NameFilter(tags, noun="scalar tag")
    chosen = [tag for tag in dict.fromkeys(tag for having in series.values() for tag in having) if wanted(tag)]
    wanted.check("")
    return chosen


def stats_of(series: ScalarSeries) -> SeriesStats | None:
    """Returns the values of a series in numbers; None if it has no points."""
    if not len(series):
        return None
    stats = scalar_stats(series)
    values = series.values
    known = bool((~np.isnan(values)).any())
    return SeriesStats(
        count=len(series),
        first_step=int(series.steps.min()),
        last_step=int(series.steps.max()),
        first=plain(stats.first),
        last=plain(stats.last),
        min=plain(stats.min),
        min_step=int(series.steps[np.nanargmin(values)]) if known else None,
        max=plain(stats.max),
        max_step=int(series.steps[np.nanargmax(values)]) if known else None,
        mean=plain(stats.mean),
        nans=stats.nans,
        infinities=stats.infinities,
    )


def tag_info(run: Run, described: TagDescription) -> TagInfo:
    """Returns what is said of one kind of values under a tag."""
    return TagInfo(
        tag=shown(described.tag),
        kind=described.kind,
        count=described.count,
        first_step=described.first_step,
        last_step=described.last_step,
        statistics=stats_of(run.scalars[described.tag]) if described.kind == "scalars" else None,
    )


def text_info(text: Any) -> TextInfo:
    """Returns the strings of a text value, as far as the limits allow."""
    strings = [storable(str(each)) for each in text.array.flat]
    room, kept = MOST_TEXT, []
    for each in strings[:MOST_TEXTS]:
        kept.append(each[:room])
        room -= len(kept[-1])
    cut = sum(map(len, kept)) < sum(map(len, strings))
    return TextInfo(step=text.step, wall_time=plain(text.wall_time), texts=kept, shortened=cut)


def compared_tag(tag: str, series: Mapping[str, Mapping[str, ScalarSeries]]) -> ComparedTag:
    """Returns what is said of a tag in several runs; if they are two, how they differ."""
    values = [
        RunValues(run=name, statistics=stats_of(having[tag]) if tag in having else None)
        for name, having in series.items()
    ]
    difference = None
    if len(series) == 2:
        a, b = (having.get(tag) for having in series.values())
        found = diff_series(a, b, Tolerance())
        if found is None:
            difference = Difference(equal=0 if a is None else len(a), differing=0, first_step=None, largest=None)
        else:
            difference = Difference(
                equal=found.equal,
                differing=found.differing,
                first_step=found.first_step,
                largest=plain(found.largest),
            )
    return ComparedTag(tag=tag, runs=values, difference=difference)


def few_points(series: ScalarSeries) -> ScalarSeries:
    """Returns a series for a chart: not smoothed, with its peaks."""
    if len(series) <= MOST_DRAWN_POINTS:
        return series
    places = thinned(series.values, MOST_DRAWN_POINTS)
    return ScalarSeries(series.tag, series.steps[places], series.wall_times[places], series.values[places])


def cell_of(value: Any) -> Any:
    """Returns a hyperparameter or metric as plain data."""
    return clipped(value, LONGEST_NAME) if isinstance(value, str) else plain(value)


def sorted_sessions(
    sessions: list[tuple[str, Any]],
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
    key: str,
    descending: bool,
) -> list[tuple[str, Any]]:
    """Returns sessions by a parameter or metric, those without it last.

    Raises:
        UnknownNameError: if there is no such parameter or metric; the message names the nearest.
    """
    named = {name: ("parameters", real) for name, real in shown_names(parameters).items()}
    named |= {name: ("metrics", real) for name, real in shown_names(metrics).items()}
    if key not in named:
        raise UnknownNameError("parameter or metric", key, named)
    part, real = named[key]
    having: list[tuple[Any, tuple[str, Any]]] = []
    rest: list[tuple[str, Any]] = []
    for session in sessions:
        value = getattr(session[1], part).get(real)
        if value is None or value != value:  # NaN has no place in an order
            rest.append(session)
        else:
            having.append(((isinstance(value, str), value), session))  # a text cannot be compared with a number
    having.sort(key=lambda each: each[0], reverse=descending)
    return [session for _, session in having] + rest
