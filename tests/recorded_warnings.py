"""Records warnings of one kind: those of another, like a ResourceWarning of what an earlier test left, pass by."""

import contextlib

import pytest


@contextlib.contextmanager
def warnings_of(category, match=None):
    """Gives a list that holds the warnings of a category once the block has ended; fails as `pytest.warns` does."""
    found = []
    with pytest.warns(category, match=match) as every:
        yield found
    found += [warning for warning in every if issubclass(warning.category, category)]
