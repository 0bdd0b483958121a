"""Checks of scalar values: what passes, what fails and as what, and what is refused."""

import math
from functools import partial

import numpy as np
import pytest

from tbevents import SummaryWriter, read_run
from tbevents.errors import RunNotFoundError
from tbevents.testing import (
    MemoryWriter,
    assert_scalars,
    check_bounded,
    check_converges,
    check_decreasing,
    check_finite,
    check_increasing,
    check_lr_schedule,
    check_reaches,
    check_scalar_at,
    check_scalars,
    check_steps,
)

from .runs import run_of

NAN, INF = math.nan, math.inf

OF_ONE_SERIES = {
    "check_scalars": partial(check_scalars, values=[1.0]),
    "check_scalar_at": partial(check_scalar_at, step=0, value=1.0),
    "check_finite": check_finite,
    "check_bounded": partial(check_bounded, low=0),
    "check_decreasing": check_decreasing,
    "check_increasing": check_increasing,
    "check_converges": partial(check_converges, to=0, within=1),
    "check_reaches": partial(check_reaches, value=0),
    "check_lr_schedule": partial(check_lr_schedule, schedule=lambda step: 0.1),
    "check_steps": partial(check_steps, contiguous=True),
}


def kinds(findings):
    return [finding.kind for finding in findings]


@pytest.mark.parametrize("check", OF_ONE_SERIES.values(), ids=OF_ONE_SERIES)
class TestEveryCheckOfASeries:
    def test_a_missing_tag_is_a_finding_that_names_the_nearest(self, check):
        (found,) = check(run_of(loss=[1.0]), "los")
        assert (found.kind, found.tag) == ("missing", "los")
        assert "did you mean 'loss'?" in found.summary

    def test_a_missing_tag_of_any_length_is_told_in_the_same_words(self, check):
        (found,) = check(run_of(loss=[1.0]), "l" * 200)
        assert found.summary == "no such scalar tag; there are: 'loss'"

    def test_a_tag_of_another_kind_is_a_finding_that_says_so(self, check):
        writer = MemoryWriter()
        writer.add_histogram("weights", [1.0, 2.0])
        (found,) = check(writer, "weights")
        assert found.kind == "missing"
        assert "run.histograms" in found.summary

    def test_an_empty_series_is_a_finding(self, check, tmp_path):
        from tbevents import read_run

        with SummaryWriter(tmp_path) as writer:
            writer.add_scalar("loss", 1.0, 5)
        with SummaryWriter(tmp_path, purge_step=0) as writer:  # a restart that removes all there was
            writer.add_text("note", "again")
        run = read_run(tmp_path, restarts="tensorboard")
        assert kinds(check(run, "loss")) == ["empty"]

    def test_something_that_is_no_run_is_refused(self, check):
        with pytest.raises(TypeError, match="run must be a Run, a path or a writer, not int: 3"):
            check(3, "loss")

    def test_a_tag_that_is_no_str_is_refused(self, check):
        with pytest.raises(TypeError, match="tag must be a str, not int: 3"):
            check(run_of(loss=[1.0]), 3)


# -- values ----------------------------------------------------------------------------------------------------------


def test_values_are_those_in_the_order_written():
    run = run_of(loss=[(5, 0.1), (3, 0.2), (3, 0.3)])
    assert check_scalars(run, "loss", values=[0.1, 0.2, 0.3]) == []
    assert kinds(check_scalars(run, "loss", values=[0.1, 0.3, 0.2])) == ["values"]


@pytest.mark.parametrize(
    "values",
    [[0.1, 1e300, 3], np.array([0.1, np.inf, 3.0]), (0.1, 1e300, 3), {0: 0.1, 1: 1e300, 2: 3}.values()],
    ids=["list", "array", "tuple", "view"],
)
def test_expected_values_are_rounded_as_logging_rounds_them(values):
    assert check_scalars(run_of(loss=[0.1, 1e300, 3]), "loss", values=values, rtol=0) == []


