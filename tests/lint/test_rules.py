"""Every rule: a run made to fail it, and a near miss that must not."""

import math
import os
import struct

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents.lint import rules, run
from tbevents.proto import Event, SessionLog, Summary, TensorProto
from tbevents.testing import MemoryWriter

from .runs import FALLING, N, codes, found, memory_run, noisy

STEPS = np.arange(N)


def test_a_healthy_run_has_no_findings():
    healthy = memory_run(
        train__loss=noisy(FALLING),
        val__loss=(STEPS[::5], noisy(FALLING + 0.05, seed=1)[::5], 1e9 + 300.0 * np.arange(N // 5)),
        accuracy=1 - FALLING / 3,
        lr=0.1 * 0.5 ** (STEPS // 20),
    )
    assert codes(healthy) == []


# -- TB1: values -----------------------------------------------------------------------------------------------------


def test_nan_names_the_first_step_and_the_value_before():
    values = FALLING.copy()
    values[[30, 45]] = math.nan
    (one,) = found(memory_run(loss=values, other=FALLING), "TB101", "TB102")
    assert (one.code, one.kind, one.severity, one.tag, one.step) == ("TB101", "nan", "error", "loss", 30)
    assert math.isnan(one.value)
    assert one.bound == "finite"
    assert one.summary == "2 of 60 values are NaN, first at step 30; the last finite value before is 0.38933"
    assert one.table.rows == (("30", "nan"), ("45", "nan"))
    assert codes(memory_run(loss=[math.nan])) == ["TB101"]


def test_infinity_is_another_rule_and_the_largest_float_is_none():
    (one,) = found(memory_run(best=[1.0, -math.inf, 2.0]))
    assert (one.code, one.step, one.value) == ("TB102", 1, -math.inf)
    assert codes(memory_run(best=[1.0, float(np.finfo(np.float32).max), 2.0])) == []


def test_a_loss_that_ends_above_its_start_diverges():
    values = np.concatenate((np.linspace(2, 0.5, 40), 0.5 * 1.3 ** np.arange(20)))
    (one,) = found(memory_run(loss=values), "TB103")
    assert (one.severity, one.tag) == ("error", "loss")
    assert one.bound == pytest.approx(1.25 * (2 - 3 * 1.5 / 39))
    assert values[one.step] > one.bound >= values[one.step - 1]
    assert one.value == np.float32(values[one.step])
    assert "the least is 0.5 at step 39" in one.summary


@pytest.mark.parametrize("end", [[], [0.5], [0.5, 0.4]])
def test_the_step_and_the_value_of_a_divergence_are_those_of_one_point_above_the_bound(end):
    values = np.float32([*np.linspace(2, 1, 30), *np.linspace(1, 9, 30), *end])
    (one,) = found(memory_run(loss=values), "TB103")
    assert one.value == values[one.step] > one.bound >= values[one.step - 1]


@pytest.mark.parametrize(
    "values",
    {
        "ends a fifth above": np.linspace(1, 1.2, N),
        "climbs back to its start": np.concatenate((np.linspace(2, 0.5, 30), np.linspace(0.5, 2, 30))),
        "noise around a level": noisy(np.full(N, 0.7), 0.3),
        "too few points": np.geomspace(1, 100, 9),
        "one last outlier": np.append(FALLING[:-1], 1000.0),
        "negative, and falls": -np.linspace(1, 50, N),
    }.items(),
    ids=lambda case: case[0],
)
def test_what_does_not_diverge(values):
    assert found(memory_run(loss=values[1]), "TB103") == []


@pytest.mark.parametrize("tag", ["accuracy", "policy_loss", "Losses/Value Loss", "D/loss", "loss_scale", "kl_loss"])
def test_only_losses_diverge(tag):
    assert found(memory_run(**{tag: np.geomspace(1, 100, N)}), "TB103") == []


@pytest.mark.parametrize(
    "tag", ["loss", "train/loss", "trainLoss", "RMSE", "cross_entropy_1", "val_loss", "log_perplexity"]
)
def test_what_is_a_loss_by_its_name(tag):
    assert [each.tag for each in found(memory_run(**{tag: np.geomspace(1, 100, N)}), "TB103")] == [tag]


def test_a_spike_is_judged_against_the_values_before_it():
    values = noisy(FALLING, 0.02)
    values[[40, 41]] = 5.0, 6.0  # of one spike
    values[50] = 4.0
    (one,) = found(memory_run(loss=values), "TB104")
    assert (one.severity, one.step, one.value) == ("warning", 40, 5.0)
    assert one.bound < 2
    assert [row[0] for row in one.table.rows] == ["40", "50"]
    assert one.summary.startswith("it jumps 2 times, first at step 40 to 5 from about 0.4")


@pytest.mark.parametrize(
    "values",
    {
        "the steep beginning": np.concatenate(([50.0, 20.0, 8.0, 5.0, 3.0, 2.5, 2.0], FALLING)),
        "twice the median": np.concatenate((FALLING, [0.25], FALLING[-10:])),
        "a wild loss": noisy(FALLING, 0.5),
        "little beside its range": np.concatenate(([100.0], np.full(30, 0.01), [1.0], np.full(10, 0.01))),
        "a slow rise": np.concatenate((np.full(20, 1.0), np.linspace(1, 4, 60))),
        "five values": [1.0, 1.0, 1.0, 1.0, 100.0],
        "all the same": np.full(N, 3.0),
    }.items(),
    ids=lambda case: case[0],
)
def test_what_is_no_spike(values):
    assert found(memory_run(loss=values[1]), "TB104") == []


def test_a_spike_in_negative_values_counts_from_the_median():
    values = np.full(N, -1.0)
    values[30] = 1.5
    assert [each.step for each in found(memory_run(loss=values), "TB104")] == [30]
    values[30] = 0.5
    assert found(memory_run(loss=values), "TB104") == []


def test_a_loss_that_stands_still_in_its_last_half():
    values = np.concatenate((np.linspace(2, 1, 15), np.full(45, 1.0)))
    (one,) = found(memory_run(loss=noisy(values, 0.002)), "TB105")
    assert (one.severity, one.step) == ("info", 30)
    assert one.value > one.bound
    still_learning = np.linspace(1, 0.97, N)
    assert found(memory_run(loss=still_learning), "TB105") == []
    assert found(memory_run(val_loss=values), "TB105") == []  # the held-out loss has a rule of its own
    assert found(memory_run(loss=values[:19]), "TB105") == []


def test_a_loss_that_diverges_does_not_stagnate_unless_divergence_is_not_judged():
    rising = memory_run(loss=np.linspace(1, 3, N), train__loss=np.full(N, 0.7))
    both = ("TB103", "TB105")
    assert [(each.code, each.tag) for each in found(rising, *both)] == [("TB103", "loss"), ("TB105", "train/loss")]
    for config in ({"ignore": ["TB103"]}, {"select": ["TB105"]}, {"rules": {"TB103": {"rise": 9}}}):
        of_both = [(each.code, each.tag) for each in found(rising, *both, **config)]
        assert of_both == [("TB105", "loss"), ("TB105", "train/loss")]
    slower = memory_run(loss=np.linspace(1, 1.2, N))
    assert [each.code for each in found(slower, *both, rules={"TB103": {"rise": 0.1}})] == ["TB103"]


def test_a_rule_gives_way_to_one_before_it_only():
    codes = [rule.code for rule in rules()]
    assert [rule.unless in codes[: codes.index(rule.code)] for rule in rules() if rule.unless] == [True]


def test_a_held_out_run_and_another_start_neither_stagnate_nor_spike(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "runs" / "validation") as writer:
        writer.add_scalar_columns("epoch_loss", np.arange(N), np.ones(N))
    assert found(tmp_path / "runs", "TB105") == []
    for _ in range(2):
        with tbevents.SummaryWriter(tmp_path / "twice") as writer:
            writer.add_scalar_columns("loss", np.arange(N), FALLING)
    assert [each.code for each in found(tmp_path / "twice", "TB104", "TB105", "TB503")] == ["TB503"]


HELD_OUT = np.concatenate((np.linspace(2, 0.5, 12), np.linspace(0.5, 0.9, 12)))
TRAIN = np.linspace(2, 0.1, 24)


@pytest.mark.parametrize(
    ("train", "held_out"),
    [("train/loss", "val/loss"), ("loss", "val_loss"), ("train_loss_epoch", "val_loss"), ("Loss/train", "Loss/test")],
)
def test_a_held_out_loss_that_rises_while_training_falls(train, held_out):
    (one,) = found(memory_run(**{train: TRAIN, held_out: HELD_OUT}), "TB106")
    assert (one.tag, one.step, one.severity) == (held_out, 11, "warning")
    assert one.value > one.bound > 0.5
    assert repr(train) in one.summary


@pytest.mark.parametrize(
    ("train", "held_out"),
    {
        "within a tenth of the best": (TRAIN, np.concatenate((np.linspace(2, 0.5, 12), np.linspace(0.5, 0.54, 12)))),
        "noise": (TRAIN, noisy(np.linspace(2, 0.5, 24), 0.1)),
        "both rise": (HELD_OUT, HELD_OUT),
        "only the last three": (TRAIN, np.concatenate((np.linspace(0.6, 0.5, 21), [0.7, 0.8, 0.9]))),
        "too few": (TRAIN[::4], HELD_OUT[::4]),
    }.values(),
)
def test_what_is_no_overfitting(train, held_out):
    assert found(memory_run(train__loss=train, val__loss=held_out), "TB106") == []


def test_overfitting_is_found_where_training_counts_batches_and_validation_epochs():
    batches = np.linspace(2, 0.1, 2400)
    times = 1e9 + np.arange(2400.0)
    run = memory_run(
        train__loss=(np.arange(2400), batches, times), val__loss=(np.arange(24), HELD_OUT, 1e9 + 100.0 * np.arange(24))
    )
    assert [each.step for each in found(run, "TB106")] == [11]
    batches = np.concatenate((np.linspace(2, 0.5, 1200), np.linspace(0.5, 0.9, 1200)))  # it rises as well
    run = memory_run(
        train__loss=(np.arange(2400), batches, times), val__loss=(np.arange(24), HELD_OUT, 1e9 + 100.0 * np.arange(24))
    )
    assert found(run, "TB106") == []


@pytest.mark.parametrize("names", [("a/train", "a/validation"), ("loss_train", "loss_val"), ("b/train", "b/eval")])
def test_overfitting_is_found_across_the_runs_of_a_pair(names):
    runs = {name: memory_run(epoch_loss=each) for name, each in zip(names, (TRAIN, HELD_OUT), strict=True)}
    for order in (names, names[::-1]):
        (one,) = found({name: runs[name] for name in order}, "TB106")
        assert (one.run, one.tag, one.step) == (names[1], "epoch_loss", 11)
        assert repr(names[0]) in one.summary
    assert found({names[0]: runs[names[0]], "c/validation": runs[names[1]]}, "TB106") == []


# -- TB2: steps and wall times ---------------------------------------------------------------------------------------


def test_steps_that_go_back():
    (one,) = found(memory_run(loss=([0, 1, 2, 1, 2, 3], FALLING[:6])))
    assert (one.code, one.severity, one.tag, one.step) == ("TB201", "warning", "loss", 1)
    assert one.summary == "steps go back once, first from 2 to 1"


def test_steps_that_repeat_without_going_back():
    (one,) = found(memory_run(loss=([0, 1, 1, 2], FALLING[:4])))
    assert (one.code, one.step) == ("TB202", 1)


def test_a_wrapped_step_counter():
    steps = np.arange(2**31 - 3, 2**31 + 3).astype(np.int32).astype(np.int64)
    assert codes(memory_run(tokens=(steps, FALLING[:6]))) == ["TB203"]
    assert codes(memory_run(tokens=(np.arange(2**31 - 3, 2**31 + 3), FALLING[:6]))) == []


def test_a_gap_in_steps_that_are_otherwise_regular():
    steps = np.delete(np.arange(0, 600, 10), [30, 31])
    (one,) = found(memory_run(loss=(steps, FALLING[:58])))
    assert (one.code, one.severity, one.step, one.value, one.bound) == ("TB204", "warning", 290, 30, 15)
    assert one.summary == "a gap: after step 290 comes 320; the usual distance is 10"


@pytest.mark.parametrize(
    "steps",
    {
        "regular": np.arange(0, 300, 10),
        "powers of two": 2 ** np.arange(30),
        "jittered": np.cumsum(np.random.default_rng(3).integers(5, 40, 30)),
        "jittered, and once twice as far": np.cumsum([9, 10, 11] * 6 + [20] + [11, 9, 10] * 5),
        "the last one early": np.append(np.arange(0, 290, 10), 284),
        "two paces": np.concatenate((np.arange(15), np.arange(20, 170, 10))),
        "nine points": np.delete(np.arange(10), 5),
        "ends of int64": np.append(np.arange(10), 2**62)[:10],
    }.values(),
)
def test_what_is_no_gap(steps):
    assert found(memory_run(loss=(steps, FALLING[: len(steps)])), "TB204") == []


def test_wall_times_that_go_back_or_are_none(tmp_path):
    times = 1e9 + np.arange(10.0)
    late = times.copy()
    late[5:] -= 3600
    (one,) = found(memory_run(a=(STEPS[:10], FALLING[:10], times), b=(STEPS[:10], FALLING[:10], late)), "TB205")
    assert (one.tag, one.step, one.value, one.bound) == ("b", 5, -3599, -1)
    for odd in (math.nan, math.inf, -5.0):
        broken = [scalar_event("a", step, 1.0, odd if step == 3 else 1e9) for step in range(10)]
        write_events(tmp_path / "events.out.tfevents.1.x", [version_event(), *broken])
        (one,) = found(tmp_path, "TB205")
        assert (one.step, str(one.value)) == (3, str(odd))
    late = times.copy()
    late[5] -= 1.5  # half a second before the one before it, as threads write
    assert found(memory_run(a=(STEPS[:10], FALLING[:10], late)), "TB205") == []
    earlier_tag = memory_run(a=(STEPS[:10], FALLING[:10], times), b=(STEPS[:10], FALLING[:10], times - 9999))
    assert found(earlier_tag, "TB205") == []


def test_points_that_are_all_at_step_zero():
    assert codes(memory_run(loss=(np.zeros(5, int), FALLING[:5]))) == ["TB206"]
    assert codes(memory_run(loss=([0], [1.0]))) == []


# -- TB3: tags -------------------------------------------------------------------------------------------------------


def test_a_tag_with_one_point_among_long_ones():
    (one,) = found(memory_run(loss=FALLING, once=([7], [1.0])))
    assert (one.code, one.severity, one.tag, one.step, one.value) == ("TB301", "info", "once", 7, 1)
    assert codes(memory_run(a=[1.0], b=[2.0], loss=FALLING)) == []  # a run that mostly logs once
    assert codes(memory_run(loss=FALLING[:9], once=[1.0])) == []
    writer = MemoryWriter()
    for step in range(20):
        writer.add_scalar("loss", 1.0 / (step + 1), step)
        writer.add_scalar("acc", step, step)
    writer.add_scalar("hp_metric", -1, 0)
    assert codes(writer) == []


def test_a_tag_that_stops_while_others_go_on():
    run = memory_run(a=FALLING, b=FALLING, gone=FALLING[:30])
    (one,) = found(run)
    assert (one.code, one.severity, one.tag, one.step) == ("TB302", "warning", "gone", 29)
    assert one.value < one.bound
    assert one.summary == "it ends at step 29, while 2 tags go on, up to step 59"


@pytest.mark.parametrize(
    "columns",
    {
        "nearly as long": {"a": FALLING, "b": FALLING, "c": FALLING[:50]},
        "counts epochs": {
            "a": (np.arange(0, 6000, 100), FALLING),
            "b": (np.arange(0, 6000, 100), FALLING),
            "c": (np.arange(6), FALLING[:6], 1e9 + 600.0 * np.arange(6)),
        },
        "rarely": {"a": FALLING, "b": FALLING, "c": (STEPS[:50:11], FALLING[:5], 1e9 + 660.0 * np.arange(5))},
        "few points": {"a": FALLING, "b": FALLING, "c": FALLING[:4]},
        "most of them": {"a": FALLING, "b": FALLING[:30], "c": FALLING[:30]},
    }.values(),
)
def test_what_does_not_stop_early(columns):
    assert found(memory_run(**columns), "TB302") == []


def test_a_tag_that_stops_is_found_without_a_clock():
    columns = {"a": FALLING, "b": FALLING, "gone": FALLING[:30]}
    still = {tag: (np.arange(len(each)), each, np.full(len(each), 1e9)) for tag, each in columns.items()}
    assert codes(memory_run(**still)) == ["TB302"]


def test_two_kinds_under_one_tag():
    writer = MemoryWriter()
    writer.add_scalar("weights", 1.0, 0)
    assert codes(writer) == []
    writer.add_histogram("weights", [1.0, 2.0], 1)
    (one,) = found(writer)
    assert (one.code, one.tag, one.value, one.bound) == ("TB303", "weights", 2, 1)


def test_hyperparameters_without_metrics(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "declared") as writer:
        writer.add_hparams({"lr": 0.1}, {}, run_name=".")
    assert [each.code for each in run(tmp_path)] == ["TB304"]
    with tbevents.SummaryWriter(tmp_path / "full") as writer:
        writer.add_hparams({"lr": 0.1}, {"accuracy": 0.9}, run_name=".")
    assert [each.run for each in run(tmp_path)] == ["declared"]
    with tbevents.SummaryWriter(tmp_path / "declared" / "below") as writer:
        writer.add_scalar("accuracy", 0.9, 0)
    assert run(tmp_path) == []  # the metrics of a session may be in a run below it


def test_hyperparameters_that_are_ignored():
    writer = MemoryWriter()
    writer.add_hparams({"lr": 0.1}, {"m": 1}, run_name=".")
    assert codes(writer) == []
    writer.add_hparams({"lr": 0.2}, {"m": 1}, run_name=".")
    assert "TB305" in codes(writer)


# -- TB4: learning rates ---------------------------------------------------------------------------------------------


def resumed(folder, first, second, begins):
    """A run of two files, the second from a step on."""
    for number, (start, rates) in enumerate(((0, first), (begins, second)), 1):
        events = [scalar_event("lr", start + step, rate, 1e9 + start + step) for step, rate in enumerate(rates)]
        write_events(folder / f"events.out.tfevents.{number}.x", [version_event(1e9 + start), *events])
    return folder


DECAY = 0.1 * 0.5 ** (np.arange(60) // 10)


def test_a_rate_that_begins_again_at_a_resume(tmp_path):
    (one,) = found(resumed(tmp_path / "a", DECAY[:30], DECAY[:30], 30), "TB402")
    assert (one.tag, one.step, one.severity) == ("lr", 30, "warning")
    assert one.value == pytest.approx(0.1)
    assert one.bound == pytest.approx(0.025)
    warm = np.concatenate((np.linspace(0.01, 0.1, 10), np.full(20, 0.1)))
    assert len(found(resumed(tmp_path / "warm", warm, warm, 30), "TB402")) == 1


@pytest.mark.parametrize(
    ("first", "second", "begins"),
    [
        (DECAY[:30], DECAY[30:], 30),  # goes on, with a fall that was due
        (DECAY[:35], DECAY[30:], 30),  # from a checkpoint before the end
        (np.linspace(0.1, 0, 60)[:30], np.linspace(0.1, 0, 60)[30:], 30),
        (np.linspace(0.01, 0.1, 60)[:30], np.linspace(0.01, 0.1, 60)[35:], 35),
    ],
)
def test_a_rate_that_goes_on_as_it_should(tmp_path, first, second, begins):
    assert found(resumed(tmp_path, first, second, begins), "TB402") == []


def test_a_rate_jumps_also_where_a_session_starts_in_the_same_file(tmp_path):
    events = [version_event(), *(scalar_event("lr", step, rate) for step, rate in enumerate(DECAY[:30]))]
    start = Event(step=30, wall_time=1e3, session_log=SessionLog(status=SessionLog.START))
    again = [scalar_event("lr", 30 + step, rate) for step, rate in enumerate(DECAY[:30])]
    write_events(tmp_path / "events.out.tfevents.1.x", [*events, start, *again])
    assert [each.step for each in found(tmp_path, "TB402")] == [30]
    write_events(tmp_path / "events.out.tfevents.1.x", [*events, *again])
    assert found(tmp_path, "TB402") == []  # a schedule may jump where nothing was resumed


# -- TB5: files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.out.tfevents.1.x"
    write_events(
        path, [version_event(), *(scalar_event("loss", step, 1 / (step + 1), 1e9 + step) for step in range(10))]
    )
    return path


def test_a_damaged_record(file):
    assert run(file.parent) == []
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    (one,) = found(file.parent, "TB501")
    assert (one.severity, one.tag) == ("error", None)
    assert one.value > one.bound == 0
    assert "checksum mismatch" in one.summary


def test_a_value_that_cannot_be_decoded(tmp_path):
    half = TensorProto(dtype=1, tensor_content=b"123")
    half.tensor_shape.dim.add(size=1)
    summary = Summary(value=[tensor_value("weights", half, "other")])
    write_events(tmp_path / "events.out.tfevents.1.x", [version_event(), Event(step=1, summary=summary)])
    (one,) = found(tmp_path)
    assert (one.code, one.value) == ("TB501", 1)
    assert one.summary.startswith("a value cannot be decoded: ")
    assert "weights" in one.summary


def test_a_file_that_ends_within_a_record(file):
    file.write_bytes(file.read_bytes()[:-5])
    (one,) = found(file.parent)
    assert (one.code, one.severity) == ("TB502", "error")
    file.write_bytes(file.read_bytes() + struct.pack("<Q", 5))
    assert "TB502" in [each.code for each in run(file.parent)]


def test_two_starts_in_one_folder_are_one_finding(tmp_path):
    write = {"first": range(10), "second": range(10)}
    for number, steps in enumerate(write.values(), 1):
        events = [scalar_event(tag, step, 1 / (step + 1), 1e9 * number + step) for step in steps for tag in "ab"]
        write_events(tmp_path / f"events.out.tfevents.{number}.x", [version_event(), *events])
    (one,) = found(tmp_path)
    assert (one.code, one.severity, one.value, one.bound) == ("TB503", "warning", 2, 1)
    later = [scalar_event("a", step, 1.0, 3e9 + step) for step in (20, 21, 19)]
    write_events(tmp_path / "events.out.tfevents.3.x", [version_event(), *later])
    # What goes back within a file is still told.
    assert [(each.code, each.tag) for each in found(tmp_path, "TB201", "TB503")] == [("TB201", "a"), ("TB503", None)]


def test_a_resumed_run_is_not_written_again(tmp_path):
    for number, steps in enumerate((range(10), range(10, 20)), 1):
        events = [scalar_event("a", step, 1 / (step + 1), 1e9 + step) for step in steps]
        write_events(tmp_path / f"events.out.tfevents.{number}.x", [version_event(), *events])
    assert run(tmp_path) == []


def test_a_file_that_cannot_be_read(file):
    os.symlink(file.parent / "nowhere", file.parent / "events.out.tfevents.2.x")
    (one,) = found(file.parent)
    assert (one.code, one.severity) == ("TB504", "error")
    assert "events.out.tfevents.2.x" in one.summary


def test_an_empty_file(file):
    (file.parent / "events.out.tfevents.2.x").touch()
    (one,) = found(file.parent)
    assert (one.code, one.severity) == ("TB505", "info")


# -- all -------------------------------------------------------------------------------------------------------------


def test_every_rule_has_a_code_a_name_and_a_severity_and_is_tested_here_or_beside_the_expectations():
    with (
        open(__file__, encoding="utf-8") as source,
        open(os.path.join(os.path.dirname(__file__), "test_expectations.py"), encoding="utf-8") as other,
    ):
        text = source.read() + other.read()
    assert len(rules()) > 25
    for rule in rules():
        assert rule.code.startswith("TB")
        assert len(rule.code) == 5
        assert rule.code in text, rule
    assert len({rule.name for rule in rules()}) == len(rules())
