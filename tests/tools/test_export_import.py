"""What is exported and imported again is the same, whatever the tags and values are."""

import csv
import io
import json
import math
import sys

import numpy as np
import pytest
from event_files import scalar_event, write_events

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.tools.export import export_media, export_table
from tbevents.tools.import_ import import_table
from tbevents.tools.table_files import read_table, table_format

from .odd_runs import FORMATS, HOSTILE, bits, need


@pytest.mark.parametrize("kind", FORMATS)
def test_export_and_import_is_the_identity(odd, tmp_path, kind):
    need(kind)
    done = export_table(odd, tmp_path / f"a.{kind}")
    assert done.rows == 2 * 9 * (len(HOSTILE) + 1)
    imported = import_table(tmp_path / f"a.{kind}", tmp_path / "in")
    assert (imported.points, imported.tags) == (done.rows, len(HOSTILE) + 1)
    assert set(imported.files) == {"a", "b/c"}
    assert imported.float64_tags == ("double",)
    assert bits(tmp_path / "in") == bits(odd)
    export_table(tmp_path / "in", tmp_path / f"b.{kind}")
    if kind != "arrow":
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_wide_table_keeps_steps_and_values(odd, tmp_path, kind):
    need(kind)
    export_table(odd, tmp_path / f"a.{kind}", wide=True)
    import_table(tmp_path / f"a.{kind}", tmp_path / "in")
    for run, each in tbevents.read_logdir(odd).items():
        again = tbevents.read_run(tmp_path / "in" / run).scalars
        assert set(again) == set(each.scalars)
        for tag, series in each.scalars.items():
            order = np.argsort(series.steps, kind="stable")
            assert again[tag].steps.tolist() == series.steps[order].tolist()
            np.testing.assert_array_equal(again[tag].values, series.values[order])


@pytest.mark.parametrize("kind", FORMATS)
def test_a_wide_table_that_was_imported_is_exported_the_same(odd, tmp_path, kind):
    need(kind)
    export_table(odd, tmp_path / f"a.{kind}", wide=True)
    import_table(tmp_path / f"a.{kind}", tmp_path / "in")
    export_table(tmp_path / "in", tmp_path / f"b.{kind}", wide=True)
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="Python's csv takes a NUL from 3.11 on")
def test_a_nul_that_csv_cannot_hold_is_told_and_nothing_is_written(make_run, tmp_path):
    with pytest.raises(ValueError, match=r"NUL needs Python 3\.11, or jsonl"):
        export_table(make_run("a", ("x\0", 1, 1.0)), tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()
    assert export_table(tmp_path / "a", tmp_path / "a.jsonl").rows == 1


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_whose_name_is_no_utf_8_is_shown_as_an_escape_or_kept(make_run, tmp_path, kind):
    need(kind)
    try:
        make_run("runs/name\udcff", ("x", 1, 1.0))
        make_run("runs/plain", ("x", 1, 1.0))
    except (OSError, UnicodeError):
        pytest.skip("no such name on this file system")
    export_table(tmp_path / "runs", tmp_path / f"a.{kind}")
    if kind != "jsonl":
        assert sorted(set(read_table(tmp_path / f"a.{kind}")["run"])) == ["name\\udcff", "plain"]
        return
    import_table(tmp_path / "a.jsonl", tmp_path / "in")
    assert bits(tmp_path / "in") == bits(tmp_path / "runs")


def test_the_corpus_survives_the_round_trip(corpus, tmp_path):
    export_table(corpus, tmp_path / "a.csv")
    import_table(tmp_path / "a.csv", tmp_path / "in")
    assert bits(tmp_path / "in") == bits(corpus)


def test_csv_reads_as_pandas_and_anyone_would_expect(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 0.1), ("loss", 2, math.nan))
    export_table(run, tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["run", "tag", "step", "wall_time", "value"],
        [".", "loss", "1", "1001.0", "0.10000000149011612"],
        [".", "loss", "2", "1002.0", "nan"],
    ]


