"""``tbevents show``: values in numbers, trends, charts, points."""

import json
import math

import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

from tbevents.proto import Event, Summary, TensorProto

from .conftest import rows


@pytest.fixture
def odd(tmp_path):
    """A run whose tags and values are hostile."""
    values = [math.nan, math.inf, 2.0, -math.inf]
    events = [version_event(), *(scalar_event("odd", step, value) for step, value in enumerate(values))]
    events.append(scalar_event("\x1b]0;title\x07\x1b[2J\u202eevil\nline", 0, 1.0))
    write_events(tmp_path / "odd" / "x.tfevents", events)
    return tmp_path / "odd"


def test_a_scalar_is_a_line_of_its_numbers(cli, demo):
    header, loss, acc = rows(cli("show", demo).out)
    assert header == ["tag", "count", "steps", "first", "last", "min", "max", "mean", "trend"]
    assert loss == ["loss", "10", "0..9", "1", "0.1", "0.1", "1", "0.2929", "█▄▃▂▂▂▁▁▁▁"]
    assert acc[:5] == ["train/acc", "10", "0..9", "0", "0.9"]


def test_tags_may_be_globs_and_exact_names(cli, demo):
    assert [row[0] for row in rows(cli("show", demo, "train/*").out)[1:]] == ["train/acc"]
    assert [row[0] for row in rows(cli("show", demo, "loss", "*acc").out)[1:]] == ["loss", "train/acc"]


def test_json_has_the_statistics_as_strict_json(cli, odd):
    found = json.loads(cli("show", odd, "odd", "--json").out, parse_constant=pytest.fail)
    assert len(found) == 1
    assert found[0] == {
        "run": ".",
        "tag": "odd",
        "kind": "scalars",
        "count": 4,
        "first_step": 0,
        "last_step": 3,
        "first_time": 1001.5,
        "last_time": 1001.5,
        "first": "NaN",
        "last": "-Infinity",
        "min": "-Infinity",
        "max": "Infinity",
        "mean": 2.0,
        "nans": 1,
        "infinities": 2,
    }


def test_points_are_exact_and_tab_separated(cli, demo):
    lines = cli("show", demo, "loss", "--points").out.splitlines()
    assert lines[0] == "tag\tstep\twall_time\tvalue"
    assert lines[3] == "loss\t2\t1002.0\t0.3333333432674408"
    assert len(lines) == 11


def test_points_in_json(cli, demo):
    (found,) = json.loads(cli("show", demo, "train/acc", "--points", "--json").out)
    assert found["steps"] == list(range(10))
    assert found["wall_times"][1] == 1001.25
    assert found["values"][1] == 0.10000000149011612


def test_hostile_tags_are_shown_escaped(cli, odd):
    for options in ([], ["--points"], ["--chart"]):
        out = cli("show", odd, *options).out
        assert r"\x1b]0;title\x07\x1b[2J\u202eevil\nline" in out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)


def test_a_folder_of_runs_says_which_run(cli, many):
    listed = rows(cli("show", many, "--run", "group-0[01]/*").out)
    assert listed[0][:2] == ["run", "tag"]
    assert len(listed) == 21
    assert listed[1][:2] == ["group-00/run-000", "loss"]


def test_the_run_of_the_folder_itself_has_its_name_in_a_terminal(cli, tmp_path, monkeypatch):
    for run in (".", "other"):
        write_events(tmp_path / "runs" / run / "x.tfevents", [version_event(), scalar_event("loss", 1, 2)])
    for command in (["show"], ["ls"], ["ls", "--tags"]):
        assert [row[0] for row in rows(cli(*command, tmp_path / "runs").out)][1:3] == [".", "other"]
    monkeypatch.setattr("tbevents.cli.terminal.Terminal.interactive", True)
    for command in (["show"], ["ls"], ["ls", "--tags"]):
        assert [row[0] for row in rows(cli(*command, tmp_path / "runs").out)][1:3] == ["runs", "other"]


def test_a_narrow_table_still_says_whose_value_it_is(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    for run in ("first", "second"):
        points = (scalar_event("a rather long name of a tag", step, 0.123456) for step in range(10))
        write_events(tmp_path / run / "x.tfevents", [version_event(), *points])
    lines = cli("show", tmp_path).out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "first", "second"]
    assert max(map(len, lines)) <= 40


