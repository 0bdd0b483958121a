"""What a scheduler writes, and when."""

import contextlib
import gc
import weakref

import pytest

from tbevents import lr_scheduler as lrs
from tbevents.lr_scheduler import LREmitter, ParamGroups, emit_lr, schedules

from .golden import GOLDEN, case_id, close, optimizer_of, run, scheduler_of, series
from .stand_ins import Recorder


@pytest.mark.parametrize("case", [c for c in GOLDEN["cases"] if "error" not in c], ids=case_id)
def test_each_rate_is_written_once_at_its_step(case):
    writer = Recorder()
    optimizer = optimizer_of(case)
    scheduler = scheduler_of(case, optimizer, writer=writer)
    assert writer.points == []
    rows = [optimizer.lrs] + [optimizer.lrs for _ in run(case, scheduler, 40)]
    for i in range(len(rows[0])):
        tag = "lr" if len(rows[0]) == 1 else f"lr/{i}"
        assert writer.of(tag) == [(step, row[i]) for step, row in enumerate(rows)]
        assert close([row[i] for row in rows], series(case["lrs"][i])[:41])


def test_the_initial_rate_goes_out_with_the_first_emit_and_not_again():
    writer = Recorder()
    scheduler = lrs.StepLR(ParamGroups(0.1), 1, 0.5, writer=writer, tag="rate")
    scheduler.emit()
    scheduler.emit()
    assert writer.points == [("rate", 0, 0.1)]
    scheduler.step()
    scheduler.emit()
    assert writer.points == [("rate", 0, 0.1), ("rate", 1, 0.05)]


@pytest.mark.parametrize("at", [0, 1, 5])
@pytest.mark.parametrize(
    "make",
    [
        lambda o, **k: lrs.ExponentialLR(o, 0.9, **k),
        lambda o, **k: lrs.CyclicLR(o, 0.01, 0.1, 4, **k),
        lambda o, **k: lrs.SequentialLR(o, [lrs.ConstantLR(o), lrs.ExponentialLR(o, 0.9)], [3], **k),
        lambda o, **k: lrs.ChainedScheduler([lrs.ConstantLR(o), lrs.ExponentialLR(o, 0.9)], **k),
    ],
)
def test_a_resumed_run_goes_on_at_the_right_step_and_repeats_no_point(make, at):
    whole, parts = Recorder(), Recorder()
    scheduler = make(ParamGroups(0.1, momentum=0.9), writer=whole)
    for _ in range(10):
        scheduler.step()
    first = make(ParamGroups(0.1, momentum=0.9), writer=parts)
    for _ in range(at):
        first.step()
    second = make(ParamGroups(0.1, momentum=0.9), writer=parts)
    second.load_state_dict(first.state_dict())
    assert "_writer" not in first.state_dict()
    if at:
        second.emit()  # has been written
    for _ in range(10 - at):
        second.step()
    assert parts.points == whole.points


@pytest.mark.parametrize("at", [0, 1, 5])
def test_a_resumed_plateau_repeats_no_point_either(at):
    metrics = [3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0]
    whole, parts = Recorder(), Recorder()

    def stepped(writer, these, state=None):
        scheduler = lrs.ReduceLROnPlateau(ParamGroups(0.1), patience=1, writer=writer, log_counters=True)
        if state is not None:
            scheduler.load_state_dict(state)
        for metric in these:
            scheduler.step(metric)
        return scheduler.state_dict()

    stepped(whole, metrics)
    stepped(parts, metrics[at:], stepped(parts, metrics[:at]))
    assert parts.points == whole.points


def test_a_run_resumed_by_last_epoch_goes_on_after_it():
    writer = Recorder()
    first = lrs.LambdaLR(ParamGroups(1.0), lambda e: 1 / (e + 1), writer=writer)
    for _ in range(3):
        first.step()
    groups = ParamGroups(first.get_lr(), initial_lr=1.0)
    second = lrs.LambdaLR(groups, lambda e: 1 / (e + 1), last_epoch=3, writer=writer)
    second.step()
    assert [step for step, _ in writer.of("lr")] == [0, 1, 2, 3, 4, 5]
    assert writer.of("lr")[4] == (4, 0.2)


