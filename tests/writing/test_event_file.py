"""One event file: its bytes, its name, what it takes and refuses, and when it reaches the disk."""

import copy
import enum
import errno
import math
import os
import pickle
import re
import subprocess
import sys
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbevents.format.record import encode_record
from tbevents.format.scalar_layout import ScalarForm
from tbevents.proto import Event, SourceMetadata, Summary
from tbevents.writing import batch_writer
from tbevents.writing.batch_writer import BATCH, BATCH_BYTES
from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER, events_of, steps_of


def scalars_of(path):
    return [(e.summary.value[0].tag, e.step, e.summary.value[0].simple_value) for e in events_of(path)[1:]]


def scalar(tag, value, step=0, wall_time=0.0):
    return Event(wall_time=wall_time, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))


# -- bytes ---------------------------------------------------------------------------------------------------------


def test_a_file_is_what_protobuf_and_the_framing_make_of_its_events(tmp_path):
    clock = iter(np.arange(1000, 2000, 0.25).tolist())
    writer = EventFileWriter(tmp_path, flush_secs=NEVER, clock=clock.__next__, hostname="host")
    times = []
    for k in range(60):
        writer.add_scalar("a" if k % 3 else "b/é", k / 7, k * 10**9)
        if k % 10 == 9:
            writer.add_event(Event(step=k, file_version="x"))
        if k == 35:
            writer.flush()
    writer.close()
    header, *events = events_of(writer.path)
    times = [event.wall_time for event in [header, *events]]
    assert times == sorted(times)
    expected = [
        Event(
            wall_time=header.wall_time,
            file_version="brain.Event:2",
            source_metadata=SourceMetadata(writer="tbevents.writing.event_file"),
        )
    ]
    clock = iter(times[1:])
    for k in range(60):
        expected.append(scalar("a" if k % 3 else "b/é", k / 7, k * 10**9, next(clock)))
        if k % 10 == 9:
            expected.append(Event(step=k, file_version="x", wall_time=next(clock)))
    records = [encode_record(event.SerializeToString()) for event in expected]
    assert Path(writer.path).read_bytes() == b"".join(records)


def test_the_header_is_there_at_once_and_says_the_version_and_who_wrote(writer):
    (header,) = events_of(writer.path)
    assert header.file_version == "brain.Event:2"
    assert header.source_metadata.writer == "tbevents.writing.event_file"
    assert header.step == 0
    assert abs(header.wall_time - time.time()) < 60


def test_the_name_holds_time_host_process_number_and_suffix(tmp_path):
    writer = EventFileWriter(tmp_path, filename_suffix=".x", clock=lambda: 1700000000.5, hostname="a/b")
    name = os.path.basename(writer.path)
    assert re.fullmatch(rf"events\.out\.tfevents\.1700000000\.a_b\.{os.getpid()}\.\d+\.x", name)
    assert writer.get_logdir() == str(tmp_path)
    writer.close()


def test_the_forms_of_a_scalar_come_back_as_they_were_asked_for(writer):
    for form in (ScalarForm.SIMPLE, ScalarForm.FLOAT, ScalarForm.DOUBLE, ScalarForm.SIMPLE):
        writer.add_scalar("tag", 0.1, 1, form=form)
    writer.close()
    _, simple, single, double, again = (event for event in events_of(writer.path))
    assert simple.summary.value[0].simple_value == np.float32(0.1)
    assert list(single.summary.value[0].tensor.float_val) == [np.float32(0.1)]
    assert list(double.summary.value[0].tensor.double_val) == [0.1]
    assert again.summary.value[0].WhichOneof("value") == "simple_value"


def test_scalars_and_other_events_keep_the_order_of_the_calls(writer):
    for k in range(3000):
        if k % 7 == 0:
            writer.add_summary(Summary(value=[Summary.Value(tag="s", simple_value=1)]), k)
        elif k % 11 == 0:
            writer.add_event(Event(step=k, file_version="e"))
        else:
            writer.add_scalar("t", 1.0, k)
    writer.close()
    assert steps_of(writer.path) == list(range(3000))


