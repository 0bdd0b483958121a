"""Logs with a writer, and reads what it left on disk."""

import contextlib
import warnings
from pathlib import Path

from tbevents.errors import IncompleteRecordError, WriterWarning
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.proto import Event

NEVER = 1e9  # seconds for tests in which the background must not come in between


def log(writer, *steps, tag="t"):
    """Logs 1.0 at each step."""
    for step in steps:
        writer.add_scalar(tag, 1.0, step)


@contextlib.contextmanager
def writer_warnings():
    """Gives a list of the WriterWarnings that are issued meanwhile, each as often as it is."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", WriterWarning)
        yield caught


def events_of(path, *, whole=True):
    """The events of a file, the one that begins it included. With `whole`, it must end with a whole record."""
    decoder = RecordDecoder(path=str(path))
    decoder.feed(Path(path).read_bytes())
    events = []
    while (record := decoder.next_record()) is not NEED_DATA:
        events.append(Event.FromString(record.payload))
    try:
        decoder.end()
    except IncompleteRecordError:
        if whole:
            raise
    return events


def steps_of(path, *, whole=True):
    """The steps of a file's events behind the first, which must say the version."""
    first, *events = events_of(path, whole=whole)
    assert first.file_version == "brain.Event:2"
    return [event.step for event in events]


def events_in(folder):
    """The events of all files in a folder, in the order in which they were made, without those that begin a file."""
    paths = sorted(
        Path(folder).glob("*tfevents*"), key=lambda path: [(len(part), part) for part in path.name.split(".")]
    )
    events = [event for path in paths for event in events_of(path)]
    return [event for event in events if event.WhichOneof("what") != "file_version"]


def values_in(folder):
    """The summaries' values, as (tag, step, value)."""
    return [(value.tag, event.step, value) for event in events_in(folder) for value in event.summary.value]


def last(writer):
    """The last value of a writer's run, flushed: (tag, step, value)."""
    writer.flush()
    return values_in(writer.log_dir)[-1]


def scalars_in(folder):
    """The scalars, as (tag, step, number)."""
    return [(tag, step, value.simple_value) for tag, step, value in values_in(folder)]


def everything_below(folder):
    """The relative paths of all files."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


# For scripts that fork: part of their text.
ENDS = """
import os, time
def ends(child):
    # Whether a child ends without an error. One that hangs is killed.
    end = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, 9)
    return ended == (child, 0)
"""