def test_a_series_of_doubles_is_compared_as_doubles():
    writer = MemoryWriter()
    writer.add_scalar("loss", 0.1, 0, new_style=True, double_precision=True)
    assert check_scalars(writer, "loss", values=[0.1], rtol=0) == []
    assert kinds(check_scalars(writer, "loss", values=[np.float32(0.1)], rtol=0)) == ["values"]


def test_the_tolerance_is_relative_to_what_is_expected_plus_absolute():
    run = run_of(loss=[1.0, 101.0])
    assert check_scalars(run, "loss", values=[1.0, 100.0], rtol=0.011) == []
    assert kinds(check_scalars(run, "loss", values=[1.0, 100.0], rtol=0.009)) == ["values"]
    assert check_scalars(run, "loss", values=[1.5, 100.5], rtol=0, atol=0.5) == []
    assert kinds(check_scalars(run, "loss", values=[1.5, 100.25], rtol=0, atol=0.5)) == ["values"]


@pytest.mark.parametrize(
    ("obtained", "expected", "nan_ok", "equal"),
    [
        ([NAN], [NAN], True, True),
        ([NAN], [NAN], False, False),
        ([NAN], [1.0], True, False),
        ([1.0], [NAN], True, False),
        ([INF], [INF], False, True),
        ([INF], [-INF], True, False),
        ([INF], [1.0], True, False),
        ([1.0], [INF], True, False),
    ],
)
def test_nan_and_infinities(obtained, expected, nan_ok, equal):
    found = check_scalars(run_of(loss=obtained), "loss", values=expected, nan_ok=nan_ok, rtol=1, atol=1)
    assert kinds(found) == ([] if equal else ["values"])
    at = check_scalar_at(run_of(loss=obtained), "loss", 0, expected[0], nan_ok=nan_ok, rtol=1, atol=1)
    assert kinds(at) == kinds(found)


def test_nan_equals_nothing_unless_told_so():
    run = run_of(loss=[1.0, NAN], lr=[NAN, NAN])
    assert kinds(check_scalars(run, "loss", values=[1.0, NAN])) == ["values"]
    assert kinds(check_scalars(run, "loss", values={0: 1.0, 1: NAN})) == ["values"]
    assert kinds(check_scalar_at(run, "loss", 1, NAN)) == ["values"]
    assert kinds(check_lr_schedule(run, "lr", lambda step: NAN)) == ["values"]


@pytest.mark.parametrize(("values", "what"), [([1.0], "1 was not expected"), ([1.0, 2.0, 3.0, 4.0], "2 are missing")])
def test_more_or_fewer_values_are_findings(values, what):
    (found,) = check_scalars(run_of(loss=[1.0, 2.0]), "loss", values=values)
    assert found.kind == "length"
    assert found.summary.startswith(what)


def test_a_mapping_says_steps_and_values():
    run = run_of(loss=[(10, 1.0), (20, 2.0)])
    assert check_scalars(run, "loss", values={10: 1.0, 20: 2.0}) == []
    assert kinds(check_scalars(run, "loss", values={10: 1.0, 20: 3.0})) == ["values"]
    (found,) = check_scalars(run, "loss", values={10: 1.0, 30: 2.0})
    assert found.kind == "steps"
    assert found.summary.startswith("1 is missing, 1 was not expected")
    assert [row[0] for row in found.table.rows] == ["20", "30"]


def test_a_series_says_steps_and_values():
    run = run_of(loss=[(10, 1.0), (20, 2.0)])
    assert check_scalars(run, "loss", values=run.scalars["loss"]) == []
    assert kinds(check_scalars(run, "loss", values=run_of(loss=[1.0, 2.0]).scalars["loss"])) == ["steps"]


def test_one_number_is_expected_of_all_points():
    assert check_scalars(run_of(lr=[0.1] * 5), "lr", values=0.1) == []
    assert check_scalars(run_of(lr=[0.1] * 5), "lr", values=0.1, steps=range(5)) == []
    assert kinds(check_scalars(run_of(lr=[0.1] * 5 + [0.2]), "lr", values=0.1)) == ["values"]


