"""Reading a run again: what interrupts, exceptions, damage and files that cannot be read may do to it."""

import errno
import io
import linecache
import os
import signal
import sys
import warnings

import pytest
from reloaded_runs import DENIED, HEADER, LATER, NAME, append, damaged, fail, fresh, scalar, state, text

import tbevents
from tbevents.reading import decoder_feed, event_file

# -- interrupts and exceptions -----------------------------------------------------------------------------------------


class Interrupter:
    """Raises when so many lines of the package's reading have been run."""

    def __init__(self, after):
        self.left = after
        self.lines = 0

    def __enter__(self):
        sys.settrace(self._trace)

    def __exit__(self, *_):
        sys.settrace(None)

    def _trace(self, frame, event, _):
        path = frame.f_code.co_filename
        if f"tbevents{os.sep}reading" not in path:
            return None
        # A trace also tells of places where a real interrupt never comes: the exit of a `with`, and a line with `try`,
        # which is not guarded by the block around it.
        if event == "line" and not linecache.getline(path, frame.f_lineno).lstrip().startswith(("with ", "try:")):
            self.lines += 1
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self._trace


MORE = scalar(3) + text(4) + scalar(4, "new") + damaged(scalar(5)) + b"".join(map(scalar, range(6, 60))) + text(60)


