"""Columns of numbers in a page."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbevents.tools.report.arrays import ArrayStore
from tools.report.pages import array


def kept(method, values):
    store = ArrayStore()
    number = getattr(store, method)(np.asarray(values))
    json.dumps(store.entries, allow_nan=False)
    return store.entries[number], array(store.entries, number)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_steps_are_exact(steps):
    _, back = kept("steps", np.array(steps, np.int64))
    assert back.tolist() == steps


@pytest.mark.parametrize("steps", [[0, 1, 2, 3], [5, 5, 5], [100, 90, 80], [-(2**52), 0, 2**52]])
def test_even_steps_take_no_room(steps):
    entry, back = kept("steps", np.array(steps, np.int64))
    assert set(entry) == {"range"}
    assert back.tolist() == steps


def test_large_steps_are_kept_as_such():
    assert kept("steps", np.array([0, 2**31 - 1, 5]))[0]["type"] == "i4"
    assert kept("steps", np.array([0, 2**31, 5]))[0]["type"] == "i8"
    assert kept("steps", np.array([0, 2**53, 2**54]))[0]["type"] == "i8"  # even, but no float64 can count so


@given(st.lists(st.floats()))
def test_values_are_exact(values):
    entry, back = kept("values", np.array(values, np.float64))
    np.testing.assert_array_equal(back, values)
    with np.errstate(over="ignore"):
        short = np.array(values).astype(np.float32)
    assert (entry["type"] == "f4") == np.array_equal(short, values, equal_nan=True)


def test_times_are_kept_to_the_millisecond():
    assert kept("offsets", np.array([0.0, 3600.123456789]))[0]["type"] == "f4"
    entry, back = kept("offsets", np.array([0.0, 1e7 + 0.1234, np.nan]))
    assert entry["type"] == "f8"
    np.testing.assert_array_equal(back, [0.0, 1e7 + 0.1234, np.nan])


def test_equal_columns_are_kept_once():
    store = ArrayStore()
    first = store.values(np.array([1.0, 2.5]))
    assert store.values(np.array([1.0, 2.5], np.float32)) == first
    assert store.values(np.array([1.0, 2.0])) != first
    assert store.steps(np.arange(3)) == store.steps(np.arange(3))
    assert len(store.entries) == 3
