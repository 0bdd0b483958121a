"""Folders for temporary files that have no room."""

import io
import os
import tempfile

import numpy as np
import pytest

from tbevents.tools import export, point_spool, table_files
from tbevents.tools.export import export_table
from tbevents.tools.import_ import import_table
from tbevents.tools.reduce import reduce
from tbevents.tools.scalar_files import ScalarColumns, write_scalars


@pytest.fixture
def runs(tmp_path):
    steps = np.arange(2000)
    for name in ("a", "b"):
        write_scalars(tmp_path / "runs" / name, [ScalarColumns("loss", steps, steps.astype(np.float64), steps * 0.1)])
    return tmp_path / "runs"


def stream(runs):
    export_table(runs, io.StringIO(), format="csv", tags=["loss", "none"])


def wide(runs):
    export_table(runs, io.StringIO(), format="csv", wide=True)


def statistics(runs):
    reduce(runs)


def lines(runs):
    export_table(runs, runs.parent / "table.jsonl")
    import_table(runs.parent / "table.jsonl", runs.parent / "again")


@pytest.mark.parametrize("use", [stream, wide, statistics, lines])
def test_the_folder_for_temporary_files_is_named_if_it_is_full(runs, use, monkeypatch):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    monkeypatch.setattr(point_spool, "_BUFFERED", 1)
    monkeypatch.setattr(export, "_SPOOLED", 1)
    monkeypatch.setattr(table_files, "_SPOOLED", 1)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        use(runs)
    assert caught.value.filename == tempfile.gettempdir()


def full(mode="w+b", buffering=-1, **options):
    return open("/dev/full", mode, buffering, **{name: options.get(name) for name in ("encoding", "newline", "errors")})