@pytest.mark.parametrize("restarts", ["keep", "tensorboard"])
def test_an_interrupt_at_any_line_of_a_reload_leaves_the_run_as_it_was_and_loses_nothing(folder, restarts):
    append(folder, HEADER + scalar(1) + scalar(2) + text(1))
    start = (folder / NAME).read_bytes()
    counter = Interrupter(-1)
    run = tbevents.read_run(folder, restarts=restarts)
    append(folder, MORE)
    with counter, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.reload()
    after = state(run)
    assert after == state(fresh(folder, restarts=restarts))
    assert counter.lines > 300
    for place in range(1, counter.lines, 7):
        (folder / NAME).write_bytes(start)
        run = fresh(folder, restarts=restarts)
        before, series = state(run), run.scalars["loss"]
        append(folder, MORE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(KeyboardInterrupt), Interrupter(place):
                run.reload()
            assert state(run) in (before, after)
            assert state(run.reload()) == after, place
        assert series.steps.tolist() == [1, 2]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a signal may come in a weakref's callback
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no interval timers")
def test_signals_in_the_middle_of_reloads_lose_and_double_nothing(folder):
    def interrupt(*_):
        raise KeyboardInterrupt

    append(folder, HEADER + scalar(0))
    run = tbevents.read_run(folder)
    chunk = b"".join(scalar(step, f"tag{step % 7}") + scalar(step) for step in range(1500))
    before = signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    try:
        for number in range(25):
            append(folder, chunk)
            known = len(run.scalars["loss"])
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + number * 0.0004)
                run.reload()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
                assert len(run.scalars["loss"]) in (known, 1 + 1500 * (number + 1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted
    assert state(run.reload()) == state(fresh(folder))


@pytest.mark.parametrize("method", ["open", "seek", "readinto"])
def test_no_memory_in_a_reload_leaves_the_run_as_it_was(folder, monkeypatch, method):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder)
    before = state(run)
    append(folder, scalar(2))
    with monkeypatch.context() as patch:
        fail(patch, MemoryError(), method)
        with pytest.raises(MemoryError):
            run.reload()
    assert state(run) == before
    assert state(run.reload()) == state(fresh(folder))


def test_a_warning_that_is_an_error_comes_when_the_run_has_been_read(folder):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder)
    append(folder, damaged(scalar(2)) + scalar(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(tbevents.DamageWarning):
            run.reload()
        assert run.reload().scalars["loss"].steps.tolist() == [1, 3]


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [-6, 3], ids=["payload", "length"])
@pytest.mark.parametrize("count", [10, 200])
def test_damage_is_raised_again_at_every_reload_where_strict(folder, at, count):
    append(folder, HEADER + scalar(0))
    run = tbevents.read_run(folder, strict=True)
    before = state(run)
    records = [scalar(step) for step in range(1, count)]
    records[5] = damaged(records[5], at)
    append(folder, b"".join(records))
    errors = []
    for _ in range(3):
        with pytest.raises(tbevents.ChecksumError) as caught:
            run.reload()
        errors.append(str(caught.value))
        assert state(run) == before
    append(folder, scalar(count))
    with pytest.raises(tbevents.ChecksumError) as caught:
        run.reload()
    assert {*errors, str(caught.value)} == {errors[0]}
    (folder / NAME).write_bytes(HEADER + b"".join(map(scalar, range(20, 60))))
    with pytest.warns(tbevents.DamageWarning, match="was truncated or replaced"):
        assert len(run.reload().scalars["loss"]) == 40


@pytest.mark.parametrize("strict", [False, True])
def test_an_incomplete_record_at_the_end_is_a_problem_that_later_reloads_drop_without_a_warning(folder, strict):
    append(folder, HEADER + scalar(1))
    run = tbevents.read_run(folder, strict=strict)
    data = scalar(2)
    for place in range(len(data)):
        append(folder, data[place : place + 1])
        run.reload()  # a warning would be an error
        assert [problem.kind for problem in run.problems] == ["incomplete"] * (place < len(data) - 1)
    assert run.scalars["loss"].steps.tolist() == [1, 2]


def test_a_first_reading_warns_of_an_incomplete_record_and_a_reload_takes_it_up(folder):
    append(folder, HEADER + scalar(1) + scalar(2)[:-1])
    with pytest.warns(tbevents.DamageWarning, match="the file ends 1 byte before the record does"):
        run = tbevents.read_run(folder)
    assert [problem.kind for problem in run.problems] == ["incomplete"]
    append(folder, scalar(2)[-1:])
    assert run.reload().scalars["loss"].steps.tolist() == [1, 2]
    assert not run.problems


def test_a_record_that_is_complete_when_its_file_has_been_read_is_no_problem(folder, monkeypatch):
    append(folder, HEADER + scalar(1) + scalar(2)[:-1])
    real = event_file.open_file

    def open_file(path):
        file = real(path)

        class Growing(io.RawIOBase):
            def close(self):
                file.close()
                super().close()

            def readable(self):
                return True

            def seek(self, offset, whence=os.SEEK_SET):
                found = file.seek(offset, whence)
                if whence == os.SEEK_END and not grown:
                    append(folder, scalar(2)[-1:])  # behind the back of the reader, which knows the size by now
                    grown.append(True)
                return found

            def readinto(self, buffer):
                return file.readinto(buffer)

        return Growing()

    grown = []
    monkeypatch.setattr(event_file, "open_file", open_file)
    run = tbevents.read_run(folder)  # a warning would be an error
    assert grown
    assert not run.problems
    assert run.scalars["loss"].steps.tolist() == [1, 2]


# -- what cannot be read -----------------------------------------------------------------------------------------------

BROKEN = OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("method", "error"), [("open", DENIED), ("seek", OSError(errno.EINVAL, "Invalid argument")), ("readinto", BROKEN)]
)
def test_a_file_that_cannot_be_read_is_a_problem_of_its_run_until_it_can(folder, monkeypatch, method, error):
    append(folder, HEADER + scalar(1))
    append(folder, HEADER + scalar(2), LATER)
    with monkeypatch.context() as patch:
        fail(patch, error, method, only=LATER)
        with pytest.warns(tbevents.DamageWarning, match=f"{LATER}: cannot be read: {error.strerror}"):
            run = tbevents.read_run(folder)
        (problem,) = run.problems
        assert (problem.file, problem.kind, problem.offset) == (str(folder / LATER), "unreadable", 0)
        assert run.reload().scalars["loss"].steps.tolist() == [1]
        with pytest.raises(OSError, match=LATER) as caught:
            tbevents.read_run(folder, strict=True)
        assert caught.value.filename == str(folder / LATER)
        with pytest.raises(OSError, match=LATER) as caught:
            tbevents.read_run(folder / LATER)
        assert caught.value.filename == str(folder / LATER)
    assert run.reload().scalars["loss"].steps.tolist() == [1, 2]
    assert not run.problems


