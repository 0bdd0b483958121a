"""Series, runs and logdirs draw themselves; a notebook shows what they answer with."""

import math
import pickle
import re
import sys

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

import tbevents
from tbevents.errors import MissingExtraError, UnknownNameError
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.views.chart import MOST_CHARTS, ChartStyle
from tbevents.views.curves import without_outliers


@pytest.fixture(autouse=True)
def matplotlib():
    return pytest.importorskip("matplotlib", reason="plotting needs matplotlib")


def series_of(*values, tag="loss", start=1000.0):
    steps = np.arange(len(values), dtype=np.int64) * 10
    return ScalarSeries(tag, steps, start + steps, np.array(values, np.float32))


def write_run(folder, **tags):
    events = [scalar_event(tag, step, value) for tag, values in tags.items() for step, value in enumerate(values)]
    write_events(folder / "events.out.tfevents.1.x", [version_event(), *events])


@pytest.fixture
def folder(tmp_path):
    write_run(tmp_path / "a", **{"loss/train": [3, 2, 1], "loss/test": [4, 3, 2], "acc$": [0, 1, 1]})
    write_run(tmp_path / "b", **{"loss/train": [5, 5, 5]})
    write_run(tmp_path / "c", other=[1])
    return tmp_path


def lines_of(axes):
    return [line.get_ydata().tolist() for line in axes.get_lines()]


# -- series ------------------------------------------------------------------------------------------------------------


def test_a_series_is_drawn_by_step_under_its_tag():
    axes = series_of(3, 1, 2, tag="a$b").plot()
    (line,) = axes.get_lines()
    assert line.get_xdata().tolist() == [0, 10, 20]
    assert line.get_ydata().tolist() == [3.0, 1.0, 2.0]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_legend()) == ("a$b", "step", None)


def test_steps_are_labelled_by_whole_numbers():
    steps = np.arange(4)
    series = ScalarSeries("a", steps, 1000.0 + steps, np.ones(4, np.float32))
    axes = series.plot()
    assert [tick for tick in axes.get_xticks() if 0 <= tick <= 3] == [0, 1, 2, 3]
    assert series.plot(axes, log_x=True) is axes
    assert series.plot(axes) is axes  # which is logarithmic by now
    assert all(float(tick).is_integer() for tick in series.plot(x="order").get_xticks())
    assert not all(float(tick).is_integer() for tick in series.plot(x="relative").get_xticks())


def test_an_empty_tag_has_the_title_that_tables_show():
    assert series_of(1, 2, tag="").plot().get_title() == "''"


def test_options_reach_the_chart():
    axes = series_of(1, 0, 4).plot(x="relative", smooth=0.5, log_x=True, log_y=True, color="red", linestyle=":")
    raw, smooth = axes.get_lines()
    assert raw.get_xdata().tolist() == [0.0, 10 / 3600, 20 / 3600]
    assert raw.get_ydata().tolist() == [1.0, 0.0, 4.0]
    assert smooth.get_ydata().tolist() == series_of(1, 0, 4).smooth(0.5).values.tolist()
    assert {raw.get_color(), smooth.get_color()} == {"red"}
    assert smooth.get_linestyle() == ":"
    assert (axes.get_xlabel(), axes.get_xscale(), axes.get_yscale()) == ("hours", "log", "log")


def test_a_series_goes_into_the_callers_axes_and_leaves_what_is_the_callers():
    axes = series_of(1, 2).plot()
    axes.set_title("mine")
    assert series_of(3, 4).plot(axes) is axes
    assert lines_of(axes) == [[1.0, 2.0], [3.0, 4.0]]
    assert axes.get_title() == "mine"


def test_a_legend_says_the_labels_that_were_given_or_else_the_tags():
    axes = series_of(1, 2, tag="$\\frac").plot(smooth=0.5)
    series_of(1, 2, tag="b").plot(axes, label="_$\\bad$")
    legend = axes.get_legend()
    axes._repr_png_()  # a formula that is none would be an error
    assert [text.get_text().strip().replace(r"\$", "$") for text in legend.get_texts()] == ["$\\frac", "_$\\bad$"]


