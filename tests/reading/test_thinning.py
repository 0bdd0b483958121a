"""A thinned curve has few points, and still every peak, dip and gap; points without neighbours are found."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tbevents.views.curves import LEAST, lonely, thinned

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, np.nan, np.inf, -np.inf, 1.0])


@given(st.lists(NUMBERS, max_size=300), st.integers(LEAST, 40))
@example([np.nan] * 9, LEAST)
@example([1.7e38] * 4 + [np.inf] * 30, LEAST)
@example([*range(LEAST)], LEAST)
@example([*range(LEAST + 1)], LEAST)
@example([*range(13)], 14 - 1)
def test_a_thinned_curve_keeps_ends_peaks_dips_and_gaps(numbers, most):
    values = np.array(numbers, np.float64)
    places = thinned(values, most)
    kept = values[places]
    assert len(places) <= most
    assert (np.diff(places) > 0).all()
    if len(values) <= most:
        assert places.tolist() == list(range(len(values)))
        return
    assert (places[0], places[-1]) == (0, len(values) - 1)
    # What lies between two kept points is no higher and no lower than what is kept nearby.
    width = -(-len(values) // ((most - 2) // 3))
    for start in range(0, len(values), width):
        stretch, of_it = values[start : start + width], kept[(places >= start) & (places < start + width)]
        finite = stretch[np.isfinite(stretch)]
        if len(finite):
            assert {finite.min(), finite.max()} <= set(of_it.tolist())
        if len(finite) < len(stretch):
            first = start + int(np.flatnonzero(~np.isfinite(stretch))[0])
            assert first in places


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64, np.uint8, np.bool_])
def test_numbers_of_any_type_are_thinned(dtype):
    values = np.zeros(1000, dtype)
    values[123] = 1
    assert 123 in thinned(values, 20)


def test_the_values_stay_as_they_were():
    values = np.array([np.nan, *range(100)])
    values.setflags(write=False)
    assert len(thinned(values, 20)) <= 20


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="most must be at least 8, not 7"):
        thinned(np.arange(3), LEAST - 1)


@given(st.lists(NUMBERS, max_size=30))
def test_lonely_points_are_finite_ones_between_gaps_or_ends(numbers):
    def finite(at):
        return 0 <= at < len(numbers) and bool(np.isfinite(numbers[at]))

    expected = [finite(at) and not finite(at - 1) and not finite(at + 1) for at in range(len(numbers))]
    assert lonely(np.array(numbers)).tolist() == expected