def test_reading_goes_on_where_it_failed_in_the_middle_of_a_file(folder, monkeypatch):
    monkeypatch.setattr(decoder_feed, "BLOCK", 2048)
    append(folder, HEADER + b"".join(map(scalar, range(500))))
    with monkeypatch.context() as patch:
        fail(patch, BROKEN, calls=4)
        with pytest.warns(tbevents.DamageWarning, match=f"{NAME}: record .* at byte .*: cannot be read: Input/output"):
            run = tbevents.read_run(folder)
    (problem,) = run.problems
    assert 0 < len(run.scalars["loss"]) < 500
    assert problem.offset + problem.skipped == (folder / NAME).stat().st_size
    assert state(run.reload()) == state(fresh(folder))


@pytest.fixture
def unlisted(six_runs, monkeypatch):
    """The folder of run c cannot be listed."""
    real = os.scandir

    def scandir(path):
        if os.path.basename(path) == "c":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return six_runs


def test_a_folder_that_cannot_be_listed_is_a_problem_of_the_logdir(unlisted, monkeypatch):
    with pytest.warns(tbevents.DamageWarning, match="c: cannot be read: Permission denied"):
        logdir = tbevents.read_logdir(unlisted)
    (problem,) = logdir.problems
    assert (problem.file, problem.kind) == (str(unlisted / "c"), "unreadable")
    assert list(logdir.reload()) == list("abdef")
    assert len(logdir.scalars()) == 250
    with pytest.raises(PermissionError, match="c"):
        tbevents.read_logdir(unlisted, strict=True)
    with pytest.raises(PermissionError, match="c"):
        tbevents.read_run(unlisted / "c")
    with pytest.raises(PermissionError, match="c"):
        tbevents.read_logdir(unlisted / "c")
    monkeypatch.undo()
    assert list(logdir.reload()) == list("abcdef")
    assert not logdir.problems


def test_a_run_that_was_read_stays_when_its_folder_cannot_be_listed_any_more(six_runs, monkeypatch):
    logdir = tbevents.read_logdir(six_runs)
    run = logdir["c"]
    monkeypatch.setattr("tbevents.reading.source.list_run_files", lambda *_, **__: (_ for _ in ()).throw(DENIED))
    with pytest.warns(tbevents.DamageWarning, match="c: cannot be read: Permission denied"):
        run.reload()
    assert len(run.scalars["loss"]) == 50


def test_what_only_has_the_name_of_an_event_file_hides_nothing(six_runs):
    os.symlink("nowhere", six_runs / "a" / LATER)
    (six_runs / "b" / LATER).mkdir()
    (six_runs / "g").mkdir()
    os.symlink(LATER, six_runs / "g" / LATER)
    if hasattr(os, "mkfifo"):
        os.mkfifo(six_runs / "c" / LATER)
    with pytest.warns(tbevents.DamageWarning, match="g.*cannot be read"):
        logdir = tbevents.read_logdir(six_runs)
    with pytest.warns(tbevents.DamageWarning, match="cannot be read"):
        assert len(logdir.scalars()) == 300
    assert logdir.hparams().sessions == {}
    found = [problem.file for run in logdir.values() for problem in run.problems]
    assert found == [str(six_runs / name / LATER) for name in ("a", "c") if name == "a" or hasattr(os, "mkfifo")]
    assert [problem.file for problem in logdir.problems] == [str(six_runs / "g" / LATER)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_named_pipe_is_an_error_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(OSError, match=NAME):
        tbevents.read_run(tmp_path / NAME)


def test_the_metadata_of_tags_are_made_once_for_a_reading(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 0)
        writer.flush()
        run = tbevents.read_run(tmp_path)
        before = run.metadata
        assert run.metadata is before
        writer.add_scalar("b", 1.0, 0)
        writer.flush()
        run.reload()
    assert list(before) == ["a"]
    assert list(run.metadata) == ["a", "b"]