def test_json_lines_are_strict_json(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 0.5), ("loss", 2, math.nan), ("acc", 2, 1.0))
    export_table(run, tmp_path / "a.jsonl")
    lines = [json.loads(line, parse_constant=pytest.fail) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert lines[0] == {"run": ".", "tag": "loss", "step": 1, "wall_time": 1001.0, "value": 0.5}
    assert lines[1]["value"] == "NaN"
    export_table(run, tmp_path / "w.jsonl", wide=True)
    wide = [json.loads(line) for line in (tmp_path / "w.jsonl").read_text().splitlines()]
    assert wide == [{"run": ".", "step": 1, "loss": 0.5}, {"run": ".", "step": 2, "loss": "NaN", "acc": 1.0}]


def test_a_stream_takes_text(make_run):
    out = io.StringIO()
    export_table(make_run("a", ("loss", 1, 0.5)), out, tags="lo*")
    assert out.getvalue() == "run,tag,step,wall_time,value\n.,loss,1,1001.0,0.5\n"
    with pytest.raises(ValueError, match="parquet is a binary format"):
        export_table(make_run("a", ("loss", 1, 0.5)), out, format="parquet")


@pytest.mark.parametrize("kind", ["scalars", "texts", "images"])
@pytest.mark.parametrize("pattern", ["losss", "losss*"])
def test_a_pattern_that_finds_no_tag_is_told(make_run, tmp_path, kind, pattern):
    run = make_run("a", ("loss", 1, 1.0))
    media = kind == "images"
    export, options = (export_media, {"kinds": [kind]}) if media else (export_table, {"kind": kind})
    with pytest.raises(UnknownNameError, match="no tag"):
        export(run, tmp_path / "out.csv", tags=[pattern], **options)
    assert not (tmp_path / "out.csv").exists()


def test_an_unknown_kind_of_table_is_refused(make_run, tmp_path):
    with pytest.raises(ValueError, match=r"kind must be .*, not 'scalar'; did you mean 'scalars'"):
        export_table(make_run("a", ("loss", 1, 1.0)), tmp_path / "out.csv", kind="scalar")


def test_a_column_of_tags_without_one_of_values_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("run,tag,step,val\nr,loss,0,1\n")
    with pytest.raises(ValueError, match="a column tag, but no column value; the columns are: run, tag, step, val"):
        import_table(tmp_path / "a.csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["step,loss\n", "step,value,tag\n", "run,step,loss\n", "step,loss\n1,\n", "step\n1\n"])
def test_a_table_without_points_imports_none(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    done = import_table(tmp_path / "a.csv", tmp_path / "out")
    assert (done.files, done.points, done.tags) == ({}, 0, 0)
    assert not (tmp_path / "out").exists()


def test_a_tag_for_a_table_whose_columns_are_tags_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n")
    with pytest.raises(ValueError, match=r"a\.csv: no column value: the columns are tags, and a tag \(--tag\) has"):
        import_table(tmp_path / "a.csv", tmp_path / "out", tag="other")
    assert not (tmp_path / "out").exists()


def test_hyperparameters_are_those_of_the_runs_that_were_asked_for(corpus, tmp_path):
    with_some = "Alwaysproblem+tensorboard-review/logs/hparam_tuning/run-0"
    assert export_table(corpus, tmp_path / "a.csv", kind="hparams", runs=[with_some]).rows == 1
    others = [name for name in tbevents.read_logdir(corpus) if name != with_some]
    assert export_table(corpus, tmp_path / "b.csv", kind="hparams", runs=others).rows == 0
    assert (tmp_path / "b.csv").read_text() == "run,group,status,start_time,end_time\n"


def test_progress_goes_from_nothing_to_all_over_reading_and_writing(make_run, tmp_path):
    seen = []
    run = make_run("a", *(("loss", step, 1.0) for step in range(9)))
    export_table(run, tmp_path / "a.csv", progress=lambda done, total: seen.append(done / total))
    assert seen == [0.5, 1.0]


def test_tags_and_runs_are_chosen_by_globs(odd):
    out = io.StringIO()
    assert export_table(odd, out, tags=["pl*", "double"], runs=["b/*"]).rows == 18


def test_restarts_and_duplicates_may_be_left_out(make_run):
    run = make_run("a", ("x", 0, 0.0), ("x", 1, 1.0), ("x", 2, 2.0), ("x", 1, 3.0))
    assert export_table(run, io.StringIO()).rows == 4
    assert export_table(run, io.StringIO(), restarts="overwrite").rows == 2
    assert export_table(run, io.StringIO(), duplicates="last").rows == 3


def test_texts_and_hyperparameters_are_tables(corpus):
    out = io.StringIO()
    assert export_table(corpus, out, kind="texts", format="jsonl").rows == 1
    row = json.loads(out.getvalue())
    assert row["tag"] == "Hyperparameters/text_summary"
    assert "batch_size:\t512" in row["text"]
    out = io.StringIO()
    assert export_table(corpus, out, kind="hparams", format="jsonl").rows == 1
    row = json.loads(out.getvalue())
    assert (row["dropout"], row["optimizer"]) == (0.1, "adam")


def test_an_ending_says_the_format():
    assert table_format("a/b.CSV") == "csv"
    assert table_format("a.ndjson") == "jsonl"
    assert table_format("a.txt", "csv") == "csv"
    with pytest.raises(ValueError, match=r"a\.xls: unknown table format; the file must end in \.csv"):
        table_format("a.xls")
    with pytest.raises(ValueError, match="format must be 'csv', 'jsonl', 'parquet' or 'arrow', not 'xls'"):
        table_format("a.csv", "xls")


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\uff1d1+1",
    "\uff20SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\x1b[31mred",
    "line\nbreak",
    "ünï",
    "plain",
]


def test_safe_cells_are_nothing_that_a_spreadsheet_computes_or_a_terminal_obeys(tmp_path):
    events = [scalar_event(tag, -1, -0.5) for tag in FORMULAS]
    write_events(tmp_path / "logs" / "=run" / "tfevents", events)
    for wide in (False, True):
        out = io.StringIO()
        export_table(tmp_path / "logs", out, safe_cells=True, wide=wide)
        rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
        texts = [cell for row in (rows if wide else rows[1:]) for cell in row]
        numbers = [cell for cell in texts if cell.startswith("-")]
        assert set(numbers) == {"-1", "-0.5"}, "numbers stay numbers"
        assert not [cell for cell in texts if cell.lstrip()[:1] in set("=+@\t\r\uff1d\uff20")]
        assert not set(out.getvalue()) & {"\x1b", "\r", "\t"}
        assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\\t=1", "'\\r=1", "' =1", "ünï", "plain", "line\nbreak"} <= set(
            texts
        )
        assert {"\\x1b[31mred", "'=run"} <= set(texts)
    out = io.StringIO()
    export_table(tmp_path / "logs", out)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert {row[1] for row in rows[1:]} == set(FORMULAS), "by default nothing is changed"
