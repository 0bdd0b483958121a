"""Series get their numbers without a lock: whoever comes in between, a number means one tag."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tbevents import SummaryWriter

from .logged import scalars_in


class Interleaved(list):
    """The writer's list of series; at each of its steps another thread, or a signal handler, logs new tags."""

    def __init__(self, writer):
        self.left = 40
        self.writer = writer

    def other(self):
        if self.left:
            self.left = number = self.left - 1
            for tag in ("shared", f"other{number}"):
                self.writer.add_scalar(tag, number, 0)

    def append(self, key):
        self.other()
        super().append(key)
        self.other()

    def index(self, *arguments):
        self.other()
        found = super().index(*arguments)
        self.other()
        return found


def test_tags_that_are_new_to_several_at_once_keep_their_values(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.file_writer._keys = Interleaved(writer)
        for step in range(3):
            for tag in ("shared", "mine", "last"):
                writer.add_scalar(tag, 100 + step, step)
    logged = scalars_in(tmp_path)
    assert [point for point in logged if point[0] == "mine"] == [("mine", step, 100 + step) for step in range(3)]
    assert [point for point in logged if point[0] == "last"] == [("last", step, 100 + step) for step in range(3)]
    others = [point for point in logged if point[0].startswith("other")]
    assert sorted(others) == sorted((f"other{n}", 0, n) for n in range(40))
    assert sorted(point for point in logged if point[0] == "shared" and point[2] < 100) == [
        ("shared", 0, n) for n in range(40)
    ]


@pytest.fixture
def eager_threads():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_threads_that_log_the_same_new_tags_mix_nothing(tmp_path):
    tags = [f"tag{n}" for n in range(300)]

    def log(writer, thread):
        for number, tag in enumerate(tags):
            writer.add_scalar(tag, number, thread)

    with SummaryWriter(tmp_path) as writer, ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(log, writer, thread) for thread in range(4)]:
            future.result()
    assert sorted(scalars_in(tmp_path)) == sorted((f"tag{n}", thread, n) for n in range(300) for thread in range(4))
