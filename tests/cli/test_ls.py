"""``tbevents ls``: which runs there are, and what is in them."""

import json
import shutil

import pytest
from event_files import scalar_event, version_event, write_events

from .conftest import rows


def test_a_run_is_a_line_of_its_numbers(cli, demo, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    result = cli("ls", demo.parent)
    assert result.status == 0
    header, line = result.out.splitlines()
    assert header.split() == ["run", "scalars", "points", "steps", "first", "last", "size"]
    assert line.split()[:4] == ["demo", "2", "20", "0..9"]
    size = (demo / "events.out.tfevents.1.demo").stat().st_size
    assert line.endswith(f"{size} B")


def test_a_file_or_a_run_is_accepted_for_a_logdir(cli, demo):
    (file,) = demo.iterdir()
    assert rows(cli("ls", file).out)[1][:3] == [".", "2", "20"]
    assert rows(cli("ls", demo).out)[1][:3] == [".", "2", "20"]


def test_two_hundred_runs_are_sorted_and_summed_up(cli, many):
    result = cli("ls", many)
    names = [row[0] for row in rows(result.out)[1:]]
    assert len(names) == 200
    assert names == sorted(names)
    assert "200 runs, 600 points" in result.err


@pytest.mark.parametrize(
    ("options", "first"),
    [
        (["--sort", "name"], "a"),
        (["--sort", "name", "--reverse"], "c"),
        (["--sort", "points", "--reverse"], "b"),
        (["--sort", "steps", "--reverse"], "c"),
        (["--sort", "time"], "c"),
        (["--sort", "tags", "--reverse"], "a"),
    ],
)
def test_sorting_is_by_what_was_asked(cli, tmp_path, options, first):
    write_events(tmp_path / "a" / "x.tfevents", [version_event(), *(scalar_event(tag, 1, 0, 50.0) for tag in "abc")])
    write_events(tmp_path / "b" / "x.tfevents", [version_event(), *(scalar_event("a", i, 0, 60.0) for i in range(5))])
    write_events(tmp_path / "c" / "x.tfevents", [version_event(), scalar_event("a", 9, 0, 40.0)])
    assert rows(cli("ls", tmp_path, *options).out)[1][0] == first


def test_json_has_every_number(cli, demo):
    (run,) = json.loads(cli("ls", demo.parent, "--json").out)
    (file,) = demo.iterdir()
    assert run["run"] == "demo"
    assert run["path"] == str(demo)
    assert run["files"] == [str(file)]
    assert run["size"] == file.stat().st_size
    assert (run["points"], run["first_step"], run["last_step"]) == (20, 0, 9)
    assert (run["first_time"], run["last_time"]) == (1000.0, 1009.25)
    assert run["kinds"] == {"scalars": 2}
    assert [(tag["tag"], tag["points"]) for tag in run["tags"]] == [("loss", 10), ("train/acc", 10)]
    assert run["problems"] == []


def test_json_of_an_empty_folder_is_an_empty_list(cli, tmp_path):
    assert json.loads(cli("ls", tmp_path, "--json").out) == []


def test_tags_are_listed_with_their_kinds(cli, corpus):
    listed = rows(cli("ls", corpus, "--tags", "--run", "*/hparam_tuning/run-0").out)
    assert [row[1:4] for row in listed[1:]] == [
        ["_hparams_/session_start_info", "hparams", "1"],
        ["accuracy", "scalars", "1"],
    ]


def test_a_kind_leaves_out_the_runs_without_it(cli, corpus):
    found = json.loads(cli("ls", corpus, "--kind", "images", "--kind", "audio", "--json").out)
    assert [run["run"] for run in found] == ["tensorflow+tensorboard/log_tayo/test"]
    assert {tag["kind"] for tag in found[0]["tags"]} == {"images"}


def test_damage_is_counted_and_listed(cli, damaged):
    assert rows(cli("ls", damaged).out)[0][-1] == "problems"
    assert rows(cli("ls", damaged).out)[1][-1] == "3"
    (run,) = json.loads(cli("ls", damaged, "--json").out)
    assert [problem["kind"] for problem in run["problems"]] == ["data_checksum", "data_checksum", "incomplete"]


def test_other_kinds_have_steps_and_times_too(cli, corpus):
    listed = cli("ls", corpus, "--run", "*log_tayo*", "--tags", "--kind", "images", "--json").out
    assert {tag["first_step"] for tag in json.loads(listed)[0]["tags"]} == {0}


@pytest.mark.parametrize("columns", ["60", "80", "160"])
def test_a_table_fits_the_terminal(cli, corpus, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = cli("ls", corpus).out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "…" in out
    assert len({line.index("  ") for line in out.splitlines()[:1]}) == 1


def test_names_are_never_shortened_in_a_pipe(cli, corpus):
    out = cli("ls", corpus).out
    assert "kubeflow+katib/test/unit/v1beta1/metricscollector/testdata/tfevent-metricscollector/logs/train " in out
    assert "…" not in out


def test_quiet_leaves_remarks_out(cli, many, tmp_path):
    assert cli("ls", many, "-q").err == ""
    assert cli("ls", tmp_path, "--quiet").err == ""


def test_a_run_of_several_files_says_how_many(cli, demo):
    (file,) = demo.iterdir()
    shutil.copy(file, demo / "events.out.tfevents.2.demo")
    header, line = rows(cli("ls", demo).out)
    assert "files" in header
    assert line[-3] == "2"


def test_an_empty_tag_is_shown(cli, tmp_path):
    write_events(tmp_path / "a" / "x.tfevents", [version_event(), scalar_event("", 1, 1.0)])
    write_events(tmp_path / "b" / "x.tfevents", [version_event(), scalar_event("", 1, 2.0)])
    for arguments in (["ls", tmp_path, "--tags"], ["show", tmp_path], ["diff", tmp_path / "a", tmp_path / "b"]):
        assert rows(cli(*arguments).out)[1][1] == "''"
    assert "''" in cli("show", tmp_path, "--chart").out
    assert cli("show", tmp_path / "a", "--points").out.splitlines()[1].startswith("\t1\t")  # programs get it as it is
