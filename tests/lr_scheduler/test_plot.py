"""What is drawn, read from the lines."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tbevents.errors import MissingExtraError
from tbevents.lr_scheduler import (
    CosineAnnealingLR,
    LRRangeTest,
    ParamGroups,
    ReduceLROnPlateau,
    StepLR,
    plot_schedule,
    schedules,
)

from .test_range_test import Parabola


@pytest.fixture
def axes():
    figure = pytest.importorskip("matplotlib.figure")
    return figure.Figure().add_subplot()


def lines(ax):
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]


def test_a_scheduler_is_drawn_from_its_start(axes):
    scheduler = StepLR(ParamGroups(0.1), 2)
    scheduler.step()
    assert plot_schedule(scheduler, 5, axes) is axes
    assert lines(axes) == [([0, 1, 2, 3, 4], scheduler.schedule(range(5))[:, 0].tolist())]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Step", "Learning rate")
    assert axes.get_legend() is None


def test_each_group_has_a_line(axes):
    scheduler = CosineAnnealingLR(ParamGroups([0.1, 1.0], names=["body", "head"]), 10)
    plot_schedule(scheduler, [0, 5, 10], axes, label="cosine")
    table = scheduler.schedule([0, 5, 10])
    assert lines(axes) == [([0, 5, 10], table[:, 0].tolist()), ([0, 5, 10], table[:, 1].tolist())]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["cosine body", "cosine head"]


def test_a_callable_and_a_series_are_drawn(axes):
    plot_schedule(lambda step: 0.1 if step < 2 else 0.05, 4, axes)
    series = SimpleNamespace(steps=np.array([0, 1, 7]), values=np.array([0.5, 0.25, 0.125]))
    plot_schedule(series, ax=axes, label="logged")
    plot_schedule(series, 2, axes)
    assert lines(axes) == [
        ([0, 1, 2, 3], [0.1, 0.1, 0.05, 0.05]),
        ([0, 1, 7], [0.5, 0.25, 0.125]),
        ([0, 1], [0.5, 0.25]),
    ]


def test_without_axes_a_figure_is_made_that_pyplot_does_not_know(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    ax = plot_schedule(lambda step: schedules.exponential_decay(step, 0.1, 0.9), 10)
    ax.figure.savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert pyplot.get_fignums() == before


def test_a_range_test_is_drawn_on_a_logarithmic_axis_with_its_suggestion(axes):
    problem = Parabola()
    test = LRRangeTest(problem.optimizer, problem, 1e-4, 100.0, 200)
    assert test.plot(axes) is axes
    result = test.result
    assert lines(axes)[0] == (result.lrs.tolist(), result.losses.tolist())
    assert lines(axes)[1] == (result.lrs.tolist(), result.smoothed.tolist())
    assert lines(axes)[2][0] == [result.suggestion()] * 2
    assert axes.get_xscale() == "log"
    rising = iter([1.0, 2.0, 3.0])
    flat = LRRangeTest(ParamGroups(0.1), lambda: next(rising), 0.1, 1.0, 3, "linear").run().plot()
    assert len(flat.lines) == 2
    assert flat.get_xscale() == "linear"


@pytest.mark.parametrize(("last", "cut"), [(1e12, True), (3.0, False)])
def test_where_the_loss_explodes_the_fall_is_still_to_be_seen(axes, last, cut):
    losses = iter([2.0, 1.9, 1.5, 1.0, 0.5, 0.4, last])
    LRRangeTest(ParamGroups(0.1), lambda: next(losses), 0.1, 1.0, 7, smoothing=0.0).run().plot(axes)
    low, high = axes.get_ylim()
    assert low < 0.4
    assert (2.0 < high < 3.0) == cut


@pytest.mark.parametrize(
    "losses", [[float("nan")], [float("inf")], [1.0, 1.0, 1.0], [1.0, float("nan")], [1.0, 2.0, 9.0]]
)
def test_a_test_that_saw_no_fall_is_drawn_too(axes, losses):
    given = iter(losses)
    LRRangeTest(ParamGroups(0.1), lambda: next(given), 0.1, 1.0, max(2, len(losses))).run().plot(axes)
    assert len(axes.lines) == 2


def test_what_can_not_be_drawn():
    with pytest.raises(ValueError, match="steps is needed"):
        plot_schedule(StepLR(ParamGroups(0.1), 2))
    with pytest.raises(ValueError, match="at least 1"):
        plot_schedule(StepLR(ParamGroups(0.1), 2), 0)
    with pytest.raises(TypeError, match="not int"):
        plot_schedule(3, 5)
    with pytest.raises(TypeError, match="depend on the metrics"):
        plot_schedule(ReduceLROnPlateau(ParamGroups(0.1)), 5)


def test_lines_of_groups_are_named_as_their_tags_are():
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    groups = ParamGroups([0.1, 0.2, 0.3], names=["a", "a", "head"])
    axes = plot_schedule(CosineAnnealingLR(groups, 10), 5)
    assert [line.get_label() for line in axes.get_lines()] == ["0", "1", "head"]


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "tbevents.views.figure", raising=False)
    with pytest.raises(MissingExtraError, match=r"plotting needs matplotlib: pip install 'tbevents\[plot\]'"):
        plot_schedule(lambda step: 0.1, 5)
    result = LRRangeTest(ParamGroups(0.1), lambda: 1.0, 0.1, 1.0, 5).run()
    with pytest.raises(MissingExtraError, match="plotting needs matplotlib"):
        result.plot()
