"""What tests of writers share: a writer of one event file, pyplot, and storage for those whose folder is a URL."""

import contextlib
import threading

import pytest

from tbevents.writing import uploader
from tbevents.writing.event_file_writer import EventFileWriter

from .logged import NEVER
from .stored import PATIENCE, Storage


@pytest.fixture
def writer(tmp_path):
    """A writer of which nothing reaches the disk by itself."""
    writer = EventFileWriter(tmp_path / "run", flush_secs=NEVER)
    yield writer
    with contextlib.suppress(OSError):
        writer.close()


@pytest.fixture
def pyplot():
    """The module; its figures are closed at the end."""
    pytest.importorskip("PIL", reason="makes pictures")
    matplotlib = pytest.importorskip("matplotlib", reason="draws figures")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


@pytest.fixture
def storage(monkeypatch, tmp_path):
    """Gives the file system memory://, empty; what is not uploaded when a test ends is discarded."""
    memory = pytest.importorskip("fsspec.implementations.memory", reason="fsspec is not installed").MemoryFileSystem
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    storage = Storage()
    real = memory.pipe_file

    def pipe_file(self, path, value, **options):
        assert storage.gate.wait(PATIENCE)
        storage.threads.add(threading.current_thread().name)
        if storage.error is not None:
            raise storage.error
        storage.puts.append((path, len(value)))
        return real(self, path, value, **options)

    monkeypatch.setattr(memory, "pipe_file", pipe_file)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spools"))
    (tmp_path / "spools").mkdir()
    yield storage
    storage.error = None
    storage.gate.set()
    assert uploader.uploader.finish() == []
    memory.store.clear()


@pytest.fixture
def spools(tmp_path):
    """Gives the files that writers keep locally, without those that name the URL."""
    return lambda: [path for path in (tmp_path / "spools").rglob("*") if path.is_file() and path.name != "url.txt"]
