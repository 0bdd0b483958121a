"""What screens leave out has no findings: many runs linted together give what each gives alone, by all rules."""

import math
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tbevents
from tbevents.lint import LintConfig, rules
from tbevents.lint.linter import Linter
from tbevents.lint.segments import Segments

from .runs import FALLING, N, compact_run, memory_run, noisy

TAGS = ["loss", "val_loss", "train/loss", "val/loss", "test/mse", "accuracy", "lr", "hp_metric", "grad_norm"]
ODD_VALUES = [math.nan, math.inf, -math.inf, -0.0, 0.0, 1e-45, 1.7e308, -1.7e308, 7.0]
COUNTS = st.one_of(st.integers(1, 12), st.integers(13, 80), st.sampled_from([1, 2, 3, 50, 50, 50, 1500]))
SHAPES = [
    lambda x: 2 * np.exp(-4 * x) + 0.1,
    lambda x: np.full_like(x, 0.7),
    lambda x: 1 + 0.3 * x,
    lambda x: (x - 0.4) ** 2 + 0.2,
    lambda x: np.zeros_like(x),
    lambda x: -1 - x,
]


@st.composite
def value_columns(draw, count):
    if not count:
        return np.empty(0)
    values = draw(st.sampled_from(SHAPES))(np.linspace(0, 1, count))
    values = values * np.exp(draw(st.sampled_from([0, 0, 0.02, 0.2, 0.8])) * draw(noise(count)))
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        odd = draw(st.one_of(st.sampled_from(ODD_VALUES), st.floats(-50, 50)))
        first = draw(st.integers(0, count - 1))
        values[first : first + draw(st.sampled_from([1, 1, 2, count]))] = odd
    return values if draw(st.booleans()) else values.clip(-3e38, 3e38).astype(np.float32)


@st.composite
def noise(draw, count):
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(count)


@st.composite
def step_columns(draw, count):
    if not count:
        return np.empty(0, np.int64)
    every = draw(st.sampled_from([1, 1, 10, 100, 0]))
    steps = draw(st.sampled_from([0, 0, 5, -20, 2**31 - 10, 2**62])) + every * np.arange(count, dtype=np.int64)
    change = draw(st.sampled_from(["none", "none", "gap", "back", "again", "wrap", "powers", "shuffled", "far"]))
    at = draw(st.integers(0, count - 1))
    if change == "gap":
        steps[at:] += draw(st.integers(1, 40))
    elif change == "back":
        steps[at:] -= draw(st.integers(1, 40))
    elif change == "again" and at:
        steps[at] = steps[at - 1]
    elif change == "wrap":
        steps = (2**31 - 5 + np.arange(count)).astype(np.int32).astype(np.int64)
    elif change == "powers":
        steps = 2 ** (np.arange(count, dtype=np.int64) % 40)
    elif change == "shuffled":
        steps = np.random.default_rng(at).permutation(steps)
    elif change == "far":
        steps[0], steps[-1] = -(2**63), 2**63 - 1
    return steps


@st.composite
def time_columns(draw, count):
    times = 1e9 + draw(st.sampled_from([0.001, 1.0, 60.0])) * np.arange(count)
    if count and draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, count - 1))
        times[at] = draw(st.sampled_from([math.nan, math.inf, -1.0, 0.0, times[at] - 0.5, times[at] - 500.0]))
    return times


@st.composite
def column_runs(draw, name):
    """A run of one file, or in memory: of columns that no writer takes, too."""
    count = draw(COUNTS)
    steps, shared = draw(step_columns(count)), draw(st.booleans())
    columns = {}
    for tag in draw(st.lists(st.sampled_from(TAGS), max_size=5, unique=True)):
        if not shared and draw(st.booleans()):
            count = draw(st.one_of(COUNTS, st.just(0)))
            steps = draw(step_columns(count))
        columns[tag] = steps, draw(value_columns(count)), draw(time_columns(count))
    return compact_run(name, columns, shared and bool(columns))