def test_points_that_no_line_leads_to_are_dots():
    (line,) = series_of(1, math.nan, 2, math.inf, 3, 3).plot().get_lines()
    assert (line.get_marker(), line.get_markevery()) == (".", [0, 2])
    (line,) = series_of(1, 2).plot().get_lines()
    assert line.get_marker() == "None"
    (line,) = series_of(1).plot(marker="o").get_lines()
    assert (line.get_marker(), line.get_markevery()) == ("o", None)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("x", ["step", "relative", "wall"])
def test_series_without_points_or_times_are_drawn(x):
    series_of().plot(x=x)._repr_png_()
    series_of(1, 2, start=math.nan).plot(x=x)._repr_png_()
    series_of(math.nan, math.inf).plot(x=x)._repr_png_()


@pytest.mark.parametrize("value", [1, -0.1, math.nan, "a", None, [0.5]])
def test_a_wrong_smoothing_is_named(value):
    with pytest.raises(ValueError, match=re.escape(f"smooth must be at least 0 and less than 1, not {value!r}")):
        series_of(1).plot(smooth=value)


@pytest.mark.parametrize(
    "options", [{"size": "ab"}, {"size": (1,)}, {"size": 3}, {"size": (0, 1)}, {"dpi": "a"}, {"dpi": 0}]
)
def test_wrong_sizes_are_named(options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=re.escape(f"{name} must be ")) as caught:
        ChartStyle(**options)
    assert str(caught.value).endswith(f", not {value!r}")


def test_a_wrong_option_of_a_series_is_named():
    with pytest.raises(ValueError, match="x must be 'step', 'order', 'relative' or 'wall', not 'time'"):
        series_of(1).plot(x="time")


def test_extreme_points_are_left_out_and_marked_at_the_edge():
    values = [math.sin(step) for step in range(100)]
    values[40], values[60] = 1e6, -1e6
    axes = series_of(*values).plot()
    low, high = axes.get_ylim()
    assert -1.2 < low < -0.99
    assert 0.99 < high < 1.2
    marks = [mark.get_offsets().tolist() for mark in axes.collections]
    assert marks == [[[400.0, 1.0]], [[600.0, 0.0]]]
    everything = series_of(*values).plot(outliers=True)
    assert everything.get_ylim()[1] > 1e6
    assert not everything.collections


def test_points_that_flatten_nothing_stay():
    for values in (np.linspace(0, 10, 100), np.exp(-np.arange(100) / 30), [0.1] * 97 + [0.01] * 3, [0, 100]):
        axes = series_of(*values).plot()
        assert axes.get_ylim()[0] <= min(values)
        assert axes.get_ylim()[1] >= max(values)
        assert not axes.collections


def test_of_few_points_none_is_extreme():
    few = [100.0, *np.linspace(1, 0, 19)]
    assert without_outliers(np.array(few)) == (0, 100)  # one of 20 is 5 %: the 95th percentile is at the first
    assert without_outliers(np.array([*few, 0.5])) == (0, 1)  # of 21, at the second: 1
    assert without_outliers(np.array([10.0, 1.0, 0.5, 0.4])) == (0.4, 10)


def test_a_logarithmic_axis_leaves_out_what_is_orders_away():
    values = [10 ** math.sin(step) for step in range(100)]
    values[3], values[5] = 1e30, -5.0
    axes = series_of(*values).plot(log_y=True)
    assert 10 < axes.get_ylim()[1] < 100
    assert [mark.get_offsets().tolist() for mark in axes.collections] == [[[30.0, 1.0]]]
    assert series_of(*values).plot().get_ylim()[1] < 100


def test_a_second_series_in_the_same_axes_is_seen_as_well():
    values = [math.sin(step) for step in range(100)]
    axes = series_of(*values[:50], 1e6, *values[50:]).plot()
    series_of(*(5 + value for value in values)).plot(axes)
    assert axes.get_ylim()[1] > 5.9
    assert len(axes.collections) == 1
    axes.set_ylim(0, 1)
    series_of(*values, 1e6).plot(axes)
    assert axes.get_ylim() == (0, 1)


