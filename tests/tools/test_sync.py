"""The Delta table of a logdir: what is in it, what is read again, and that rows and states cannot part."""

import json
import os
import signal
import subprocess
import sys
import warnings

import pytest

import tbevents
from tbevents.tools import lake_table, lake_writer
from tbevents.tools.lake_table import LakeTable
from tbevents.tools.lake_writer import LakeWriter

from .lake import NAME, contents, data_files, expected, write_run

deltalake = pytest.importorskip("deltalake", reason="writes a Delta table")
pa = pytest.importorskip("pyarrow", reason="writes a Delta table")


def test_the_table_has_all_scalars_and_says_what_it_comes_from(runs, lake):
    done = tbevents.sync(runs, lake)
    assert contents(lake) == expected(runs)
    assert (done.version, len(done.read), done.dropped, done.unchanged, done.problems) == (1, 31, (), 0, ())
    table = deltalake.DeltaTable(lake)
    assert [field.name for field in table.schema().fields] == ["run", "tag", "step", "wall_time", "value", "state"]
    arrow = table.to_pyarrow_table()
    assert set(arrow["wall_time"].to_pylist()) == {1001.5, None}
    states = dict(zip(arrow["run"].to_pylist(), arrow["state"].to_pylist(), strict=True))
    status = (runs / "r07" / NAME).stat()
    assert json.loads(states["r07"]) == {"files": [[NAME, status.st_size, status.st_mtime]]}
    assert len(set(states.values())) > 1


def test_only_runs_whose_files_changed_are_read_and_replaced_in_one_commit(runs, lake, monkeypatch):
    tbevents.sync(runs, lake)
    write_run(runs / "r03", ("x", 0, 7.0))  # another content
    write_run(runs / "r05", ("z", 9, 8.0), name=NAME + ".later")  # one more file
    write_run(runs / "texts", ("x", 1, 5.0), name=NAME + ".later")  # scalars where there were none
    write_run(runs / "new", ("x", 0, 6.0))
    done = tbevents.sync(runs, lake)
    assert (done.version, set(done.read), done.unchanged) == (2, {"r03", "r05", "texts", "new"}, 28)
    assert contents(lake) == expected(runs)
    assert len(deltalake.DeltaTable(lake).history()) == 3  # made, filled, changed
    done = tbevents.sync(runs, lake)
    assert (done.version, done.read, done.unchanged) == (2, (), 32)


def test_a_run_that_loses_its_scalars_loses_its_rows(runs, lake):
    tbevents.sync(runs, lake)
    write_run(runs / "r01")
    assert tbevents.sync(runs, lake).read == ("r01",)
    assert contents(lake) == expected(runs)
    assert ("r01", None, None, None) in contents(lake)


def test_other_options_are_a_reason_to_read_again(runs, lake):
    write_run(runs / "r00", ("x", 0, 1.0), ("x", 0, 2.0), ("y", 1, 3.0))
    tbevents.sync(runs, lake)
    assert len(tbevents.sync(runs, lake, tags="x").read) == 31
    assert {row[1] for row in contents(lake)} == {"x", None}
    assert tbevents.sync(runs, lake, tags=["x"]).read == ()
    tbevents.sync(runs, lake, tags=["x"], duplicates="last")
    assert [row for row in contents(lake) if row[0] == "r00"] == [("r00", "x", 0, 2.0)]


def test_removed_runs_are_kept_unless_they_are_to_be_dropped(runs, lake):
    tbevents.sync(runs, lake)
    before = contents(lake)
    for name in ("r01", "r02"):
        (runs / name / NAME).unlink()
    assert tbevents.sync(runs, lake).dropped == ()
    assert contents(lake) == before
    assert tbevents.sync(runs, lake, removed="drop", runs="r0[13]").dropped == ("r01",)
    done = tbevents.sync(runs, lake, removed="drop")
    assert (done.dropped, done.version) == (("r02",), 3)
    assert contents(lake) == expected(runs)


