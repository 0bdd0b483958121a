"""Every public name of tbevents.lint with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import assert_type

from tbevents import lint, read_run, testing


def linting() -> None:
    config = lint.LintConfig(select=("TB1",), ignore=("spike",), fail_on="warning", severity={"TB104": "info"})
    assert_type(lint.run("runs", config), lint.Findings)
    assert_type(lint.run(read_run("runs/demo"), {"ignore": ["TB105"]}, runs=["a*"]), lint.Findings)
    assert_type(lint.lint_runs(["runs/a", "runs/b"], config), Iterator[lint.LintedRun])
    lint.assert_lints(testing.MemoryWriter(), "pyproject.toml")
    lint.assert_lints("runs/demo", fail_on="error")  # type: ignore[call-arg]


def findings(finding: lint.LintFinding, linted: lint.LintedRun) -> None:
    as_of_testing: testing.Finding = finding
    assert_type(as_of_testing.tag, str | None)
    assert_type(finding.step, int | None)
    assert_type(finding.value, float | str | None)
    assert_type(finding.bound, float | str | None)
    assert_type(finding.code, str)
    assert_type(linted.findings[0], lint.LintFinding)


def configurations() -> None:
    assert_type(lint.find_config("."), tuple[str | None, list[str]])
    assert_type(lint.load_config("tbevents.toml"), lint.LintConfig)
    assert_type(lint.parse_config({"losses": "objective"}), lint.LintConfig)
    assert_type(lint.rules(), tuple[lint.Rule, ...])
    assert_type(lint.rule_named("spike").code, str)
