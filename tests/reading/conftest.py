"""What the tests of reading share."""

import threading
import uuid

import pytest
from event_files import value_events, write_events
from reloaded_runs import HEADER, append, scalar
from remote_runs import Server, write_logdir

import tbevents
from tbevents.reading import decoder_feed, scalar_blocks


@pytest.fixture
def small_blocks(monkeypatch):
    """Lets columns be used for few records, and makes blocks small, so that their seams are met."""
    monkeypatch.setattr(scalar_blocks, "_FEW", 1)

    def use(size):
        monkeypatch.setattr(decoder_feed, "BLOCK", size)

    return use


@pytest.fixture
def folder(tmp_path):
    """An empty folder for a run."""
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def six_runs(tmp_path):
    """A folder with the runs a to f."""
    for name in "abcdef":
        (tmp_path / name).mkdir()
        append(tmp_path / name, HEADER + b"".join(map(scalar, range(50))))
    return tmp_path


@pytest.fixture
def read(tmp_path):
    """Writes values, each in an event of its own at steps from STEP on, and reads the run."""

    def read(*values, **options):
        write_events(tmp_path / "events.out.tfevents.1.host", value_events(*values))
        return tbevents.read_run(tmp_path, **options)

    return read


@pytest.fixture
def local(tmp_path):
    """A logdir on this machine."""
    return write_logdir(tmp_path / "runs")


@pytest.fixture
def memory(local):
    """The URL of a copy of the logdir in fsspec's memory, and its path there."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    root = f"/{uuid.uuid4().hex}/runs"
    fs = fsspec.filesystem("memory")
    fs.put(str(local), root, recursive=True)
    yield f"memory:/{root}"
    fs.rm(root, recursive=True)


@pytest.fixture
def server(local):
    """A server of the logdir on loopback."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    try:
        fsspec.get_filesystem_class("http")
    except ImportError as error:
        pytest.skip(str(error))
    with Server(local) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
