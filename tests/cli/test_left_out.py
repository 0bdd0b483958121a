"""What is damaged, missing or without effect is said, by every command, on stderr."""

import json
import re

import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events

from tbevents.proto import Event, Summary, TensorProto


@pytest.fixture
def with_text(demo):
    """The run with two texts beside its scalars."""
    events = [version_event()]
    for step, text in enumerate([b"first\nline", b"second"]):
        tensor = TensorProto(dtype=7, string_val=[text])
        value = tensor_value("note", tensor, "text")
        events.append(Event(wall_time=5.0, step=step, summary=Summary(value=[value])))
    write_events(demo / "events.out.tfevents.2.demo", events)
    return demo


# -- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "problems"),
    [
        (["plot", "RUN", "-o", "OUT.png"], 3),
        (["reduce", "RUN", "-o", "OUT"], 3),
        (["export", "RUN", "OUT.csv"], 3),
        (["tail", "RUN", "--for", "0"], 2),  # the torn end may be written yet
    ],
)
def test_damage_is_told_by_each_command(cli, damaged, tmp_path, command, problems):
    if command[0] == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    given = [part.replace("RUN", str(damaged)).replace("OUT", str(tmp_path / "out")) for part in command]
    result = cli(*given, "-q")
    assert result.status == 0
    assert len(re.findall(r"^left out: .*record \d+ at byte", result.err, re.MULTILINE)) == problems


def test_damaged_runs_are_not_simply_equal(cli, damaged):
    result = cli("diff", damaged, damaged)
    assert (result.status, result.out) == (1, "")
    assert result.err.count("left out: ") == 3
    assert result.err.endswith("equal, as far as they could be read\n")
    result = cli("diff", damaged, damaged, "--json", "-q")
    assert (result.status, json.loads(result.out)) == (1, [])
    assert result.err.count("left out: ") == 3


def test_a_tail_tells_of_damage_once(cli, damaged):
    assert cli("tail", damaged, "--for", "0.3", "--interval", "0.05").err.count("left out: ") == 2


# -- nothing found ---------------------------------------------------------------------------------------------------


def test_a_tail_says_which_tags_and_runs_there_are_not(cli, demo, tmp_path):
    result = cli("tail", demo, "--tag", "los", "--for", "0")
    assert (result.status, result.out) == (0, "")
    assert result.err == f"{demo}: no tag 'los' so far; did you mean 'loss'?\n"
    assert "no run 'x' so far; there are: '.'" in cli("tail", demo, "--run", "x", "--for", "0").err
    (tmp_path / "empty").mkdir()
    assert cli("tail", tmp_path / "empty", "--for", "0").err == "no scalars so far\n"


def test_a_kind_that_is_not_there_is_told_with_those_that_are(cli, with_text):
    result = cli("show", with_text, "--kind", "images")
    assert (result.status, result.out) == (0, "")
    assert result.err == f"{with_text}: no images; there are: scalars, texts\n"


def test_points_of_a_text_that_is_named_are_its_texts(cli, with_text):
    result = cli("show", with_text, "note", "--points")
    assert result.out.splitlines() == [
        "tag\tstep\twall_time\tvalue",
        "note\t0\t5.0\tfirst\\nline",
        "note\t1\t5.0\tsecond",
    ]
    result = cli("show", with_text, "--points")
    assert "note" not in result.out
    assert "not texts" in result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["show", "RUN", "--log"], ["--log", "--chart"]),
        (["show", "RUN", "--log", "--no-chart", "loss"], ["--log", "--chart"]),
        (["show", "RUN", "--chart", "--points"], ["--chart and --points"]),
        (["show", "RUN", "--chart", "--json"], ["--chart and --json"]),
        (["schedule", "ExponentialLR", "gamma=0.9", "--steps", "3", "--chart", "--json"], ["--chart and --json"]),
    ],
)
def test_options_without_effect_are_refused(cli, demo, options, words):
    result = cli(*(part.replace("RUN", str(demo)) for part in options))
    assert (result.status, result.out) == (2, "")
    assert all(word in result.err for word in words)