def test_raw_lines_do_not_count_below_smoothed_ones():
    rng = np.random.default_rng(0)
    axes = series_of(*rng.normal(size=200) * 50).plot(smooth=0.99)
    assert axes.get_ylim()[1] < 50


def test_values_near_the_ends_of_float64_are_ranged():
    values = np.array([1.7e308, -1.7e308] * 50)
    assert without_outliers(values) == (-1.7e308, 1.7e308)
    assert without_outliers(np.array([math.nan, math.inf])) is None
    assert without_outliers(np.array([*range(1001), 1e308])) == (0.0, 1000.0)


def test_a_run_and_a_logdir_take_the_option(folder):
    spike = [math.sin(step) for step in range(100)] + [1e6]
    write_run(folder / "d", spiky=spike)
    for drawn in (tbevents.read_logdir(folder), tbevents.read_run(folder / "d")):
        (axes,) = drawn.plot("spiky").axes
        assert axes.get_ylim()[1] < 2
        (axes,) = drawn.plot("spiky", outliers=True).axes
        assert axes.get_ylim()[1] > 1e6


# -- runs and logdirs --------------------------------------------------------------------------------------------------


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_a_run_is_a_chart_for_each_tag(folder):
    run = tbevents.read_run(folder / "a")
    assert titles(run.plot()) == ["loss/train", "loss/test", "acc$"]
    assert titles(run.plot("loss*")) == ["loss/train", "loss/test"]
    figure = run.plot(["acc$", "loss*", "loss/test"], title="all", size=(3, 2), log_y=True)
    assert titles(figure) == ["acc$", "loss/train", "loss/test"]
    assert lines_of(figure.axes[0]) == [[0.0, 1.0, 1.0]]
    assert figure.axes[0].get_legend() is None
    assert figure.axes[0].get_yscale() == "log"
    assert (figure.texts[0].get_text(), figure.get_size_inches().tolist()) == ("all", [3.0, 2.0])


def test_a_logdir_overlays_its_runs(folder):
    logdir = tbevents.read_logdir(folder)
    loss, test = logdir.plot("loss*", smooth=0.5).axes
    assert lines_of(loss)[0::2] == [[3.0, 2.0, 1.0], [5.0, 5.0, 5.0]]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["a", "b"]
    assert lines_of(test)[0::2] == [[4.0, 3.0, 2.0]]
    colors = [line.get_color() for line in loss.get_lines()]
    assert colors[0] == colors[1] == test.get_lines()[0].get_color() != colors[2]


@pytest.fixture
def sweep(tmp_path):
    """Two rates, with three seeds each."""
    for rate in (0.1, 0.2):
        for seed in range(3):
            with tbevents.SummaryWriter(tmp_path / f"lr{rate}" / f"seed{seed}") as writer:
                for step in range(4):
                    writer.add_scalar("loss", rate * 10 + seed, step)
                writer.add_hparams({"rate": rate}, {}, run_name="hp")
    return tbevents.read_logdir(tmp_path)


@pytest.mark.parametrize(
    ("by", "legend"),
    [
        ("folder", ["lr0.1 (3 runs)", "lr0.2 (3 runs)"]),
        ("hparam:rate", ["rate=0.1 (3 runs)", "rate=0.2 (3 runs)"]),
        (r"lr0\.\d", ["lr0.1 (3 runs)", "lr0.2 (3 runs)"]),
        ("all", ["all (6 runs)"]),
        (lambda name: name[-1], ["0 (2 runs)", "1 (2 runs)", "2 (2 runs)"]),
    ],
)
def test_groups_of_runs_are_curves_within_bands(sweep, by, legend):
    (axes,) = sweep.plot("loss", group_by=by).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == legend
    assert len(axes.collections) == len(axes.get_lines()) == len(legend)
    if by == "folder":
        assert lines_of(axes) == [[2.0] * 4, [3.0] * 4]
        bottom, top = axes.collections[0].get_datalim(axes.transData).intervaly
        assert (bottom, top) == (1.0, 3.0)  # of three runs, one may be drawn three times


