"""What the tests of reading share."""

import pytest
from reloaded_runs import HEADER, append, scalar

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
