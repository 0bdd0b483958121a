"""The thread that uploads for all writers: whom it tries again, and when."""

import threading
import time

from tbevents.writing import uploader

from .stored import PATIENCE


class Client:
    """A client of an uploader of its own, which notes its calls."""

    def __init__(self, name, calls, error=None):
        self.name = name
        self.calls = calls
        self.error = error
        self.gate = threading.Event()
        self.gate.set()

    def put(self):
        self.calls.append(self.name)
        assert self.gate.wait(PATIENCE)
        if self.error is not None:
            raise self.error


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_buckets_that_are_gone_delay_another_upload_by_at_most_one_retry():
    calls = []
    ours = uploader.Uploader()
    dead = [Client(f"dead {k}", calls, OSError("no such bucket")) for k in range(3)]
    for client in dead:
        ours.add_unfinished(client)
    healthy = Client("healthy", calls)
    dead[0].gate.clear()
    ours.submit(healthy)
    wait_for(lambda: calls == ["healthy", "dead 0"])
    more = [ours.submit(healthy) for _ in range(2)]  # during the retry
    dead[0].gate.set()
    wait_for(lambda: len(calls) == 6)
    assert all(upload.done.is_set() for upload in more)
    assert calls == ["healthy", "dead 0", "healthy", "healthy", "dead 1", "dead 2"]


def test_a_bucket_that_is_gone_is_tried_less_and_less_often_and_at_the_end_of_the_process():
    now, calls = 0.0, []
    ours = uploader.Uploader(lambda: now)
    ours.add_unfinished(Client("dead", calls, OSError("no such bucket")))
    tried = []
    for now in range(5000):  # an upload of another writer succeeds every second
        ours._try_unfinished()
        tried += [now] * len(calls)
        calls.clear()
    assert tried == [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630, 4230, 4830]
    assert list(map(str, ours.finish())) == ["no such bucket"]
    assert calls == ["dead"]