@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.floats(width=32, allow_nan=False), st.integers(-(2**63), 2**63 - 1)),
        max_size=80,
    )
)
def test_what_was_logged_comes_back(tmp_path_factory, points):
    with EventFileWriter(tmp_path_factory.mktemp("run"), flush_secs=NEVER) as writer:
        for tag, value, step in points:
            writer.add_scalar(tag, value, step)
    assert scalars_of(writer.path) == [(tag, step, value) for tag, value, step in points]


def test_tensorboards_loaders_read_the_file(writer):
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for k in range(2500):
        writer.add_scalar("loss", k / 4, k, walltime=1000.0 + k)
    writer.close()
    loaded = list(loader.EventFileLoader(writer.path).Load())
    assert loaded[0].file_version == "brain.Event:2"
    assert len(loaded) == 2501
    read = accumulator.EventAccumulator(writer.path, size_guidance={accumulator.SCALARS: 0}).Reload()
    points = [(point.wall_time, point.step, point.value) for point in read.Scalars("loss")]
    assert points == [(1000.0 + k, k, k / 4) for k in range(2500)]


# -- what is taken, what is refused -----------------------------------------------------------------------------------


class Tag(str, enum.Enum):
    LOSS = "loss"


@pytest.mark.parametrize("tag", [Tag.LOSS, np.str_("loss")])
def test_a_tag_of_a_subclass_of_str_is_what_it_holds(writer, tag):
    writer.add_scalar(tag, 1.0, 1)
    writer.add_scalar("loss", 2.0, 2)
    writer.close()
    assert scalars_of(writer.path) == [("loss", 1, 1.0), ("loss", 2, 2.0)]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (3, 3.0),
        (True, 1.0),
        (2**99, 2.0**99),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (1e300, math.inf),
        (np.float16(0.5), 0.5),
        (np.array([[2.5]]), 2.5),
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
        (-math.inf, -math.inf),
    ],
)
def test_numbers_of_any_kind_are_taken(writer, value, stored):
    writer.add_scalar("t", value)
    writer.close()
    assert scalars_of(writer.path) == [("t", 0, stored)]


@pytest.mark.parametrize(("step", "stored"), [(None, 0), (3.9, 3), (np.int64(5), 5), (np.array(6), 6), (True, 1)])
def test_steps_are_truncated_to_integers(writer, step, stored):
    writer.add_scalar("t", 1.0, step)
    writer.add_event(Event(file_version="x", step=99), 0 if step is None else step)
    writer.close()
    assert steps_of(writer.path) == [stored, stored]