# -- outputs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["split", "RUN", "-o", "out"], ["--size, --every, --at"]),
        (["edit", "RUN"], ["--out", "--in-place"]),
        (["repair", "RUN", "-o", "RUN"], ["--in-place"]),
        (["edit", "RUN", "-o", "taken"], ["taken/events.out.tfevents.1.demo: exists already; --overwrite"]),
        (["repair", "RUN", "-o", "taken"], ["taken/events.out.tfevents.1.demo: exists already; --overwrite"]),
        (
            ["edit", "RUN", "-o", "other"],
            ["other/events.out.tfevents.1.other: a run exists already; give another output"],
        ),
        (["repair", "RUN", "-o", "other"], ["other/events.out.tfevents.1.other: a run exists already; give another"]),
        (
            ["edit", "runs", "-o", "out", "--rename", "loss=x"],
            ["out/demo/events.out.tfevents.9.x: a run exists already"],
        ),
        (["repair", "RUN", "-o", "other", "--overwrite"], ["a run exists already; --overwrite replaces no run"]),
        (["merge", "RUN", "-o", "taken/events.out.tfevents.1.demo"], ["exists already; --overwrite replaces it"]),
        (["merge", "RUN", "-o", "taken"], ["a run exists already; give another output"]),
        (
            ["merge", "RUN", "-o", "taken", "--overwrite"],
            ["taken/events.out.tfevents.1.demo: a run exists already; --overwrite replaces no run", "give this file"],
        ),
        (["merge", "runs", "-o", "out"], ["runs: expected one run, but this is a folder of runs: 'demo'"]),
        (["split", "runs", "-o", "out", "--at", "5"], ["runs: expected one run", "'demo'"]),
        (["import", "x.csv", "-o", "out"], ["--tag"]),
        (["import", "x.csv", "-o", "x.csv", "--tag", "a"], ["x.csv: is a file, and a folder is needed here"]),
        (["export", "RUN", "out.xyz"], ["--format"]),
        (["reduce", "RUN", "-o", "r6.xls"], ["r6.xls", ".csv"]),
        (["export", "RUN", "x.parquet", "--kind", "images"], ["x.parquet: images are exported into a folder"]),
        (["export", "RUN", "-", "--kind", "images"], ["-: images are exported into a folder"]),
        (["export", "RUN", "dir.csv"], ["tbevents: dir.csv: is a folder\n"]),
        (["reduce", "RUN", "taken", "-o", "out"], ["lax tags (--lax-tags)"]),
    ],
)
def test_errors_name_the_options_and_the_paths_as_given(cli, demo, tmp_path, monkeypatch, command, words):
    monkeypatch.chdir(tmp_path)
    write_events(tmp_path / "taken" / "events.out.tfevents.1.demo", [version_event(), scalar_event("x", 1, 1.0)])
    write_events(tmp_path / "other" / "events.out.tfevents.1.other", [version_event(), scalar_event("x", 1, 1.0)])
    write_events(tmp_path / "out" / "demo" / "events.out.tfevents.9.x", [version_event(), scalar_event("x", 1, 1.0)])
    (tmp_path / "x.csv").write_text("step,value\n1,2\n")
    (tmp_path / "dir.csv").mkdir()
    before = sorted(tmp_path.rglob("*"))
    result = cli(*(part.replace("RUN", "runs/demo") for part in command))
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in result.err
    assert str(tmp_path) not in result.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_may_be_named_like_a_file_where_that_is_said(cli, demo, tmp_path):
    assert cli("reduce", demo, "-o", f"{tmp_path}/a.xls/").status == 0
    (tmp_path / "b.xls").mkdir()
    assert cli("reduce", demo, "-o", tmp_path / "b.xls").status == 0
    assert (tmp_path / "a.xls" / "mean").is_dir()
    assert (tmp_path / "b.xls" / "mean").is_dir()


def test_pixels_for_inches_are_refused(cli, demo, tmp_path):
    result = cli("plot", demo, "-o", tmp_path / "x.png", "--size", "800", "600")
    assert result.status == 2
    assert "800 600: the size is in inches, at most 100" in result.err


