"""What is exported and imported again is the same, whatever the tags and values are."""

import csv
import io
import json
import math
import os
import sys
import tracemalloc

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.proto import Event, Summary, TensorProto
from tbevents.tools import export, scalar_files, table_files
from tbevents.tools.export import export_media, export_table, safe_name
from tbevents.tools.import_ import import_table
from tbevents.tools.scalar_files import ScalarColumns, write_scalars
from tbevents.tools.table_files import read_table, table_format

HOSTILE = [
    "plain",
    'a "quoted", tag',
    "line\nbreak\r\n",
    "a lone\rreturn",
    "\x1b[31mred",
    "ünï/çode",
    "=1+1",
    " blank ",
    "",
    "NaN",
    "run",
    "step",
]
HOSTILE += ["tag", "value", "Value", "Wall time", "wall_time", "tag/step", "tag/tag/step", "tag/x"]
if sys.version_info >= (3, 11):  # before, Python's csv knows no NUL
    HOSTILE.append("nul\0")
VALUES = [0.1, math.nan, math.inf, -math.inf, -0.0, 1e-45, 3.4028234663852886e38, 2.0**24, 1 / 3]
STEPS = [0, 1, 2, 2, 1, -5, 2**62, -(2**63), 2**63 - 1]
FORMATS = ["csv", "jsonl", "parquet", "arrow"]


@pytest.fixture
def odd(tmp_path):
    """Two runs of hostile tags, odd values, and steps that repeat and go back; one tag is float64."""
    for run in ("a", "b/c"):
        events = [version_event()]
        for tag in HOSTILE:
            events += [
                scalar_event(tag, *point, 1e9 + step / 7) for step, point in enumerate(zip(STEPS, VALUES, strict=True))
            ]
        for step, value in enumerate(VALUES):
            tensor = TensorProto(dtype=2, double_val=[value])
            value = tensor_value("double", tensor, "scalars")
            events.append(Event(step=step, wall_time=5.25, summary=Summary(value=[value])))
        write_events(tmp_path / "odd" / run / "events.out.tfevents.1", events)
    return tmp_path / "odd"


def bits(path):
    """Every point of every run, exactly."""
    return {
        (run, tag): (series.steps.tobytes(), series.wall_times.tobytes(), series.values.astype(np.float64).tobytes())
        for run, each in tbevents.read_logdir(path).items()
        for tag, series in each.scalars.items()
    }


def need(kind):
    if kind in ("parquet", "arrow"):
        pytest.importorskip("pyarrow", reason=f"{kind} needs pyarrow")


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
    with pytest.raises(ValueError, match="unknown format 'xls'"):
        table_format("a.csv", "xls")


# -- import ----------------------------------------------------------------------------------------------------------


def table(tmp_path, text):
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_tensorboards_page_lets_download_is_imported(tmp_path):
    path = table(tmp_path, "Wall time,Step,Value\n1000.5,1,0.25\n1001.5,2,0.5\n")
    import_table(path, tmp_path / "run", tag="loss")
    series = tbevents.read_run(tmp_path / "run").scalars["loss"]
    assert [tuple(point) for point in series] == [(1, 1000.5, 0.25), (2, 1001.5, 0.5)]
    with pytest.raises(ValueError, match="no column tag"):
        import_table(path, tmp_path / "other")


def test_points_without_a_time_get_the_present_one(tmp_path):
    path = table(tmp_path, "step,loss,acc\n1,0.25,\n2.0,,1\n")
    import_table(path, tmp_path / "run", clock=lambda: 1234.5)
    run = tbevents.read_run(tmp_path / "run")
    assert [tuple(point) for point in run.scalars["loss"]] == [(1, 1234.5, 0.25)]
    assert [tuple(point) for point in run.scalars["acc"]] == [(2, 1234.5, 1.0)]
    assert run.files[0].split(".tfevents.")[1].startswith("0000001234.")


