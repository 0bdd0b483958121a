"""What each command prints, and that it does what the function behind it does."""

import json
import math
import re

import pytest
from event_files import scalar_event, version_event, write_events

import tbevents

from .conftest import rows


@pytest.fixture
def other(tmp_path):
    """A run like `demo`, but for one value, one point more, and one tag."""
    events = [version_event()]
    for step in range(11):
        value = 1 / (step + 1) if step != 4 else 0.25
        events.append(scalar_event("loss", step, value, 1000.0 + step))
    events.append(scalar_event("lr", 0, 0.1))
    write_events(tmp_path / "other" / "x.tfevents", events)
    return tmp_path / "other"


# -- check and repair ----------------------------------------------------------------------------------------


def test_check_says_intact_with_what_was_read(cli, demo):
    result = cli("check", demo.parent)
    assert result.status == 0
    assert re.fullmatch(rf"{demo.parent}: intact \(1 run, 1 file, 20 values, \d+ B\)\n", result.out)


def test_check_says_where_it_is_damaged_and_exits_1(cli, damaged):
    result = cli("check", damaged)
    assert result.status == 1
    lines = result.out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"damaged  {damaged}/events.out.tfevents.1.demo: record ") for line in lines[:3])
    assert lines[3].startswith(f"{damaged}: 1 of 1 run damaged")


def test_what_is_odd_counts_with_strict_only(cli, tmp_path):
    events = [version_event(), *(scalar_event("x", step, math.nan) for step in (1, 2, 1))]
    write_events(tmp_path / "x.tfevents", events)
    lax, strict = cli("check", tmp_path), cli("check", tmp_path, "--strict")
    assert (lax.status, strict.status) == (0, 1)
    assert "odd      .: x: steps go back once, first from 2 to 1\n" in lax.out
    assert "x: NaN 3 times, first at step 1" in lax.out
    assert "1 of 1 run damaged or odd" in strict.out


def test_check_as_json(cli, damaged):
    result = cli("check", damaged, "--json")
    assert result.status == 1
    (found,) = json.loads(result.out)
    assert [problem["kind"] for problem in found["problems"]] == ["data_checksum", "data_checksum", "incomplete"]


def test_check_of_200_runs_names_the_damaged_one(cli, many, tmp_path):
    import shutil

    shutil.copytree(many, tmp_path / "many")
    file = tmp_path / "many" / "group-07" / "run-107" / "events.out.tfevents.1.x"
    file.write_bytes(file.read_bytes()[:-1])
    result = cli("check", tmp_path / "many")
    assert result.status == 1
    assert f"damaged  {file}: record 3" in result.out
    assert "1 of 200 runs damaged (200 runs, 200 files, 599 values" in result.out


def test_repair_says_what_was_dropped_and_where(cli, damaged, tmp_path):
    result = cli("repair", damaged, "-o", tmp_path / "out")
    assert result.status == 0
    lines = result.out.splitlines()
    assert re.search(r"kept 18 records, dropped \d+ B in 3 stretches$", lines[0])
    assert re.match(r"  byte \d+, after 5 records: data checksum mismatch: stored 0x", lines[1])
    assert lines[-1] == f"  written to {tmp_path}/out/events.out.tfevents.1.demo"
    assert cli("check", tmp_path / "out").status == 0


def test_repair_in_place_names_the_backup(cli, damaged):
    out = cli("repair", damaged, "--in-place").out
    assert out.endswith(f"; backup: {damaged}/events.out.backup.1.demo\n")
    assert cli("repair", damaged, "--in-place").out.endswith(": intact, 18 records\n")


@pytest.mark.parametrize("command", ["repair", "edit"])
@pytest.mark.parametrize("content", [b"", bytes(200)])
def test_a_rewrite_of_nothing_exits_2(cli, tmp_path, command, content):
    (tmp_path / "x.tfevents").write_bytes(content)
    result = cli(command, tmp_path, "-o", tmp_path / "out")
    assert result.status == 2
    assert ": no intact record, so nothing was written" in result.out


