"""Expectations: each checks what the function of tbevents.testing checks, and is refused where it is wrong."""

import math

import numpy as np
import pytest

import tbevents
from tbevents.errors import PayloadError, RunNotFoundError
from tbevents.lint import golden_runs, lint_runs, linter, parse_config, run
from tbevents.lint.expectations import parse_schedule
from tbevents.lr_scheduler import ParamGroups, StepLR
from tbevents.testing import Regression, check_bounded, check_decreasing, check_steps

from .runs import FALLING, memory_run


def expecting(subject, *expect):
    return run(subject, {"select": ["TB9", "TB401"], "expect": list(expect)})


@pytest.fixture
def training():
    rates = [0.1 * 0.5 ** (step // 20) for step in range(60)]
    return memory_run(train__loss=FALLING, val__loss=FALLING + 0.2, accuracy=1 - FALLING / 3, lr=rates)


@pytest.mark.parametrize(
    ("expectation", "code", "holds"),
    [
        ({"tags": "*loss", "bounds": [0, 1]}, "TB903", {"tags": "*loss", "bounds": [0, 3]}),
        ({"tags": "*loss", "bounds": {"high": 1}}, "TB903", {"tags": "*loss", "bounds": {"low": 0}}),
        ({"tags": "accuracy", "decreasing": True}, "TB904", {"tags": "*loss", "decreasing": True}),
        ({"tags": "*loss", "decreasing": {"by": 5}}, "TB904", {"tags": "*loss", "decreasing": {"by": 1}}),
        ({"tags": "lr", "increasing": True}, "TB904", {"tags": "accuracy", "increasing": {"monotone": True}}),
        (
            {"tags": "train/loss", "converges": {"to": 0.5, "within": 0.1}},
            "TB905",
            {"tags": "train/loss", "converges": {"to": 0.15, "within": 0.05, "last": 5}},
        ),
        (
            {"reaches": {"tag": "accuracy", "value": 0.9, "by_step": 20}},
            "TB906",
            {"reaches": [{"tag": "accuracy", "value": 0.9, "by-step": 40}, {"tag": "*loss", "value": 0.5}]},
        ),
        ({"tags": "lr", "steps": {"every": 2, "contiguous": True}}, "TB907", {"tags": "lr", "steps": True}),
        ({"steps": {"last": 60}}, "TB907", {"steps": ["ascending", "no_gaps"]}),
        (
            {"tags": "lr", "schedule": "StepLR(step_size=30)"},
            "TB401",
            {"tags": "lr", "schedule": "StepLR(step_size=20, gamma=0.5)"},
        ),
        (
            {"tags": "lr", "schedule": {"schedule": "StepLR(step_size=20, gamma=0.5)", "offset": 1}},
            "TB401",
            {"tags": "lr", "schedule": {"schedule": "StepLR(lr=0.1, step_size=20, gamma=0.5)", "rtol": 1e-6}},
        ),
    ],
)
def test_each_expectation_fails_and_holds(training, expectation, code, holds):
    findings = expecting(training, expectation)
    assert {each.code for each in findings} == {code}
    if code == "TB906":
        assert all(each.step is not None and each.value is not None for each in findings)
    assert {each.severity for each in findings} == {"error"}
    assert all(each.bound is not None for each in findings)
    assert expecting(training, holds) == []


def test_finite():
    run = memory_run(a=[1.0, math.nan], b=[1.0, 2.0])
    (one,) = expecting(run, {"finite": True})
    assert (one.code, one.tag, one.step, one.bound) == ("TB902", "a", 1, "finite")
    assert math.isnan(one.value)
    assert expecting(run, {"tags": "b", "finite": True}) == []
    assert expecting(run, {"finite": False, "tags": "a", "decreasing": False}) == []


@pytest.mark.parametrize(
    ("expect", "check"),
    [
        ({"tags": "train/loss", "bounds": [0.2, 1]}, lambda run: check_bounded(run, "train/loss", low=0.2, high=1)),
        (
            {"tags": "lr", "decreasing": {"monotone": True, "smoothing": 0.6, "by": 1}},
            lambda run: check_decreasing(run, "lr", monotone=True, smoothing=0.6, by=1),
        ),
        (
            {"tags": "lr", "steps": {"every": 3, "no-gaps": True, "first": 1}},
            lambda run: check_steps(run, "lr", every=3, no_gaps=True, first=1),
        ),
    ],
)
def test_what_is_found_is_what_the_check_finds(training, expect, check):
    want = check(training)
    assert want
    got = expecting(training, expect)
    assert [(each.tag, each.summary, each.table) for each in got] == [
        (each.tag, each.summary, each.table) for each in want
    ]


def test_step_value_and_bound_are_those_of_the_first_row(training):
    (one,) = expecting(training, {"tags": "lr", "schedule": "StepLR(step_size=30, gamma=0.5)"})
    assert (one.step, one.value, one.bound) == (20, 0.05, 0.1)
    (one,) = expecting(training, {"tags": "train/loss", "bounds": [0, 2]})
    assert (one.step, one.bound) == (0, "low 0, high 2")
    assert one.value == pytest.approx(2.1)


ODD = memory_run(x=([0, 1, 5, 5, 3], [1.0, 0.5, 0.25, 2.0, 0.1]))


@pytest.mark.parametrize(
    ("expectation", "facts"),
    [
        ({"finite": True, "bounds": [0, 1]}, (5, 2.0, "low 0, high 1")),
        ({"decreasing": {"monotone": True}}, (5, 2.0, "falls (monotone True)")),
        ({"converges": {"to": 1, "within": 0.5, "last": 1}}, (3, 0.1, 1.0)),
        ({"converges": {"to": 0, "within": 0.5, "last": 1, "smoothing": 0.5}}, (3, pytest.approx(0.66451613), 0.0)),
        ({"reaches": {"value": 9, "by_step": 4}}, (0, 1.0, 9.0)),
        ({"steps": "no_gaps"}, (1, 3.0, "no_gaps")),
        ({"steps": "no_duplicates"}, (5, None, "no_duplicates")),
        ({"steps": "ascending"}, (5, 3.0, "ascending")),
        ({"steps": {"first": 7}}, (None, None, "first 7")),
    ],
)
def test_the_facts_of_what_each_check_finds(expectation, facts):
    (found,) = expecting(ODD, {"tags": "x", **expectation})
    assert (found.step, found.value, found.bound) == facts


def test_the_facts_of_what_differs_from_a_golden_run(tmp_path):
    for name, text, layers in (("golden", "a", 2), ("run", "bcd", 3)):
        with tbevents.SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 0.1 * layers, 4)
            writer.add_text("note", text, 5)
            writer.add_hparams({"layers": layers}, {}, run_name=".")
    found = expecting(tmp_path / "run", {"same_as": str(tmp_path / "golden")})
    assert [(each.tag, each.step, each.value, each.bound) for each in found] == [
        ("loss", 4, 0.3, 0.2),
        ("note/text_summary", 5, "3 bytes", "1 bytes"),
        (None, None, 3.0, 2.0),
    ]


def test_a_name_must_be_in_every_run_and_a_pattern_in_one(training):
    other = memory_run(lr=[0.1])
    other.name = "other"
    training.name = "training"
    runs = {"training": training, "other": other}
    assert expecting(runs, {"tags": "*loss", "decreasing": True}) == []
    (one,) = expecting(runs, {"tags": "train/loss", "decreasing": True, "bounds": [0, 9]})
    assert (one.code, one.run, one.tag) == ("TB901", "other", "train/loss")
    assert expecting(runs, {"tags": "train/loss", "runs": "train*", "decreasing": True}) == []
    (one,) = expecting(runs, {"tags": ["los*", "lr"], "bounds": [0, 9]})
    assert (one.code, one.tag) == ("TB901", None)
    assert "no tag of any run matches 'los*'" in one.summary
    (one,) = expecting(runs, {"reaches": {"tag": "acuracy", "value": 0.5}, "runs": "training"})
    assert "did you mean 'accuracy'?" in one.summary


def test_runs_must_match_a_run(training):
    runs = {"demo": training, "other": training}
    for tags in ("lr", "l*", "*"):
        (one,) = expecting(runs, {"tags": tags, "runs": "dmo", "finite": True})
        assert (one.code, one.severity, one.run, one.tag, one.path) == ("TB901", "error", ".", None, "")
        assert one.summary == "config: expect 1: no run matches 'dmo'; did you mean 'demo'?"
    assert [
        each.summary.removeprefix("config: expect 1: ")
        for each in expecting(runs, {"runs": ["big/*", "x"], "finite": True})
    ] == [
        "no run matches 'big/*'",
        "no run matches 'x'",
    ]
    assert expecting(runs, {"runs": ["x", "demo"], "finite": True}) == []


def test_runs_that_were_not_chosen_are_not_missed(training, tmp_path):
    config = {"select": ["TB9"], "expect": [{"tags": "lo*", "runs": "a", "finite": True}]}
    logged(tmp_path / "a", FALLING)
    logged(tmp_path / "b", FALLING)
    assert run(tmp_path, config) == []
    assert run(tmp_path, config, runs=["b"]) == run(tmp_path / "b", config) == []
    assert run({"a": training, "b": training}, config, runs=["b"]) == run(training, config) == []


def test_a_run_that_cannot_be_read_is_not_missed(training, monkeypatch):
    def concerned(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(linter.Linter, "_lint", concerned)
    assert expecting({"demo": training, "other": training}, {"tags": "lr", "runs": "demo", "finite": True}) == []


def logged(folder, values):
    with tbevents.SummaryWriter(folder) as writer:
        writer.add_scalar_columns("loss", np.arange(len(values)), values)


def test_the_same_as_a_run_whatever_its_name(tmp_path):
    logged(tmp_path / "golden run", FALLING)
    logged(tmp_path / "runs" / "a", FALLING)
    logged(tmp_path / "runs" / "b", FALLING + 1e-3)
    config = {"same_as": str(tmp_path / "golden run")}
    assert [(each.code, each.run, each.tag) for each in expecting(tmp_path / "runs", config)] == [
        ("TB908", "b", "loss")
    ]
    assert expecting(tmp_path / "runs", {"same-as": {"path": config["same_as"], "atol": 0.01}}) == []
    (one,) = expecting(tmp_path / "runs" / "b", config)
    assert (one.step, one.value) == (0, pytest.approx(2.101))
    assert one.bound == pytest.approx(2.1)


def test_a_golden_run_that_cannot_be_read_is_a_finding_of_each_run(tmp_path, monkeypatch):
    def read(path, name, **options):
        raise PermissionError(13, "Permission denied", path)

    logged(tmp_path / "golden", FALLING)
    logged(tmp_path / "runs" / "a", FALLING)
    logged(tmp_path / "runs" / "b", FALLING)
    monkeypatch.setattr(golden_runs, "read_telling", read)
    findings = expecting(tmp_path / "runs", {"same_as": str(tmp_path / "golden")})
    assert [(each.code, each.run, each.bound) for each in findings] == [
        ("TB908", name, str(tmp_path / "golden")) for name in "ab"
    ]
    assert findings[0].summary.startswith("the run to compare with cannot be read: ")
    assert "Permission denied" in findings[0].summary


def test_the_same_as_a_folder_of_runs_by_name(tmp_path):
    for name in "ab":
        logged(tmp_path / "golden" / name, FALLING)
    logged(tmp_path / "runs" / "a", FALLING)
    logged(tmp_path / "runs" / "c", FALLING)
    findings = expecting(tmp_path / "runs", {"same_as": str(tmp_path / "golden")})
    assert [(each.run, each.summary) for each in findings] == [
        ("c", "the run was not expected"),
        ("b", f"the run is missing; {tmp_path / 'golden'} has it"),
    ]
    assert expecting(tmp_path / "runs", {"same_as": str(tmp_path / "golden"), "runs": "a"}) == []


def linted(paths, *expect):
    config = parse_config({"select": ["TB9"], "expect": list(expect)})
    return [each for of_run in lint_runs(paths, config) for each in of_run.findings]


def test_runs_of_several_paths_have_the_golden_run_of_their_name_below_their_path(tmp_path):
    for name in ("a", "b/c"):
        logged(tmp_path / "golden" / name, FALLING)
    logged(tmp_path / "first" / "a", FALLING)
    logged(tmp_path / "second" / "a", FALLING * 2)
    logged(tmp_path / "second" / "b" / "c", FALLING)
    same = {"same_as": str(tmp_path / "golden")}
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert [(each.run, each.tag) for each in linted([first, second], same)] == [
        (str(tmp_path / "second" / "a"), "loss")
    ]
    assert linted([first, str(tmp_path / "second" / "b")], {**same, "runs": "a"}) == []
    assert [each.run for each in linted([first, first], same)] == ["b/c"]  # which neither has
    runs = [str(tmp_path / "first" / "a"), str(tmp_path / "second" / "b")]
    assert [each.run for each in linted(runs, same)] == [str(tmp_path / "second" / "b" / "c"), "b/c"]


def test_a_run_that_is_named_itself_has_the_golden_run_of_its_folder(tmp_path):
    for name in "abc":
        logged(tmp_path / "golden" / name, FALLING)
        logged(tmp_path / "runs" / name, FALLING if name != "b" else FALLING * 2)
    same = {"same_as": str(tmp_path / "golden")}
    paths = [str(tmp_path / "runs" / name) for name in "abc"]
    assert [(each.run, each.tag) for each in linted(paths, same)] == [(paths[1], "loss")]
    assert [[each.tag for each in linted(path, same)] for path in paths] == [[], ["loss"], []]


def test_golden_runs_of_runs_that_were_not_chosen_are_not_missed(tmp_path):
    for name in "abc":
        logged(tmp_path / "golden" / name, FALLING)
        logged(tmp_path / "runs" / name, FALLING)
    config = {"select": ["TB9"], "expect": [{"same_as": str(tmp_path / "golden")}]}
    assert run(tmp_path / "runs", config, runs=["a"]) == []
    assert run(tbevents.read_logdir(tmp_path / "runs"), config, runs=["a", "c"]) == []
    assert run(tbevents.read_run(tmp_path / "runs" / "a"), config) == []


def test_runs_of_several_paths_are_expected_by_their_name_below_their_path_or_with_it(tmp_path):
    logged(tmp_path / "first" / "a", FALLING)
    logged(tmp_path / "second" / "b", FALLING)
    paths = [str(tmp_path / "first"), str(tmp_path / "second")]
    for runs in ("a", str(tmp_path / "first" / "a"), "*first*"):
        (one,) = linted(paths, {"runs": runs, "tags": "loss", "bounds": [0, 1]})
        assert (one.code, one.run) == ("TB903", str(tmp_path / "first" / "a"))
    (one,) = linted(paths, {"runs": "first", "finite": True})
    assert one.code == "TB901"
    assert [
        each.code for each in linted([str(tmp_path / "first" / "a"), paths[1]], {"runs": "a", "increasing": True})
    ] == ["TB904"]


def test_the_same_as_what_tb_regression_stored(tmp_path):
    run = memory_run(loss=FALLING, other=FALLING)
    with pytest.raises(AssertionError):
        Regression(tmp_path, "test_it").check(run)
    Regression(tmp_path, "test_it", update=True).check(run)
    stored = {"same_as": str(tmp_path / "test_it.tbrun.json")}
    assert expecting(run, stored) == []
    changed = memory_run(loss=FALLING, other=FALLING * 2)
    assert [each.tag for each in expecting(changed, stored)] == ["other"]
    assert expecting(changed, {"tags": "loss", **stored}) == []
    with pytest.raises(RunNotFoundError, match="no such golden run"):
        expecting(run, {"same_as": str(tmp_path / "nothing.tbrun.json")})
    with pytest.raises(RunNotFoundError):
        expecting(run, {"same_as": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(
    ("name", "error"),
    [("nowhere", "no such file or folder"), ("no.tbrun.json", "no such golden run"), ("empty", "there is no run to")],
)
def test_a_golden_run_that_is_not_there_is_named_with_its_place_in_the_configuration(name, error, tmp_path):
    (tmp_path / "empty").mkdir()
    config = parse_config({"expect": [{"finite": True}, {"same_as": name}]}, "my.toml", str(tmp_path))
    with pytest.raises(RunNotFoundError, match=rf"^my\.toml: expect 2: same_as: .*{name}: {error}"):
        run(memory_run(loss=FALLING), config)


def test_a_golden_run_that_cannot_be_read_is_named_with_its_place(tmp_path, monkeypatch):
    (tmp_path / "a.tbrun.json").write_text("{}")
    config = parse_config({"expect": [{"same_as": "a.tbrun.json"}]}, "my.toml", str(tmp_path))
    with pytest.raises(PayloadError, match=r"^my\.toml: expect 1: same_as: .*a\.tbrun\.json: "):
        run(memory_run(loss=FALLING), config)

    def refuse(*_):
        raise PermissionError(13, "Permission denied", "a.tbrun.json")

    monkeypatch.setattr(golden_runs.golden, "load", refuse)
    with pytest.raises(PermissionError, match=r"my\.toml: expect 1: same_as: Permission denied: 'a\.tbrun\.json'"):
        run(memory_run(loss=FALLING), config)


def test_relative_paths_are_relative_to_the_folder_of_the_configuration(tmp_path):
    logged(tmp_path / "golden", FALLING)
    config = parse_config({"expect": [{"same_as": "golden"}]}, folder=str(tmp_path))
    assert run(memory_run(loss=FALLING), config) == []


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("StepLR(step_size=30)", ("StepLR", {"step_size": 30})),
        (
            " MultiStepLR( milestones=[10, 20],\n gamma=-0.5, lr = 1e-3 ) ",
            ("MultiStepLR", {"milestones": [10, 20], "gamma": -0.5, "lr": 1e-3}),
        ),
        (
            "OneCycleLR(max_lr=1, total_steps=9, anneal_strategy='linear')",
            ("OneCycleLR", {"max_lr": 1, "total_steps": 9, "anneal_strategy": "linear"}),
        ),
    ],
)
def test_a_schedule_is_parsed(text, parsed):
    assert parse_schedule(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "StepLR",
        "StepLR(step_size=print(1))",
        "StepLR(step_size=__import__('os').getpid())",
        "StepLR(**{'step_size': 3})",
        "StepLR(step_size=3); StepLR()",
        "os.system('true')",
        "(lambda: StepLR)()(step_size=3)",
        "StepLR(step_size=x)",
        "StepLR(step_size=[1 for _ in 'ab'])",
        "StepLR(" + "(" * 500 + ")" * 500 + ")",
        "",
    ],
)
def test_a_schedule_is_never_evaluated(text, monkeypatch):
    import os

    monkeypatch.setattr(os, "system", lambda _: pytest.fail("it was called"))
    monkeypatch.setattr(os, "getpid", lambda: pytest.fail("it was called"))
    with pytest.raises(ValueError, match="is not a schedule of the form NAME"):
        parse_schedule(text)


def test_a_schedule_has_the_rates_of_the_scheduler():
    scheduler = StepLR(ParamGroups(0.3), 7, 0.7)
    rates = scheduler.schedule(np.arange(60))[:, 0]
    run = memory_run(lr=rates)
    assert expecting(run, {"tags": "lr", "schedule": "StepLR(step_size=7, gamma=0.7, lr=0.3)"}) == []
    assert len(expecting(run, {"tags": "lr", "schedule": "StepLR(step_size=7, gamma=0.7)"})) == 1  # lr is 0.1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"tags": "loss"}, ["expect 1", "expects nothing", "finite"]),
        ({"tags": "loss", "finit": True}, ["expect 1", "no key 'finit'", "did you mean 'finite'?"]),
        ({"finite": "yes"}, ["expect 1: finite", "true or false", "'yes'"]),
        ({"tags": 3, "finite": True}, ["expect 1: tags", "3"]),
        ({"tags": [], "finite": True}, ["expect 1: tags", "at least one"]),
        ({"bounds": [1]}, ["expect 1: bounds", "[low, high]", "[1]"]),
        ({"bounds": 3}, ["expect 1: bounds", "[low, high] or a table with low, high, nan_ok, not 3"]),
        ({"bounds": True}, ["expect 1: bounds", "[low, high] or a table with low, high, nan_ok, not True"]),
        ({"bounds": [2, 1]}, ["expect 1: bounds", "low must not be above high", "2"]),
        ({"bounds": {"lo": 1}}, ["expect 1: bounds", "no key 'lo'", "'low'"]),
        ({"bounds": ["a", 1]}, ["expect 1: bounds", "low"]),
        ({"decreasing": {"smothing": 1}}, ["expect 1: decreasing", "no key 'smothing'", "'smoothing'"]),
        ({"decreasing": {"smoothing": 2}}, ["expect 1: decreasing", "smoothing", "2"]),
        ({"converges": {"to": 1}}, ["expect 1: converges", "needs within"]),
        ({"converges": True}, ["expect 1: converges", "to, within", "True"]),
        ({"increasing": 3}, ["expect 1: increasing must be true or a table with monotone, "]),
        ({"steps": 3}, ["expect 1: steps must be true, some of contiguous, ", ", or a table with contiguous, "]),
        ({"reaches": {"tag": "a"}}, ["expect 1: reaches", "needs value"]),
        ({"reaches": {"tag": 1, "value": 1}}, ["expect 1: reaches", "tag"]),
        ({"steps": "contigous"}, ["expect 1: steps", "no key 'contigous'", "'contiguous'"]),
        ({"steps": {"every": 0, "contiguous": True}}, ["expect 1: steps", "every", "0"]),
        ({"schedule": "StepLR(30)"}, ["expect 1: schedule", "by name"]),
        ({"schedule": "StepLR(step_size=30, step_size=3)"}, ["expect 1: schedule", "step_size must be given once"]),
        ({"schedule": "StepLR(step_size={[]: 1})"}, ["expect 1: schedule", "is not a schedule of the form"]),
        ({"same-as": "a", "same_as": "b"}, ["expect 1", "'same_as' must be given once"]),
        ({"reaches": {"value": 1, "by-step": 3, "by_step": 2}}, ["expect 1: reaches", "'by_step' must be given once"]),
        ({"reaches": {"value": 1, "mode": "up"}}, ["expect 1: reaches", "mode must be", "'up'"]),
        ({"schedule": "StepLP(step_size=30)"}, ["expect 1: schedule", "StepLP", "did you mean 'StepLR'"]),
        ({"schedule": "StepLR(stepsize=30)"}, ["expect 1: schedule", "StepLR", "stepsize", "step_size"]),
        ({"schedule": "LambdaLR(lr_lambda=1)"}, ["expect 1: schedule", "LambdaLR needs a function"]),
        ({"schedule": 3}, ["expect 1: schedule", "StepLR(step_size=30)", "3"]),
        ({"same_as": 3}, ["expect 1: same_as", "path"]),
        ({"same_as": {"path": "x", "tol": 1}}, ["expect 1: same_as", "no key 'tol'"]),
        ({"same_as": {"path": "x", "rtol": -1}}, ["expect 1: same_as", "rtol"]),
        ("finite", ["expect 1", "must be a table"]),
        ({"bounds": {}}, ["expect 1: bounds needs low, high or both"]),
        ({"steps": {}}, ["expect 1: steps needs one of contiguous, no_gaps, no_duplicates, ascending, first, last"]),
        ({"reaches": []}, ["expect 1: reaches must be a table with value, by_step, smoothing, mode, not []"]),
        ({"schedule": f"StepLR(lr={10**400}, step_size=3)"}, ["expect 1: schedule: lr is too large for a float"]),
    ],
)
def test_what_is_wrong_is_refused_at_once_with_its_place(table, words):
    with pytest.raises(ValueError, match="config: expect 1") as caught:
        parse_config({"expect": [table]})
    for word in words:
        assert word in str(caught.value)
    assert str(caught.value).count("config: expect 1") == 1
