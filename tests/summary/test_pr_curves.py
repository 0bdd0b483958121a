import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbevents import summary
from tbevents.format.tensors import to_array
from tbevents.proto import PrCurvePluginData


def curve(*args, **options):
    value = summary.pr_curve("p", *args, **options).value[0]
    rows = to_array(value.tensor)
    assert PrCurvePluginData.FromString(value.metadata.plugin_data.content).num_thresholds == rows.shape[1]
    return rows


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=20), st.integers(1, 127)
)
@settings(deadline=None)
def test_curves_count_what_is_at_or_above_each_threshold(points, count):
    labels, predictions, weights = map(np.array, zip(*points, strict=True))
    rows = curve(labels, predictions, count, weights)
    for k in range(count):
        positive = np.floor(predictions * (count - 1)) >= k
        tp, fp = (weights * (positive & labels)).sum(), (weights * (positive & ~labels)).sum()
        fn, tn = (weights * labels).sum() - tp, (weights * ~labels).sum() - fp
        assert rows[:4, k].tolist() == [tp, fp, tn, fn]
        assert rows[4, k] == pytest.approx(tp / max(tp + fp, 1e-7))
        assert rows[5, k] == pytest.approx(tp / max(tp + fn, 1e-7))


def test_more_thresholds_than_127_are_127():
    assert curve([1, 0], [0.5, 0.5], 1000).shape == (6, 127)


def test_one_threshold_is_a_curve_of_one_point():
    assert curve([1, 0, 1], [0.0, 0.5, 1.0], 1)[:, 0].tolist() == pytest.approx([2, 1, 0, 0, 2 / 3, 1])


def test_predictions_a_rounding_error_above_one_count_as_one():
    assert curve([1.0], np.float64([1 + 1e-9]))[0, -1] == 1


def test_labels_of_one_sort_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (curve([0, 0], [0.1, 0.2])[4:] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], [0.5]), "'p': labels and predictions must have the same shape"),
        (([], []), "'p': labels and predictions"),
        (([2], [0.5]), "'p': labels must be 0 or 1"),
        (([np.nan], [0.5]), "'p': labels must be 0 or 1"),
        (([1], [np.nan]), "'p': predictions must be from 0 to 1, not nan"),
        (([1], [1.5]), "'p': predictions must be from 0 to 1, not 1.5"),
        (([1], [-0.1]), "'p': predictions must be from 0 to 1"),
        (([1], [0.5], 0), "'p': num_thresholds"),
        (([1], [0.5], 2.5), "'p': num_thresholds"),
        (([1], [0.5], 10, [1, 2]), "'p': weights"),
        (([1], [0.5], 10, np.nan), "'p': weights must be finite"),
    ],
)
def test_curves_of_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        curve(*arguments)


def test_raw_curves_have_as_many_thresholds_as_numbers():
    value = summary.pr_curve_raw("p", *[[1, 2, 3]] * 6).value[0]
    assert to_array(value.tensor).tolist() == [[1, 2, 3]] * 6
    assert PrCurvePluginData.FromString(value.metadata.plugin_data.content).num_thresholds == 3


@pytest.mark.parametrize("rows", [[[1, 2]] * 5 + [[1]], [[]] * 6, [[[1]]] * 6, [1] * 6])
def test_raw_curves_that_do_not_fit_are_refused(rows):
    with pytest.raises(ValueError, match=r"'p': .*false_negative_counts"):
        summary.pr_curve_raw("p", *rows)