@pytest.mark.parametrize("command", ["repair", "edit"])
@pytest.mark.parametrize(("content", "status"), [(b"", 0), (bytes(200), 1)])
def test_a_file_of_several_without_a_record_is_found_unless_it_is_empty(cli, demo, tmp_path, command, content, status):
    (demo / "events.out.tfevents.2.more").write_bytes(content)
    result = cli(command, demo, "-o", tmp_path / "out")
    assert result.status == status
    assert result.out.count(": no intact record, so nothing was written") == 1
    assert len(tbevents.read_run(tmp_path / "out").files) == 1


def test_an_empty_file_beside_others_is_no_error_of_a_repair_and_a_lost_one_is_damage(cli, demo, tmp_path):
    (demo.parent / "empty").mkdir()
    (demo.parent / "empty" / "x.tfevents").touch()
    for target in (["-o", tmp_path / "out"], ["--in-place"]):
        result = cli("repair", demo.parent, *target)
        assert (result.status, result.out.count("the file is empty")) == (0, 1)
    (demo.parent / "empty" / "x.tfevents").write_bytes(bytes(200))
    assert cli("repair", demo.parent, "-o", tmp_path / "again").status == 1


@pytest.mark.parametrize("kind", ["scalars", "texts", "images"])
def test_an_export_of_which_damage_leaves_nothing_exits_1(cli, tmp_path, kind):
    (tmp_path / "x.tfevents").write_bytes(bytes(range(200)))
    result = cli("export", tmp_path, tmp_path / ("out" if kind == "images" else "out.csv"), "--kind", kind)
    assert result.status == 1
    assert "left out: " in result.err


# -- merge, split, edit --------------------------------------------------------------------------------------


def test_merge_and_split_say_what_they_wrote(cli, demo, tmp_path):
    out = cli("split", demo, "-o", tmp_path / "parts", "--every", "4").out
    assert [row[1] for row in rows(out)] == ["records", "9", "9", "5"]
    assert rows(out)[1][0].endswith("events.out.tfevents.1.demo.000")
    out = cli("merge", tmp_path / "parts", "-o", tmp_path / "whole.tfevents").out
    assert out == f"{tmp_path}/whole.tfevents: 21 records of 3 files\n"
    assert tbevents.read_run(tmp_path / "whole.tfevents").scalars["loss"] == tbevents.read_run(demo).scalars["loss"]


def test_merge_with_purge_counts(cli, demo, other, tmp_path):
    out = cli("merge", demo, other, "-o", tmp_path / "whole.tfevents", "--purge", "--json").out
    assert json.loads(out)["purged"] == 10
    assert len(tbevents.read_run(tmp_path / "whole.tfevents").scalars["loss"]) == 11


def test_split_takes_sizes_with_units(cli, demo, tmp_path):
    parts = json.loads(cli("split", demo, "-o", tmp_path / "parts", "--size", "0.4 kB", "--json").out)["parts"]
    assert len(parts) == 3
    assert 200 < min(part["size"] for part in parts) <= max(part["size"] for part in parts) <= 400


def test_edit_says_what_changed(cli, demo, tmp_path):
    options = ["--rename", "train/*=*", "--drop", "loss", "--steps", "2:5", "--shift", "-2", "--thin", "2"]
    out = cli("edit", demo, "-o", tmp_path / "out", *options).out
    assert out == f"{tmp_path}/out/events.out.tfevents.1.demo: 3 values, 17 dropped, 3 records changed\n"
    assert tbevents.read_run(tmp_path / "out").scalars["acc"].steps.tolist() == [0, 2, 3]


def test_edit_in_place(cli, demo):
    out = cli("edit", demo, "--in-place", "--regex", "--rename", "^l(.*)=c\\1").out
    assert out.endswith(f"; backup: {demo}/events.out.backup.1.demo\n")
    assert "coss" in tbevents.read_run(demo).scalars
    assert cli("edit", demo, "--in-place").out.endswith("nothing to change\n")


@pytest.mark.parametrize("command", ["edit", "merge", "split"])
def test_damage_is_told_on_stderr(cli, damaged, tmp_path, command):
    options = {"split": ["--every", "100"]}.get(command, [])
    result = cli(command, damaged, "-o", tmp_path / "out", *options)
    assert result.status == 0
    assert result.err.count("left out: ") == 3


