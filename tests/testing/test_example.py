"""The worked example: its tests pass, and what goes wrong in the loop is said by one of them."""

import shutil
from pathlib import Path

import pytest

import tbevents.pytest_plugin
import tbevents.testing  # noqa: F401  # see test_plugin

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


@pytest.fixture
def example(pytester, monkeypatch):
    """Runs the example's tests, with something in the loop replaced."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\n")
    shutil.copytree(EXAMPLES / "test_training", pytester.path / "test_training")

    def run(before="", after=""):
        code = (EXAMPLES / "test_training.py").read_text(encoding="utf-8")
        assert before in code
        (pytester.path / "test_training.py").write_text(code.replace(before, after), encoding="utf-8")
        return pytester.runpytest("-p", "tbevents.pytest_plugin", "-p", "no:cacheprovider")

    return run


def test_the_examples_tests_pass(example, pytester):
    result = example()
    result.assert_outcomes(passed=8)
    assert "golden runs" not in "\n".join(result.outlines)
    assert not (pytester.path / "runs").exists()


def test_a_schedule_that_steps_too_late_is_seen(example):
    result = example("scheduler = StepLR(optimizer, step_size=20", "scheduler = StepLR(optimizer, step_size=21")
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*def test_the_rate_is_halved_after_twenty_epochs(tb_writer, tb_run):",
            ">  *assert_lr_schedule(tb_run, *",
            "E  *AssertionError: tag 'lr': 1 of 40 points differs from the schedule (rtol 1e-06, atol 0)",
            "E  *step  obtained  expected  difference  allowed",
            "E  *  20       0.4       0.2        +0.2    2e-07",
            "E  *████*▁▁▁▁  40 points, steps 0 to 39, values from 0.2 to 0.4, the last 0.2",
            "E  *see: *",
            "*runs in *",
            "run   tag  points  last step *last value",
            "  .  loss      40         39 *",
            "  .    lr      40         39 * 0.2",
        ]
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("- rate * gradient", "+ rate * gradient", "E  *tag 'loss': it does not fall: *"),
        (
            '"loss", (errors**2).mean(), epoch',
            '"loss", (errors**2).mean(), epoch // 2',
            "E  *steps were logged several*",
        ),
        ('writer.add_scalar("lr"', 'writer.add_scalar("rate"', "E  *no such scalar tag; there are: *"),
        ("np.random.default_rng(seed)", "np.random.default_rng()", "E  *points differ *"),
    ],
)
def test_other_faults_are_seen(example, before, after, says):
    result = example(before, after)
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines([says])