def test_a_caption_says_what_was_drawn(sweep):
    caption = sweep.plot("loss", group_by="folder", estimator="iqm", smooth=0.5, log_y=True).caption
    assert caption == (
        "Interquartile mean over runs at each step; the shaded band is the 95 % percentile bootstrap interval (2,000 "
        "resamples of the runs). Number of runs: 3 in group lr0.1, 3 in group lr0.2. "
        "Smoothed by a debiased exponential moving average "
        "of weight 0.5. Logarithmic axes: vertical. Extreme points, far outside of the 5th to 95th percentile, are "
        "marked at the edge."
    )
    assert sweep.plot("loss", outliers=True).caption == "Curves of 6 runs, one line each."
    assert "band" not in sweep.plot("loss", group_by="all", band="none").caption


def test_groups_that_cannot_be_are_refused(sweep):
    with pytest.raises(ValueError, match="no run has the hyperparameter 'x'; there are: 'rate'"):
        sweep.plot("loss", group_by="hparam:x")
    with pytest.raises(ValueError, match="x must be step, not 'wall'"):
        sweep.plot("loss", group_by="folder", x="wall")
    with pytest.raises(ValueError, match="band must be 'ci95', 'std', 'minmax' or 'none', not 'sem'"):
        sweep.plot("loss", group_by="folder", band="sem")


def test_of_a_logdir_only_the_runs_that_are_wanted_are_read(folder):
    logdir = tbevents.read_logdir(folder, threads=1)
    (axes,) = logdir.plot("loss/train", "b").axes
    assert lines_of(axes) == [[5.0, 5.0, 5.0]]
    assert [name for name, run in logdir._listed.runs.items() if run is not None] == ["b"]
    with pytest.raises(UnknownNameError, match="no run 'x'"):
        logdir.plot(runs="x")


def test_tags_that_are_not_there_are_named(folder, tmp_path):
    run = tbevents.read_run(folder / "a")
    with pytest.raises(UnknownNameError, match="a: no scalar tag 'loss/tran'; did you mean 'loss/train'"):
        run.plot(["acc$", "loss/tran"])
    with pytest.raises(UnknownNameError, match=r"no scalar tag 'x\*'; there are: 'loss/train'"):
        run.plot(["acc$", "x*"])
    with pytest.raises(UnknownNameError, match="no scalar tag 'los'"):
        tbevents.read_logdir(folder).plot("los")
    with pytest.raises(TypeError, match="tags must be a str or an iterable of str, not 3"):
        run.plot(3)
    with tbevents.SummaryWriter(tmp_path / "texts") as writer:
        writer.add_text("note", "x")
    texts = tbevents.read_run(tmp_path / "texts")
    with pytest.raises(UnknownNameError, match=r"it is of another kind: see run\.texts"):
        texts.plot("note/text_summary")
    with pytest.raises(ValueError, match="texts: there are no scalars to draw"):
        texts.plot()


def test_no_tag_and_no_run_are_nothing_to_draw(folder):
    logdir = tbevents.read_logdir(folder)
    for each in (logdir, logdir["a"]):
        for empty in ([], ()):
            with pytest.raises(ValueError, match=r"^tags must name at least one tag, or be None for all$"):
                each.plot(empty)
    with pytest.raises(ValueError, match="there is no run to draw"):
        logdir.plot(runs=[])


def test_more_charts_than_anybody_looks_through_are_refused_with_names_to_choose_by(tmp_path):
    write_run(tmp_path, **{f"t{number}": [1] for number in range(MOST_CHARTS + 1)})
    run = tbevents.read_run(tmp_path)
    with pytest.raises(ValueError, match=r"61 tags are too many for one figure of at most 60 charts; .* 't0', 't1'"):
        run.plot()
    assert len(run.plot("t1*").axes) == 11


