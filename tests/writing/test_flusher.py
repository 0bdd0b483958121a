"""The flusher: it has each writer write in time, starts one thread, and keeps no writer alive."""

import math
import threading
import time

import pytest

from tbevents.writing import flusher
from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER, steps_of


class FakeClock:
    now = 0.0

    def __call__(self):
        return self.now


class FakeClient:
    def __init__(self, flush_secs):
        self.flush_secs = flush_secs
        self.drained = 0

    def drain_in_background(self):
        self.drained += 1

    def forget(self):
        raise AssertionError

    def finish(self):
        self.drained += 100


@pytest.fixture
def served(monkeypatch):
    """A flusher without its thread, and its clock."""
    clock = FakeClock()
    served = flusher.Flusher(clock)
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    return served, clock


@pytest.mark.parametrize("flush_secs", [0.05, 2, 120])
def test_the_flusher_drains_each_client_every_flush_secs(served, flush_secs):
    served, clock = served
    client, other = FakeClient(flush_secs), FakeClient(1e6)
    assert served.watch(client)
    served.watch(other)
    for k in range(1, 4):
        assert served.serve() == pytest.approx(flush_secs)
        clock.now += flush_secs * 0.8
        served.serve()
        assert client.drained == k - 1
        clock.now += flush_secs * 0.2 + 1e-9
        served.serve()
        assert client.drained == k
        clock.now = k * 10 * flush_secs
        served._due[client] = clock.now + flush_secs
    assert other.drained == 0


def test_many_clients_are_drained_together_and_none_late(served):
    served, clock = served
    clients = [FakeClient(2) for _ in range(100)]
    for client in clients:
        served.watch(client)
        clock.now += 0.01
    wakings = 0
    while clock.now < 101:
        before = clock.now
        clock.now += served.serve()
        wakings += 1
        assert 0 < clock.now - before <= 2
    assert wakings <= 8 * 51  # 8 times in each flush_secs, at most
    assert all(50 <= client.drained <= 57 for client in clients)


@pytest.mark.parametrize(("flush_secs", "most"), [(math.inf, 3600), (1e12, 3600), (0, 2), (1e-9, 2)])
def test_the_flusher_neither_spins_nor_sleeps_for_ever(served, flush_secs, most):
    served, clock = served
    client = FakeClient(flush_secs)
    served.watch(client)
    for _ in range(3):
        assert 0.01 <= served.serve() <= most
    clock.now += 5000
    assert served.serve() >= 0.01
    assert client.drained == (flush_secs < 5000)


def test_the_flusher_keeps_no_client_alive_nor_its_due_time(served):
    served, _ = served
    client = FakeClient(1)
    served.watch(client)
    served.serve()
    del client
    assert len(served._due) == 0


def test_at_the_end_every_client_drains_and_later_ones_are_told_to_write_themselves(served):
    served, _ = served

    class Failing(FakeClient):
        def finish(self):
            raise OSError(28, "No space left on device")

    clients = [FakeClient(1), Failing(1), FakeClient(1)]
    for client in clients:
        served.watch(client)
    (error,) = served.finish()
    assert "No space" in str(error)
    assert [client.drained for client in clients] == [100, 0, 100]
    assert served.watch(FakeClient(1)) is False


def test_where_no_thread_can_be_started_each_call_writes(tmp_path, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(flusher, "watch", flusher.Flusher().watch)
    writer = EventFileWriter(tmp_path, flush_secs=NEVER)
    writer.add_scalar("t", 1.0, 1)
    assert steps_of(writer.path) == [1]
    writer.close()


@pytest.mark.parametrize("started", [False, True])
def test_after_an_interrupted_start_of_the_thread_one_thread_serves(monkeypatch, started):
    start, made = threading.Thread.start, []

    def interrupted_start(thread):
        made.append(thread)
        if started:
            start(thread)
        raise KeyboardInterrupt

    client, own = FakeClient(0.02), flusher.Flusher()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", interrupted_start)
        with pytest.raises(KeyboardInterrupt):
            own.watch(client)
    assert own.watch(client)
    end = time.monotonic() + 10
    while (client.drained < 2 or made[0].is_alive()) and time.monotonic() < end:
        own._wake.put(None)
        time.sleep(0.01)
    assert client.drained >= 2
    assert [thread.is_alive() for thread in (made[0], own._thread)] == [False, True]
    own._ended = True
    own._wake.put(None)
    own._thread.join(10)
    assert not own._thread.is_alive()


def test_one_thread_serves_all_writers(tmp_path):
    writers = [EventFileWriter(tmp_path, flush_secs=0.02) for _ in range(10)]
    assert [thread.name for thread in threading.enumerate()].count("tbevents-flusher") == 1
    for writer in writers:
        writer.close()
