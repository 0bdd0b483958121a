"""The runs of labelled logdirs, for a report of what a board shows."""

import gc
import weakref

import pytest

import tbevents
from tbevents import SummaryWriter, UnknownNameError
from tbevents.live_page import Board
from tbevents.live_page.labelled_runs import LabelledRuns


@pytest.fixture
def logdirs(tmp_path):
    """Two logdirs: one with runs whose names count, one that is itself a run."""
    for name in ("many/run10", "many/run9", "one"):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, len(name))
    return {"x": str(tmp_path / "many"), "y": str(tmp_path / "one")}


def test_names_and_order_are_those_of_a_board(logdirs):
    runs = LabelledRuns(logdirs)
    assert list(runs) == ["x/run9", "x/run10", "y"]
    assert (len(runs), runs.path, runs.problems) == (3, "x, y", ())
    assert runs["y"].scalars["loss"].steps.tolist() == [3]
    assert LabelledRuns({"": logdirs["x"]}).path == logdirs["x"]
    assert "z" not in runs
    with pytest.raises(UnknownNameError, match="did you mean 'x/run9'"):
        runs["x/run8"]


@pytest.mark.parametrize("order", [["x/run9", "x/run10", "y"], ["y", "x/run10"], ["x/run9", "y", "x/run10"], []])
def test_runs_come_in_the_order_asked_for_and_are_let_go(logdirs, order):
    seen = {}
    for name, run in LabelledRuns(logdirs).each(order):
        seen[name] = (weakref.ref(run), run.scalars["loss"].steps.tolist())
        del run
    assert list(seen) == order
    assert {name: steps for name, (_, steps) in seen.items() if name != "y"} == {
        name: [len("many/") + len(name) - len("x/")] for name in order if name != "y"
    }
    gc.collect()
    assert not [name for name, (run, _) in seen.items() if run() is not None]


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (("x", "x/run9"), ValueError, "must not have a slash: 'x/run9'"),
        (("", "run9"), ValueError, "one of 2 logdirs has an empty label"),
        (("x", 2), TypeError, "must be a str, not int: 2"),
    ],
)
def test_labels_that_may_give_two_runs_one_name_are_refused(logdirs, labels, error, message):
    labelled = dict(zip(labels, logdirs.values(), strict=True))
    with pytest.raises(error, match=message):
        LabelledRuns(labelled)
    with pytest.raises(error, match=message):
        Board(labelled)
    with pytest.raises(error, match=message):
        tbevents.board(labelled)