def test_steps_alone_are_checked_alone():
    run = run_of(loss=[(10, NAN), (20, 2.0)])
    assert check_scalars(run, "loss", steps=[10, 20]) == []
    assert kinds(check_scalars(run, "loss", steps=[10, 20, 20])) == ["steps"]
    assert kinds(check_scalars(run, "loss", steps=[20, 10])) == ["order"]


def test_points_out_of_order_are_a_finding_where_the_values_at_their_steps_are_right():
    run = run_of(loss=[(0, 1.0), (2, 3.0), (1, 2.0)])
    assert check_scalars(run, "loss", values=[1.0, 3.0, 2.0], steps=[0, 2, 1]) == []
    (found,) = check_scalars(run, "loss", values=[1.0, 2.0, 3.0], steps=[0, 1, 2])
    assert found.kind == "order"
    assert found.table.rows == (("1", "2", "1"), ("2", "1", "2"))


def test_torch_like_tensors_are_values():
    class Tensor:
        def __init__(self, numbers):
            self.numbers = np.array(numbers)

        def __array__(self, dtype=None, copy=None):
            return self.numbers.astype(dtype) if dtype is not None else self.numbers

    assert check_scalars(run_of(loss=[1.0, 2.0]), "loss", values=Tensor([1.0, 2.0]), steps=Tensor([0, 1]).numbers) == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, ValueError, "values, steps or both"),
        ({"values": [1.0], "rtol": -1}, ValueError, "rtol must be 0 or more, not -1"),
        ({"values": [1.0], "atol": NAN}, ValueError, "atol must be 0 or more, not nan"),
        ({"values": [1.0], "rtol": "x"}, TypeError, "rtol: expected a real number, got str"),
        ({"values": [1.0], "atol": None}, TypeError, "atol: expected a real number, got NoneType"),
        ({"values": [1.0, 2.0], "steps": [0]}, ValueError, "2 values for 1 steps"),
        ({"values": {0: 1.0}, "steps": [0]}, ValueError, "steps must not be given if values has its own"),
        ({"values": [[1.0]]}, TypeError, "one dimension"),
        ({"values": ["high"]}, TypeError, "values"),
        ({"steps": [0.5]}, TypeError, "whole numbers"),
        ({"steps": [2**70, 0.5]}, TypeError, "whole numbers"),
        ({"values": {2.0**70: 1.0}}, TypeError, "whole numbers"),
        ({"steps": 3}, TypeError, "steps must be whole numbers in one dimension, not 3"),
    ],
)
def test_what_check_scalars_refuses(arguments, error, words):
    with pytest.raises(error, match=words):
        check_scalars(run_of(loss=[1.0]), "loss", **arguments)


def test_nothing_is_expected_of_nothing_logged():
    assert kinds(check_scalars(run_of(loss=[1.0]), "loss", values=[])) == ["length"]


def test_a_million_points_are_compared_in_seconds():
    writer = MemoryWriter()
    values = np.arange(300_000, dtype=np.float32)
    for step, value in enumerate(values.tolist()):
        writer.add_scalar("loss", value, step)
    assert check_scalars(writer, "loss", values=values) == []
    values[77_777] += 1
    assert [row[0] for row in check_scalars(writer, "loss", values=values)[0].table.rows] == ["77777"]


# -- one point -------------------------------------------------------------------------------------------------------


def test_the_value_at_a_step_is_the_last_one_logged_there():
    run = run_of(loss=[(5, 1.0), (5, 2.0)])
    assert check_scalar_at(run, "loss", 5, 2.0) == []
    assert kinds(check_scalar_at(run, "loss", 5, 1.0)) == ["values"]
    (found,) = check_scalar_at(run, "loss", 6, 1.0)
    assert found.summary == "it has no point at step 6; the nearest steps are 5"