def test_groups_are_written_by_name_or_number():
    writer = Recorder()
    lrs.StepLR(ParamGroups([1.0, 2.0], names=["body", "head"]), 5, writer=writer).emit()
    lrs.StepLR(ParamGroups([1.0, 2.0], names=["same", "same"]), 5, writer=writer).emit()
    lrs.StepLR(ParamGroups(1.0, names=["alone"]), 5, writer=writer).emit()
    assert [tag for tag, _, _ in writer.points] == ["lr/body", "lr/head", "lr/0", "lr/1", "lr"]


@pytest.mark.parametrize("more", [{"momentum": 0.9}, {"betas": (0.9, 0.999)}])
def test_a_cycled_momentum_is_written_too(more):
    writer = Recorder()
    scheduler = lrs.OneCycleLR(ParamGroups(0.1, **more), 0.1, 10, pct_start=0.5, writer=writer)
    for _ in range(9):
        scheduler.step()
    momenta = [value for _, value in writer.of("lr/momentum")]
    assert len(momenta) == 10
    assert (momenta[0], momenta[4], momenta[9]) == pytest.approx((0.95, 0.85, 0.95))
    writer.points.clear()
    chain = lrs.SequentialLR(o := ParamGroups(0.1, **more), [lrs.CyclicLR(o, 0.1, 1.0)], [], writer=writer)
    chain.step()
    assert [tag for tag, _, _ in writer.points] == ["lr", "lr/momentum"] * 2
    writer.points.clear()
    lrs.OneCycleLR(ParamGroups(0.1, **more), 0.1, 10, cycle_momentum=False, writer=writer).step()
    assert {tag for tag, _, _ in writer.points} == {"lr"}


def test_plateau_writes_the_metric_and_on_request_its_counters():
    writer = Recorder()
    scheduler = lrs.ReduceLROnPlateau(ParamGroups(0.1), patience=1, cooldown=2, writer=writer, log_counters=True)
    for metric in (3.0, 3.0, 3.0, 3.0):
        scheduler.step(metric)
    assert [s for s, _ in writer.of("lr")] == [0, 1, 2, 3, 4]
    assert [v for _, v in writer.of("lr")] == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01])
    assert writer.of("lr/metric") == [(1, 3.0), (2, 3.0), (3, 3.0), (4, 3.0)]
    assert writer.of("lr/bad_epochs") == [(1, 0.0), (2, 1.0), (3, 0.0), (4, 0.0)]
    assert writer.of("lr/cooldown") == [(1, 0.0), (2, 0.0), (3, 2.0), (4, 1.0)]
    plain = Recorder()
    lrs.ReduceLROnPlateau(ParamGroups(0.1), writer=plain).step(2)
    assert plain.points == [("lr", 0, 0.1), ("lr", 1, 0.1), ("lr/metric", 1, 2.0)]


def test_the_initial_rate_written_is_the_one_in_force():
    writer = Recorder()
    groups = ParamGroups(0.1)
    scheduler = lrs.ExponentialLR(groups, 0.5, writer=writer)
    groups.param_groups[0]["lr"] = 4.0
    scheduler.step()
    assert writer.of("lr") == [(0, 4.0), (1, 2.0)]


def test_a_writer_can_be_given_later():
    writer = Recorder()
    scheduler = lrs.ExponentialLR(ParamGroups(1.0), 0.5)
    scheduler.step()
    scheduler.writer, scheduler.tag = writer, "late"
    scheduler.step()
    assert writer.points == [("late", 1, 0.5), ("late", 2, 0.25)]