def test_a_chart_has_axes_and_the_line(cli, demo):
    out = cli("show", demo, "train/acc", "--chart", "--height", "4").out
    lines = out.splitlines()
    assert lines[3] == "train/acc"
    assert lines[4].startswith("0.9 ┤")
    assert lines[7].startswith("  0 ┤")
    assert lines[8].startswith("    └───")
    assert lines[9].split() == ["0", "9"]
    assert lines[4].rstrip()[-1] not in " ┤"  # it ends at the top right, since it rises
    assert lines[7][5] not in " "  # and starts at the bottom left


def test_charts_of_several_runs_are_overlaid_with_a_legend(cli, many):
    out = cli("show", many, "loss", "--run", "group-00/run-00*", "--run", "group-01/run-00*", "--chart").out
    assert out.splitlines()[-1] == "━━ group-00/run-000   ━━ group-01/run-001"
    assert out.count("┤") == 2


def test_a_chart_of_nothing_finite_says_so(cli, tmp_path):
    write_events(tmp_path / "x.tfevents", [version_event(), scalar_event("n", 0, math.nan)])
    result = cli("show", tmp_path, "n", "--chart")
    assert result.status == 0
    assert "no finite values to draw" in result.out


def test_values_of_any_size_make_a_chart(cli, tmp_path):
    values = [3e38, -3e38, 0.0, 1e-45]
    steps = [-(2**62), 0, 2**62, 2**63 - 1]
    points = [scalar_event("n", *point) for point in zip(steps, values, strict=True)]
    write_events(tmp_path / "x.tfevents", [version_event(), *points])
    assert cli("show", tmp_path, "n", "--chart").status == 0
    assert cli("show", tmp_path, "n", "--chart", "--log").status == 0


def test_a_chart_of_steps_that_are_all_0_is_in_the_order_written(cli, tmp_path):
    write_events(tmp_path / "x.tfevents", [version_event(), *(scalar_event("t", 0, value) for value in range(50))])
    result = cli("show", tmp_path, "--chart", "--height", "3")
    assert result.out.splitlines()[-2].split() == ["0", "49"]
    assert result.out.splitlines()[-1].strip() == "all steps are 0: in the order written"


def test_a_chart_may_be_in_the_order_written(cli, tmp_path):
    events = [scalar_event("t", step, step) for step in (100, 200, 150)]
    write_events(tmp_path / "x.tfevents", [version_event(), *events])
    result = cli("show", tmp_path, "--chart", "--x", "order")
    assert result.out.splitlines()[-1].split() == ["0", "2"]
    assert cli("show", tmp_path, "--x", "order").status == 2


def test_a_run_that_was_written_twice_is_told(cli, tmp_path):
    for name in ("1", "2"):
        write_events(tmp_path / "a run" / f"{name}.tfevents", [version_event(), scalar_event("t", 0, 1.0)])
    folder = tmp_path / "a run"
    assert cli("show", folder).err == f"{folder}: written by 2 starts; see: tbevents check '{folder}'\n"


def test_problems_are_warned_of_on_stderr(cli, damaged):
    result = cli("show", damaged)
    assert result.status == 0
    assert result.err.count("checksum mismatch") == 2
    assert "checksum" not in result.out


def test_a_text_that_is_named_is_printed_harmlessly(cli, tmp_path):
    tensor = TensorProto(dtype=7, string_val=[b"first\n\x1b[31mred"])
    event = Event(wall_time=1.0, step=3, summary=Summary(value=[tensor_value("note", tensor, "text")]))
    write_events(tmp_path / "x.tfevents", [version_event(), event])
    out = cli("show", tmp_path, "note").out
    assert "note, step 3:\nfirst\n\\x1b[31mred\n" in out


def test_hyperparameters_are_shown(cli, corpus):
    out = cli("show", corpus, "--run", "*/run-0").out
    assert "dropout=0.1, num_units=16.0, optimizer=adam; accuracy=0.8397" in out


def test_a_chart_of_what_is_no_scalar_is_told(cli, demo):
    write_events(
        demo.parent / "texts" / "events.out.tfevents.1.x",
        [
            version_event(),
            Event(summary=Summary(value=[tensor_value("note", TensorProto(dtype=7, string_val=[b"x"]), "text")])),
        ],
    )
    assert "--chart draws scalars only" in cli("show", demo.parent / "texts", "note", "--chart").err
    assert "--chart" not in cli("show", demo, "loss", "--chart").err
