"""Curves as binary columns: many at once are what each is alone."""

import itertools
import json
import struct

import numpy as np
import pytest

from tbevents.live_page.columns import BinaryStore, Window
from tbevents.reading.points import PointColumns
from tbevents.tools.report.arrays import ArrayStore
from tbevents.views.curves import thinned, thinned_each


def curves_of(rng):
    """Curves of several lengths and types, with values and times that are not finite, or need float64."""
    found = []
    for count, dtype, odd in itertools.product((1, 7, 300, 301, 5_000, 70_000), (np.float32, np.float64), range(5)):
        values = rng.normal(size=count).astype(np.float32).astype(dtype)
        times = 1.7e9 + np.arange(count) * 0.5
        steps = np.arange(count)
        if odd == 1:
            values[rng.integers(count, size=1 + count // 10)] = rng.choice([np.nan, np.inf, -np.inf])
        elif odd == 2:
            values[count // 2] = 0.1 if dtype == np.float64 else 0.5
            times[0] = np.nan
            steps = steps * 3 - 2**60
        elif odd == 3:
            times[count // 2] += 3e8
            steps = rng.integers(-(2**40), 2**40, size=count)
        elif odd == 4:
            times[:] = np.inf
            values[:] = 1e300 if dtype == np.float64 else 1e30
        found.append(PointColumns(steps, times, values))
    return found


@pytest.mark.parametrize("most", [8, 11, 100, 300, 2_000])
def test_curves_are_thinned_together_as_each_alone(most):
    rng = np.random.default_rng(0)
    values = [curve.values for curve in curves_of(rng)]
    values += [rng.integers(3, size=1_000).astype(np.float32) for _ in range(150)]  # with equal extremes
    found = thinned_each(values, most)
    assert len(found) == len(values)
    for each, places in zip(values, found, strict=True):
        np.testing.assert_array_equal(places, thinned(each, most))


def test_thinning_together_refuses_what_thinning_does():
    with pytest.raises(ValueError, match="most must be at least 8, not 7"):
        thinned_each([], 7)


@pytest.mark.parametrize("window", [Window(300), Window(8), Window(300, "order", 5, 290), Window(300, "step", -9, -8)])
def test_columns_of_many_curves_hold_what_those_of_a_report_do(window):
    curves = curves_of(np.random.default_rng(1))
    places = window.places(curves)
    store = BinaryStore()
    lines = store.curves(curves, places)
    data = store.packed(lines)
    (length,) = struct.unpack_from("<I", data)
    start = -(-(4 + length) // 8) * 8
    entries = json.loads(data[4 : 4 + length])["arrays"]
    keys = ("steps", "order", "offsets", "values")
    for curve, chosen, line in zip(curves, places, lines, strict=True):
        alone = ArrayStore()
        expected = alone.curve(_Series(curve), chosen)
        assert (line["count"], line["start"]) == (expected["count"], expected["start"])
        for key in keys:
            entry, other = entries[line[key]], alone.entries[expected[key]]
            if "range" in other:
                assert entry == other
            else:
                assert entry["type"] == other["type"]
                found = data[start + entry["at"] :][: entry["count"] * int(entry["type"][1])]
                assert found == _bytes(other)
    assert len(entries) == len({json.dumps(entry) for entry in entries})  # equal columns are there once


def test_no_curves_are_an_answer_without_columns():
    store = BinaryStore()
    assert store.curves([], Window(300).places([])) == []
    assert json.loads(store.packed([])[4:].rstrip(b"\0")) == {"lines": [], "arrays": []}


class _Series:
    """Points as a report has them: with a length."""

    def __init__(self, curve):
        self.steps, self.wall_times, self.values = curve.steps, curve.wall_times, curve.values

    def __len__(self):
        return len(self.values)


def _bytes(entry):
    import base64

    return base64.b64decode(entry["base64"])