def test_a_subclass_writes_as_well():
    class Mine(lrs.LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    writer = Recorder()
    scheduler = Mine(ParamGroups(1.0), writer=writer)
    scheduler.step()
    assert writer.points == [("lr", 0, 1.0), ("lr", 1, 0.5)]


def test_the_old_step_with_an_epoch_writes_at_that_epoch():
    writer = Recorder()
    scheduler = lrs.ExponentialLR(ParamGroups(1.0), 0.5, writer=writer)
    with pytest.warns(UserWarning, match="epoch parameter"):
        scheduler.step(3)
    assert writer.points == [("lr", 0, 1.0), ("lr", 3, 0.125)]


def test_fractions_of_an_epoch_are_written_at_the_epoch():
    writer = Recorder()
    scheduler = lrs.CosineAnnealingWarmRestarts(ParamGroups(1.0), 4, writer=writer)
    for epoch in (0.5, 1.0, 1.5):
        scheduler.step(epoch)
    assert writer.of("lr") == [
        (step, pytest.approx(schedules.warm_restarts(at, 1.0, 4))) for step, at in ((0, 0), (0, 0.5), (1, 1), (1, 1.5))
    ]


class Foreign:
    """A scheduler that isn't ours."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.last_epoch = 0

    def step(self):
        self.last_epoch += 1
        self.optimizer.param_groups[0]["lr"] /= 2


def test_emit_lr_writes_what_anybodys_scheduler_has_set():
    writer = Recorder()
    scheduler = Foreign(ParamGroups(1.0))
    emit_lr(scheduler, writer)
    for _ in range(2):
        scheduler.step()
        emit_lr(scheduler, writer)
    assert writer.points == [("lr", 0, 1.0), ("lr", 1, 0.5), ("lr", 2, 0.25)]


def test_an_emitter_writes_the_initial_rate_with_the_first_emit_and_repeats_nothing():
    writer = Recorder()
    scheduler = Foreign(ParamGroups(1.0))
    emitter = LREmitter(scheduler, writer, "rate")
    assert writer.points == []
    for _ in range(2):
        scheduler.step()
        emitter.emit()
        emitter.emit()
    resumed = LREmitter(scheduler, writer, "rate")
    resumed.emit()
    scheduler.step()
    resumed.emit()
    assert writer.points == [("rate", 0, 1.0), ("rate", 1, 0.5), ("rate", 2, 0.25), ("rate", 3, 0.125)]


# -- a writer that raises --------------------------------------------------------------------------------------------


class Failing(Recorder):
    """Raises at some calls, with the number of the call; it takes the point or not."""

    def __init__(self, *fails, takes=False, error=OSError):
        super().__init__()
        self.calls = 0
        self.fails = fails
        self.takes = takes
        self.error = error

    def add_scalar(self, tag, scalar_value, global_step=None):
        self.calls += 1
        if self.takes or self.calls not in self.fails:
            super().add_scalar(tag, scalar_value, global_step)
        if self.calls in self.fails:
            raise self.error(f"call {self.calls}")


@pytest.mark.parametrize("case", [c for c in GOLDEN["cases"] if "error" not in c], ids=case_id)
def test_a_writer_that_raises_changes_no_rate_and_no_state(case):
    def lrs_of(writer):
        optimizer = optimizer_of(case)
        scheduler = scheduler_of(case, optimizer, writer=writer)
        stepping = run(case, Stubborn(scheduler), 12)
        rows = [[dict(group) for group in optimizer.param_groups] for _ in stepping]
        return rows, scheduler.state_dict()

    writer = Failing(*range(1, 10_000))
    assert lrs_of(writer) == lrs_of(None)
    assert writer.calls >= 13


class Stubborn:
    """Steps a scheduler as a training that survives what its logging raises."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    def __getattr__(self, name):
        return getattr(self.scheduler, name)

    def step(self, *arguments):
        with contextlib.suppress(OSError):
            self.scheduler.step(*arguments)


SCHEDULERS = {
    "plain": lambda o, **k: lrs.ExponentialLR(o, 0.5, **k),
    "cyclic": lambda o, **k: lrs.CyclicLR(o, 0.01, 0.1, 4, **k),
    "sequential": lambda o, **k: lrs.SequentialLR(o, [lrs.ConstantLR(o), lrs.ExponentialLR(o, 0.9)], [3], **k),
    "chained": lambda o, **k: lrs.ChainedScheduler([lrs.ConstantLR(o), lrs.ExponentialLR(o, 0.9)], **k),
    "nested": lambda o, **k: lrs.ChainedScheduler(
        [lrs.SequentialLR(o, [lrs.ConstantLR(o, 0.5, 2)], [], **{**k, "tag": "inner"}), lrs.ExponentialLR(o, 0.9)], **k
    ),
    "a part that logs": lambda o, **k: lrs.ChainedScheduler(
        [lrs.ConstantLR(o, 0.5, 2, **{**k, "tag": "inner"}), lrs.ExponentialLR(o, 0.9)]
    ),
    "a part of a sequence that logs": lambda o, **k: lrs.SequentialLR(
        o, [lrs.ConstantLR(o, 0.5, 2, **{**k, "tag": "inner"}), lrs.ExponentialLR(o, 0.9)], [2], **{**k, "tag": "outer"}
    ),
    "plateau": lambda o, **k: Plateau(o, patience=1, log_counters=True, **k),
}


class Plateau(lrs.ReduceLROnPlateau):
    def step(self):
        super().step(1.0)


@pytest.mark.parametrize("make", SCHEDULERS.values(), ids=SCHEDULERS)
@pytest.mark.parametrize("takes", [False, True])
@pytest.mark.parametrize("first", [1, 2, 3, 5])
def test_the_error_reaches_the_caller_when_all_other_points_are_written_and_none_twice(make, takes, first):
    def trained(writer):
        optimizer = ParamGroups([0.1, 0.2], momentum=0.9)
        scheduler = make(optimizer, writer=writer)
        rates, raised = [], []
        for _ in range(5):
            try:
                scheduler.step()
            except OSError as error:
                raised.append(str(error))
            rates.append((optimizer.lrs, scheduler.last_epoch, scheduler.get_last_lr()))
        return rates, raised

    whole, failing = Recorder(), Failing(first, first + 1, takes=takes)
    assert trained(failing)[0] == trained(whole)[0]
    expected = [point for k, point in enumerate(whole.points, 1) if takes or k not in failing.fails]
    assert failing.points == expected
    raised = trained(Failing(first, first + 1))[1]
    assert raised[0] == f"call {first}"
    assert len(raised) <= 2


@pytest.mark.parametrize("make", SCHEDULERS.values(), ids=SCHEDULERS)
@pytest.mark.parametrize("call", [1, 2, 3])
def test_what_an_interrupt_keeps_back_goes_out_with_the_next_step(make, call):
    whole, interrupted = Recorder(), Failing(call, takes=True, error=KeyboardInterrupt)
    scheduler = make(ParamGroups([0.1, 0.2], momentum=0.9), writer=whole)
    scheduler.step()
    scheduler.step()
    optimizer = ParamGroups([0.1, 0.2], momentum=0.9)
    scheduler = make(optimizer, writer=interrupted)
    with pytest.raises(KeyboardInterrupt):
        scheduler.step()
    assert scheduler.last_epoch == 1
    scheduler.step()
    assert interrupted.points == whole.points


def test_emit_writes_what_an_interrupt_kept_back():
    writer = Failing(1, takes=True, error=KeyboardInterrupt)
    scheduler = lrs.StepLR(ParamGroups([0.1, 0.2]), 1, 0.5, writer=writer)
    with pytest.raises(KeyboardInterrupt):
        scheduler.emit()
    scheduler.emit()
    scheduler.emit()
    assert writer.points == [("lr/0", 0, 0.1), ("lr/1", 0, 0.2)]


def test_a_line_that_cannot_be_printed_does_not_keep_a_group_from_its_rate(monkeypatch):
    class Broken:
        def write(self, text):
            raise BrokenPipeError

    writer = Recorder()
    groups = ParamGroups([1.0, 2.0])
    scheduler = lrs.ReduceLROnPlateau(groups, patience=0, cooldown=3, verbose=True, writer=writer)
    scheduler.step(1.0)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Broken())
        with pytest.raises(BrokenPipeError):
            scheduler.step(1.0)
    assert groups.lrs == [0.1, 0.2]
    assert scheduler.cooldown_counter == 3
    assert writer.of("lr/1")[-1] == (2, 0.2)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_emitters_of_other_schedulers_repeat_no_point_either(error):
    writer = Failing(1, 4, takes=True, error=error)
    scheduler = Foreign(ParamGroups([1.0, 2.0]))
    emitter = LREmitter(scheduler, writer)
    for _ in range(3):
        scheduler.step()
        with contextlib.suppress(error):
            emitter.emit()
    emitter.emit()
    assert writer.points == [
        (f"lr/{i}", step, (i + 1.0) / (2**step if i == 0 else 1)) for step in range(4) for i in (0, 1)
    ]


def test_emit_lr_writes_all_groups_though_one_fails():
    writer = Failing(1)
    with pytest.raises(OSError, match="call 1"):
        emit_lr(Foreign(ParamGroups([1.0, 2.0])), writer)
    assert writer.points == [("lr/1", 0, 2.0)]


def test_an_error_leaves_no_cycle():
    writer = Failing(1)
    scheduler = lrs.StepLR(ParamGroups(0.1), 1, writer=writer)
    reference = weakref.ref(writer)
    gc.disable()
    try:
        with contextlib.suppress(OSError):
            scheduler.step()
        del writer, scheduler
        assert reference() is None
    finally:
        gc.enable()
