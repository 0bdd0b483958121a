"""Pictures have what was asked for in them; schedules are PyTorch's; watching sees what is new."""

import math
import os
import time

import numpy as np
import pytest
from event_files import scalar_event, write_events

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.lr_scheduler import ParamGroups, StepLR
from tbevents.tools.plot import PlotStyle, draw, plot
from tbevents.tools.schedule import SCHEDULES, compute_schedule
from tbevents.tools.watch import Watch, steps_per_second


@pytest.fixture
def runs(make_series):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    for number in range(3):
        make_series(f"runs/_{number}", **{"loss$\\frac": (range(1, 6), np.arange(5) + number), "acc": ([1], [number])})
    return make_series("runs/odd$\\bad$", **{"loss$\\frac": ([3], [math.nan])}).parent


SIGNATURES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize("ending", SIGNATURES)
def test_the_ending_says_the_format(runs, tmp_path, ending):
    drawn = plot(runs, [], tmp_path / f"x.{ending}")
    assert drawn == ["loss$\\frac", "acc"]
    assert (tmp_path / f"x.{ending}").read_bytes().startswith(SIGNATURES[ending])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", f"x.{ending}"]


def axes_of(path, *tags, **style):
    logdir = tbevents.read_logdir(path)
    return draw(dict(logdir), tags, PlotStyle(**style)).axes


def test_each_tag_is_a_chart_of_its_runs(runs):
    loss, acc = axes_of(runs, "loss$\\frac", "acc")
    assert loss.get_title() == "loss$\\frac"
    assert [line.get_ydata().tolist() for line in loss.get_lines()[:3]] == [
        list(np.arange(5.0) + number) for number in range(3)
    ]
    assert [text.get_text().strip() for text in loss.get_legend().get_texts()] == ["_0", "_1", "_2", "odd$\\bad$"]
    assert [line.get_marker() for line in acc.get_lines()] == ["."] * 3


def test_the_horizontal_axis_may_be_time(runs):
    (axes,) = axes_of(runs, "loss$\\frac", x="relative")
    np.testing.assert_allclose(axes.get_lines()[0].get_xdata(), np.arange(5) / 3600)
    (axes,) = axes_of(runs, "loss$\\frac", x="wall")
    assert axes.get_lines()[0].get_xdata()[0] == np.datetime64("1970-01-01T00:16:41", "us")


