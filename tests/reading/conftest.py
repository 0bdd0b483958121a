"""What the tests of reading share."""

import pytest

from tbevents.reading import decoder_feed, scalar_blocks


@pytest.fixture
def small_blocks(monkeypatch):
    """Lets columns be used for few records, and makes blocks small, so that their seams are met."""
    monkeypatch.setattr(scalar_blocks, "_FEW", 1)

    def use(size):
        monkeypatch.setattr(decoder_feed, "BLOCK", size)

    return use
