"""Writers whose folder is in the file system memory://, and scripts whose folder is another URL."""

import os
import subprocess
import sys
import threading

import tbevents

PATIENCE = 60  # seconds after which something counts as hanging
URL = "memory://bucket/runs/demo"


class Storage:
    """The file system memory://, which counts what is put and may refuse it."""

    def __init__(self):
        import fsspec  # not everywhere installed, and every test of the folder may import this module

        self.fs = fsspec.filesystem("memory")
        self.puts = []  # (path, size)
        self.error = None  # raised by each put
        self.gate = threading.Event()  # each put waits for it
        self.gate.set()
        self.threads = set()

    def bytes_put(self):
        return sum(size for _, size in self.puts)

    def objects(self, url=URL):
        return sorted(self.fs.find(url.removeprefix("memory:/")))

    def download(self, folder, url=URL):
        top = url.removeprefix("memory:/")
        for path in self.fs.find(top):
            target = folder / path.removeprefix(top).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.fs.cat_file(path))
        return folder


def steps(url=URL, tag="loss"):
    return tbevents.read_run(url).scalars[tag].steps.tolist()


def log(writer, *steps, tag="loss"):
    for step in steps:
        writer.add_scalar(tag, 1.0, step)


def wait_for_background(writer):
    upload = writer._file._background
    assert upload is None or upload.done.wait(PATIENCE)


PROLOGUE = """
import os, sys
from tbevents import SummaryWriter
url = sys.argv[1]
def log(writer, *steps):
    for step in steps:
        writer.add_scalar("loss", 1.0, step)
"""


def run(script, url, *, fails=False, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + script, url],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **environment},
    )
    assert fails or (done.returncode, done.stderr) == (0, "")
    return done.stderr
