"""Following files while they are written."""

import functools
import os
import shutil
import threading

import pytest
from event_files import record, tensor_value
from recorded_warnings import warnings_of
from reloaded_runs import DENIED, HEADER, LATER, NAME, append, fail, scalar

import tbevents
from tbevents.proto import Event, Summary, TensorProto


def followed(path, *actions, **options):
    """The steps that `follow` yields while the actions happen, one at each poll."""
    stop, left = threading.Event(), list(actions)

    def sleep(_):
        if left:
            left.pop(0)()
        if not left:
            stop.set()

    return [event.step for event in tbevents.follow(path, stop=stop, sleep=sleep, **options)]


def test_follow_goes_on_beside_a_file_that_cannot_be_read(folder, monkeypatch):
    append(folder, HEADER + scalar(1))
    append(folder, HEADER + scalar(5), LATER)
    fail(monkeypatch, DENIED, "open", only=NAME)
    with warnings_of(tbevents.DamageWarning, match="cannot be read: Permission denied") as caught:
        assert followed(folder, lambda: None, monkeypatch.undo, lambda: None) == [0, 5, 0, 1]
    assert len(caught) == 1


def test_follow_warns_once_of_an_entry_that_cannot_be_opened_and_reads_it_once_it_can(folder):
    append(folder, HEADER + scalar(1))
    (folder / LATER).symlink_to("other")
    with warnings_of(tbevents.DamageWarning, match=f"{LATER}: cannot be read: No such file") as caught:
        mend = functools.partial((folder / "other").write_bytes, HEADER + scalar(5))
        assert followed(folder, lambda: None, mend, lambda: None) == [0, 1, 0, 5]
    assert len(caught) == 1
    (folder / "other").unlink()
    with pytest.raises(FileNotFoundError, match=LATER):
        followed(folder, lambda: None, strict=True)


def test_follow_takes_up_a_new_training_in_the_same_folder(folder):
    append(folder, HEADER + scalar(1))

    def begin():
        folder.mkdir()
        append(folder, HEADER + scalar(7), LATER)

    assert followed(folder, lambda: shutil.rmtree(folder), begin, lambda: None) == [0, 1, 0, 7]


def test_an_interrupt_ends_following_and_a_new_call_begins_at_the_start(folder):
    append(folder, HEADER + scalar(1))

    def interrupt(_):
        raise KeyboardInterrupt

    events = tbevents.follow(folder, sleep=interrupt)
    assert [next(events).step, next(events).step] == [0, 1]
    with pytest.raises(KeyboardInterrupt):
        next(events)
    assert list(events) == []
    assert followed(folder, lambda: None) == [0, 1]


def test_records_within_a_record_that_is_still_written_are_not_taken_for_good(folder):
    """A tensor may hold an event file. Half of it, and the records in it look like those of a file that goes on."""
    inner = b"".join(scalar(step, "inner") for step in range(100))
    value = tensor_value("file", TensorProto(dtype=7, string_val=[inner]), "text")
    outer = record(Event(step=1, summary=Summary(value=[value])).SerializeToString())
    append(folder, HEADER + scalar(0) + outer[: len(outer) // 2])
    with pytest.warns(tbevents.errors.DamageWarning):
        run = tbevents.read_run(folder)
    append(folder, outer[len(outer) // 2 :] + scalar(1))
    with pytest.warns(tbevents.errors.DamageWarning, match="which was incomplete, is complete; reading the run again"):
        run.reload()
    assert run.tags == tbevents.read_run(folder).tags == ("loss", "file")
    assert run.scalars["loss"].steps.tolist() == [0, 1]
    assert not run.problems


def test_a_record_that_a_crash_cut_is_damaged_once_others_fill_its_place(folder):
    value = tensor_value("note", TensorProto(dtype=7, string_val=[bytes(2000)]), "text")
    cut = record(Event(step=1, summary=Summary(value=[value])).SerializeToString())[:500]
    append(folder, HEADER + scalar(0) + cut + scalar(1))
    with pytest.warns(tbevents.errors.DamageWarning, match="ends"):
        run = tbevents.read_run(folder)
    assert [each.kind for each in run.problems] == ["incomplete"]
    append(folder, b"".join(map(scalar, range(2, 100))))
    with pytest.warns(tbevents.errors.DamageWarning, match="data checksum mismatch"):
        run.reload()
    with pytest.warns(tbevents.errors.DamageWarning):
        again = tbevents.read_run(folder)
    assert run.problems == again.problems
    assert [each.kind for each in run.problems] == ["data_checksum"]
    assert run.scalars["loss"].steps.tolist() == again.scalars["loss"].steps.tolist() == list(range(100))
    assert run.reload().problems == again.problems  # a warning would be an error here


def test_a_quiet_reload_returns_why_the_run_was_read_again(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "run") as writer:
        for step in range(100):
            writer.add_scalar("loss", step, step)
    run = tbevents.read_run(tmp_path / "run")
    assert run.reload_quietly() == ""
    (file,) = (tmp_path / "run").iterdir()
    os.truncate(file, file.stat().st_size // 2)
    assert str(file) in run.reload_quietly()  # a warning would be an error here
    assert 0 < len(run.scalars["loss"]) < 100
    assert run.reload_quietly() == ""


@pytest.mark.parametrize("exists", [True, False])
def test_follow_waits_no_longer_than_the_timeout(tmp_path, exists):
    if exists:
        append(tmp_path, HEADER + scalar(1))
    now, waits = [0.0], []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    path = tmp_path if exists else tmp_path / "to_come"
    events = tbevents.follow(path, poll=1.0, timeout=2.5, clock=lambda: now[0], sleep=sleep)
    assert [event.step for event in events] == ([0, 1] if exists else [])
    assert waits == [1.0, 1.0, 0.5]


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_of_nothing_yields_what_is_there(tmp_path, timeout):
    append(tmp_path, HEADER + scalar(1))
    assert [event.step for event in tbevents.follow(tmp_path, timeout=timeout)] == [0, 1]
