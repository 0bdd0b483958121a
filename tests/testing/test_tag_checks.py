"""Checks of tags and hyperparameters."""

import math

import numpy as np
import pytest

from tbevents import SummaryWriter, read_run
from tbevents.testing import MemoryWriter, check_hparams, check_tags

from .runs import kinds, run_of


def test_tags_exactly_and_at_least():
    run = run_of(loss=[1.0], acc=[1.0])
    assert check_tags(run, exactly=["acc", "loss"]) == []
    assert check_tags(run, at_least={"loss"}) == []
    (found,) = check_tags(run, exactly=["acc", "los"])
    assert found.table.rows == (("los", "missing", "loss"), ("loss", "not expected", "los"))
    (found,) = check_tags(run, at_least=["acc", "loss", "lr"])
    assert found.table.rows == (("lr", "missing", ""),)


def test_tags_of_a_kind():
    writer = MemoryWriter()
    writer.add_scalar("loss", 1.0)
    writer.add_text("note", "words")
    assert check_tags(writer, exactly=["loss"], kind="scalars") == []
    assert check_tags(writer, exactly=["note/text_summary"], kind="texts") == []
    assert kinds(check_tags(writer, exactly=["loss"])) == ["tags"]
    assert check_tags(writer, exactly=[], kind="images") == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, ValueError),
        ({"exactly": ["a"], "at_least": ["a"]}, ValueError),
        ({"exactly": ["a"], "kind": "scalar"}, ValueError),
        ({"exactly": "loss"}, TypeError),
        ({"at_least": [1]}, TypeError),
    ],
)
def test_what_check_tags_refuses(asked, error):
    with pytest.raises(error):
        check_tags(run_of(loss=[1.0]), **asked)


# -- hyperparameters -------------------------------------------------------------------------------------------------

HPARAMS = {"lr": 0.1, "layers": 3, "nesterov": True, "optimizer": "sgd"}


@pytest.fixture(params=[".", "session"])
def session(request):
    writer = MemoryWriter()
    writer.add_hparams(HPARAMS, {"accuracy": 0.9}, run_name=request.param)
    return writer


def test_hyperparameters_of_the_run_or_the_one_below_it(session):
    assert check_hparams(session, HPARAMS, exactly=True, metrics={"accuracy": 0.9}) == []
    assert check_hparams(session, {"lr": np.float32(0.1)}) == []


@pytest.mark.parametrize(
    ("expected", "row"),
    [
        ({"lr": 0.2}, ("lr", "0.1", "0.2", "-0.1", "2e-07")),
        ({"nesterov": 1}, ("nesterov", "True", "1", "", "")),
        ({"layers": "3"}, ("layers", "3.0", "'3'", "", "")),
        ({"optimizer": "adam"}, ("optimizer", "'sgd'", "'adam'", "", "")),
        ({"optimiser": "sgd"}, ("optimiser (near optimizer)", "missing", "'sgd'", "", "")),
    ],
)
def test_hyperparameters_that_differ(session, expected, row):
    (found,) = check_hparams(session, expected)
    assert found.table.rows == (row,)


def test_hyperparameters_and_metrics_that_nobody_expected(session):
    (found,) = check_hparams(session, {}, exactly=True, metrics={"accuracy": math.nan})
    assert [row[0] for row in found.table.rows] == [*sorted(HPARAMS), "metric accuracy"]


def test_several_sessions_are_told_apart_by_the_caller():
    writer = MemoryWriter()
    for name in "ab":
        writer.add_hparams(HPARAMS, {}, run_name=name)
    (found,) = check_hparams(writer, HPARAMS)
    assert found.summary == "several runs below it have hyperparameters: 'a', 'b'"
    assert check_hparams(writer.runs["a"], HPARAMS) == []
    writer.add_hparams({"lr": 0.5}, {}, run_name=".")
    assert check_hparams(writer, {"lr": 0.5}, exactly=True) == []  # its own, where it has some


def test_hyperparameters_of_the_only_run_below_a_folder(tmp_path):
    with SummaryWriter(tmp_path / "a") as writer:
        writer.add_scalar("loss", 1.0)
    (found,) = check_hparams(tmp_path, HPARAMS)
    assert (found.kind, found.run, found.summary) == (
        "missing",
        "a",
        "neither it nor the runs below it have hyperparameters",
    )
    writer.add_hparams(HPARAMS, {}, run_name=".")
    writer.close()
    assert check_hparams(tmp_path, HPARAMS) == []


def test_no_hyperparameters_at_all():
    assert kinds(check_hparams(run_of(loss=[1.0]), HPARAMS)) == ["missing"]


def test_hyperparameters_below_a_run_on_disk(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0)
        writer.add_hparams(HPARAMS, {}, run_name="s")
    for subject in (tmp_path, read_run(tmp_path), writer):
        assert check_hparams(subject, HPARAMS) == []


def test_what_check_hparams_refuses(session):
    for expected in ([("lr", 0.1)], None):
        with pytest.raises(TypeError, match="expected must be a mapping"):
            check_hparams(session, expected)
    with pytest.raises(TypeError, match="metrics must be a mapping"):
        check_hparams(session, HPARAMS, metrics=[("accuracy", 0.9)])
    for name, arguments in (("expected", ({5: 1.0},)), ("metrics", (HPARAMS,))):
        with pytest.raises(TypeError, match=f"^the names in {name} must be str, not 5"):
            check_hparams(session, *arguments, metrics={5: 1.0} if name == "metrics" else None)
