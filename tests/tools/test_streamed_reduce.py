"""Statistics over many runs are computed in bounded memory, and are those of all points together."""

import tracemalloc
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbevents.reading import event_file, small_runs
from tbevents.reading.points import PointColumns
from tbevents.tools import point_spool
from tbevents.tools import reduce as module
from tbevents.tools.reduce import reduce, reduce_runs

STATS = ("mean", "std", "min", "max", "median", "q0.3")


class FakeRun(NamedTuple):
    """What `reduce_runs` needs of a run: tag -> (steps, values)."""

    path: str
    points: dict

    def scalar_columns(self):
        for tag, (steps, values) in self.points.items():
            steps = np.asarray(steps, np.int64)
            yield tag, PointColumns(steps, 1e9 + steps, np.asarray(values, np.float64))


def of_all_together(runs, stats, min_runs):
    """The statistics as nested dicts, of values that are all in memory: tag -> step -> (runs, wall time, values)."""
    found = {}
    for tag in dict.fromkeys(tag for run in runs for tag in run.points):
        columns = [dict(zip(*run.points[tag], strict=True)) for run in runs if tag in run.points]
        for step in sorted({step for column in columns for step in column}):
            values = np.array([column[step] for column in columns if step in column], np.float64)
            if len(values) >= min_runs:
                numbers = [np.quantile(values, 0.3) if name == "q0.3" else getattr(np, name)(values) for name in stats]
                found.setdefault(tag, {})[step] = (len(values), 1e9 + step, *numbers)
    return found


points = st.lists(
    st.tuples(st.integers(-5, 5) | st.sampled_from([2**63 - 1, -(2**63)]), st.floats(-1e6, 1e6)), min_size=1, max_size=8
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), points, min_size=1), min_size=1, max_size=6),
    st.integers(0, 2000),
    st.integers(1, 12),
    st.integers(1, 2),
)
def test_points_in_a_file_give_what_points_in_memory_give(several, buffered, cells, min_runs):
    runs = [
        FakeRun(f"run{number}", {tag: tuple(zip(*series, strict=True)) for tag, series in tags.items()})
        for number, tags in enumerate(several)
    ]
    wanted = of_all_together(runs, STATS, min_runs)
    options = {"stats": STATS, "lax_tags": True, "lax_steps": True, "min_runs": min_runs}
    with mock.patch.object(point_spool, "_BUFFERED", buffered), mock.patch.object(module, "_CELLS", cells):
        if not wanted:
            with pytest.raises(ValueError, match="no step is in 2 runs"):
                reduce_runs(runs, **options)
            return
        found = reduce_runs(runs, **options)
    assert [tag.tag for tag in found.tags] == list(wanted)
    for tag in found.tags:
        of_tag = wanted[tag.tag]
        assert tag.steps.tolist() == list(of_tag)
        assert tag.runs.tolist() == [row[0] for row in of_tag.values()]
        np.testing.assert_allclose(tag.wall_times, [row[1] for row in of_tag.values()], rtol=1e-14)
        for place, name in enumerate(STATS, 2):
            np.testing.assert_allclose(tag.stats[name], [row[place] for row in of_tag.values()], rtol=1e-12, atol=1e-9)


def many(count):
    rng = np.random.default_rng(0)
    steps = np.arange(1000)
    for number in range(count):
        yield FakeRun(str(number), {tag: (steps, rng.random(1000)) for tag in ("x", "y", "z")})


def test_memory_does_not_grow_with_the_runs():
    reduce_runs(many(2))  # what is imported, and made once
    peaks = []
    for count in (300, 900):
        tracemalloc.start()
        try:
            reduce_runs(many(count), stats=["mean", "median"])
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + (6 << 20)  # of 1,800,000 points more, each of which has 16 bytes
    assert peaks[1] < 48 << 20


def test_nothing_stays_of_an_interrupt(monkeypatch):
    monkeypatch.setattr(point_spool, "_BUFFERED", 1000)
    files = []
    make = point_spool.tempfile.TemporaryFile
    monkeypatch.setattr(point_spool.tempfile, "TemporaryFile", lambda: files.append(make()) or files[-1])

    def interrupted():
        yield from many(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reduce_runs(interrupted())
    assert [file.closed for file in files] == [True]


def test_a_run_that_is_given_twice_counts_twice(make_series):
    first, second = make_series("a", x=([0, 1], [1, 2])), make_series("b", x=([0, 1], [4, 5]))
    (x,) = reduce([first, second, first]).tags
    assert (x.runs.tolist(), x.stats["mean"].tolist()) == ([3, 3], [2.0, 3.0])


def test_files_and_folders_may_be_mixed_and_keep_their_order(make_series):
    first, second = make_series("a", x=([0], [1])), make_series("b", x=([0], [4]))
    (file,) = first.iterdir()
    found = reduce([second, file, first], stats=["mean"])
    assert found.paths == (str(second), str(file), str(first))
    assert found.tags[0].stats["mean"].tolist() == [2.0]


def test_a_file_that_cannot_be_read_is_raised_only_where_it_was_named(make_series, monkeypatch):
    good, bad = make_series("a", x=([0], [1])), make_series("b", x=([0], [4]))
    (file,) = bad.iterdir()
    real = event_file.open_file

    def opened(path):
        if path == str(file):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    for where in (event_file, small_runs):
        monkeypatch.setattr(where, "open_file", opened)
    problems = []
    found = reduce([good, bad], on_problem=problems.append, lax_tags=True)
    assert [problem.kind for problem in problems] == ["unreadable"]
    assert found.tags[0].runs.tolist() == [1]
    with pytest.raises(PermissionError, match=r"events\.out"):
        reduce([good, file])