# -- export and import ---------------------------------------------------------------------------------------


def test_export_to_stdout_is_data_only(cli, demo):
    result = cli("export", demo, "-", "--tag", "loss")
    assert result.out.splitlines()[:2] == ["run,tag,step,wall_time,value", ".,loss,0,1000.0,1.0"]
    assert result.err == "-: 10 rows\n"


def test_export_writes_dates(cli, demo):
    out = cli("export", demo, "-", "--tag", "loss", "--times").out
    assert out.splitlines()[1] == ".,loss,0,1970-01-01T00:16:40.000000Z,1.0"
    assert cli("export", demo, "media", "--kind", "images", "--times").status == 2


def test_export_wide_and_by_kind(cli, demo, corpus, tmp_path):
    cli("export", demo, tmp_path / "w.csv", "--wide")
    assert (tmp_path / "w.csv").read_text().splitlines()[:2] == ["run,step,loss,train/acc", ".,0,1.0,0.0"]
    result = cli("export", corpus, tmp_path / "media", "--kind", "images", "--kind", "audio")
    assert result.err == f"{tmp_path}/media: 10 files\n"
    assert len([path for path in (tmp_path / "media").rglob("*.png") if path.is_file()]) == 10
    assert json.loads(cli("export", corpus, "-", "--kind", "hparams", "--format", "jsonl").out)["optimizer"] == "adam"


def test_export_tells_what_was_damaged(cli, damaged, tmp_path):
    result = cli("export", damaged, tmp_path / "x.csv")
    assert result.status == 0
    assert result.err.count("left out: ") == 3


def test_import_from_a_file_and_from_stdin(cli, demo, tmp_path, monkeypatch):
    import io

    text = cli("export", demo, "-").out
    (tmp_path / "x.csv").write_text(text)
    assert cli("import", tmp_path / "x.csv", "-o", tmp_path / "a").out == f"{tmp_path}/a: 20 points, 2 tags, 1 run\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert json.loads(cli("import", "-", "-o", tmp_path / "b", "--json").out)["points"] == 20
    assert cli("diff", tmp_path / "a", tmp_path / "b", "--wall-time", "0").status == 0


def test_import_tells_of_float64(cli, tmp_path):
    (tmp_path / "x.csv").write_text("step,x\n1,0.1\n")
    assert "only with --load_fast=false: x" in cli("import", tmp_path / "x.csv", "-o", tmp_path / "a").err
    assert cli("import", tmp_path / "x.csv", "-o", tmp_path / "b", "--precision", "float32").err == ""


# -- diff and reduce -----------------------------------------------------------------------------------------


def test_diff_of_equal_runs_says_so_and_exits_0(cli, demo):
    assert cli("diff", demo, demo) == (0, "", "equal\n")
    assert cli("diff", demo, demo, "-q") == (0, "", "")


def test_diff_lists_the_tags_that_differ_and_exits_1(cli, demo, other):
    result = cli("diff", demo, other)
    assert result.status == 1
    assert [row[1:] for row in rows(result.out)] == [
        ["tag", "differ", "A", "B", "first", "at", "value", "A", "value", "B", "largest"],
        ["loss", "2", "of", "11", "10", "11", "4", "0.2", "0.25", "0.05"],
        ["train/acc", "10", "of", "10", "10", "-", "0", "0", "-"],
        ["lr", "1", "of", "1", "-", "1", "0", "-", "0.1"],
    ]


def test_diff_by_point_and_within_a_tolerance(cli, demo, other):
    result = cli("diff", demo, other, "--tag", "loss", "--points")
    assert [row[2:] for row in rows(result.out)[1:]] == [
        ["4", "0.20000000298023224", "0.25", "0.05"],
        ["10", "-", "0.09090909361839294"],
    ]
    result = cli("diff", demo, other, "--tag", "loss", "--atol", "0.1", "--points", "--json")
    assert result.status == 1
    (run,) = json.loads(result.out)
    assert [point["step"] for point in run["tags"][0]["points"]] == [10]


