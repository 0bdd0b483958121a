"""Edits change what was asked for; every other record stays the same to the byte."""

import errno
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events
from hypothesis import given
from hypothesis import strategies as st

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.proto import Event, SessionLog, Summary, TensorProto
from tbevents.tools.edit import edit
from tbevents.tools.record_copy import RawRecord
from tbevents.tools.record_editor import Editor
from tbevents.tools.repair import repair


def payloads(path):
    return [record.payload for record in tbevents.iter_records(path)]


def points(path, tag="loss"):
    return [(point.step, point.value) for point in tbevents.read_run(path).scalars[tag]]


def test_without_changes_the_file_is_the_same(corpus, tmp_path):
    for done in edit(corpus, tmp_path / "out"):
        with open(done.source, "rb") as source, open(done.target, "rb") as target:
            assert source.read() == target.read()
        assert (done.dropped, done.changed) == (0, 0)
    assert list(tbevents.read_logdir(tmp_path / "out")) == list(tbevents.read_logdir(corpus))


def test_tags_are_renamed_and_dropped_and_the_rest_copied(make_run, tmp_path):
    run = make_run("a", ("train/loss", 1, 1.0), ("debug/x", 1, 1.0), ("acc", 1, 0.25), ("train/loss", 2, 2.0))
    (done,) = edit(run, tmp_path / "out", drop=["debug/*"], rename=[("train/*", "*")])
    before, after = payloads(run), payloads(tmp_path / "out")
    assert (after[0], after[2]) == (before[0], before[3])
    assert points(tmp_path / "out") == [(1, 1.0), (2, 2.0)]
    assert tbevents.read_run(tmp_path / "out").tags == ("loss", "acc")
    assert (done.values, done.dropped, done.changed) == (4, 1, 2)


def test_an_event_of_several_values_loses_one(tmp_path):
    values = [Summary.Value(tag=tag, simple_value=1.0) for tag in "abc"]
    write_events(tmp_path / "x.tfevents", [version_event(), Event(step=4, summary=Summary(value=values))])
    edit(tmp_path / "x.tfevents", tmp_path / "y.tfevents", drop=["b"], rename=[("c", "d")])
    (_, event) = tbevents.iter_events(tmp_path / "y.tfevents")
    assert event.step == 4
    assert [value.tag for value in event.summary.value] == ["a", "d"]


def test_steps_are_cut_then_shifted(make_series, tmp_path):
    run = make_series("a", loss=(range(10), range(10)))
    edit(run, tmp_path / "out", first_step=3, last_step=5, shift=-3)
    assert points(tmp_path / "out") == [(0, 3.0), (1, 4.0), (2, 5.0)]


def test_a_step_beyond_64_bits_is_refused_and_leaves_nothing(make_run, tmp_path):
    run = make_run("a", ("x", 2**63 - 1, 1.0))
    with pytest.raises(ValueError, match="9223372036854775807 shifted by 1 does not fit"):
        edit(run, tmp_path / "out", shift=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [{}, {"purge": True}, {"thin": 2}, {"rename": [("*", "x/*")]}])
def test_a_step_beyond_64_bits_is_refused_before_any_run_is_replaced(make_run, tmp_path, options):
    paths = [make_run("ip/a", ("t", 5, 1.0)), make_run("ip/b", ("t", 2**63 - 2, 1.0))]
    before = {path: path.read_bytes() for each in paths for path in each.iterdir()}
    with pytest.raises(ValueError, match="9223372036854775806 shifted by 10 does not fit"):
        edit(tmp_path / "ip", in_place=True, shift=10, **options)
    assert {path: path.read_bytes() for each in paths for path in each.iterdir()} == before