def test_nothing_is_dropped_where_a_folder_cannot_be_listed(runs, lake, monkeypatch):
    tbevents.sync(runs, lake)
    (runs / "r01" / NAME).unlink()
    (runs / "loop").symlink_to(runs / "loop2")
    (runs / "loop2").symlink_to(runs / "loop")
    (runs / "lost" / "tfevents").parent.mkdir()
    (runs / "lost" / "tfevents").symlink_to("nowhere")
    problems = []
    assert tbevents.sync(runs, lake, removed="drop", on_problem=problems.append).dropped == ()
    assert [problem.kind for problem in problems] == ["unreadable"]


def test_only_chosen_runs_are_synced(runs, lake):
    assert len(tbevents.sync(runs, lake, runs="r0*").read) == 10
    assert tbevents.sync(runs, lake, runs=["r00", "r11"]).read == ("r11",)
    assert {row[0] for row in contents(lake)} == {*(f"r{number:02}" for number in range(10)), "r11"}
    with pytest.raises(tbevents.UnknownNameError, match="no run 'r99'"):
        tbevents.sync(runs, lake, runs="r99")


def test_damage_is_told_and_the_rest_is_in_the_table(runs, lake):
    data = (runs / "r04" / NAME).read_bytes()
    (runs / "r04" / NAME).write_bytes(data[:-1])
    with pytest.warns(tbevents.DamageWarning, match="r04"):
        done = tbevents.sync(runs, lake)
    assert [problem.kind for problem in done.problems] == ["incomplete"]
    assert [row[1:] for row in contents(lake) if row[0] == "r04"] == [("x", 0, 1.0), ("y", 0, 4.0)]
    (runs / "r04" / NAME).write_bytes(data)
    assert tbevents.sync(runs, lake).read == ("r04",)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tbevents.sync(runs, lake).problems == ()