@pytest.mark.parametrize(("step", "value"), [(0.5, 1.0), ("0", 1.0), (0, "high"), (0, None)])
def test_what_check_scalar_at_refuses(step, value):
    with pytest.raises(TypeError):
        check_scalar_at(run_of(loss=[1.0]), "loss", step, value)


def test_a_step_that_no_series_can_have_is_a_finding_like_any_other():
    run = run_of(loss=[(step, 0.0) for step in (-(2**63), 5, 5, 2**63 - 2, 2**63 - 1)])
    for step, near in {
        10**400: f"5, {2**63 - 2}, {2**63 - 1}",
        2**63: f"5, {2**63 - 2}, {2**63 - 1}",
        -(2**63) - 1: f"{-(2**63)}, 5, {2**63 - 2}",
        4: f"5, {2**63 - 2}, {2**63 - 1}",
    }.items():
        (one,) = check_scalar_at(run, "loss", step, 1.0)
        assert (one.kind, one.summary) == ("missing", f"it has no point at step {step}; the nearest steps are {near}")
    (one,) = check_reaches(run, "loss", value=9.0, by_step=10**400)
    assert one.kind == "trend"
    found = check_steps(run, "loss", first=10**400, no_gaps=True, every=10**400)
    assert [each.kind for each in found] == ["first"]


# -- finite, bounded -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [np.array, lambda number: np.array([number]), int, np.float32])
def test_numbers_of_any_form_are_shown_as_numbers(of):
    run = run_of(loss=[3.0, 1.0])
    low, high, one = of(2), of(9), of(1)
    checked = {
        "not at least 2": check_bounded(run, "loss", low=low),
        "not between 2 and 9": check_bounded(run, "loss", low=low, high=high),
        "not within 1 of 9": check_converges(run, "loss", to=high, within=one),
        "with 1 allowed": check_increasing(run, "loss", tolerance=one),
        "does not fall by 9": check_decreasing(run, "loss", by=high),
        "does not reach 9": check_reaches(run, "loss", value=high),
        "rtol 1, atol 1": check_scalars(run, "loss", values=[-3.0, 1.0], rtol=one, atol=one),
    }
    for words, (found,) in checked.items():
        assert words in found.summary


def test_numbers_beyond_floats_are_bounds_and_tolerances():
    run = run_of(loss=[3.0, 1.0])
    assert check_bounded(run, "loss", low=-(10**400)) == []
    assert check_scalars(run, "loss", values=[9.0, 9.0], atol=10**400) == []
    (found,) = check_bounded(run, "loss", low=10**400)
    assert found.summary.endswith("not between inf and inf")


def test_finite_is_asked_of_all_series_or_of_those_that_a_pattern_names():
    run = run_of(**{"loss/train": [1.0, NAN], "loss/test": [1.0, INF], "acc": [-INF, 1.0, NAN]})
    assert [(found.tag, found.kind) for found in check_finite(run)] == [
        ("loss/train", "not_finite"),
        ("loss/test", "not_finite"),
        ("acc", "not_finite"),
    ]
    assert [found.tag for found in check_finite(run, "loss/*")] == ["loss/train", "loss/test"]
    assert [found.tag for found in check_finite(run, "acc")] == ["acc"]
    assert check_finite(run, "acc")[0].table.rows == (("0", "-inf"), ("2", "nan"))
    assert kinds(check_finite(run, "los/*")) == ["missing"]
    assert check_finite(run_of(loss=[1.0, -1e38])) == []


def test_a_run_without_scalars_is_no_run_of_finite_ones():
    assert kinds(check_finite(MemoryWriter())) == ["missing"]
    assert [str(found) for found in check_finite(MemoryWriter())] == ["the run has no scalars at all"]


def test_bounds_are_within_themselves_as_the_file_stores_them():
    run = run_of(acc=[0.1, 0.7, 0.9])
    assert check_bounded(run, "acc", low=0.1, high=0.9) == []
    assert check_bounded(run, low=0) == []
    assert check_bounded(run, "a*", low=0.2)[0].table.rows == (("0", "0.1"),)
    assert "not at most 0.8" in check_bounded(run, "acc", high=0.8)[0].summary
    assert "not between 0.2 and 0.8" in check_bounded(run, "acc", low=0.2, high=0.8)[0].summary


