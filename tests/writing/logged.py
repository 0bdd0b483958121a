"""Logs with a writer, and reads what it left on disk."""

import contextlib
import re
import warnings
from pathlib import Path

from tbevents.errors import WriterWarning
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.proto import Event


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


def _by_numbers(path):
    """Sorts file 100 of a process behind file 99."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def events_in(folder):
    """The events of all files in a folder, by name, without those that only begin a file."""
    events = []
    for path in sorted(Path(folder).glob("*tfevents*"), key=_by_numbers):
        decoder = RecordDecoder(path=str(path))
        decoder.feed(path.read_bytes())
        while (record := decoder.next_record()) is not NEED_DATA:
            events.append(Event.FromString(record.payload))
        decoder.end()
    return [event for event in events if event.WhichOneof("what") != "file_version"]


def values_in(folder):
    """The summaries' values, as (tag, step, value)."""
    return [(value.tag, event.step, value) for event in events_in(folder) for value in event.summary.value]


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