def test_titles_and_legends_show_no_control_characters_and_stay_short(tmp_path):
    write_run(tmp_path / "a\u202eb", **{"x\ny": [1], "long" * 30: [1]})
    write_run(tmp_path / ("r" * 99), **{"x\ny": [1]})
    first, second = tbevents.read_logdir(tmp_path).plot().axes
    assert first.get_title() == r"x\ny"
    assert [text.get_text() for text in first.get_legend().get_texts()] == [r"a\u202eb", "r" * 24 + "…" + "r" * 25]
    assert len(second.get_title()) == 50


# -- notebooks ---------------------------------------------------------------------------------------------------------


def test_a_notebook_gets_pictures_and_pyplot_no_figures(folder):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    logdir = tbevents.read_logdir(folder)
    run = logdir["a"]
    for shown in (logdir.plot(), run.plot(), run.scalars["loss/train"].plot()):
        assert shown._repr_png_().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == before


def test_figures_can_be_pickled(folder):
    figure = pickle.loads(pickle.dumps(tbevents.read_run(folder / "a").plot()))
    assert titles(figure) == ["loss/train", "loss/test", "acc$"]
    axes = pickle.loads(pickle.dumps(series_of(1, 2).plot()))
    assert axes._repr_png_().startswith(b"\x89PNG")


def test_ipython_shows_them_though_it_knows_nothing_of_matplotlib(folder):
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    run = tbevents.read_run(folder / "a")
    formatter = formatters.DisplayFormatter()
    for shown in (run.plot(), run.scalars["loss/train"].plot()):
        data, _ = formatter.format(shown)
        assert data["image/png"].startswith(b"\x89PNG")
    data, _ = formatter.format(run)
    assert set(data) == {"text/plain", "text/html"}


def test_without_matplotlib_the_error_names_the_extra(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "tbevents.views.figure", raising=False)
    logdir = tbevents.read_logdir(folder)
    for draw in (logdir.plot, logdir["a"].plot, series_of(1).plot):
        with pytest.raises(MissingExtraError, match=r"plotting needs matplotlib: pip install 'tbevents\[plot\]'"):
            draw()


# -- steps that are all 0 ----------------------------------------------------------------------------------------------


def without_steps(values, tag="loss"):
    count = len(values)
    return ScalarSeries(tag, np.zeros(count, np.int64), np.arange(count) + 5.0, np.array(values, np.float32))


def test_where_all_steps_are_0_the_points_are_drawn_in_their_order():
    axes = without_steps([3, 1, 2]).plot()
    assert axes.get_lines()[0].get_xdata().tolist() == [0, 1, 2]
    assert axes.get_xlabel() == "order (all steps are 0)"
    axes = series_of(3, 1, 2).plot(x="order")
    assert axes.get_lines()[0].get_xdata().tolist() == [0, 1, 2]
    assert axes.get_xlabel() == "order"


def test_a_chart_is_by_step_where_one_of_its_runs_has_steps(tmp_path):
    write_events(tmp_path / "a" / "x.tfevents", [scalar_event("t", 0, 1.0), scalar_event("t", 0, 2.0)])
    write_events(tmp_path / "b" / "x.tfevents", [scalar_event("t", 0, 1.0), scalar_event("t", 1, 2.0)])
    logdir = tbevents.read_logdir(tmp_path)
    assert logdir.plot().axes[0].get_xlabel() == "step"
    assert logdir["a"].plot().axes[0].get_xlabel() == "order (all steps are 0)"


@pytest.mark.parametrize("bad", [math.nan, -math.inf, -1e300])
@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("x", ["relative", "wall"])
def test_a_wall_time_that_is_none_does_not_break_a_chart(bad, place, x):
    series = series_of(1, 2, 3, 4, 5)
    times = series.wall_times.copy()
    times[place] = bad
    series = ScalarSeries("loss", series.steps, times, series.values)
    axes = series.plot(x=x)
    assert axes.figure._repr_png_().startswith(b"\x89PNG")
    if x == "relative" and bad != -1e300:
        hours = axes.get_lines()[0].get_xdata()
        assert np.nanmax(np.where(np.isfinite(hours), hours, np.nan)) <= 40 / 3600
