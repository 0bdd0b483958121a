"""What is in runs, in numbers."""

import numpy as np
import pytest

from tbevents.format.scalar_layout import ScalarForm
from tbevents.reading.run import read_run
from tbevents.tools.describe import describe_run, scalar_stats
from tbevents.tools.scalar_files import ScalarColumns, write_scalars


def stats(tmp_path, values):
    values = np.array(values, np.float64)
    steps = np.arange(len(values))
    write_scalars(tmp_path / "run", [ScalarColumns("x", steps, steps + 1.0, values, ScalarForm.DOUBLE)])
    return scalar_stats(read_run(tmp_path / "run").scalars["x"])


def test_statistics_are_exact_where_they_can_be(tmp_path):
    found = stats(tmp_path, [15.0, 16.0, 17.0])
    assert (found.first, found.last, found.min, found.max, found.mean) == (15.0, 17.0, 15.0, 17.0, 16.0)


def test_a_mean_of_the_greatest_numbers_is_no_infinity(tmp_path):
    assert stats(tmp_path, [1.5e308, 1.7e308]).mean == pytest.approx(1.6e308)


def test_what_is_not_finite_is_counted_and_no_part_of_the_mean(tmp_path):
    found = stats(tmp_path, [np.nan, 1.0, np.inf, 3.0, np.nan])
    assert (found.nans, found.infinities, found.mean, found.min, found.max) == (2, 1, 2.0, 1.0, np.inf)


def test_a_run_is_described_by_tag(make_run):
    described = describe_run(make_run("a", ("loss", 3, 1.0), ("loss", -1, 2.0), ("acc", 7, 0.5)))
    assert [(tag.tag, tag.kind, tag.count, tag.first_step, tag.last_step) for tag in described.tags] == [
        ("loss", "scalars", 2, -1, 3),
        ("acc", "scalars", 1, 7, 7),
    ]
    assert (described.count, described.kinds, described.first_step, described.last_step) == (3, {"scalars": 2}, -1, 7)