@pytest.mark.parametrize("options", [{"last_step": 9}, {"purge": True}, {"drop": ["high"]}])
def test_a_step_that_is_left_out_may_be_anything(make_run, tmp_path, options):
    run = make_run("a", ("t", 2**63 - 2, 1.0), ("t", 5, 1.0), *[("high", 2**63 - 2, 1.0)] * ("drop" in options))
    if "drop" in options:
        run = make_run("b", ("t", 5, 1.0), ("high", 2**63 - 2, 1.0))
    if "last_step" in options:
        run = make_run("c", ("t", 5, 1.0), ("t", 2**63 - 2, 1.0))
    edit(run, tmp_path / "out", shift=10, **options)
    assert tbevents.read_run(tmp_path / "out").scalars["t"].steps.tolist() == [15]


@pytest.mark.parametrize("argument", ["shift", "first_step", "last_step", "thin"])
def test_steps_are_whole_numbers_of_any_type(make_run, tmp_path, argument):
    run = make_run("a", ("t", 2, 1.0))
    edit(run, tmp_path / "out", **{argument: np.int64(2)})
    for wrong in (1.5, "3", True):
        with pytest.raises(TypeError, match=f"{argument} must be a whole number"):
            edit(run, tmp_path / "other", **{argument: wrong})


def test_hyperparameters_stay_whatever_is_cut(corpus, tmp_path):
    (source,) = corpus.glob("Always*/**/run-0/*tfevents*")
    edit(source, tmp_path / "out", first_step=100, shift=7)
    run = tbevents.read_run(tmp_path / "out")
    assert run.hparams.parameters["optimizer"] == "adam"
    assert list(run.scalars) == []
    assert payloads(tmp_path / "out") == payloads(source)[:2]


def test_the_start_of_a_session_is_shifted_too(tmp_path):
    start = Event(step=5, session_log=SessionLog(status=SessionLog.START))
    write_events(tmp_path / "x.tfevents", [version_event(), start, scalar_event("a", 5, 1.0)])
    edit(tmp_path / "x.tfevents", tmp_path / "y.tfevents", shift=10)
    assert [event.step for event in tbevents.iter_events(tmp_path / "y.tfevents")] == [0, 15, 15]


def test_purging_is_what_the_reader_does_with_overwritten_points(make_run, tmp_path):
    steps = [0, 1, 2, 3, 2, 3, 3, 4, 1, 5]
    run = make_run("a", *(("loss", step, number) for number, step in enumerate(steps)), ("acc", 0, 9.0))
    edit(run, tmp_path / "out", purge=True)
    assert points(tmp_path / "out") == [(0, 0.0), (1, 8.0), (5, 9.0)]
    read = tbevents.read_run(run, restarts="overwrite")
    assert points(tmp_path / "out") == [(point.step, point.value) for point in read.scalars["loss"]]
    assert points(tmp_path / "out", "acc") == [(0, 9.0)]


def test_purging_obeys_the_start_of_a_session(tmp_path):
    start = Event(step=2, session_log=SessionLog(status=SessionLog.START))
    before = [scalar_event(tag, step, 1.0) for step in range(4) for tag in ("loss", "rare")]
    write_events(tmp_path / "x.tfevents", [version_event(), *before, start, scalar_event("loss", 2, 2.0)])
    edit(tmp_path / "x.tfevents", tmp_path / "y.tfevents", purge=True)
    assert points(tmp_path / "y.tfevents") == [(0, 1.0), (1, 1.0), (2, 2.0)]
    assert points(tmp_path / "y.tfevents", "rare") == [(0, 1.0), (1, 1.0)]


def test_purging_looks_across_the_files_of_a_run(make_run, tmp_path):
    make_run("a", ("loss", 0, 0.0), ("loss", 1, 1.0), ("loss", 2, 2.0))
    run = make_run("a", ("loss", 1, 10.0), file="events.out.tfevents.2.x")
    edit(run, tmp_path / "out", purge=True)
    assert points(tmp_path / "out") == [(0, 0.0), (1, 10.0)]
    assert len(tbevents.read_run(tmp_path / "out").files) == 2


@pytest.mark.parametrize(
    ("count", "thin", "left"), [(10, 3, [0, 3, 6, 9]), (9, 3, [0, 3, 6, 8]), (1, 5, [0]), (4, 1, [0, 1, 2, 3])]
)
def test_thinning_keeps_every_nth_and_the_last(make_series, tmp_path, count, thin, left):
    run = make_series("a", loss=(range(count), range(count)))
    edit(run, tmp_path / "out", thin=thin)
    assert [step for step, _ in points(tmp_path / "out")] == left


