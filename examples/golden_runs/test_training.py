"""The training logs what it logged when its golden run was stored. Run it with ``pytest``, here and in CI.

    pytest               # fails if a curve differs from the golden run
    pytest --tb-update   # stores the curves as they are now; look at the diff, and commit it

Copy this folder to start with: golden.yml is the workflow for GitHub, and the folder named like this file holds the
golden runs, as JSON that reads well in a diff.
"""

from training import train


def test_the_curves_are_those_of_the_golden_run(tb_writer, tb_regression):
    train(tb_writer)
    # float32 sums differ a little between machines: leave room for that, and for nothing else.
    tb_regression.check(tb_writer, rtol=1e-4)


def test_another_seed_ends_near_the_same_loss(tb_writer, tb_run):
    train(tb_writer, seed=1)
    assert abs(tb_run.scalars["loss"].last.value - 0.01) < 0.005