def test_an_endpoint_without_tls_is_refused_with_what_allows_it(runs, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("AWS_ALLOW_HTTP", raising=False)
    with pytest.raises(OSError, match=r"^s3://bucket/lake: .*; AWS_ALLOW_HTTP=true allows http://$"):
        tbevents.sync(runs, "s3://bucket/lake")


def test_a_table_at_a_url_of_an_unknown_kind_is_an_error_in_plain_text(runs):
    with pytest.raises(OSError, match=r"^memory://lake: [^\x1b\n]*memory://lake[^\x1b\n]*$"):
        tbevents.sync(runs, "memory://lake")


def test_cleaning_the_log_and_vacuum_lose_nothing(runs, lake):
    for number in range(12):
        write_run(runs / "r03", *(("x", step, 7.0) for step in range(number)))
        tbevents.sync(runs, lake)
    table = deltalake.DeltaTable(lake)
    table.create_checkpoint()
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    table.cleanup_metadata()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    table.optimize.compact()
    assert tbevents.sync(runs, lake).read == ()
    assert contents(lake) == expected(runs)


def test_footers_say_the_same_as_rows_and_only_of_their_own_file(runs, lake, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(lake_table, "_LEAST_ROWS", 12)
    monkeypatch.setattr(lake_writer, "BUFFERED_ROWS", 5)
    write_run(runs / "r03", *(("x", step, step / 2) for step in range(40)))
    tbevents.sync(runs, lake)
    states = LakeTable(str(lake)).states()
    assert len(states) == 31
    for name in data_files(lake):
        with parquet.ParquetFile(lake / name) as file:
            metadata, rows = file.metadata, file.read(columns=["run", "state"])
        of_rows = dict(zip(rows["run"].to_pylist(), rows["state"].to_pylist(), strict=True))
        assert lake_writer.states_of_footer(metadata, name) == of_rows
        assert lake_writer.states_of_footer(metadata, f"copy-of-{name}") is None
    monkeypatch.setattr(lake_table, "states_of_footer", lambda *_: None)
    assert LakeTable(str(lake)).states() == states


def test_rows_that_another_program_removes_are_read_again(runs, lake):
    tbevents.sync(runs, lake)
    deltalake.DeltaTable(lake).delete("run = 'r03'")
    assert tbevents.sync(runs, lake).read == ("r03",)
    assert contents(lake) == expected(runs)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are Unicode")
def test_a_name_that_is_not_utf8_stands_for_one_run(runs, lake):
    try:
        os.rename(runs / "r03", os.fsencode(runs) + b"/r\xff")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    tbevents.sync(runs, lake)
    before = contents(lake)
    assert ("r\\udcff", "x", 0, 1.0) in before
    assert (tbevents.sync(runs, lake).read, contents(lake)) == ((), before)
    os.utime(os.fsencode(runs) + b"/r\xff/" + NAME.encode(), (1, 1))
    assert len(tbevents.sync(runs, lake, removed="drop").read) == 1
    assert contents(lake) == before


def test_a_sync_imports_no_pandas(runs, lake):
    pytest.importorskip("pandas", reason="shows that it is not imported")
    code = "import sys, tbevents; tbevents.sync(*sys.argv[1:]); sys.exit('pandas' in sys.modules)"
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", code, runs, lake], check=False, timeout=60).returncode == 0
        write_run(runs / "r03", ("x", 0, 7.0))


def test_files_of_the_table_hold_several_runs_and_crumbs_are_put_together(runs, lake, monkeypatch):
    monkeypatch.setattr(lake_table, "_LEAST_ROWS", 12)
    tbevents.sync(runs, lake)
    assert len(deltalake.DeltaTable(lake).file_uris()) == 8
    for number in range(40):
        write_run(runs / f"s{number:02}", ("x", 0, 1.0))
        tbevents.sync(runs, lake)
    assert contents(lake) == expected(runs)
    assert len(deltalake.DeltaTable(lake).file_uris()) < 8 + lake_table._CRUMBS + 4


def test_a_large_run_has_files_of_its_own(runs, lake, monkeypatch):
    monkeypatch.setattr(lake_writer, "BUFFERED_ROWS", 50)
    write_run(runs / "r03", *(("x", step, step / 2) for step in range(180)))
    for _ in range(2):
        tbevents.sync(runs, lake)
        assert contents(lake) == expected(runs)
        assert tbevents.sync(runs, lake).read == ()
        write_run(runs / "r03", *(("x", step, step / 4) for step in range(170)))


def test_statistics_let_readers_skip_files(runs, lake, monkeypatch):
    monkeypatch.setattr(lake_table, "_LEAST_ROWS", 12)
    tbevents.sync(runs, lake)
    actions = pa.table(deltalake.DeltaTable(lake).get_add_actions(flatten=True)).to_pylist()
    assert sum(action["num_records"] for action in actions) == 91
    (of_r00,) = [action for action in actions if action["min.run"] == "r00"]
    assert (of_r00["max.run"], of_r00["min.tag"], of_r00["max.tag"], of_r00["max.step"]) == ("r03", "x", "y", 1)


def test_duckdb_and_polars_read_the_table(runs, lake):
    tbevents.sync(runs, lake)
    duckdb = pytest.importorskip("duckdb")
    table = deltalake.DeltaTable(lake).to_pyarrow_dataset()
    rows = duckdb.from_arrow(table).filter("tag = 'y'").aggregate("max(value), count(*)").fetchall()
    assert rows == [(29.0, 30)]
    polars = pytest.importorskip("polars")
    frame = polars.scan_delta(str(lake)).filter(polars.col("tag") == "y").collect()
    assert sorted(frame["value"].to_list()) == [float(number) for number in range(30)]


def test_a_folder_with_something_else_is_refused(runs, tmp_path):
    with pytest.raises(FileExistsError, match="not empty, and no Delta table"):
        tbevents.sync(runs, runs / "r03")
    (tmp_path / "file").write_text("text")
    with pytest.raises(FileExistsError, match="this is a file"):
        tbevents.sync(runs, tmp_path / "file")
    deltalake.write_deltalake(tmp_path / "other", pa.table({"a": [1]}))
    with pytest.raises(ValueError, match="has the columns a, not run, tag"):
        tbevents.sync(runs, tmp_path / "other")
    assert not (runs / "r03" / "_delta_log").exists()


def test_a_table_of_another_layout_is_refused(runs, lake, tmp_path):
    tbevents.sync(runs, lake)
    table = deltalake.DeltaTable(lake).to_pyarrow_table()
    deltalake.write_deltalake(tmp_path / "parted", table, partition_by="run")
    with pytest.raises(ValueError, match="parted: this Delta table is partitioned by run"):
        tbevents.sync(runs, tmp_path / "parted")
    steps = table.set_column(2, "step", table["step"].cast("int32"))
    deltalake.write_deltalake(tmp_path / "short", steps)
    with pytest.raises(ValueError, match="short: the column step of this Delta table is not of the type long"):
        tbevents.sync(runs, tmp_path / "short")
    alter = deltalake.DeltaTable(lake).alter
    alter.add_feature(deltalake.TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
    with pytest.raises(ValueError, match="lake: this Delta table has features that sync does not know: "):
        tbevents.sync(runs, lake)


def test_wrong_arguments_are_refused(runs, lake):
    with pytest.raises(tbevents.RunNotFoundError, match="nowhere"):
        tbevents.sync(runs / "nowhere", lake)
    with pytest.raises(ValueError, match=r"removed must be .* not 'forget'"):
        tbevents.sync(runs, lake, removed="forget")
    assert not lake.exists()


@pytest.mark.parametrize("missing", ["deltalake", "pyarrow"])
def test_without_the_extra_it_is_named(runs, lake, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(tbevents.MissingExtraError, match=r"tbevents\[lake\]"):
        tbevents.sync(runs, lake)


def test_a_writer_forgets_a_run_that_is_not_to_be_kept(tmp_path, monkeypatch):
    from pyarrow import fs

    monkeypatch.setattr(lake_writer, "BUFFERED_ROWS", 2)
    words = pa.DictionaryArray.from_arrays(pa.array([0, 0, 0], pa.int32()), pa.array(["r"]))
    numbers = pa.array([1.0, 2.0, 3.0])
    rows = pa.table([words, words, pa.array([1, 2, 3]), numbers, numbers, words], names=list(lake_writer.SCALARS))
    with LakeWriter(fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), 10) as writer:
        writer.add(rows)  # more than is kept in memory
        writer.end_run(keep=False)
        writer.finish()
        assert writer.added == []
    assert list(tmp_path.iterdir()) == []


def command(*arguments, **options):
    pytest.importorskip("rich", reason="the command line needs rich")
    pytest.importorskip("click", reason="the command line needs click")
    code = [sys.executable, "-m", "tbevents.cli", "sync", *map(str, arguments)]
    return subprocess.Popen(code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.slow  # starts processes
def test_the_command_says_what_it_did(runs, lake):
    out, err = command(runs, lake).communicate(timeout=60)
    assert (out, err) == ("", f"{lake}: version 1, 31 runs read, 0 unchanged\n")
    (runs / "r01" / NAME).unlink()
    out, err = command(runs, lake, "--removed", "drop", "--json").communicate(timeout=60)
    assert (json.loads(out)["dropped"], err) == (["r01"], "")
    (runs / "r01" / NAME).write_bytes(b"no event file")
    process = command(runs, lake)
    assert process.communicate(timeout=60)[1].startswith("left out: ")
    assert process.returncode == 0
    process = command(runs / "none", lake)
    assert process.communicate(timeout=60)[1].startswith("tbevents: ")
    assert process.returncode == 2


@pytest.mark.slow  # starts processes
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_watching_takes_up_what_changes_and_ends_at_an_interrupt(runs, lake):
    process = command(runs, lake, "--watch", "0.2")
    try:
        assert process.stderr.readline() == f"{lake}: version 1, 31 runs read, 0 unchanged\n"
        write_run(runs / "r03", ("x", 0, 7.0))
        assert process.stderr.readline().startswith(f"{lake}: version 2, 1 run read")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait(30)
    assert (process.returncode, out, err) == (130, "", "")
    assert contents(lake) == expected(runs)