def test_a_tag_keeps_its_metadata_when_its_first_point_goes(tmp_path):
    first = tensor_value("loss", TensorProto(dtype=1, float_val=[1.0]), "scalars", display_name="the loss")
    later = [tensor_value("loss", TensorProto(dtype=1, float_val=[float(step)])) for step in (2, 3)]
    events = [Event(step=number, summary=Summary(value=[value])) for number, value in enumerate([first, *later])]
    write_events(tmp_path / "x.tfevents", [version_event(), *events])
    edit(tmp_path / "x.tfevents", tmp_path / "y.tfevents", first_step=1)
    series = tbevents.read_run(tmp_path / "y.tfevents").scalars["loss"]
    assert series.values.tolist() == [2.0, 3.0]
    assert series.display_name == "the loss"
    assert payloads(tmp_path / "y.tfevents")[2] == payloads(tmp_path / "x.tfevents")[3]


def test_a_pattern_that_matches_nothing_is_an_error_before_anything_is_written(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 1.0))
    with pytest.raises(UnknownNameError, match=r"no tag 'los'; did you mean 'loss'\?"):
        edit(run, tmp_path / "out", rename=[("los", "x")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("rename", [[("a", "b")], [("*", "x")], [("a", "c"), ("b", "c")]])
def test_two_tags_of_one_name_are_an_error_unless_told(make_run, tmp_path, rename):
    run = make_run("r", ("a", 1, 1.0), ("b", 2, 2.0))
    with pytest.raises(ValueError, match="tags 'a' and 'b' would both be"):
        edit(run, tmp_path / "out", rename=rename)
    assert not (tmp_path / "out").exists()
    edit(run, tmp_path / "out", rename=rename, merge_tags=True)
    assert points(tmp_path / "out", rename[-1][1]) == [(1, 1.0), (2, 2.0)]


def test_tags_may_swap_names_or_take_that_of_one_that_goes(make_run, tmp_path):
    run = make_run("r", ("a", 1, 1.0), ("b", 2, 2.0))
    edit(run, tmp_path / "swapped", rename=[("a", "b"), ("b", "a")])
    assert points(tmp_path / "swapped", "b") == [(1, 1.0)]
    edit(run, tmp_path / "taken", rename=[("a", "b")], drop=["b"])
    assert points(tmp_path / "taken", "b") == [(1, 1.0)]


def test_in_place_replaces_only_what_changes(make_run, tmp_path):
    make_run("runs/a", ("loss", 1, 1.0))
    make_run("runs/b", ("acc", 1, 1.0))
    first, second = edit(tmp_path / "runs", in_place=True, rename=[("loss", "cost")])
    assert (first.changed, second.target, second.backup) == (1, None, None)
    assert points(tmp_path / "runs" / "a", "cost") == [(1, 1.0)]
    assert points(first.backup) == [(1, 1.0)]


@pytest.mark.skipif(sys.platform != "linux", reason="no leases here")
@pytest.mark.parametrize(
    "tool", [lambda path: edit(path, in_place=True, shift=1), lambda path: repair(path, in_place=True)]
)
def test_in_place_refuses_a_run_that_another_librarys_writer_has_open_before_anything_is_written(
    make_run, tmp_path, tool
):
    tensorboardx = pytest.importorskip("tensorboardX", reason="a writer that keeps its file open")
    other = make_run("runs/a", ("loss", 1, 1.0))
    content = {path: path.read_bytes() for path in other.iterdir()}
    with tensorboardx.SummaryWriter(str(tmp_path / "runs" / "b")) as writer:
        writer.add_scalar("loss", 1.0, 1)
        writer.flush()
        with pytest.raises(OSError, match="is being written by another program") as caught:
            tool(tmp_path / "runs")
        writer.add_scalar("loss", 2.0, 2)
    assert str(tmp_path / "runs" / "b") in caught.value.filename
    assert {path: path.read_bytes() for path in other.iterdir()} == content
    assert points(tmp_path / "runs" / "b") == [(1, 1.0), (2, 2.0)]
    tool(tmp_path / "runs")


def test_a_writer_of_ours_loses_nothing_to_an_edit_in_place(tmp_path):
    """It holds no descriptor: it notices the other file, and goes on beside it."""
    with tbevents.EventFileWriter(tmp_path, flush_secs=1e9) as writer:
        for step in range(10):
            writer.add_scalar("loss", 1.0, step)
        writer.flush()
        writer.add_scalar("loss", 1.0, 10)
        edit(tmp_path, in_place=True, rename=[("loss", "cost")])
        with pytest.warns(tbevents.WriterWarning, match="replaced|truncated|appended"):
            writer.flush()
    run = tbevents.read_run(tmp_path)
    assert run.scalars["cost"].steps.tolist() == list(range(10))
    assert run.scalars["loss"].steps.tolist() == [10]


def test_edits_in_place_of_a_run_that_is_being_written_lose_no_point(tmp_path):
    """Another process writes, while the run is edited again and again."""
    script = """
import sys, threading, time, warnings
import tbevents
warnings.simplefilter("ignore")
stopped = threading.Thread(target=sys.stdin.read, daemon=True)
stopped.start()
with tbevents.EventFileWriter(sys.argv[1], flush_secs=0.0) as writer:
    step = 0
    while stopped.is_alive():
        writer.add_scalar(f"t{step % 2}", 1.0, step)
        step += 1
        if step % 20 == 0:
            time.sleep(step / 200)  # longer and longer, so that an edit finds a pause on a busy machine, too
print(step)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    edited, deadline = 0, time.monotonic() + 60
    while edited < 3 and time.monotonic() < deadline:
        try:
            edited += any(done.target for done in edit(tmp_path, in_place=True, rename=[("*", "x*")]))
        except (FileNotFoundError, UnknownNameError):  # nothing there yet
            pass
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
    count = int(process.communicate()[0])
    assert edited == 3
    series = tbevents.read_run(tmp_path).scalars.values()
    assert sorted(step for each in series for step in each.steps.tolist()) == list(range(count))


@pytest.mark.parametrize("options", [{"purge": True}, {"thin": 3}])
def test_what_is_written_while_another_file_is_made_is_kept(make_run, tmp_path, monkeypatch, options):
    run = make_run("a", *(("loss", step, 1.0) for step in range(4)))
    (path,) = run.iterdir()
    real = Editor.study

    def study(self, records):
        real(self, records)
        write_events(path, [version_event(), *(scalar_event("loss", step, 1.0) for step in range(6))])

    monkeypatch.setattr(Editor, "study", study)
    edit(run, tmp_path / "out", **options)
    assert [step for step, _ in points(tmp_path / "out")][-3:] == [3, 4, 5]
    write_events(path, [version_event(), *(scalar_event("loss", step, 1.0) for step in range(4))])
    with pytest.raises(OSError, match="written to meanwhile"):
        edit(run, in_place=True, shift=1, **options)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_an_error_and_no_hang(tmp_path):
    path = tmp_path / "events.out.tfevents.1"
    os.mkfifo(path)
    for how in ({"in_place": True}, {"out": tmp_path / "out"}):
        with pytest.raises(OSError, match="is not a regular file") as caught:
            edit(path, shift=1, **how)
        assert caught.value.filename == str(path)
        with pytest.raises(OSError, match="is not a regular file"):
            repair(path, **how)


def test_damage_is_reported_and_not_copied(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 1.0), ("loss", 2, 2.0))
    (file,) = run.iterdir()
    data = bytearray(file.read_bytes())
    data[-10] ^= 1
    file.write_bytes(data)
    (done,) = edit(run, tmp_path / "out")
    assert [problem.kind for problem in done.problems] == ["data_checksum"]
    assert points(tmp_path / "out") == [(1, 1.0)]


@pytest.mark.parametrize("data", [b"", bytes(300), b"\x89PNG\r\n\x1a\n" + bytes(range(256))])
def test_a_file_without_an_intact_record_is_left_alone(make_run, tmp_path, data):
    run = make_run("runs/a", ("loss", 1, 1.0))
    hopeless = tmp_path / "runs" / "b" / "x.tfevents"
    hopeless.parent.mkdir()
    hopeless.write_bytes(data)
    _, done = edit(tmp_path / "runs", tmp_path / "out", shift=1)
    assert (done.records, done.target, len(done.problems)) == (0, None, 1)
    assert not (tmp_path / "out" / "b").exists()
    edit(tmp_path / "runs", in_place=True, shift=1)
    assert hopeless.read_bytes() == data
    assert list(hopeless.parent.iterdir()) == [hopeless]
    assert points(run) == [(2, 1.0)]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=30))
def test_purging_leaves_strictly_ascending_steps_and_the_last_point(points):
    records = []
    for number, (tag, step) in enumerate(points):
        records.append(RawRecord(b"", scalar_event(tag, step, float(number))))
    editor = Editor(purge=True)
    editor.study(records)
    left = [record for record in records if editor.apply(record) is not None]
    for tag in "ab":
        steps = [each.event.step for each in left if each.event.summary.value[0].tag == tag]
        assert steps == sorted(set(steps))
        logged = [step for name, step in points if name == tag]
        assert steps[-1:] == logged[-1:]


@pytest.mark.parametrize("how", [{}, {"purge": True}, {"rename": [("*", "x/*")]}, {"shift": 5}, {"thin": 3}])
def test_edited_files_read_in_tensorboards_own_loader(make_run, tmp_path, how):
    module = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard's loader is compared with"
    )
    rng = random.Random(0)
    run = make_run("a", *(("loss", step, rng.random()) for step in (*range(20), *range(12, 30))))
    edit(run, tmp_path / "out", **how)
    loader = module.EventAccumulator(str(tmp_path / "out"), size_guidance={"scalars": 0}, purge_orphaned_data=False)
    loader.Reload()
    ours = tbevents.read_run(tmp_path / "out").scalars
    assert loader.Tags()["scalars"] == list(ours)
    for tag in ours:
        assert [(each.step, each.value) for each in loader.Scalars(tag)] == points(tmp_path / "out", tag)


def test_progress_goes_from_nothing_to_all_over_both_passes(make_run, tmp_path):
    run = make_run("a", ("loss", 1, 1.0), ("loss", 0, 2.0))
    calls = []
    edit(run, tmp_path / "out", purge=True, progress=lambda done, total: calls.append(done / total))
    assert calls == sorted(calls)
    assert calls[0] == 0.5
    assert calls[-1] == 1.0


@pytest.mark.parametrize("rewrite", [lambda path: edit(path, in_place=True, shift=5), None], ids=["edit", "repair"])
def test_in_place_the_file_behind_a_link_is_replaced_and_kept_beside_itself(make_run, tmp_path, rewrite):
    (file,) = make_run("data", ("loss", 1, 1.0)).iterdir()
    if rewrite is None:
        file.write_bytes(file.read_bytes() + b"damage")
    before = file.read_bytes()
    link = tmp_path / "runs" / "events.out.tfevents.1.link"
    link.parent.mkdir()
    link.symlink_to(file)
    (done,) = (rewrite or (lambda path: repair(path, in_place=True)))(link.parent)
    assert os.readlink(link) == str(file)
    assert list(link.parent.iterdir()) == [link]
    assert points(file) == points(link) == [(6 if rewrite else 1, 1.0)]
    assert os.path.dirname(done.backup) == str(file.parent)
    with open(done.backup, "rb") as backup:
        assert backup.read() == before


def test_a_file_that_is_there_twice_by_a_link_is_not_edited_in_place(make_run):
    run = make_run("a", ("loss", 1, 1.0))
    (file,) = run.iterdir()
    (run / "events.out.tfevents.9.link").symlink_to(file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"a: a file is there twice, by a link"):
        edit(run, in_place=True, shift=5)
    assert file.read_bytes() == before