def test_numbers_that_nearly_agree_are_shown_with_the_digits_that_tell_them_apart(cli, tmp_path):
    for name, value in (("a", 0.5), ("b", 0.5000001)):
        write_events(tmp_path / name / "x.tfevents", [version_event(), scalar_event("x", 1, value)])
    assert "0.500000119" in cli("diff", tmp_path / "a", tmp_path / "b").out


def test_reduce_to_runs_and_to_a_table(cli, many, tmp_path):
    result = cli("reduce", many, "-o", tmp_path / "out", "--stat", "mean", "--stat", "q0.5")
    assert result.err == f"{tmp_path}/out: mean, q0.5 of 1 tag over 200 runs\n"
    logdir = tbevents.read_logdir(tmp_path / "out")
    assert list(logdir) == ["mean", "q0.5"]
    assert logdir["mean"].scalars["loss"].values.tolist() == [99.5, 100.5, 101.5]
    cli("reduce", many, "-o", tmp_path / "out.csv", "--stat", "max")
    assert (
        tmp_path / "out.csv"
    ).read_text() == "tag,step,runs,max\nloss,0,200,199.0\nloss,1,200,200.0\nloss,2,200,201.0\n"


def test_reduce_says_which_tags_are_stored_as_float64(cli, tmp_path):
    with tbevents.SummaryWriter(tmp_path / "a") as writer:
        writer.add_scalar("small", 0.1, 0, new_style=True, double_precision=True)
        writer.add_scalar("great", 1e300, 0, new_style=True, double_precision=True)
    said = "stored as float64, which TensorBoard shows only with --load_fast=false: great\n"
    assert said in cli("reduce", tmp_path / "a", "-o", tmp_path / "out").err
    assert "float64" not in cli("reduce", tmp_path / "a", "-o", tmp_path / "small", "--tag", "small").err
    assert "float64" not in cli("reduce", tmp_path / "a", "-o", tmp_path / "out.csv").err


def test_reduce_is_strict_unless_told(cli, demo, other, tmp_path):
    assert "lax steps" in cli("reduce", demo, other, "-o", tmp_path / "out").err
    assert "lax tags" in cli("reduce", demo, other, "-o", tmp_path / "out", "--lax-steps").err
    assert cli("reduce", demo, other, "-o", tmp_path / "out", "--lax-tags", "--lax-steps").status == 0


# -- plot, schedule, tail ------------------------------------------------------------------------------------


def test_plot_writes_a_picture(cli, demo, tmp_path):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    options = ["--smooth", "0.5", "--log-y", "--size", "6", "4", "--title", "$x"]
    result = cli("plot", demo, "loss", "-o", tmp_path / "x.svg", *options)
    assert (result.status, result.out) == (0, "")
    assert "</svg>" in (tmp_path / "x.svg").read_text()


def test_schedule_prints_rates(cli):
    out = cli("schedule", "StepLR", "lr=1.0", "step_size=2", "gamma=0.5", "--steps", "5").out
    assert out == "step\tlr\n0\t1.0\n1\t1.0\n2\t0.5\n3\t0.5\n4\t0.25\n"


def test_schedule_as_json_chart_log_and_picture(cli, tmp_path):
    pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    arguments = ["schedule", "MultiStepLR", "milestones=[2]", "--steps", "4"]
    assert json.loads(cli(*arguments, "--json").out)["rates"] == pytest.approx([0.1, 0.1, 0.01, 0.01])
    assert "0.1 ┤" in cli(*arguments, "--chart").out
    assert cli(*arguments, "--log", tmp_path / "run", "--tag", "rate", "-o", tmp_path / "x.png").out == ""
    assert tbevents.read_run(tmp_path / "run").scalars["rate"].steps.tolist() == [0, 1, 2, 3]
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_tail_takes_tags_as_show_does(cli, demo):
    acc = ".\ttrain/acc\t9\t0.8999999761581421\n"
    for tags in (["train/*"], ["--tag", "train/*"], ["train/*", "--tag", "nothing*"]):
        assert cli("tail", demo, *tags, "--for", "0").out == acc
    assert "did you mean 'loss'" in cli("tail", demo, "los", "--for", "0").err


