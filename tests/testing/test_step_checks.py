"""Checks of the steps of series."""

import pytest

from tbevents.testing import check_steps

from .runs import run_of


def kinds(findings):
    return [finding.kind for finding in findings]


def steps_run(*steps):
    return run_of(x=[(step, 0.0) for step in steps])


@pytest.mark.parametrize(
    ("steps", "asked", "expected"),
    [
        ((0, 1, 2), {"contiguous": True}, []),
        ((7, 8), {"contiguous": True, "first": 7, "last": 8}, []),
        ((0, 10, 20), {"contiguous": True, "every": 10}, []),
        ((0, 10, 20), {"contiguous": True}, ["gaps"]),
        ((0, 1, 1, 2), {"contiguous": True}, ["duplicates"]),
        ((0, 2, 1), {"contiguous": True}, ["order"]),
        ((0, 10, 15, 20), {"contiguous": True, "every": 10}, ["close"]),
        ((2, 0, 1, 1), {"no_gaps": True}, []),
        ((0, 1, 3), {"no_gaps": True}, ["gaps"]),
        ((-(2**63), 2**63 - 1), {"no_gaps": True}, ["gaps"]),
        ((5, 0, 9), {"no_duplicates": True}, []),
        ((5, 0, 5), {"no_duplicates": True}, ["duplicates"]),
        ((0, 0, 9), {"ascending": True}, []),
        ((0, 9, 8), {"ascending": True}, ["order"]),
        ((0, 1), {"first": 1}, ["first"]),
        ((0, 1), {"last": 0}, ["last"]),
    ],
)
def test_steps(steps, asked, expected):
    assert kinds(check_steps(steps_run(*steps), "x", **asked)) == expected


def test_steps_of_all_series_are_checked_by_default():
    run = run_of(a=[(0, 0.0), (2, 0.0)], b=[0.0, 0.0], c=[(0, 0.0), (0, 0.0)])
    assert [found.tag for found in check_steps(run, contiguous=True)] == ["a", "c"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, "needs one of contiguous"),
        ({"no_gaps": True, "every": 0}, "every must be at least 1"),
        ({"contiguous": True, "every": 0.5}, "every must be a whole number"),
        ({"first": 0, "last": 1, "every": 2}, "every needs contiguous or no_gaps"),
        ({"ascending": True, "every": 1}, "every needs contiguous or no_gaps"),
    ],
)
def test_what_check_steps_refuses(asked, error):
    with pytest.raises((TypeError, ValueError), match=error):
        check_steps(steps_run(0, 1), "x", **asked)
