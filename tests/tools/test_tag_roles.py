"""What tags say of themselves by their names."""

import pytest

from tbevents.tools.tag_roles import is_loss, is_rate, key_of, role_of


@pytest.mark.parametrize(
    "tag",
    [
        "lr",
        "LR",
        "lr/0",
        "lr/backbone",
        "train/learning_rate",
        "Policy/Learning Rate",
        "lr-Adam",
        "lr-SGD/pg1",
        "base_lr",
    ],
)
def test_what_is_a_rate(tag):
    assert is_rate(tag)


@pytest.mark.parametrize(
    "tag",
    [
        "loss",
        "lr/metric",
        "lr/momentum",
        "lr/momentum/0",
        "lr-SGD-momentum",
        "lr/bad_epochs",
        "slr",
        "lrx",
        "color",
        "",
    ],
)
def test_what_is_no_rate(tag):
    assert not is_rate(tag)


@pytest.mark.parametrize("tag", ["loss", "train/loss", "val_loss", "RMSE", "trainLoss", "cross_entropy", "Losses/NLL"])
def test_what_is_a_loss_that_training_minimizes(tag):
    assert is_loss(tag)


@pytest.mark.parametrize("tag", ["accuracy", "policy_loss", "loss_scale", "d_loss", "kl_loss", "glossary", "lr", ""])
def test_what_is_no_such_loss(tag):
    assert not is_loss(tag)


@pytest.mark.parametrize("word", ["val", "valid", "validation", "eval", "evaluation", "test", "dev", "holdout"])
def test_what_is_of_held_out_data(word):
    for tag in (f"{word}/loss", f"{word.title()}Loss", f"loss_{word}", word.upper()):
        assert role_of(tag) == "held out"
        assert key_of(tag) in ("loss", "")


def test_what_is_of_training_or_says_nothing():
    assert [role_of(tag) for tag in ("train/loss", "trainingLoss", "loss", "strain")] == ["train", "train", None, None]
    assert key_of("train/loss") == key_of("val/loss") == "loss"