@pytest.mark.parametrize(("precision", "dtype"), [("auto", "float64"), ("float64", "float64"), ("float32", "float32")])
def test_precision_is_what_was_asked(tmp_path, precision, dtype):
    import_table(table(tmp_path, "step,x,half\n1,0.1,0.5\n"), tmp_path / "run", precision=precision)
    scalars = tbevents.read_run(tmp_path / "run").scalars
    assert scalars["x"].values.dtype == dtype
    assert scalars["half"].values.dtype == ("float64" if precision == "float64" else "float32")
    assert scalars["x"].last.value == (0.1 if dtype == "float64" else float(np.float32(0.1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "no column step; the columns are: a, b"),
        ("step,x\n1,2\n1.5,2\n", "row 2: step '1.5' is not a 64-bit integer"),
        ("step,x\n99999999999999999999,2\n", "row 1: step '99999999999999999999' is not a 64-bit integer"),
        ("step,x\n,2\n", "row 1: step ''"),
        ("step,x\n1,two\n", "row 1: x 'two' is not a 64-bit number"),
        ("step,x\n1,2,3\n", "line 2: 3 cells under 2 headers"),
        ("step,x,x\n1,2,3\n", "two columns have the same header"),
        ("step,tag,value,wall_time\n1,a,1,nan\n", "row 1: wall_time is NaN"),
        ("run,step,x\n../../evil,1,2\n", "'..'"),
        ("run,step,x\n/abs,1,2\n", "an absolute path"),
    ],
)
def test_a_table_that_cannot_be_imported_is_told_with_its_row(tmp_path, text, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.").replace("(", r"\(")):
        import_table(table(tmp_path, text), tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"tag": "x", "step": true, "value": 1}', "row 1: step True is not a 64-bit integer"),
        ('{"tag": ["x"], "step": 1, "value": 1}', r"row 1: tag \['x'\] is not a name"),
        ('{"run": {}, "tag": "x", "step": 1, "value": 1}', r"row 1: run {} is not a name"),
        ('{"tag": "x", "step": 1, "value": [1]}', r"row 1: value \[1\] is not a 64-bit number"),
    ],
)
def test_json_of_another_kind_names_the_row(tmp_path, row, message):
    (tmp_path / "in.jsonl").write_text(row + "\n")
    with pytest.raises(ValueError, match=message):
        import_table(tmp_path / "in.jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_text_that_is_none_and_json_that_is_none_are_told(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"step,x\n1,\xff\n")
    with pytest.raises(ValueError, match=r"x\.csv: not UTF-8 text"):
        import_table(tmp_path / "x.csv", tmp_path / "run")
    (tmp_path / "x.jsonl").write_text('{"step": 1, "x": 1}\n[1]\n')
    with pytest.raises(ValueError, match=r"x\.jsonl: line 2: not a JSON object"):
        import_table(tmp_path / "x.jsonl", tmp_path / "run")
    (tmp_path / "x.jsonl").write_text('{"step": 1, "x"\n')
    with pytest.raises(ValueError, match=r"x\.jsonl: line 1: not JSON"):
        import_table(tmp_path / "x.jsonl", tmp_path / "run")
    pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(ValueError, match=r"x\.parquet: "):
        import_table(tmp_path / "x.parquet", tmp_path / "run")


def test_a_run_that_is_there_is_not_touched(make_run, tmp_path):
    run = make_run("run", ("loss", 1, 1.0))
    with pytest.raises(FileExistsError, match="a run exists already"):
        import_table(table(tmp_path, "step,x\n1,2\n"), run)
    assert len(list(run.iterdir())) == 1


def test_no_run_is_imported_where_one_is_there(make_run, tmp_path):
    make_run("out/b", ("loss", 1, 1.0))
    with pytest.raises(FileExistsError, match="a run exists already"):
        import_table(table(tmp_path, "run,step,x\na,1,2\nb,1,2\n"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b"]


# -- pictures and sounds ----------------------------------------------------------------------------------------------


def test_pictures_and_sounds_are_the_files_that_were_logged(corpus, tmp_path):
    (source,) = corpus.glob("tensorflow*/**/*tfevents*")
    done = export_media(source, tmp_path / "out", tags="*/image/3")
    assert done.files == ("input_reshape/input/image/3/0000000000.png",)
    logged = tbevents.read_run(source).images["input_reshape/input/image/3"].last.encoded
    assert (tmp_path / "out" / done.files[0]).read_bytes() == logged


def image_event(tag, *pictures, step=0):
    strings = TensorProto(dtype=7, string_val=[b"1", b"1", *pictures])
    return Event(step=step, summary=Summary(value=[tensor_value(tag, strings, "images")]))


ESCAPES = [
    "../../evil",
    "/etc/evil",
    "..",
    ".",
    "a/../../b",
    "c:\\evil",
    "..\\..\\evil",
    "a\0b",
    "con",
    "x" * 300,
    "\x1b[2J",
    "",
]


def test_no_tag_leads_out_of_the_folder(tmp_path):
    events = [image_event(tag, b"GIF89a " + tag.encode()) for tag in ESCAPES]
    write_events(tmp_path / "runs" / "x.tfevents", [version_event(), *events])
    before = set(tmp_path.rglob("*"))
    done = export_media(tmp_path / "runs", tmp_path / "deep" / "out")
    new = [path for path in set(tmp_path.rglob("*")) - before if path.is_file()]
    assert len(new) == len(done.files) == len(ESCAPES)
    assert all(path.is_relative_to(tmp_path / "deep" / "out") for path in new)
    assert {path.read_bytes() for path in new} == {b"GIF89a " + tag.encode() for tag in ESCAPES}


@pytest.mark.parametrize("tag", ["x/" * 3000, "/".join(["long" * 30] * 40), "y" * 10_240])
def test_a_tag_may_be_longer_than_any_path(tmp_path, tag):
    write_events(
        tmp_path / "in.tfevents", [version_event(), *(image_event(name, b"GIF89a") for name in (tag, tag + "/other"))]
    )
    done = export_media(tmp_path / "in.tfevents", tmp_path / "out", kinds=["images"])
    assert len(set(done.files)) == 2
    assert all(len(file.encode()) < 1200 and (tmp_path / "out" / file).is_file() for file in done.files)


def test_names_that_differ_in_case_only_and_steps_that_repeat_stay_apart(tmp_path):
    events = [image_event("Tag", b"GIF1", b"GIF2"), image_event("tag", b"GIF3"), image_event("Tag", b"GIF4")]
    write_events(tmp_path / "x.tfevents", [version_event(), *events])
    files = export_media(tmp_path, tmp_path / "out").files
    assert len({name.casefold() for name in files}) == 4
    assert files[:3] == ("Tag/0000000000.bin", "Tag/0000000000_2.bin", "Tag/0000000000_3.bin")


def test_a_value_that_is_no_picture_is_reported(tmp_path):
    bad = Event(summary=Summary(value=[tensor_value("bad", TensorProto(dtype=7, string_val=[b"x"]), "images")]))
    write_events(tmp_path / "x.tfevents", [version_event(), bad, image_event("good", b"GIF89a")])
    done = export_media(tmp_path, tmp_path / "out")
    assert len(done.files) == 1
    assert "tag 'bad'" in done.problems[0]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("loss_1-a", "loss_1-a"),
        ("ünï code", "ünï code"),
        ("..", "%2e%2e"),
        (".hidden", "%2ehidden"),
        ("a..b", "a.%2eb"),
        ("end.", "end%2e"),
        ("", "%"),
        ("NUL", "%NUL"),
        ("com1.txt", "%com1.txt"),
        ("a:b*c?", "a%3ab%2ac%3f"),
        ("100%", "100%25"),
    ],
)
def test_a_safe_name_keeps_what_it_can(part, name):
    assert safe_name(part) == name


def test_long_names_stay_apart():
    first, second = safe_name("x" * 500 + "1"), safe_name("x" * 500 + "2")
    assert first != second
    assert len(os.fsencode(first)) <= 120


def test_series_of_any_length_are_written(tmp_path):
    steps = np.arange(-5, 200_000)
    values = np.sin(steps).astype(np.float32).astype(np.float64)
    path = write_scalars(tmp_path / "run", [ScalarColumns("x", steps, 1e9 + steps * 0.25, values)])
    series = tbevents.read_run(path, strict=True).scalars["x"]
    np.testing.assert_array_equal(series.steps, steps)
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.wall_times, 1e9 + steps * 0.25)


def import_lines(tmp_path, *rows):
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return import_table(path, tmp_path / "out")


def test_lines_with_names_of_their_own_take_memory_for_what_is_there(tmp_path):
    count = 3000
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps({"step": k, f"key{k}": k / 2, "all": k}) for k in range(count)))
    columns = read_table(path)
    assert {len(column) for column in columns.values()} == {count}
    assert isinstance(columns["all"], list)
    sparse = columns["key7"]
    assert (sparse.rows, sparse.cells) == ([7], [3.5])
    assert (sparse[7], sparse[8], sparse[-count + 7], sparse[5:9]) == (3.5, None, 3.5, [None, None, 3.5, None])
    assert list(sparse) == [None] * 7 + [3.5] + [None] * (count - 8)
    with pytest.raises(IndexError):
        sparse[count]
    done = import_table(path, tmp_path / "out")
    assert (done.tags, done.points) == (count + 1, 2 * count)
    run = tbevents.read_run(tmp_path / "out")
    assert [(p.step, p.value) for p in run.scalars["key7"]] == [(7, 3.5)]


