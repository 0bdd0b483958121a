import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_warnings import warnings_of

from tbevents import summary
from tbevents.errors import TBEventsWarning
from tbevents.format.tensors import to_array
from tbevents.summary.histograms import default_edges

EDGES = default_edges()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NEAR_EDGES = st.sampled_from(EDGES).flatmap(
    lambda edge: st.sampled_from([edge, math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf)])
)


def histo(values, *args, **options):
    return summary.histogram("h", values, *args, **options).value[0].histo


def table(values, *args):
    return to_array(summary.histogram("h", values, *args, format="tf2").value[0].tensor)


def test_default_edges_are_what_repeated_multiplication_gives():
    assert len(EDGES) == 1549
    assert sorted(EDGES) == EDGES
    assert EDGES[774] == 0.0
    assert EDGES[775] == 1e-12
    assert EDGES[776] == 1e-12 * 1.1
    assert EDGES[-1] < 1e20 <= EDGES[-1] * 1.1
    assert [-edge for edge in reversed(EDGES)] == EDGES


@given(st.lists(FINITE | NEAR_EDGES, min_size=1, max_size=50))
@settings(deadline=None)
def test_default_counts_are_those_of_numpy(values):
    counts, edges = np.histogram(np.array(values), bins=EDGES)
    message = histo(values)
    assert message.num == len(values)
    assert (message.min, message.max) == (min(values), max(values))
    if counts.any():
        kept = np.flatnonzero(counts)
        assert list(message.bucket) == [0, *counts[kept[0] : kept[-1] + 1]]
        assert list(message.bucket_limit) == list(edges[kept[0] : kept[-1] + 2])
    else:  # all beyond the edges
        assert list(message.bucket) == [0, len(values)]
        assert list(message.bucket_limit) == [min(values), max(values)]


def test_default_counts_are_those_of_numpy_for_many_values():
    values = np.random.default_rng(0).normal(size=200_000) * np.logspace(-15, 22, 200_000)
    counts, _ = np.histogram(values, bins=EDGES)
    assert list(histo(values).bucket)[1:] == list(np.trim_zeros(counts))


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, -5e-324, 1e-12, -1e-12, EDGES[-1], EDGES[0]])
def test_values_at_special_places_fall_where_numpy_puts_them(value):
    (place,) = np.flatnonzero(np.histogram([value], bins=EDGES)[0])
    assert list(histo([value]).bucket_limit) == EDGES[place : place + 2]


@pytest.mark.parametrize(
    "values",
    [[1, 2, 3], np.arange(6, dtype=np.int8).reshape(2, 3), np.array([True, False]), np.float16([0.5]), 3.5, [2**70]],
)
def test_values_come_in_any_real_type_and_shape(values):
    array = np.array(values, np.float64).ravel()
    message = histo(values)
    assert (message.num, message.sum, message.sum_squares) == (array.size, array.sum(), (array * array).sum())


def test_big_endian_and_strided_values_are_counted_as_they_are():
    values = np.arange(100, dtype=">f8")[::-3]
    assert histo(values) == histo(values.astype("<f8").copy())


@pytest.mark.parametrize("bins", [5, "auto", "fd", [0.0, 1.0, 4.0], np.array([0, 2, 9])])
def test_other_bins_are_those_of_numpy(bins):
    values = np.random.default_rng(1).random(50) * 4
    counts, edges = np.histogram(values, bins)
    message = histo(values, bins)
    assert list(message.bucket)[1:] == list(np.trim_zeros(counts))
    assert list(message.bucket_limit) == list(edges[np.flatnonzero(counts)[0] : np.flatnonzero(counts)[-1] + 2])


def test_max_bins_merges_neighbours():
    message = histo(np.arange(10.0), 10, 5)
    assert list(message.bucket) == [0, 2, 2, 2, 2, 2]
    assert list(message.bucket_limit) == pytest.approx([0, 1.8, 3.6, 5.4, 7.2, 9])
    message = histo(np.arange(10.0), 10, 4)  # ten bins by twos: five
    assert list(message.bucket) == [0, 2, 2, 2, 2, 2]
    assert sum(histo(np.arange(11.0), 11, 3).bucket) == 11  # the last has fewer


