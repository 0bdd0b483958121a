"""Files that are another one when their run is read again: removed, replaced, written again, or only touched."""

import os
import shutil
import warnings

import pytest
from event_files import record, tensor_value
from reloaded_runs import HEADER, LATER, NAME, append, damaged, fresh, scalar, state, text

import tbevents
from tbevents.proto import Event, LogMessage, SessionLog, Summary, TensorProto
from tbevents.reading import event_file
from tbevents.reading.source import FileSource
from tbevents.testing.live_run import live_run


@pytest.mark.parametrize("name", [NAME, LATER])
def test_a_folder_removed_and_trained_in_anew_is_read_anew(folder, name):
    append(folder, HEADER + scalar(1) + scalar(2))
    run, live = tbevents.read_run(folder), live_run(folder)
    assert len(live.scalars["loss"]) == 2
    shutil.rmtree(folder)
    assert not live.scalars
    folder.mkdir()
    append(folder, HEADER + b"".join(map(scalar, range(7, 12))), name)
    with pytest.warns(tbevents.DamageWarning, match="was (removed|truncated or replaced); reading the run again"):
        run.reload()
    assert state(run) == state(live) == state(fresh(folder))


def test_a_live_run_sees_that_its_file_is_another_one(folder):
    append(folder, HEADER + scalar(1) + scalar(2))
    live = live_run(folder)
    assert live.scalars["loss"].steps.tolist() == [1, 2]
    (folder / NAME).write_bytes(HEADER + scalar(8) + scalar(9) + scalar(10))
    assert live.scalars["loss"].steps.tolist() == [8, 9, 10]


LONG = HEADER + b"".join(map(scalar, range(200)))
OTHER = HEADER + b"".join(scalar(7 if step == 100 else step) for step in range(200))  # the ends are the same


def write_again(folder, data, how):
    """Writes a file again, with a time that differs however coarse the clock of the file system is."""
    time_before = (folder / NAME).stat().st_mtime_ns
    if how == "in place":
        (folder / NAME).write_bytes(data)
    elif how == "replaced":
        (folder / "new").write_bytes(data)
        os.replace(folder / "new", folder / NAME)
    else:
        (folder / "other").write_bytes(data)
        (folder / NAME).unlink()
        (folder / NAME).symlink_to("other")
    os.utime(folder / NAME, ns=(time_before, time_before + 10**9))


@pytest.mark.parametrize("how", ["in place", "replaced", "link"])
@pytest.mark.parametrize("first", [damaged(LONG, 5000), OTHER], ids=["damaged", "other"])
@pytest.mark.filterwarnings("ignore:.*length checksum:tbevents.DamageWarning")
def test_a_file_written_again_with_the_same_size_and_ends_is_read_anew(folder, first, how):
    append(folder, first)
    run, logdir = tbevents.read_run(folder), tbevents.read_logdir(folder.parent)
    of_logdir = logdir["run"]
    before = state(run)
    write_again(folder, LONG, how)
    for each in (run, of_logdir):
        with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
            each.reload()
        assert state(each) == state(fresh(folder)) != before
    write_again(folder, first, how if how != "link" else "in place")
    with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
        logdir.reload()
    assert state(logdir["run"]) == before


def long_text(content):
    value = tensor_value("note", TensorProto(dtype=7, string_val=[content * 5000]), "text")
    return record(Event(step=1, summary=Summary(value=[value])).SerializeToString())


def described(words):
    value = Summary.Value(tag="described", simple_value=1.0)
    value.metadata.summary_description = words
    return record(Event(step=1, summary=Summary(value=[value])).SerializeToString())


def session(step):
    return record(Event(step=step, session_log=SessionLog(status="CHECKPOINT")).SerializeToString())


def log(message):
    return record(Event(step=1, log_message=LogMessage(message=message)).SerializeToString())


def graph(content):
    return record(Event(step=1, graph_def=content).SerializeToString())


