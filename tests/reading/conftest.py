"""What the tests of reading share."""

import pytest

from tbevents.reading import columns, event_file


@pytest.fixture
def small_blocks(monkeypatch):
    """Lets columns be used for few records, and makes blocks small, so that their seams are met."""
    monkeypatch.setattr(columns, "_FEW", 1)

    def use(size):
        monkeypatch.setattr(event_file, "BLOCK", size)

    return use
