"""Which loss belongs to learning rates."""

import pytest

from tbevents.tools.report.rates import loss_beside, rates_by_loss


@pytest.mark.parametrize(
    ("tags", "loss"),
    [
        (["val/loss", "train/loss", "lr"], "train/loss"),
        (["val_loss", "loss", "loss/aux/detail"], "loss"),
        (["Losses/Policy Loss", "Losses/Value"], "Losses/Value"),
        (["test/loss"], "test/loss"),
        (["holdout/loss", "a/much/longer/loss"], "a/much/longer/loss"),
        (["valLoss", "trainLoss"], "trainLoss"),
        (["loss_scale", "train/nll", "train/accuracy"], "train/nll"),
        (["policy_loss", "training/mse"], "training/mse"),
        (["accuracy"], None),
        ([], None),
    ],
)
def test_the_loss_of_training_is_preferred(tags, loss):
    assert loss_beside(tags) == loss


def test_a_loss_belongs_to_a_rate_where_a_run_logged_both():
    runs = {"lr": {0, 1}, "train/loss": {1}, "lr-Adam": {2}, "loss": {3}, "lr/0": {0, 1}, "accuracy": {2}}
    assert rates_by_loss(runs) == {"train/loss": ["lr", "lr/0"], None: ["lr-Adam"]}


def test_rates_that_many_runs_share_are_looked_up_once(monkeypatch):
    asked = []
    monkeypatch.setattr("tbevents.tools.report.rates.loss_beside", lambda tags: asked.append(list(tags)))
    rates_by_loss({f"lr/{number}": {0, 1} for number in range(100)} | {"loss": {1}})
    assert asked == [["loss"]]