def test_wide_lines_of_several_runs_that_lack_cells(tmp_path):
    rows = [{"step": k, "run": "ab"[k % 2], **({"x": k} if k % 3 == 0 else {}), "y": -k} for k in range(12)]
    import_lines(tmp_path, *rows)
    logdir = tbevents.read_logdir(tmp_path / "out")
    for name, odd in (("a", 0), ("b", 1)):
        assert logdir[name].scalars["x"].steps.tolist() == [k for k in range(odd, 12, 2) if k % 3 == 0]
        assert logdir[name].scalars["y"].steps.tolist() == list(range(odd, 12, 2))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"step": 1, "tag": "a", "value": ' + "[" * 100_000, "line 2: the JSON is nested too deeply"),
        ({"step": 1, "tag": "\ud800", "value": 1}, "row 2: tag '.*' is not valid text: it has half a surrogate pair"),
        (
            {"step": 1, "run": "\ud800", "tag": "a", "value": 1},
            "row 2: run '.*' is not valid text: it has half a surrogate pair",
        ),
        ({"step": 1, "tag": "a", "value": 10**400}, "row 2: value of 1329 bits is not a 64-bit number"),
        ({"step": 10**400, "tag": "a", "value": 1}, "row 2: step 1.* is not a 64-bit integer"),
        ({"step": 1, "tag": "a", "value": [1]}, "row 2: value .* is not a 64-bit number"),
        ({"step": 1, "tag": "a", "value": 1, "run": "../b"}, "it has a '..'"),
        ({"step": 1, "tag": "a", "value": 1, "run": "b\0"}, "it has a NUL"),
    ],
)
def test_a_line_that_cannot_be_imported_is_named_and_nothing_is_left(row, message, tmp_path):
    good = {"step": 1, "tag": "a", "value": 1.5}
    with pytest.raises(ValueError, match=message):
        import_lines(tmp_path, good, row)
    assert not (tmp_path / "out").exists()