def test_wall_time_is_that_of_the_clocks_here(runs, monkeypatch):
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone cannot be set here")
    monkeypatch.setenv("TZ", "XYZ-9")
    time.tzset()
    try:
        (axes,) = axes_of(runs, "loss$\\frac", x="wall")
        axes.figure.canvas.draw()
        assert axes.get_xlabel() == "time (XYZ)"
        assert axes.xaxis.get_major_formatter().format_ticks([0.0, 0.25]) == ["09:00", "15:00"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_long_and_hostile_tags_are_shown_short_and_escaped(make_series):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    tags = ["x" * 10_240, "\x1b[31mred\n\0\u202e", "short"]
    path = make_series("runs/a\x07", **{tag: ([1, 2], [1.0, 2.0]) for tag in tags}).parent
    make_series("runs/b", **{tag: ([1, 2], [1.0, 2.0]) for tag in tags})
    long, odd, short = axes_of(path, *tags)
    assert long.get_title() == "x" * 24 + "…" + "x" * 25
    assert odd.get_title() == r"\x1b[31mred\n\x00\u202e"
    assert short.get_title() == "short"
    assert [text.get_text() for text in odd.get_legend().get_texts()] == [r"a\x07", "b"]


@pytest.mark.slow  # draws 24 charts
def test_a_picture_of_any_tag_and_value_is_drawn_without_a_warning(make_series, tmp_path, recwarn):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    series = {
        "nan": ([1, 2], [math.nan] * 2),
        "zero": ([1, 2], [0.0, 0.0]),
        "negative": ([-5, -1], [-1.0, -2.0]),
        "infinite": ([1, 2], [math.inf, 1.0]),
        "far": ([-(2**62), 2**62], [3e38, -3e38]),
        "损失\0": ([1], [1.0]),
    }
    run = make_series("run", **series)
    for number, style in enumerate(
        ({}, {"log_x": True, "log_y": True}, {"x": "wall"}, {"band": "std", "group_by": "all"})
    ):
        plot(run, [], tmp_path / f"{number}.png", style=PlotStyle(**style))
    assert not [str(each.message) for each in recwarn if each.category is UserWarning]
    nan, zero, negative = axes_of(run, "nan", "zero", "negative", log_x=True, log_y=True)
    assert [text.get_text() for text in nan.texts] == ["no finite value"]
    assert not zero.texts
    assert (zero.get_xscale(), zero.get_yscale(), zero.get_ylabel()) == ("log", "linear", "(nothing above 0: linear)")
    assert (negative.get_xscale(), negative.get_xlabel()) == ("linear", "step (nothing above 0: linear)")


def test_a_picture_of_too_many_pixels_is_refused(runs, tmp_path):
    huge = PlotStyle(size=(100, 100), dpi=200)
    with pytest.raises(ValueError, match=r"20000 x 20000 pixels are too many.*--dpi"):
        plot(runs, [], tmp_path / "x.png", style=huge)
    with pytest.raises(ValueError, match=r"inf x inf pixels are too many.*--dpi"):
        plot(runs, [], tmp_path / "x.png", style=PlotStyle(dpi=1e308))
    assert not (tmp_path / "x.png").exists()
    plot(runs, [], tmp_path / "x.svg", style=huge)


def test_more_tags_than_a_figure_has_room_for_are_refused_and_how_to_choose_is_said(make_series, tmp_path):
    make_series("many", **{f"t{number}": ([0, 1], [0.0, 1.0]) for number in range(61)})
    wrong = r"61 tags are too many for one figure of at most 60 charts; say which: names or globs of 't0', "
    with pytest.raises(ValueError, match=wrong):
        plot(tmp_path / "many", [], tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    assert len(plot(tmp_path / "many", ["t5?"], tmp_path / "a.png")) == 10


def test_smoothing_is_tensorboards_over_the_faint_raw_line(runs):
    (axes,) = axes_of(runs, "loss$\\frac", smooth=0.5)
    raw, smooth = axes.get_lines()[:2]
    assert raw.get_alpha() == 0.25
    assert smooth.get_ydata()[1] == pytest.approx((0 * 0.5 + 1) / 1.5)


def test_axes_may_be_logarithmic(runs):
    (axes,) = axes_of(runs, "loss$\\frac", log_x=True, log_y=True)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


@pytest.mark.parametrize(("band", "reach"), [("std", math.sqrt(2 / 3)), ("minmax", 1.0)])
def test_a_band_is_around_the_mean_of_the_runs(make_series, tmp_path, band, reach):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    for number in range(3):
        make_series(f"runs/{number}", loss=(range(4), np.arange(4) + number))
    (axes,) = axes_of(tmp_path / "runs", "loss", band=band, group_by="all")
    (line,) = axes.get_lines()
    assert line.get_ydata().tolist() == [1.0, 2.0, 3.0, 4.0]
    (area,) = axes.collections
    bounds = area.get_paths()[0].get_extents()
    assert (bounds.ymin, bounds.ymax) == (pytest.approx(1 - reach), pytest.approx(4 + reach))


@pytest.mark.parametrize(
    "style",
    [
        {"x": "time"},
        {"band": "iqr"},
        {"estimator": "median"},
        {"smooth": 1.0},
        {"dpi": 0},
        {"dpi": float("inf")},
        {"dpi": 10**400},
        {"size": (10**400, 5)},
        {"size": (0, 1)},
        {"size": (800, 600)},
        {"group_by": "all", "x": "wall"},
    ],
)
def test_an_impossible_style_is_refused(style):
    with pytest.raises(ValueError, match=rf"{'x' if len(style) > 1 else next(iter(style))}"):
        PlotStyle(**style)


def test_nothing_to_draw_is_an_error_and_writes_nothing(runs, tmp_path):
    with pytest.raises(UnknownNameError, match="no tag 'x'"):
        plot(runs, ["x"], tmp_path / "x.png")
    with pytest.raises(ValueError, match="no scalars to draw"):
        plot(make_empty(tmp_path), [], tmp_path / "x.png")
    with pytest.raises(ValueError, match=r"x\.txt: unknown picture format"):
        plot(runs, [], tmp_path / "x.txt")
    assert not (tmp_path / "x.png").exists()


def make_empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


# -- schedule --------------------------------------------------------------------------------------------------------


def test_a_schedule_is_what_its_scheduler_steps_through():
    groups = ParamGroups(0.5)
    scheduler = StepLR(groups, step_size=3, gamma=0.5)
    rates = []
    for _ in range(10):
        rates.append(groups.lrs[0])
        scheduler.step()
    found = compute_schedule("steplr", 10, {"lr": 0.5, "step_size": 3, "gamma": 0.5})
    assert found.name == "StepLR"
    assert found.steps.tolist() == list(range(10))
    assert found.rates.tolist() == rates


ARGUMENTS = {
    "StepLR": {"step_size": 3},
    "MultiStepLR": {"milestones": [2, 4]},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 5},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "CyclicLR": {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 3},
    "OneCycleLR": {"max_lr": 0.5, "total_steps": 10},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_that_is_offered_can_be_computed(name):
    rates = compute_schedule(name, 10, ARGUMENTS.get(name)).rates
    assert rates.shape == (10,)
    assert np.isfinite(rates).all()


@pytest.mark.parametrize(
    ("name", "steps", "arguments", "message"),
    [
        ("StepLR", 0, {}, "steps must be at least 1"),
        ("StepLR", 3, {}, "StepLR: missing 1 required positional argument: 'step_size'; its arguments: lr, step_size"),
        ("StepLR", 3, {"step": 1}, "'step'; its arguments: lr, step_size, gamma"),
        ("StepLR", 3, {"step_size": 3, "lr": "big"}, "lr must be a number, not 'big'"),
        ("StepLR", 3, {"step_size": 3, "lr": 10**400}, "lr is too large for a float"),
        ("CosineAnnealingWarmRestarts", 3, {"T_0": 10**400}, "CosineAnnealingWarmRestarts: T_0 is too large"),
        pytest.param(
            *("StepLR", 3, {"step_size": 10**30}, "StepLR: step_size is too large"),
            marks=pytest.mark.skipif(np.__version__.startswith("1."), reason="numpy 1 divides by any whole number"),
        ),
        ("LambdaLR", 3, {}, "LambdaLR needs a function"),
        ("ReduceLROnPlateau", 3, {}, "needs metrics"),
        ("ConstantLR", 3, {"factor": 7}, "factor"),
        (
            "StepLR",
            3,
            {"step_size": 3, "last_epoch": 5},
            "StepLR has no argument 'last_epoch'; its arguments: lr, step",
        ),
        ("StepLR", 3, {"step_size": 3, "optimizer": 5}, "no argument 'optimizer'"),
    ],
)
def test_a_schedule_that_cannot_be_computed_is_told(name, steps, arguments, message):
    with pytest.raises(ValueError, match=message):
        compute_schedule(name, steps, arguments)


def test_an_unknown_schedule_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'StepLR'"):
        compute_schedule("StepsLR", 3)


# -- watch -----------------------------------------------------------------------------------------------------------


def test_watching_sees_points_files_and_runs_that_come(make_run, tmp_path):
    run = make_run("runs/a", ("loss", 0, 1.0), ("loss", 1, 2.0))
    (file,) = run.iterdir()
    watch = Watch(tmp_path / "runs")
    (seen,) = watch.look()
    assert (seen.run, seen.series.tag, seen.new, len(seen.series)) == ("a", "loss", 2, 2)
    assert watch.look()[0].new == 0
    write_events(tmp_path / "more", [scalar_event("loss", 2, 3.0)])
    with file.open("ab") as stream:
        stream.write((tmp_path / "more").read_bytes())
    (seen,) = watch.look()
    assert (seen.new, seen.series.last.value) == (1, 3.0)
    make_run("runs/b", ("acc", 0, 1.0))
    assert [(each.run, each.new) for each in watch.look()] == [("a", 0), ("b", 1)]
    file.unlink()
    run.rmdir()
    assert [(each.run, each.new) for each in watch.look()] == [("b", 0)]
    make_run("runs/a", ("loss", 0, 7.0))
    assert [(each.run, each.new, each.series.last.value) for each in watch.look()] == [("a", 1, 7.0), ("b", 0, 1.0)]


def test_watching_goes_on_with_a_run_whose_folder_could_not_be_listed_for_a_while(make_run, tmp_path, monkeypatch):
    make_run("runs/a/deep", ("loss", 0, 1.0), ("loss", 1, 2.0))
    watch = Watch(tmp_path / "runs")
    assert [each.new for each in watch.look()] == [2]
    scan = os.scandir

    def scandir(path):
        if str(path) == str(tmp_path / "runs" / "a"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        assert watch.look() == []
        assert [problem.kind for problem in watch.problems] == ["unreadable"]
    assert [(each.new, len(each.series)) for each in watch.look()] == [(0, 2)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_watching_sees_that_a_run_was_replaced(make_run, tmp_path, count):
    run = make_run("runs/a", ("loss", 0, 1.0), ("loss", 1, math.nan))
    watch = Watch(tmp_path / "runs")
    watch.look()
    (file,) = run.iterdir()
    file.unlink()
    make_run("runs/a", *[("loss", step, 7.0) for step in range(count)], start=5000.0, file="events.out.tfevents.9.x")
    (seen,) = watch.look()
    assert (seen.new, seen.series.values.tolist()) == (count, [7.0] * count)
    (seen,) = watch.look()
    assert (seen.new, len(seen.series)) == (0, count)


def test_watching_some_tags_and_runs(make_run, tmp_path):
    for name in "ab":
        make_run(f"runs/{name}", ("loss", 0, 1.0), ("acc", 0, 1.0))
    found = Watch(tmp_path / "runs", tags=["l*"], runs=["b"]).look()
    assert [(each.run, each.series.tag) for each in found] == [("b", "loss")]


def test_watching_tells_of_damage_once_and_of_what_is_missing(make_run, tmp_path, recwarn):
    run = make_run("runs/a", ("loss", 0, 1.0), ("loss", 1, 2.0), ("loss", 2, 2.0))
    (file,) = run.iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data[:-1])
    watch = Watch(tmp_path / "runs", tags=["loss", "acc"])
    watch.look()
    assert [problem.kind.endswith("_checksum") for problem in watch.problems] == [True]  # not "incomplete"
    assert [str(error) for error in watch.missing()] == [f"{tmp_path}/runs: no tag 'acc'; there are: 'loss'"]
    watch.look()
    assert watch.problems == ()
    assert not [str(each.message) for each in recwarn if each.category is UserWarning]


@pytest.mark.parametrize(
    ("steps", "times", "rate"),
    [
        ([0, 10, 20], [0.0, 1.0, 2.0], 10.0),
        ([5], [0.0], None),
        ([0, 1], [3.0, 3.0], None),
        ([0, 1], [0.0, math.nan], None),
        ([0, 100, 50, 60], [0.0, 1.0, 2.0, 4.0], 5.0),  # since the restart
    ],
)
def test_steps_per_second_are_those_of_the_latest_points(steps, times, rate):
    assert steps_per_second(np.array(steps), np.array(times)) == rate