OTHER_VALUES = {
    "text": (text(1), text(2)),
    "long text": (long_text(b"a"), long_text(b"b")),
    "description": (described("one"), described("two")),
    "session": (session(1), session(2)),
    "log": (log("one"), log("two")),
    "graph": (graph(b"\x22\0"), graph(b"\x12\0")),
}


@pytest.mark.parametrize(("first", "second"), OTHER_VALUES.values(), ids=OTHER_VALUES)
def test_what_is_no_scalar_is_compared_when_a_file_is_written_again(folder, first, second):
    append(folder, LONG + first + LONG)
    run = tbevents.read_run(folder)
    os.utime(folder / NAME, (5, 5))
    run.reload()  # a warning would be an error here
    write_again(folder, LONG + second + LONG, "in place")
    with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
        run.reload()


ENDS = {"incomplete": scalar(300)[:20], "zeros": bytes(100), "garbage": b"x" * 100, "many zeros": bytes(200_000)}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.filterwarnings("ignore:.*(ends|length checksum|no event):tbevents.DamageWarning")
def test_a_file_with_a_broken_end_that_is_written_again_with_the_same_size_is_read_anew(folder, end):
    append(folder, OTHER + end)
    run = tbevents.read_run(folder)
    before = state(run)
    write_again(folder, LONG + end, "in place")
    with pytest.warns(tbevents.DamageWarning, match="was written again; reading the run again"):
        run.reload()
    assert state(run) == state(fresh(folder)) != before


def test_a_writer_that_fills_allocated_space_does_not_write_the_file_again(folder, monkeypatch):
    append(folder, LONG + bytes(1000))
    with pytest.warns(tbevents.DamageWarning, match="ends in 1000 zero bytes"):
        run = tbevents.read_run(folder)
    monkeypatch.setattr(FileSource, "open", lambda *_, **__: pytest.fail("a file is read from its start"))
    for number, cut in enumerate([scalar(200), scalar(201)[:25], scalar(201)]):
        with open(folder / NAME, "r+b") as file:
            file.seek(len(LONG) + len(scalar(200)) * (number > 0))
            file.write(cut)
        os.utime(folder / NAME, (number, number))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run.reload()
    assert run.scalars["loss"].steps.tolist() == list(range(202))


def test_a_file_that_was_only_touched_changes_nothing_and_is_not_warned_of(folder):
    append(folder, HEADER + scalar(1, tag="nan") + b"".join(map(scalar, range(50))) + text(3))
    run = tbevents.read_run(folder)
    before = state(run)
    for seconds in (5, 50):
        os.utime(folder / NAME, (seconds, seconds))
        assert state(run.reload()) == before  # a warning would be an error here
    append(folder, scalar(50))
    assert len(run.reload().scalars["loss"]) == 51


def test_a_file_that_is_appended_to_while_it_is_listed_is_not_taken_for_another(folder, monkeypatch):
    append(folder, HEADER + scalar(1, tag="once") + scalar(1))
    run = tbevents.read_run(folder)
    size = (folder / NAME).stat().st_size
    append(folder, scalar(2))
    run.reload_as_listed([tbevents.FileRef(str(folder / NAME), size, 5.0)], {})  # the time changes before the size
    assert run.scalars["loss"].steps.tolist() == [1, 2]
    monkeypatch.setattr(event_file.EventFileReader, "may_be_rewritten", lambda *_: True)
    append(folder, scalar(3) + text(3))
    assert run.reload().scalars["loss"].steps.tolist() == [1, 2, 3]  # a warning would be an error here


def test_one_of_several_files_removed_takes_its_points_along(folder):
    append(folder, HEADER + scalar(1))
    append(folder, HEADER + scalar(2), LATER)
    run = tbevents.read_run(folder)
    (folder / NAME).unlink()
    with pytest.warns(tbevents.DamageWarning, match=f"{NAME}: was removed; reading the run again"):
        assert run.reload().scalars["loss"].steps.tolist() == [2]


def test_a_run_whose_folder_is_gone_stays_as_it_was(folder):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder)
    before = state(run)
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match="run"):
        run.reload()
    assert state(run) == before