def test_a_title_that_is_no_text_is_named(tmp_path):
    with pytest.raises(ValueError, match="is not valid text: it has half a surrogate pair"):
        import_lines(tmp_path, {"step": 1, "\ud800": 1})
    assert not (tmp_path / "out").exists()


def test_a_runs_name_may_be_spelled_in_several_ways(tmp_path):
    names = ["r", "./r", "r/", "r//", ".", "", "./"]
    done = import_lines(tmp_path, *({"step": k, "tag": "t", "value": k, "run": run} for k, run in enumerate(names)))
    assert list(done.files) == ["r", "."]
    logdir = tbevents.read_logdir(tmp_path / "out")
    assert logdir["r"].scalars["t"].steps.tolist() == [0, 1, 2, 3]
    assert logdir["."].scalars["t"].steps.tolist() == [4, 5, 6]


def test_where_one_run_cannot_be_written_none_stays(tmp_path, monkeypatch):
    write = scalar_files.write_scalars

    def fails_at_the_second(out, series):
        if out.endswith("b"):
            raise OSError(28, "no space left on device", out)
        return write(out, series)

    monkeypatch.setattr(scalar_files, "write_scalars", fails_at_the_second)
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError, match="no space left"):
        import_lines(tmp_path, *({"step": 1, "tag": "t", "value": 1, "run": run} for run in ("x/y/a", "b")))
    assert list((tmp_path / "out").iterdir()) == []


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


def test_many_values_of_one_step_get_names_in_a_time_that_is_linear(tmp_path):
    names = export._Names()
    found = [names.file("f", 1, "png") for _ in range(20_000)]
    assert (found[0], found[1], found[-1]) == ("f/0000000001.png", "f/0000000001_2.png", "f/0000000001_20000.png")
    assert len(set(found)) == 20_000


# -- tables that are read in parts -------------------------------------------------------------------------------------


