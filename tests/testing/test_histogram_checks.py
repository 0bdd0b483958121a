"""Checks of histograms."""

import numpy as np
import pytest

from tbevents.testing import MemoryWriter, check_histogram_close

from .runs import VALUES, kinds


@pytest.fixture(params=["tf1", "tf2"])
def histograms(request):
    writer = MemoryWriter(format=request.param)
    writer.add_histogram("weights", VALUES[:500], 1)
    writer.add_histogram("weights", VALUES, 2)
    writer.add_scalar("loss", 1.0)
    return writer


def test_a_histogram_is_of_these_values(histograms):
    assert check_histogram_close(histograms, "weights", VALUES) == []
    assert check_histogram_close(histograms, "weights", VALUES.reshape(10, 100).tolist(), step=2) == []
    assert check_histogram_close(histograms, "weights", VALUES[:500], step=1) == []
    assert check_histogram_close(histograms, "weights", np.append(VALUES, [np.nan, np.inf])) == []


def test_a_histogram_is_of_other_values(histograms):
    assert kinds(check_histogram_close(histograms, "weights", VALUES[:-1])) == ["values"]
    assert kinds(check_histogram_close(histograms, "weights", VALUES + 0.5)) == ["values"]
    assert kinds(check_histogram_close(histograms, "weights", np.append(VALUES, 1e9))) == ["values"]
    assert kinds(check_histogram_close(histograms, "weights", np.append(VALUES, -1e9))) == ["values"]
    assert check_histogram_close(histograms, "weights", VALUES[:-1], atol=1) == []


def test_a_histogram_is_that_of_another_run(histograms):
    series = histograms.run.histograms["weights"]
    assert check_histogram_close(histograms, "weights", series.at(2)) == []
    assert kinds(check_histogram_close(histograms, "weights", series.at(1)))[0] in ("shape", "values", "edges")


def test_a_histogram_whose_edges_differ():
    writer = MemoryWriter()
    writer.add_histogram("w", [0.5, 1.5], 0, bins=[0, 1, 2])
    writer.add_histogram("w", [0.5, 1.5], 1, bins=[0, 1, 2.5])
    expected = writer.run.histograms["w"].at(0)
    (found,) = check_histogram_close(writer, "w", expected)
    assert found.kind == "edges"
    assert found.table.rows == (("right of 1", "2.5", "2.0", "+0.5", "2e-06"),)
    assert check_histogram_close(writer, "w", expected, rtol=0.3) == []
    writer.add_histogram("w", [0.5, 1.5], 2, bins=[0, 1.25, 2])
    (found,) = check_histogram_close(writer, "w", expected)
    assert [row[0] for row in found.table.rows] == ["left of 1", "right of 0"]


@pytest.mark.parametrize("form", ["tf1", "tf2"])
def test_the_first_left_edge_counts_where_the_form_has_one(form):
    writer = MemoryWriter(format=form)
    for step, first in enumerate((0, 0.25)):
        writer.add_histogram("w", [0.5, 1.5], step, bins=[first, 1, 2])
    found = check_histogram_close(writer, "w", writer.run.histograms["w"].at(0))
    assert [row[0] for finding in found for row in finding.table.rows] == ([] if form == "tf1" else ["left of 0"])


def test_a_histogram_whose_counts_differ():
    writer = MemoryWriter(format="tf2")
    for step, values in enumerate(([0.5, 1.5, 1.5], [0.5, 0.5, 1.5])):
        writer.add_histogram("w", values, step, bins=[0, 1, 2])
    (found,) = check_histogram_close(writer, "w", writer.run.histograms["w"].at(0))
    assert [row[:3] for row in found.table.rows] == [("0 to 1", "2.0", "1.0"), ("1 to 2", "1.0", "2.0")]
    found = check_histogram_close(writer, "w", writer.run.histograms["w"].at(0), atol=1)
    assert found == []


def test_empty_buckets_at_the_ends_do_not_count():
    writers = [MemoryWriter(), MemoryWriter()]
    for writer, bins in zip(writers, ([0, 1, 2], [-1, 0, 1, 2, 3, 4]), strict=True):
        writer.add_histogram_raw("w", 0.5, 1.5, 2, 2.0, 2.5, bins[1:], np.histogram([0.5, 1.5], bins)[0])
    expected = writers[1].run.histograms["w"].last
    assert len(writers[0].run.histograms["w"].last) != len(expected)
    assert check_histogram_close(writers[0], "w", expected) == []


def test_no_such_histogram(histograms):
    assert kinds(check_histogram_close(histograms, "loss", VALUES)) == ["missing"]
    (found,) = check_histogram_close(histograms, "weights", VALUES, step=7)
    assert found.summary == "it has no point at step 7; the nearest steps are 1, 2"
    assert kinds(check_histogram_close(histograms, "weights", VALUES, step=10**400)) == ["missing"]


def test_what_check_histogram_close_refuses(histograms):
    with pytest.raises(TypeError, match="real numbers"):
        check_histogram_close(histograms, "weights", ["a"])
    for step in (1.0, True, "1"):
        with pytest.raises(TypeError, match="step must be a whole number, not "):
            check_histogram_close(histograms, "weights", VALUES, step=step)