@st.composite
def written_runs(draw, name):
    """A run of one or two files, read with any options."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(draw(st.integers(1, 2))):
            with tbevents.SummaryWriter(folder) as writer:
                for tag in draw(st.lists(st.sampled_from(TAGS), max_size=3)):
                    count = draw(st.integers(1, 30))
                    writer.add_scalar_columns(tag, draw(step_columns(count)), draw(value_columns(count)), 1e9)
                if draw(st.integers(0, 3)) == 0:
                    writer.add_text("loss", "another kind")
                if draw(st.integers(0, 3)) == 0:
                    writer.add_hparams({"lr": 0.1}, {}, run_name=".")
        for file in Path(folder).iterdir() if draw(st.integers(0, 3)) == 0 else ():
            file.write_bytes(file.read_bytes()[: -draw(st.integers(1, 40))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tbevents.DamageWarning)
            return tbevents.read_run(
                folder,
                name=name,
                restarts=draw(st.sampled_from(["keep", "overwrite", "tensorboard"])),
                duplicates=draw(st.sampled_from(["keep", "first"])),
            )


THRESHOLDS = st.sampled_from([0, 0.01, 0.5, 1, 3, 30])


@st.composite
def configs(draw):
    options = {
        rule.code: {option.name: draw(THRESHOLDS) for option in rule.options if draw(st.booleans())}
        for rule in rules()
        if rule.options and draw(st.integers(0, 3)) == 0
    }
    losses = draw(st.sampled_from([None, None, None, ("acc*", "loss")]))
    return LintConfig(options=options, losses=losses)


def together(runs, config):
    linter = Linter(config, [run.name for run in runs])
    batch = linter.batch()
    for run in runs:
        batch.add(run)
    with np.errstate(all="raise"):  # screens do not warn of what they look for
        return [repr(findings) for _, findings in linter.lint_together(batch)]


def alone(runs, config):
    linter = Linter(config, [run.name for run in runs])
    with np.errstate(all="raise"):
        return [repr(linter.lint(run)) for run in runs]


@given(st.data())
def test_runs_linted_together_have_the_findings_of_each_alone(data):
    names = ["a/train", "b", "a/validation", "b/c", "d/val"][: data.draw(st.integers(1, 5))]
    runs = [data.draw(column_runs(name)) for name in names]
    config = data.draw(configs())
    assert together(runs, config) == alone(runs, config)


@given(st.data())
def test_so_have_runs_of_several_files_read_with_any_options(data):
    runs = [data.draw(written_runs(name)) for name in ("a", "b")]
    config = data.draw(configs())
    assert together(runs, config) == alone(runs, config)


def healthy(seed):
    return memory_run(
        train__loss=noisy(FALLING, 0.01, seed),
        val__loss=noisy(FALLING + 0.05, 0.01, seed + 1),
        val__mse=(np.arange(0, N, 5), FALLING[::5]),
        accuracy=1 - FALLING / 3,
    )


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.screen], ids=lambda rule: rule.code)
def test_a_screen_names_none_of_the_runs_that_are_healthy(rule):
    batch = Linter(LintConfig()).batch()
    for seed in range(20):
        batch.add(healthy(seed))
    assert not rule.screen(batch, rule.with_defaults({})).any()


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.check], ids=lambda rule: rule.code)
def test_every_rule_has_a_screen(rule):
    assert rule.screen is not None


def test_a_run_without_series_and_a_large_one_are_linted_with_the_rest():
    large = memory_run(loss=np.append(np.linspace(2, 1, 100_000), math.nan))
    runs = [memory_run(), large, memory_run(loss=[math.nan])]
    found = together(runs, LintConfig(ignore=("TB105",)))
    assert [each.count("TB101") for each in found] == [0, 1, 1]
    assert together([], LintConfig()) == []
    assert together([memory_run()], LintConfig()) == ["[]"]


# -- Segments: each function, as numpy has it for one array --------------------------------------------------------

COLUMNS = st.lists(st.lists(st.floats(allow_nan=False), min_size=1, max_size=7), min_size=1, max_size=6)


def segments(columns):
    return Segments(np.concatenate(columns), np.array([len(each) for each in columns]))


def listed(found):
    return [each.tolist() for each in np.split(found.values, found.starts[1:])]


@given(COLUMNS)
def test_segments_are_summed_up_as_arrays_are(columns):
    found = segments(columns)
    assert found.least().tolist() == [min(each) for each in columns]
    assert found.greatest().tolist() == [max(each) for each in columns]
    assert found.medians().tolist() == [sorted(each)[(len(each) - 1) // 2] for each in columns]
    assert found.ranked(found.counts - 1).tolist() == [max(each) for each in columns]
    assert found.having(found.values > 1).tolist() == [any(value > 1 for value in each) for each in columns]
    assert found.number_at(np.arange(len(found.values))).tolist() == [
        number for number, each in enumerate(columns) for _ in each
    ]


@given(COLUMNS, st.data())
def test_parts_of_segments(columns, data):
    found = segments(columns)
    which = [data.draw(st.booleans()) for _ in columns]
    assert [*listed(found.select(np.array(which))), []][: sum(which)] == [
        each for each, chosen in zip(columns, which, strict=True) if chosen
    ]
    first = [data.draw(st.integers(0, len(each) - 1)) for each in columns]
    counts = [data.draw(st.integers(1, len(each) - at)) for each, at in zip(columns, first, strict=True)]
    assert listed(found.part(np.array(first), np.array(counts))) == [
        each[at : at + count] for each, at, count in zip(columns, first, counts, strict=True)
    ]


@given(st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=5), min_size=1, max_size=5))
def test_changes_within_segments(columns):
    found = segments(columns)
    assert listed(found.changes()) == [np.diff(each).tolist() for each in columns]
    assert found.pairs().sum() == sum(len(each) - 1 for each in columns)
