"""Checks that the training logs the curves of its golden run. Run it with ``pytest``, here and in CI.

    pytest               # fails if a curve differs from the golden run
    pytest --tb-update   # stores the present curves; look at the diff, and commit it

Copy this folder to start with: golden.yml is a workflow for GitHub, and the folder with the name of this file holds the
golden runs, as JSON with readable diffs.
"""

from training import train


def test_the_curves_are_those_of_the_golden_run(tb_writer, tb_regression):
    train(tb_writer)
    # float32 sums differ slightly between machines; the tolerance allows for no more than that.
    tb_regression.check(tb_writer, rtol=1e-4)


def test_another_seed_ends_near_the_same_loss(tb_writer, tb_run):
    train(tb_writer, seed=1)
    assert abs(tb_run.scalars["loss"].last.value - 0.01) < 0.005
