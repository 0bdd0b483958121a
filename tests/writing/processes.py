"""Scripts that log in a process of their own."""

import os
import subprocess
import sys

import pytest

from .logged import events_of

PATIENCE = 60  # seconds after which a process counts as hanging

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROLOGUE = """
import atexit, gc, multiprocessing, os, shutil, signal, sys, threading, time
from tbevents.proto import Event
from tbevents.writing.event_file_writer import EventFileWriter
folder = sys.argv[1]
NEVER = 1e9
def log(writer, *steps, tag="t"):
    for step in steps:
        writer.add_scalar(tag, 1.0, step)
def refuse(path):
    def refusing(other, *arguments):
        if other == path:
            raise PermissionError(13, "refused", path)
        return real(other, *arguments)
    real, os.open = os.open, refusing
"""


def read(path):
    """(tag, step) of the scalars of a file."""
    _, *events = events_of(path)
    return [(event.summary.value[0].tag, event.step) for event in events]


def run(script, folder, *, code=0):
    """Runs a script; its event files in order, and what it wrote to the standard error."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PROLOGUE + script, str(folder)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return sorted(folder.iterdir()), done.stderr


def start(script, folder):
    """Starts a script and waits until it has written a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + script, str(folder)], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    return process