def test_values_that_are_not_finite_are_left_out_with_a_warning_that_names_the_tag():
    with warnings_of(TBEventsWarning, match="histogram 'h'") as warned:
        message = histo([1.0, math.nan, math.inf, -math.inf, 2.0])
    assert message == histo([1.0, 2.0])
    assert warned[0].filename == __file__  # the line of the caller


def test_a_warning_is_shown_once_a_line():
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        warnings.simplefilter("default", TBEventsWarning)
        for _ in range(3):
            histo([math.nan])
    assert len(warned) == 1


def test_nothing_finite_is_an_empty_histogram():
    with pytest.warns(TBEventsWarning):
        message = histo([math.nan, math.inf])
    assert (message.num, message.sum, list(message.bucket)) == (0, 0, [0])
    assert len(message.bucket_limit) == 1
    with pytest.warns(TBEventsWarning):
        assert (table([math.nan]) == np.zeros((30, 3))).all()


def test_sums_that_overflow_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = histo([1.7e308, 1.7e308])
        assert table([1.7e308, -1.7e308])[:, 2].sum() == 2
    assert message.num == 2
    assert message.sum == math.inf


@pytest.mark.parametrize("empty", [[], np.zeros((0, 3))])
def test_no_values_at_all_are_a_value_error(empty):
    with pytest.raises(ValueError, match="'h': values must not be empty"):
        histo(empty)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((["a"],), TypeError, "'h': values"),
        ((None,), TypeError, "'h': values"),
        (([1j],), TypeError, "'h': values"),
        (([1.0], "no such rule"), ValueError, "'h': bins"),
        (([1.0], [3.0, 1.0]), ValueError, "'h': bins"),
        (([1.0], 0), ValueError, "'h': bins"),
        (([1.0], object()), TypeError, "'h': bins"),
        (([1.0], "tensorflow", 0), ValueError, "'h': max_bins"),
        (([1.0], "tensorflow", 2.5), TypeError, "'h': max_bins"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        histo(*arguments)


def test_raw_histograms_are_written_as_they_are():
    message = summary.histogram_raw("h", 0, 3.5, 4, 6, 11, [1, 2, 4], np.array([1, 0, 3])).value[0].histo
    assert (message.min, message.max, message.num, message.sum, message.sum_squares) == (0, 3.5, 4, 6, 11)
    assert (list(message.bucket_limit), list(message.bucket)) == ([1, 2, 4], [1, 0, 3])


def test_raw_histograms_as_a_tensor_begin_at_the_minimum():
    value = summary.histogram_raw("h", -1, 4, 4, 6, 11, [1, 2, 4], [1, 0, 3], format="tf2").value[0]
    assert to_array(value.tensor).tolist() == [[-1, 1, 1], [1, 2, 0], [2, 4, 3]]


@pytest.mark.parametrize(
    ("limits", "counts", "least", "message"),
    [([1, 2], [1], 0, "bucket_limits and bucket_counts"), ([[1]], [[1]], 0, "bucket"), ([1], [1], "x", "'h': min")],
)
def test_raw_histograms_that_do_not_fit_are_refused(limits, counts, least, message):
    with pytest.raises((TypeError, ValueError), match=message):
        summary.histogram_raw("h", least, 1, 1, 1, 1, limits, counts)


@given(st.lists(FINITE, min_size=1, max_size=30))
@settings(deadline=None)
def test_equal_widths_hold_every_value(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        buckets = table(values)
    assert buckets.shape == (30, 3)
    assert buckets[:, 2].sum() == len(values)
    assert np.isfinite(buckets).all()


def test_other_bins_as_a_tensor_keep_empty_buckets():
    assert table([0.5, 2.5], [0.0, 1.0, 2.0, 3.0]).tolist() == [[0, 1, 1], [1, 2, 0], [2, 3, 1]]


def test_unknown_formats_are_refused():
    with pytest.raises(ValueError, match="format must be 'tf1' or 'tf2', not 'tf3'"):
        histo([1.0], format="tf3")