@pytest.fixture
def short_parts(monkeypatch):
    """Tables are read three rows at a time."""
    monkeypatch.setattr(table_files, "_READ_ROWS", 3)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_parts_make_the_same_runs_as_the_whole_table(odd, tmp_path, monkeypatch, kind, wide):
    need(kind)
    export_table(odd, tmp_path / f"a.{kind}", wide=wide)
    whole = import_table(tmp_path / f"a.{kind}", tmp_path / "whole", clock=lambda: 5.0)
    columns = read_table(tmp_path / f"a.{kind}")
    monkeypatch.setattr(table_files, "_READ_ROWS", 3)
    assert read_table(tmp_path / f"a.{kind}").keys() == columns.keys()
    parts = import_table(tmp_path / f"a.{kind}", tmp_path / "parts", clock=lambda: 5.0)
    assert bits(tmp_path / "parts") == bits(tmp_path / "whole")
    assert (parts.points, parts.tags, parts.float64_tags) == (whole.points, whole.tags, whole.float64_tags)
    assert list(parts.files) == list(whole.files)


def test_rows_of_a_run_and_tag_may_be_anywhere(short_parts, tmp_path):
    rows = [(f"r{k % 3}", f"t{k % 4}", k, k / 2, float(k)) for k in range(40)]
    text = "".join(f"{run},{tag},{step},{time},{value}\n" for run, tag, step, time, value in rows)
    import_table(table(tmp_path, "run,tag,step,wall_time,value\n" + text), tmp_path / "out")
    for name, run in tbevents.read_logdir(tmp_path / "out").items():
        for tag, series in run.scalars.items():
            mine = [row[2:] for row in rows if row[:2] == (name, tag)]
            assert [tuple(point) for point in series] == mine
            assert mine


def test_a_missing_cell_of_a_wide_table_is_no_point_in_any_part(short_parts, tmp_path):
    rows = [(k % 2, k, "" if k % 3 else k, "" if k < 7 else -k) for k in range(11)]
    text = "".join(f"r{run},{step},{x},{y}\n" for run, step, x, y in rows)
    import_table(table(tmp_path, "run,step,x,y\n" + text), tmp_path / "out")
    logdir = tbevents.read_logdir(tmp_path / "out")
    for number in (0, 1):
        scalars = logdir[f"r{number}"].scalars
        assert scalars["x"].steps.tolist() == [k for k in range(11) if k % 2 == number and k % 3 == 0]
        assert scalars["y"].steps.tolist() == [k for k in range(7, 11) if k % 2 == number]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("step,x", "1.5,2", r"row 8: step '1\.5' is not a 64-bit integer"),
        ("step,x", "1,two", "row 8: x 'two' is not a 64-bit number"),
        ("step,x", "1", "line 9: 1 cells under 2 headers"),
        ("step,tag,value,wall_time", "1,a,1,nan", "row 8: wall_time is NaN"),
        ("step,tag,value,wall_time", "1,a,one,1", "row 8: value 'one' is not a 64-bit number"),
    ],
)
def test_rows_are_counted_from_the_first_part(short_parts, tmp_path, header, row, message):
    good = ",".join(["1", "2", "3", "4"][: header.count(",") + 1])
    with pytest.raises(ValueError, match=message):
        import_table(table(tmp_path, "\n".join([header, *[good] * 7, row, good]) + "\n"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_names_of_another_kind_are_named_with_their_row(tmp_path):
    rows = [{"tag": tag, "step": 1, "value": 1} for tag in (1, 1.0, True, None, "1")]
    import_lines(tmp_path, *rows)
    assert list(tbevents.read_run(tmp_path / "out").scalars) == ["1", "1.0", "True", ""]


def test_two_columns_of_one_name_are_refused_in_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table([[1], [2], [3]], names=["step", "x", "x"]), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"x\.parquet: two columns have the same header"):
        import_table(tmp_path / "x.parquet", tmp_path / "run")


def test_memory_of_an_import_is_that_of_its_numbers(tmp_path, monkeypatch):
    count = 20_000
    monkeypatch.setattr(table_files, "_READ_ROWS", 500)
    monkeypatch.setattr(scalar_files, "_CHUNK", 500)
    path = table(tmp_path, "tag,step,wall_time,value\n" + "".join(f"loss,{k},1e9,{k / 7}\n" for k in range(count)))
    import_table(path, tmp_path / "first")  # imports what it needs
    tracemalloc.start()
    try:
        assert import_table(path, tmp_path / "run").points == count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 120 * count  # cells as text take 500