def test_one_output_is_needed(cli, demo):
    for command in ("repair", "edit"):
        for options in ([], ["-o", demo, "--in-place"]):
            result = cli(command, demo, *options)
            assert result.status == 2
            assert "--out), or change the files themselves (--in-place)" in result.err
            assert result.err.endswith(f"(see tbevents {command} --help)\n")


def test_tail_starts_with_the_last_point_of_each_tag(cli, many):
    out = cli("tail", many, "--for", "0", "--run", "group-19/*").out
    assert out.splitlines()[0] == "group-19/run-019\tloss\t2\t21.0"
    assert len(out.splitlines()) == 10


# -- help ----------------------------------------------------------------------------------------------------


def test_every_command_has_help_with_an_example_that_parses(cli):
    import shlex

    from tbevents.cli.group import SUMMARIES, group

    context = group.make_context("tbevents", ["--help"], resilient_parsing=True)
    for name in SUMMARIES:
        out = cli(name, "--help").out
        (example,) = re.findall(rf"^ +(tbevents {name} .*)$", out, re.MULTILINE)
        command = group.get_command(context, name)
        words = shlex.split(example.split("&&")[0])[2:]
        assert command.make_context(name, words, parent=context).params
        for option in command.params:
            assert option.param_type_name == "argument" or option.help or option.name == "help"
    assert cli("--help").out == cli().out == cli("-h").out


def test_the_documentation_is_what_help_says():
    pytest.importorskip("click", reason="the command line needs click")
    import importlib.metadata
    import runpy
    from pathlib import Path

    if tuple(map(int, importlib.metadata.version("click").split(".")[:2])) < (8, 2):
        pytest.skip("click before 8.2 words some options otherwise")
    docs = Path(__file__).resolve().parents[2] / "docs"
    page = runpy.run_path(str(docs / "generate_cli.py"))["page"]
    assert (docs / "cli.md").read_text(encoding="utf-8") == page(), "run docs/generate_cli.py"


def test_the_documentation_names_the_functions_behind_each_command():
    pytest.importorskip("click", reason="the command line needs the extra cli")
    pytest.importorskip("rich", reason="the command line needs the extra cli")
    from pathlib import Path

    from tbevents.cli.group import SUMMARIES

    text = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in SUMMARIES:
        assert re.search(
            rf"^## tbevents {name}\n\nIn Python: `tbevents\.(?:tools|lint|mcp_server)\.", text, re.MULTILINE
        )


WRITERS = {
    "report": ["report", "IN", "-o", "FILE"],
    "export": ["export", "IN", "FILE", "--format", "csv"],
    "reduce": ["reduce", "IN", "IN", "-o", "FILE"],
    "lint": ["lint", "IN", "-o", "FILE"],
    "plot": ["plot", "IN", "-o", "FILE"],
}


@pytest.mark.parametrize("command", WRITERS)
def test_no_command_writes_another_kind_of_file_over_an_event_file(cli, demo, command):
    (file,) = demo.iterdir()
    path = file.rename(demo / f"events.out.tfevents.1.{ {'reduce': 'csv', 'plot': 'png'}.get(command, 'demo') }")
    before = path.read_bytes()
    result = cli(*(part.replace("IN", str(demo)).replace("FILE", str(path)) for part in WRITERS[command]))
    assert result.status == 2
    assert "is an event file, which is not replaced" in result.err
    assert path.read_bytes() == before
    assert list(demo.iterdir()) == [path]


def test_check_breaks_its_lines_between_words_in_a_terminal(cli, tmp_path, monkeypatch):
    for name in ("1", "2"):
        write_events(tmp_path / f"{name}.tfevents", [version_event(), *(scalar_event("t", s, 1.0) for s in range(3))])
    (whole, *_) = cli("check", tmp_path).out.splitlines()
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli("check", tmp_path).out.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert whole.split() == [word for line in lines[:3] for word in line.split()]
    assert [line[:9].strip() for line in lines[:4]] == ["odd", "", "", "odd"]
