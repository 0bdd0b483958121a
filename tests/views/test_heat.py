"""Histograms over steps on buckets of one width."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbevents.reading.kinds.histogram import Histogram
from tbevents.testing import MemoryWriter
from tbevents.views.heat import quantiles, shared_buckets

BUCKETS = 48


def heat_map(found):
    return shared_buckets(found, BUCKETS)


def histogram(edges, counts, **known):
    edges = np.asarray(edges, np.float64)
    return Histogram(0, 0.0, edges[:-1], edges[1:], np.asarray(counts, np.float64), **known)


@st.composite
def histograms(draw):
    edges = sorted(draw(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=12)))
    counts = draw(st.lists(st.integers(0, 10**6), min_size=len(edges) - 1, max_size=len(edges) - 1))
    return histogram(edges, counts)


@given(st.lists(histograms(), max_size=4))
def test_no_count_is_lost(found):
    heat = heat_map(found)
    assert heat.counts.shape == (len(found), BUCKETS)
    assert heat.low < heat.high
    assert (heat.counts >= 0).all()
    np.testing.assert_allclose(heat.counts.sum(axis=1), [each.counts.sum() for each in found], rtol=1e-9)


def test_a_bucket_gives_each_new_one_its_share_by_width():
    heat = heat_map([histogram([0, 1, 4], [48, 96])])
    assert (heat.low, heat.high) == (0, 4)
    np.testing.assert_allclose(heat.counts[0, :12], 4)  # 12 buckets from 0 to 1
    np.testing.assert_allclose(heat.counts[0, 12:], 96 / 36)


def test_all_histograms_have_the_same_buckets():
    heat = heat_map([histogram([0, 1], [1]), histogram([2, 3], [1])])
    assert (heat.low, heat.high) == (0, 3)
    assert heat.counts[0, : BUCKETS // 3].sum() == pytest.approx(1)
    assert heat.counts[1, 2 * BUCKETS // 3 :].sum() == pytest.approx(1)


def test_outer_edges_are_cut_to_the_values():
    wide = histogram([-1.7e308, -1, 1, 1.7e308], [5, 10, 5], min=-2.0, max=2.0)
    assert (heat_map([wide]).low, heat_map([wide]).high) == (-2, 2)
    infinite = histogram([-np.inf, 0, np.inf], [1, 1])
    heat = heat_map([infinite])
    assert heat.counts.sum() == pytest.approx(2)
    assert -1 < heat.low < heat.high < 1


def test_empty_buckets_do_not_widen_the_picture():
    heat = heat_map([histogram([-100, -1, 1, 100], [0, 7, 0])])
    assert (heat.low, heat.high) == (-1, 1)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e300, 1e-300])
def test_one_value_is_a_bar_in_the_middle(value):
    heat = heat_map([histogram([value, value], [9])])
    assert heat.low < value < heat.high or heat.high - heat.low > 0
    assert heat.counts.sum() == pytest.approx(9)
    assert abs(int(heat.counts[0].argmax()) - BUCKETS // 2) <= 1


def test_nothing_at_all():
    assert heat_map([]).counts.shape == (0, BUCKETS)
    empty = histogram([0.0], [])
    assert heat_map([empty]).counts.sum() == 0
    odd = histogram([0, 1, 2], [np.nan, np.inf])
    assert heat_map([odd]).counts.sum() == 0


def test_quantiles_are_tensorboards():
    compressor = pytest.importorskip("tensorboard.plugins.distribution.compressor", reason="the other side")
    rng = np.random.default_rng(4)
    writer = MemoryWriter()
    for step, values in enumerate((rng.normal(size=1000), rng.lognormal(size=50), np.arange(10.0), np.full(3, 2.5))):
        writer.add_histogram("h", values, step)
    found = list(writer.run.histograms["h"])
    for each, row in zip(found, quantiles(found), strict=True):
        proto = SimpleNamespace(num=1, bucket=each.counts, bucket_limit=each.rights, min=each.min, max=each.max)
        wanted = [value for _, value in compressor.compress_histogram_proto(proto)]
        np.testing.assert_allclose(row, wanted, rtol=1e-9, atol=1e-12)
    assert np.isnan(quantiles([histogram([0, 1, 2], [0, 0])])).all()
