"""Checks of learning rates: against a schedule, a list of rates, or a scheduler."""

from functools import partial

import numpy as np
import pytest

from tbevents.lr_scheduler import ExponentialLR, OneCycleLR, ParamGroups, ReduceLROnPlateau, StepLR, schedules
from tbevents.testing import MemoryWriter, check_lr_schedule

from .runs import run_of


def kinds(findings):
    return [finding.kind for finding in findings]


CURVE = partial(schedules.step_decay, base_lr=0.1, step_size=3)


@pytest.mark.parametrize("schedule", [CURVE, [CURVE(step) for step in range(10)]], ids=["function", "rates"])
def test_rates_are_those_of_the_schedule_at_their_steps(schedule):
    assert check_lr_schedule(run_of(lr=[(step, CURVE(step)) for step in (0, 2, 3, 9)]), "lr", schedule) == []
    wrong = run_of(lr=[(0, 0.1), (2, 0.1), (3, 0.1)])
    assert [row[0] for row in check_lr_schedule(wrong, "lr", schedule)[0].table.rows] == ["3"]


def test_a_schedule_that_fits_one_step_later_is_recognised():
    run = run_of(lr=[CURVE(step + 1) for step in range(9)])
    (found,) = check_lr_schedule(run, "lr", CURVE)
    assert found.summary.endswith("it fits with offset=1")
    assert check_lr_schedule(run, "lr", CURVE, offset=1) == []


def test_a_step_beyond_the_listed_rates_is_a_finding():
    assert kinds(check_lr_schedule(run_of(lr=[0.1, 0.1]), "lr", [0.1])) == ["values"]


@pytest.mark.parametrize("schedule", [["a", 3], [[0.1]], np.array(0.1), 0.1, {0: 0.1}, "0.1"])
def test_what_is_no_schedule_is_refused_as_one(schedule):
    with pytest.raises(TypeError, match=r"^schedule"):
        check_lr_schedule(run_of(lr=[0.1]), "lr", schedule)


def test_what_a_schedule_raises_is_passed_on():
    with pytest.raises(ValueError, match="steps"):
        check_lr_schedule(run_of(lr=[(99, 0.1)]), "lr", partial(schedules.one_cycle, max_lr=1, total_steps=10))


def logged(scheduler, epochs=6):
    writer = MemoryWriter()
    scheduler.writer = writer
    for _ in range(epochs):
        scheduler.step()
    return writer.run


def test_a_scheduler_is_a_schedule():
    run = logged(StepLR(ParamGroups(0.1), 3))
    assert check_lr_schedule(run, "lr", StepLR(ParamGroups(0.1), 3)) == []
    (found,) = check_lr_schedule(run, "lr", StepLR(ParamGroups(0.1), 2))
    assert [row[0] for row in found.table.rows] == ["2", "4", "5", "6"]
    shifted = run_of(lr=[(step + 1, 0.1 * 0.5**step) for step in range(4)])
    (found,) = check_lr_schedule(shifted, "lr", ExponentialLR(ParamGroups(0.1), 0.5))
    assert found.summary.endswith("it fits with offset=-1")


@pytest.mark.parametrize("steps", [(-1, 0, 9, 10, 11), (2**40,), (-(2**63), 2**63 - 1), (10**6, 11, 3, 3)])
@pytest.mark.parametrize("offset", [0, -1, 1])
def test_a_step_that_a_scheduler_does_not_have_is_a_finding(steps, offset):
    scheduler = OneCycleLR(ParamGroups(0.1, momentum=0.9), max_lr=1, total_steps=10)
    there = [0 <= step + offset <= 10 for step in steps]
    rates = [
        scheduler.schedule([step + offset])[0, 0] if known else 0.1 for step, known in zip(steps, there, strict=True)
    ]
    run = run_of(lr=list(zip(steps, rates, strict=True)))
    (found,) = check_lr_schedule(run, "lr", scheduler, offset=offset)
    assert [row[2] for row in found.table.rows] == ["nothing"] * there.count(False)
    count = there.count(False)
    assert f"{count} of {len(steps)} points {'is' if count == 1 else 'are'} beyond the schedule" in found.summary


def test_a_scheduler_without_any_rates_raises():
    scheduler = ReduceLROnPlateau(ParamGroups(0.1))
    with pytest.raises(Exception, match="metrics"):
        check_lr_schedule(run_of(lr=[0.1, 0.1]), "lr", scheduler)


@pytest.mark.parametrize("names", [None, ["body", "head"]])
def test_the_tag_says_which_group_of_a_scheduler(names):
    def scheduler():
        return StepLR(ParamGroups([0.1, 0.2], names=names), 3)

    run = logged(scheduler())
    for tag in run.scalars:
        assert check_lr_schedule(run, tag, scheduler()) == []
    first, second = run.scalars
    assert run.scalars[first].first.value != run.scalars[second].first.value
    with pytest.raises(ValueError, match=r"2 groups.*'x'"):
        check_lr_schedule(run_of(x=[0.1]), "x", scheduler())


def test_a_list_of_too_few_rates_says_so():
    run = run_of(lr=[0.5, 0.5, 0.5, 0.25])
    (found,) = check_lr_schedule(run, "lr", [0.5, 0.5, 0.5])
    assert found.summary == "1 of 4 points is beyond the schedule: the schedule has 3 rates"
    assert found.table.rows == (("3", "0.25", "nothing", "", ""),)
    (found,) = check_lr_schedule(run, "lr", iter([0.5]))
    assert found.summary.endswith("3 of 4 points are beyond the schedule: the schedule has 1 rate")
