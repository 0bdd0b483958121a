"""`use_metadata`: the step and time of calls that name none."""

import pytest

from tbevents.reading.logdir import read_logdir
from tbevents.testing import MemoryWriter
from tbevents.testing.memory_files import memory_events
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.summary_writer import SummaryWriter

NOW = 1_700_000_000.0


def points(run, tag):
    return [(point.step, point.wall_time) for point in run.scalars[tag]]


@pytest.fixture
def writer():
    return MemoryWriter(clock=lambda: NOW)


def test_calls_without_a_step_or_time_get_them(writer):
    with writer.use_metadata(global_step=17, walltime=13.0) as same:
        assert same is writer
        writer.add_scalar("a", 0.1)
        writer.add_scalar("a", 0.2, 7)
        writer.add_scalar("a", 0.3, walltime=18.0)
        writer.add_scalar("a", 0.4, 0)
    writer.add_scalar("a", 0.5)
    assert points(writer.run, "a") == [(17, 13.0), (7, 13.0), (17, 18.0), (0, 13.0), (0, NOW)]


def test_every_sort_of_call_gets_them(writer):
    with writer.use_metadata(global_step=3, walltime=5.0):
        writer.add_text("t", "words")
        writer.add_histogram("h", [1.0])
        writer.add_scalar("new", 1.0, new_style=True)
        writer.add_scalars("m", {"x": 1.0})
        writer.add_scalar_columns("c", [1], [1.0])
        writer.add_hparams({"lr": 1}, {"metric": 0.5}, run_name="r")
        writer.add_embedding([[1.0]], tag="e")
    found = [(event.step, event.wall_time) for event in memory_events(writer.run) if event.HasField("summary")]
    assert found == [(3, 5.0)] * 3 + [(1, 5.0)]
    assert points(writer.runs["m_x"], "m") == points(writer.runs["r"], "metric") == [(3, 5.0)]
    assert list(writer.embeddings) == [("e", 3)]


def test_one_of_them_is_enough_and_blocks_nest(writer):
    assert writer.default_metadata == {}
    with writer.use_metadata(global_step=1):
        writer.add_scalar("a", 0.1)
        with writer.use_metadata(walltime=2.0):
            writer.add_scalar("a", 0.2)
            assert writer.default_metadata == {"global_step": 1, "walltime": 2.0}
        writer.add_scalar("a", 0.3)
    assert writer.default_metadata == {}
    assert points(writer.run, "a") == [(1, NOW), (1, 2.0), (1, NOW)]


def test_an_error_inside_ends_the_block(writer):
    with pytest.raises(KeyError), writer.use_metadata(global_step=1):
        raise KeyError
    writer.add_scalar("a", 0.1)
    assert points(writer.run, "a") == [(0, NOW)]


def test_files_that_are_opened_inside_know_them(tmp_path):
    writer = SummaryWriter(tmp_path, clock=lambda: NOW)
    with writer.use_metadata(global_step=4):
        writer.close()
        writer.add_scalar("a", 0.1)
        writer.add_scalars("m", {"x": 1.0})
    writer.close()
    runs = read_logdir(tmp_path)
    assert points(runs["."], "a") == points(runs["m_x"], "m") == [(4, NOW)]


def test_a_file_writer_has_them_too(tmp_path):
    with EventFileWriter(tmp_path, clock=lambda: NOW) as writer:
        with writer.use_metadata(global_step=4, walltime=1.5):
            writer.add_scalar("a", 0.1)
        writer.add_scalar("a", 0.1)
    assert points(read_logdir(tmp_path)["."], "a") == [(4, 1.5), (0, NOW)]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({}, ValueError, "needs a global_step or a walltime"),
        ({"global_step": "x"}, ValueError, "global_step"),
        ({"global_step": object()}, TypeError, "global_step"),
        ({"walltime": float("nan")}, ValueError, "walltime"),
        ({"walltime": "now"}, TypeError, "walltime"),
    ],
)
def test_what_is_no_step_or_time_is_refused(writer, given, error, words):
    with pytest.raises(error, match=words), writer.use_metadata(**given):
        pytest.fail("the block was entered")
    assert writer.default_metadata == {}


def test_a_disabled_writer_does_nothing():
    with SummaryWriter("nowhere", write_to_disk=False).use_metadata(global_step=1) as writer:
        writer.add_scalar("a", 0.1)