@pytest.mark.parametrize(
    ("arguments", "error", "names"),
    [
        ((5, 1.0), TypeError, "tag"),
        ((None, 1.0), TypeError, "tag"),
        (([], 1.0), TypeError, "tag"),
        ((b"loss", 1.0), TypeError, "tag"),
        (("\ud800", 1.0), ValueError, "tag"),
        (("t", "one"), TypeError, "scalar_value"),
        (("t", None), TypeError, "scalar_value"),
        (("t", 1j), TypeError, "scalar_value"),
        (("t", np.zeros(2)), ValueError, "scalar_value"),
        (("t", 1.0, "7.5"), ValueError, "global_step"),
        (("t", 1.0, []), TypeError, "global_step"),
        (("t", 1.0, math.nan), ValueError, "global_step"),
        (("t", 1.0, math.inf), ValueError, "global_step"),
        (("t", 1.0, 2**63), ValueError, "global_step"),
        (("t", 1.0, -(2**63) - 1), ValueError, "global_step"),
        (("t", 1.0, 1, "now"), TypeError, "walltime"),
        (("t", 1.0, 1, [1]), TypeError, "walltime"),
        (("t", 1.0, 1, 10**400), ValueError, "walltime"),
        (("t", 1.0, 1, math.nan), ValueError, "walltime"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_taken(writer, arguments, error, names):
    with pytest.raises(error, match=names):
        writer.add_scalar(*arguments)
    writer.add_scalar("good", 1.0, 1)
    writer.close()
    assert scalars_of(writer.path) == [("good", 1, 1.0)]


@pytest.mark.parametrize(
    ("options", "error", "names"),
    [
        ({"flush_secs": -1}, ValueError, "flush_secs"),
        ({"flush_secs": math.nan}, ValueError, "flush_secs"),
        ({"flush_secs": "2"}, TypeError, "flush_secs"),
        ({"flush_secs": None}, TypeError, "flush_secs"),
        ({"filename_suffix": "/../x"}, ValueError, "filename_suffix"),
        ({"filename_suffix": "\0"}, ValueError, "filename_suffix"),
        ({"filename_suffix": 3}, ValueError, "filename_suffix"),
    ],
)
def test_a_wrong_option_is_named_and_no_file_is_made(tmp_path, options, error, names):
    with pytest.raises(error, match=names):
        EventFileWriter(tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, b"runs", 5])
def test_a_folder_that_is_no_path_is_a_type_error(path):
    with pytest.raises(TypeError, match="logdir"):
        EventFileWriter(path)


def test_messages_of_tensorboard_and_tensorboardx_are_taken(writer):
    packages = ("tensorboard.compat.proto", "tensorboardX.proto")
    events = [pytest.importorskip(f"{package}.event_pb2").Event for package in packages]
    summaries = [pytest.importorskip(f"{package}.summary_pb2").Summary for package in packages]
    for event, summary in zip(events, summaries, strict=True):
        message = summary(value=[summary.Value(tag="t", simple_value=0.5)])
        writer.add_summary(message, 3, walltime=7.0)
        before = event(summary=message, step=4)
        writer.add_event(before, walltime=8.0)
        writer.add_event(before.SerializeToString(), 3, 7.0)
        assert before.step == 4
        assert before.wall_time == 0
    writer.close()
    expected = [scalar("t", 0.5, 3, 7.0), scalar("t", 0.5, 4, 8.0), scalar("t", 0.5, 3, 7.0)]
    assert events_of(writer.path)[1:] == expected * 2


def test_fields_of_other_peoples_events_that_ours_do_not_know_are_kept(writer):
    unknown = Event(step=1, file_version="x").SerializeToString() + b"\xf2\x3f\x03abc"  # field 1022
    writer.add_event(unknown)
    writer.close()
    assert events_of(writer.path)[1].SerializeToString().endswith(b"\xf2\x3f\x03abc")


def test_an_event_keeps_its_own_time_and_step_unless_told_otherwise(writer):
    writer.add_event(Event(wall_time=5.0, step=6, file_version="x"))
    writer.add_event(Event(wall_time=5.0, step=6, file_version="x"), step=0, walltime=1)
    writer.add_event(Event(file_version="x"))
    writer.close()
    kept, changed, now = events_of(writer.path)[1:]
    assert (kept.wall_time, kept.step) == (5.0, 6)
    assert (changed.wall_time, changed.step) == (1.0, 0)
    assert abs(now.wall_time - time.time()) < 60


class Impostor:
    def SerializeToString(self):  # noqa: N802  # protobuf's name
        return "text"


@pytest.mark.parametrize("message", [None, "text", 3, {}, Impostor()])
@pytest.mark.parametrize(
    ("method", "names"), [("add_event", "event must be an Event"), ("add_summary", "summary must be a Summary")]
)
def test_what_is_no_message_is_a_type_error(writer, method, names, message):
    with pytest.raises(TypeError, match=f"{names}.* not {type(message).__name__}"):
        getattr(writer, method)(message, 1)


def test_a_message_of_the_other_kind_is_a_type_error(writer):
    with pytest.raises(TypeError, match="event must be an Event message or its bytes, not Summary"):
        writer.add_event(Summary())
    with pytest.raises(TypeError, match="summary must be a Summary message or its bytes, not Event"):
        writer.add_summary(Event())


def test_bytes_of_no_message_are_a_value_error(writer):
    for method in (writer.add_event, writer.add_summary):
        with pytest.raises(ValueError, match=r"is not a valid (Event|Summary) message"):
            method(b"\xff\xff")


def test_wrong_arguments_of_events_are_named(writer):
    with pytest.raises(ValueError, match=r"^step "):
        writer.add_event(Event(), step=math.nan)
    with pytest.raises(TypeError, match=r"^walltime "):
        writer.add_event(Event(), walltime="now")
    with pytest.raises(ValueError, match=r"^global_step "):
        writer.add_summary(Summary(), "one")
    with pytest.raises(TypeError, match=r"^step "):
        writer.add_event(Event(), step="1")


# -- files ---------------------------------------------------------------------------------------------------------


def test_writers_of_one_second_and_folder_never_share_a_file(tmp_path):
    writers = [EventFileWriter(tmp_path, clock=lambda: 1.0) for _ in range(20)]
    assert len({writer.path for writer in writers}) == 20
    for writer in writers:
        writer.close()


def test_a_name_that_is_taken_is_never_overwritten(tmp_path, monkeypatch):
    """As by a process of the same number on another machine of the same name."""
    monkeypatch.setattr(batch_writer, "_uids", iter(range(100)))
    taken = []
    for uid in range(3):
        path = tmp_path / f"events.out.tfevents.0000000001.host.{os.getpid()}.{uid}"
        path.write_bytes(b"theirs")
        taken.append(path)
    writer = EventFileWriter(tmp_path, clock=lambda: 1.0, hostname="host")
    assert writer.path == str(tmp_path / f"events.out.tfevents.0000000001.host.{os.getpid()}.3")
    writer.close()
    assert [path.read_bytes() for path in taken] == [b"theirs"] * 3


def test_a_script_may_change_its_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = EventFileWriter("runs/a", flush_secs=NEVER)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    writer.add_scalar("t", 1.0, 1)
    writer.close()
    assert writer.get_logdir() == "runs/a"
    assert scalars_of(tmp_path / "runs" / "a" / os.path.basename(writer.path)) == [("t", 1, 1.0)]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of open files here")
def test_a_writer_holds_no_descriptor(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    writers = [EventFileWriter(tmp_path / str(k), flush_secs=NEVER) for k in range(50)]
    for writer in writers:
        writer.add_scalar("t", 1.0)
        writer.flush()
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    for writer in writers:
        writer.close()


def test_sync_reaches_the_disk_for_the_file_and_its_folder(writer, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no names of open files here")
    writer.add_scalar("t", 1.0)
    writer.flush()
    assert synced == []
    writer.flush(sync=True)  # also where nothing is left to write
    assert synced == [writer.path, os.path.dirname(writer.path)]


def test_a_folder_that_cannot_be_synced_is_no_error_but_the_file_is(writer, monkeypatch):
    def fsync(fd):
        if fails == "all" or os.path.isdir(f"/proc/self/fd/{fd}"):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    fails = "folder"
    writer.flush(sync=True)
    fails = "all"
    with pytest.raises(OSError, match=re.escape(writer.path)):
        writer.flush(sync=True)


def test_after_close_calls_are_refused_and_reopen_goes_on_in_a_new_file(writer):
    writer.add_scalar("t", 1.0, 1)
    writer.close()
    writer.close()
    first = writer.path
    before = Path(first).read_bytes()
    for call in (
        lambda: writer.add_scalar("t", 2.0, 2),
        lambda: writer.add_event(Event(step=2)),
        lambda: writer.add_summary(Summary(), 2),
    ):
        with pytest.raises(ValueError, match="accepts no more events"):
            call()
    writer.flush()
    assert Path(first).read_bytes() == before
    writer.reopen()
    writer.reopen()
    writer.add_scalar("t", 3.0, 3)
    writer.close()
    assert writer.path != first
    assert scalars_of(writer.path) == [("t", 3, 3.0)]
    assert scalars_of(first) == [("t", 1, 1.0)]


# -- when ----------------------------------------------------------------------------------------------------------


def test_flush_hands_over_everything(writer):
    for k in range(100):
        writer.add_scalar("t", 1.0, k)
    assert steps_of(writer.path) == []
    writer.flush()
    assert steps_of(writer.path) == list(range(100))


@pytest.mark.parametrize("flush_secs", [0, 0.001])
def test_a_writer_without_delay_writes_at_each_call(tmp_path, flush_secs):
    writer = EventFileWriter(tmp_path, flush_secs=flush_secs)
    for k in range(5):
        writer.add_scalar("t", 1.0, k)
        assert steps_of(writer.path) == list(range(k + 1))
    writer.close()


@pytest.mark.parametrize("flush_secs", [NEVER, math.inf])
def test_a_large_delay_is_kept_until_a_batch_is_full(tmp_path, flush_secs):
    writer = EventFileWriter(tmp_path, flush_secs=flush_secs)
    for k in range(BATCH - 1):
        writer.add_scalar("t", 1.0, k)
    assert steps_of(writer.path) == []
    writer.add_scalar("t", 1.0, BATCH - 1)
    assert steps_of(writer.path) == list(range(BATCH))
    for k in range(4):
        assert len(steps_of(writer.path)) == BATCH
        writer.add_event(Event(step=k, graph_def=bytes(BATCH_BYTES // 4)))
    assert len(steps_of(writer.path)) == BATCH + 4
    writer.close()


def test_another_process_sees_what_was_logged_without_a_further_call(tmp_path):
    writer = EventFileWriter(tmp_path, flush_secs=0.05)
    reader = """
import os, sys, time
end = time.monotonic() + 20
while time.monotonic() < end:
    if b"seen from afar" in open(sys.argv[1], "rb").read():
        sys.exit(0)
    time.sleep(0.01)
sys.exit("it was never there")
"""
    for tag in ("seen from afar", "and again"):
        writer.add_scalar(tag, 1.0)
        subprocess.run(
            [sys.executable, "-c", reader.replace("seen from afar", tag), writer.path], check=True, timeout=60
        )
    writer.close()


# -- copies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer))])
def test_a_copy_carries_the_configuration_and_opens_its_own_file_when_first_used(tmp_path, copied, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = EventFileWriter("runs", 7, NEVER, ".x", hostname="host")
    writer.add_scalar("t", 1.0, 1)
    other = copied(writer)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert other.path is None
    other.flush(sync=True)
    other.drain_in_background()
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert (other.get_logdir(), other.max_queue, other.flush_secs) == ("runs", 7, NEVER)
    other.add_scalar("t", 2.0, 2)
    assert scalars_of(other.path) == [("t", 2, 2.0)]  # the first call opens the file, and writes
    other.add_scalar("t", 3.0, 3)
    assert scalars_of(other.path) == [("t", 2, 2.0)]
    other.close()
    writer.close()
    assert scalars_of(other.path) == [("t", 2, 2.0), ("t", 3, 3.0)]
    assert scalars_of(writer.path) == [("t", 1, 1.0)]
    assert os.path.basename(other.path).endswith(".x")
    assert os.path.dirname(other.path) == str(tmp_path / "runs")


def test_a_copy_of_a_closed_writer_is_open(writer):
    writer.close()
    with copy.copy(writer) as other:
        other.add_scalar("t", 1.0, 1)
    assert scalars_of(other.path) == [("t", 1, 1.0)]


def test_a_copy_that_is_never_used_makes_no_file(writer):
    copy.copy(writer).close()
    assert len(os.listdir(os.path.dirname(writer.path))) == 1


# -- without the system's luxuries -----------------------------------------------------------------------------------


def test_it_imports_and_writes_without_fork_and_its_relatives(tmp_path):
    script = """
import os, sys
for name in ("fork", "register_at_fork", "pwrite", "writev", "pread", "O_APPEND", "O_DIRECTORY", "fdatasync"):
    if hasattr(os, name):
        delattr(os, name)
from tbevents.writing.event_file_writer import EventFileWriter
with EventFileWriter(sys.argv[1]) as writer:
    writer.add_scalar("t", 1.0, 1)
print(writer.path)
"""
    out = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert scalars_of(out.stdout.strip()) == [("t", 1, 1.0)]
