"""Following a run while it is written: half records, zero tails, new files, files replaced; and reloading."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest
from event_files import record, scalar_event, version_event
from recorded_warnings import warnings_of

import tbevents

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"


def scalar(step, tag="loss"):
    return record(scalar_event(tag, step, step / 2).SerializeToString())


HEADER = record(version_event().SerializeToString())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def append(folder, data, name=NAME):
    def action():
        folder.mkdir(exist_ok=True)
        with open(folder / name, "ab") as file:
            file.write(data)

    return action


def followed(path, *actions, **options):
    """The steps that `follow` yields while the actions happen, one at each poll; then it is stopped."""
    stop = threading.Event()
    left = list(actions)

    def sleep(seconds):
        assert seconds == 5.0
        if left:
            left.pop(0)()
        if not left:
            stop.set()

    return [event.step for event in tbevents.follow(path, poll=5.0, stop=stop, sleep=sleep, **options)]


def test_it_yields_what_is_there_and_then_what_comes(folder):
    append(folder, HEADER + scalar(1))()
    assert followed(folder, append(folder, scalar(2)), append(folder, scalar(3) + scalar(4))) == [0, 1, 2, 3, 4]
    assert followed(folder / NAME, lambda: None) == [0, 1, 2, 3, 4]


def test_the_run_need_not_exist_yet(folder):
    assert followed(folder, lambda: None, folder.mkdir, append(folder, b""), append(folder, HEADER + scalar(7))) == [
        0,
        7,
    ]


def test_every_way_to_cut_a_record_is_waited_for_without_a_warning(folder):
    append(folder, HEADER)()
    data = scalar(1) + scalar(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert followed(folder, *(append(folder, data[k : k + 1]) for k in range(len(data)))) == [0, 1, 2]


def test_a_tail_of_zeros_is_filled_in_later(folder):
    data = HEADER + scalar(1)

    def fill():
        with open(folder / NAME, "r+b") as file:
            file.seek(len(data))
            file.write(scalar(2) + scalar(3))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert followed(folder, append(folder, data + bytes(300)), fill) == [0, 1, 2, 3]


def test_new_files_are_taken_up_and_the_old_one_may_still_grow(folder):
    append(folder, HEADER + scalar(1))()
    later = append(folder, HEADER + scalar(10), LATER)
    assert followed(folder, later, append(folder, scalar(2)), append(folder, scalar(11), LATER)) == [0, 1, 0, 10, 2, 11]


@pytest.mark.parametrize("how", ["truncated", "replaced", "overwritten"])
def test_a_file_that_was_replaced_is_read_again_from_its_start(folder, how):
    append(folder, HEADER + scalar(1) + scalar(2))()

    def act():
        new = HEADER + scalar(5) + (b"" if how == "truncated" else scalar(6) + scalar(7))
        if how == "replaced":
            (folder / "new").write_bytes(new)
            os.replace(folder / "new", folder / NAME)
        else:
            (folder / NAME).write_bytes(new)

    with pytest.warns(tbevents.DamageWarning, match="was truncated or replaced"):
        got = followed(folder, act)
    assert got == [0, 1, 2, 0, 5] + ([] if how == "truncated" else [6, 7])


def test_damage_is_told_once_and_passed_over(folder):
    bad = bytearray(scalar(2))
    bad[20] ^= 1
    append(folder, HEADER + scalar(1))()
    with warnings_of(tbevents.DamageWarning) as caught:
        got = followed(folder, append(folder, bytes(bad) + scalar(3)), append(folder, scalar(4)), lambda: None)
    assert got == [0, 1, 3, 4]
    assert len(caught) == 1
    with pytest.raises(tbevents.ChecksumError):
        followed(folder, lambda: None, strict=True)


def test_a_deadline_ends_it(folder):
    append(folder, HEADER + scalar(1))()
    now = [100.0]

    def sleep(seconds):
        now[0] += seconds

    got = list(tbevents.follow(folder, poll=3, timeout=10, clock=lambda: now[0], sleep=sleep))
    assert [event.step for event in got] == [0, 1]
    assert now[0] == 110.0


@pytest.mark.parametrize("poll", [0, -1, float("nan")])
def test_an_impossible_poll_is_refused_at_the_call(folder, poll):
    with pytest.raises(ValueError, match="poll must be a positive number of seconds"):
        tbevents.follow(folder, poll=poll)


@pytest.mark.parametrize("option", ["poll", "timeout"])
def test_seconds_that_are_no_number_are_refused_at_the_call(folder, option):
    with pytest.raises(TypeError, match=f"^{option}: .*real number"):
        tbevents.follow(folder, **{option: "1"})
    with pytest.raises(ValueError, match=f"^{option} must be a .*number of seconds, not nan"):
        tbevents.follow(folder, **{option: float("nan")})
    with pytest.raises(TypeError, match=r"^strict must be True or False"):
        tbevents.follow(folder, strict="no")


def test_a_poll_longer_than_the_system_can_wait_ends_when_it_is_stopped(folder):
    append(folder, HEADER + scalar(1))()
    stop = threading.Event()
    steps = []
    for event in tbevents.follow(folder, poll=float("inf"), stop=stop):
        steps.append(event.step)
        threading.Timer(0.2, stop.set).start()
    assert steps == [0, 1]


WRITER = """
import sys, tbevents
with tbevents.SummaryWriter(sys.argv[1], flush_secs=0.01) as writer:
    for step in range(int(sys.argv[2]), int(sys.argv[3])):
        writer.add_scalar("loss", step, step)
        if step % 97 == 0:
            writer.flush()
            print(step, flush=True)
    if sys.argv[4] == "die":
        writer.flush()
        print("waiting", flush=True)
        sys.stdin.read()
"""


def test_another_process_that_writes_and_is_killed_and_started_again(folder):
    def start(first, last, how):
        command = [sys.executable, "-c", WRITER, str(folder), str(first), str(last), how]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    stop = threading.Event()
    steps = []

    def follow():
        events = tbevents.follow(folder, poll=0.005, stop=stop, timeout=60)
        steps.extend(event.step for event in events if event.HasField("summary"))

    follower = threading.Thread(target=follow)
    follower.start()
    for first in (0, 2000):
        with start(first, first + 2000, "die") as process:
            assert any(line == "waiting\n" for line in process.stdout)
            process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    with start(4000, 6000, "end") as process:
        process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while len(steps) < 6000 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    follower.join(60)
    assert steps == list(range(6000))


def test_a_file_that_was_only_touched_yields_nothing_again(folder):
    append(folder, HEADER + scalar(1))()
    touch = [lambda seconds=seconds: os.utime(folder / NAME, (seconds, seconds)) for seconds in (5, 50)]
    assert followed(folder, *touch, append(folder, scalar(2))) == [0, 1, 2]


def test_a_file_written_again_with_the_same_size_and_ends_is_not_noticed(folder):
    steps = range(100, 200)
    append(folder, HEADER + b"".join(map(scalar, steps)))()

    def write_again():
        (folder / NAME).write_bytes(HEADER + b"".join(scalar(150 if step == 140 else step) for step in steps))
        os.utime(folder / NAME, (5, 5))

    assert followed(folder, write_again, append(folder, scalar(200))) == [0, *steps, 200]