def test_nan_is_within_no_bounds_unless_told_so():
    assert kinds(check_bounded(run_of(acc=[0.5, NAN]), "acc", low=0)) == ["bounds"]
    assert check_bounded(run_of(acc=[0.5, NAN]), "acc", low=0, nan_ok=True) == []
    assert kinds(check_bounded(run_of(acc=[INF]), "acc", high=1e30)) == ["bounds"]


@pytest.mark.parametrize(("low", "high"), [(None, None), (1, 0), (NAN, None), (None, NAN)])
def test_bounds_that_nothing_can_be_within_are_refused(low, high):
    with pytest.raises(ValueError, match="low"):
        check_bounded(run_of(acc=[0.5]), "acc", low=low, high=high)


# -- subjects --------------------------------------------------------------------------------------------------------


def test_paths_runs_and_writers_are_subjects(tmp_path):
    from tbevents import SummaryWriter, read_run

    writer = SummaryWriter(tmp_path, flush_secs=1e9)
    writer.add_scalar("loss", 1.0, 0)
    assert_scalars(writer, "loss", values=[1.0])
    for subject in (tmp_path, str(tmp_path), writer.file_writer.path, read_run(tmp_path)):
        assert_scalars(subject, "loss", values=[1.0])
    writer.close()


def test_tensorboardx_writers_are_subjects(tmp_path):
    tensorboardX = pytest.importorskip("tensorboardX", reason="checks its writer's folder")  # noqa: N806
    with tensorboardX.SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_scalar("loss", 2.0, 1)
    assert_scalars(writer, "loss", values=[1.0, 2.0])


def test_a_missing_path_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing: no such file or folder$"):
        check_finite(tmp_path / "nothing")


def test_a_folder_of_runs_is_no_run_and_says_which_are_below_it(tmp_path):
    with pytest.raises(RunNotFoundError, match=r"has no event file \(a file with 'tfevents' in its name\)$"):
        check_finite(tmp_path)
    for name, said in (
        ("a", "'a'"),
        ("b", "'a', 'b'"),
        ("c/d", "'a', 'b', 'c/d'"),
        ("e", "'a', 'b', 'c/d' and 1 more"),
    ):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, 0)
        for read in (check_finite, read_run):
            with pytest.raises(RunNotFoundError, match=rf"in its name\); below it are the runs {said}$"):
                read(tmp_path)


def test_one_rule_says_what_is_a_number():
    from tbevents.testing import tag_checks
    from tbevents.testing import value_comparison as values

    assert tag_checks.is_number is values.is_number
    numbers = [1, 1.5, np.float32(1), np.int64(1), np.array(1.0)]
    others = [True, np.bool_(True), "1", b"1", np.bytes_(b"1"), np.array([1.0]), np.array(True), None]
    assert [values.is_number(value) for value in numbers] == [True] * 5
    assert [values.is_number(value) for value in others] == [False] * 8


@pytest.mark.parametrize("step", [2**70, 2**63, -(2**63) - 1])
def test_a_step_beyond_int64_is_one_that_the_run_lacks(step):
    run = run_of(a=[1.0])
    for found in (
        check_scalar_at(run, "a", step, 1.0),
        check_scalars(run, "a", values={step: 1.0}),
        check_scalars(run, "a", values={0: 1.0, step: 1.0, -1: 2.0}),
        check_scalars(run, "a", steps=[0, step]),
        check_scalars(run, "a", steps=iter([step])),
        check_scalars(run, "a", steps=np.array([step])),
        check_scalars(run, "a", steps=range(step, step + 1)),
        check_scalars(run_of(a=[1.0]), "a", values={np.uint64(step): 1.0, 0: 1.0} if step == 2**63 else {step: 1.0}),
    ):
        assert kinds(found) == ["missing"]
        assert found[0].summary.startswith(f"it has no point at step {step}; ")
