"""Running the command line: in this process for variations, as a process of its own for the main paths."""

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from event_files import scalar_event, version_event, write_events

DATA = Path(__file__).resolve().parent.parent / "data" / "corpus"

Result = namedtuple("Result", "status out err")


def rows(out):
    """Returns the words of each line."""
    return [line.split() for line in out.splitlines()]


@pytest.fixture
def cli(capsys):
    """Runs a command in this process."""
    pytest.importorskip("click", reason="the command line needs click")
    pytest.importorskip("rich", reason="the command line needs rich")
    from tbevents.cli import main

    def run(*arguments):
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def no_terminal_settings(monkeypatch):
    """What the caller's terminal is must not matter."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def process():
    """Runs a command as a process."""
    pytest.importorskip("click", reason="the command line needs click")
    pytest.importorskip("rich", reason="the command line needs rich")

    def run(*arguments, **options):
        command = [sys.executable, "-m", "tbevents.cli", *map(str, arguments)]
        options = {"capture_output": True, "text": True, "timeout": 60, "encoding": "utf-8", **options}
        done = subprocess.run(command, env={**os.environ, "PYTHONUTF8": "1"}, check=False, **options)
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def corpus():
    """Other people's files: the small ones that come with the package."""
    return DATA


@pytest.fixture
def demo(tmp_path):
    """A run of two scalars, ten points each."""
    events = [version_event()]
    for step in range(10):
        events.append(scalar_event("loss", step, 1 / (step + 1), 1000.0 + step))
        events.append(scalar_event("train/acc", step, step / 10, 1000.25 + step))
    write_events(tmp_path / "runs" / "demo" / "events.out.tfevents.1.demo", events)
    return tmp_path / "runs" / "demo"


@pytest.fixture
def damaged(demo):
    """The same run, with a flipped bit in its sixth record, the bytes of another lost, and a torn end."""
    (file,) = demo.iterdir()
    data = bytearray(file.read_bytes())
    size = len(data)
    data[size // 4] ^= 0x10
    del data[size // 2 : size // 2 + 5]
    file.write_bytes(data[:-3])
    return demo


@pytest.fixture(scope="session")
def many(tmp_path_factory):
    """A tree of 200 runs in 20 folders, with three points each."""
    top = tmp_path_factory.mktemp("many")
    for number in range(200):
        events = [version_event(), *(scalar_event("loss", step, number + step, 1000.0 + step) for step in range(3))]
        write_events(top / f"group-{number % 20:02}" / f"run-{number:03}" / "events.out.tfevents.1.x", events)
    return top