def test_too_little_memory_is_one_line(cli, demo, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("tbevents.cli.ls.describe_run", fail)
    assert cli("ls", demo) == (2, "", "tbevents: not enough memory\n")


def test_renaming_onto_a_tag_needs_to_be_said(cli, demo, tmp_path):
    arguments = ["edit", demo, "-o", tmp_path / "out", "--rename", "loss=train/acc"]
    result = cli(*arguments)
    assert result.status == 2
    assert "'loss' and 'train/acc' would both be 'train/acc'" in result.err
    assert "--merge-tags" in result.err
    assert not (tmp_path / "out").exists()
    assert cli(*arguments, "--merge-tags").status == 0


def test_a_kind_that_no_run_has_makes_no_column(cli, demo, many):
    assert cli("ls", demo.parent).out.splitlines()[0].split()[:3] == ["run", "scalars", "points"]
    assert "images" not in cli("ls", many).out


def test_one_byte_is_no_bytes(cli, demo, tmp_path):
    (file,) = demo.iterdir()
    file.write_bytes(file.read_bytes() + b"x")
    assert "(1 byte)" in cli("repair", demo, "-o", tmp_path / "out").out


def test_of_much_damage_the_first_is_printed_and_all_of_it_counted(cli, tmp_path):
    whole = [record(scalar_event("loss", k, k).SerializeToString()) for k in range(250)]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tfevents").write_bytes(b"".join(one + b"?" for one in whole))
    checked = cli("check", tmp_path)
    assert checked.status == 1
    assert checked.out.count("damaged  ") == 100
    assert "... and 150 more\n" in checked.out
    assert len(json.loads(cli("check", tmp_path, "--json").out)[0]["problems"]) == 250
    commands = {
        "show": ["show", tmp_path / "run"],
        "export": ["export", tmp_path, tmp_path / "out.csv"],
        "report": ["report", tmp_path, "-o", tmp_path / "page.html"],
    }
    for command in commands.values():
        err = cli(*command).err
        assert err.count("checksum mismatch") <= 100
        assert "... and 150 more" in err
    assert (tmp_path / "page.html").read_text().count("checksum mismatch") == 100


def test_safe_cells_are_an_option_of_export(cli, tmp_path):
    write_events(tmp_path / "run" / "tfevents", [scalar_event("=1+1\x1b[2J", 1, -2)])
    assert ",=1+1\x1b[2J,1," in cli("export", tmp_path, "-").out
    assert ",'=1+1\\x1b[2J,1," in cli("export", tmp_path, "-", "--safe-cells").out
    refused = cli("export", tmp_path, tmp_path / "out", "--kind", "images", "--safe-cells")
    assert refused.status == 2
    assert "--safe-cells has no effect on images" in refused.err


def test_safe_cells_are_an_option_of_reduce(cli, tmp_path):
    for run in "ab":
        write_events(tmp_path / run / "tfevents", [scalar_event("=1+1\x1b[2J", 1, -2)])
    table = tmp_path / "table.csv"
    runs = [tmp_path / "a", tmp_path / "b"]
    cli("reduce", *runs, "-o", table, "--stat", "mean")
    assert "\n=1+1\x1b[2J,1,2,-2" in table.read_text()
    cli("reduce", *runs, "-o", table, "--stat", "mean", "--safe-cells")
    assert "\n'=1+1\\x1b[2J,1,2,-2" in table.read_text()
    refused = cli("reduce", *runs, "-o", tmp_path / "out", "--safe-cells")
    assert refused.status == 2
    assert "--safe-cells has no effect on event files" in refused.err
    assert not (tmp_path / "out").exists()


# -- data checksums of which none holds ------------------------------------------------------------------------------


@pytest.fixture
def constant_checksums(tmp_path):
    """A run as SageMaker Debugger writes it: a constant in place of each data checksum."""
    path = tmp_path / "in" / "events.out.tfevents.1.x"
    path.parent.mkdir()
    events = [version_event(), *(scalar_event("loss", step, step + 0.25) for step in range(20))]
    path.write_bytes(b"".join(record(event.SerializeToString())[:-4] + b"\xb3\xc0\x2d\x06" for event in events))
    return path.parent


@pytest.mark.parametrize(
    "command",
    [
        ["ls", "RUN"],
        ["show", "RUN"],
        ["tail", "RUN", "--for", "0"],
        ["export", "RUN", "-"],
        ["export", "RUN", "OUT", "--kind", "images"],
        ["plot", "RUN", "-o", "OUT.png"],
        ["report", "RUN", "-o", "OUT.html"],
        ["check", "RUN"],
        ["diff", "RUN", "RUN"],
        ["reduce", "RUN", "-o", "OUT"],
    ],
    ids=lambda command: " ".join(command),
)
def test_each_reading_command_can_skip_checksums_and_the_problem_says_so(cli, constant_checksums, tmp_path, command):
    if command[0] == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    given = [part.replace("RUN", str(constant_checksums)).replace("OUT", str(tmp_path / "out")) for part in command]
    strict = cli(*given)
    if command[0] != "ls":  # which counts problems
        assert "--checksums skip" in strict.out + strict.err
    skipped = cli(*given, "--checksums", "skip")
    assert skipped.status == 0
    assert "checksum" not in skipped.out + skipped.err


@pytest.mark.parametrize(
    "command", [["show", "RUN"], ["show", "RUN", "--json"], ["show", "RUN", "--points"]], ids=" ".join
)
def test_damage_that_leaves_nothing_to_show_is_no_success(cli, constant_checksums, command):
    assert cli(*(part.replace("RUN", str(constant_checksums)) for part in command)).status == 1


def test_skipping_checksums_shows_every_point(cli, constant_checksums):
    shown = cli("show", constant_checksums, "--points", "--checksums", "skip")
    assert [line.split("\t")[-1] for line in shown.out.splitlines()[1:]] == [str(step + 0.25) for step in range(20)]


def test_repair_writes_right_checksums_when_asked(cli, constant_checksums, tmp_path):
    refused = cli("repair", constant_checksums, "-o", tmp_path / "out")
    assert refused.status == 2
    assert "repair --rewrite-checksums" in refused.out
    mended = cli("repair", constant_checksums, "-o", tmp_path / "out", "--rewrite-checksums")
    assert mended.status == 0
    assert "21 records got the right data checksum" in mended.out
    assert cli("check", tmp_path / "out").status == 0
