"""Pauses of resumed runs."""

import numpy as np

from tbevents import SummaryWriter, read_run
from tbevents.tools.report.pauses import pauses_between, pauses_of


def test_a_pause_is_cut_to_the_usual_distance_of_points():
    times = np.array([100.0, 102, 104, 1000, 1002, 1004, 5000])
    assert pauses_between(times, [0, 0, 0, 1, 1, 1, 2]) == [(3, 900.0, 894.0), (6, 4900.0, 3994.0)]


def test_only_another_file_begins_after_a_pause():
    """A slow evaluation within a file is no pause; nor are files that were written at the same time."""
    assert pauses_between(np.array([0.0, 1, 500, 501]), [0, 0, 0, 0]) == []
    assert pauses_between(np.array([0.0, 10, 20, 5, 15]), [0, 0, 0, 1, 1]) == []


def test_times_that_are_not_finite_are_passed_over():
    times = np.array([np.nan, 100, 101, np.inf, 200, 201])
    assert pauses_between(times, [0, 0, 0, 0, 1, 1]) == [(4, 100.0, 98.0)]
    assert pauses_between(np.array([np.nan, 1.0]), [0, 1]) == []


def test_the_pauses_of_a_run_are_between_its_files(tmp_path):
    for start in (0, 10):
        with SummaryWriter(tmp_path) as writer:
            for step in range(start, start + 10):
                writer.add_scalar("loss", 1.0, step, walltime=1e9 + step + (3600 if start else 0))
    run = read_run(tmp_path)
    assert pauses_of(run, "loss", run.scalars["loss"].wall_times) == [(10, 3610.0, 3600.0)]
