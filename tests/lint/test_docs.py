"""docs/lint.md: its code and its configuration run as they stand, and it describes every rule and every option."""

import re
import sys
from pathlib import Path

import pytest

from tbevents.lint import load_config, parse_config, rules, run
from tbevents.lint.expectations import _PARSERS

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (TB\d{3} .*?)\n(.*?)(?=^##)", TEXT, re.M | re.S))
CORPUS = ROOT / "tests" / "data" / "corpus"


def test_every_rule_has_a_section_of_its_name_and_severity_in_order():
    assert list(SECTIONS) == [f"{rule.code} {rule.name} ({rule.severity})" for rule in rules()]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_a_section_says_what_why_an_example_and_all_options(rule):
    text = SECTIONS[f"{rule.code} {rule.name} ({rule.severity})"]
    assert "*Example:*" in text
    assert "\nWhy: " in text
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (.*) \|$", text, re.M)
    assert rows == [(option.name, f"{option.default:g}", option.meaning) for option in rule.options]


def test_every_key_of_an_expectation_is_in_the_table():
    for key in (*_PARSERS, "same_as"):
        assert re.search(rf"^\|[^|]*`{key}`", TEXT, re.M), key


def test_the_code_runs(pytester, monkeypatch):
    _, first, second = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    exec(first, {})
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\n")
    pytester.path.joinpath("test_it.py").write_text(second)
    pytester.runpytest("-p", "tbevents.pytest_plugin", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_configuration_is_read(tmp_path):
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli", reason="Python 3.10 reads TOML with tomli")
    (text,) = re.findall(r"```toml\n(.*?)```", TEXT, re.S)
    (tmp_path / "tbevents.toml").write_text(text)
    config = load_config(tmp_path / "tbevents.toml")
    assert (config.fail_on, len(config.expectations)) == ("warning", 2)
    assert config.rules["TB104"][2]["factor"] == 5


def test_the_transcript_is_what_the_command_prints(tmp_path, capsys, monkeypatch):
    pytest.importorskip("click", reason="the command line needs click")
    pytest.importorskip("rich", reason="the command line needs rich")
    from tbevents.cli import main

    monkeypatch.chdir(tmp_path)
    exec(re.findall(r"```python\n(.*?)```", TEXT, re.S)[0], {})
    (transcript,) = re.findall(r"```console\n\$ tbevents lint runs\n(.*?)```", TEXT, re.S)
    assert main(["lint", "runs", "--isolated"]) == 1
    assert capsys.readouterr().out == transcript


def test_recorded_runs_have_the_findings_of_the_table(shared):
    found = [(each.code, each.run.split("/")[0], each.tag) for each in run(shared / "corpus")]
    assert found == [
        ("TB101", "generated", "odd/values"),
        ("TB102", "generated", "odd/values"),
        ("TB202", "generated", "odd/values"),
        ("TB301", "generated", "odd/negstep"),
        ("TB301", "generated", "odd/bigstep"),
        ("TB301", "generated", "odd/nostep"),
        ("TB201", "janosh+tensorboard-reducer", "dup_steps/foo"),
        ("TB201", "janosh+tensorboard-reducer", "dup_steps/bar"),
        ("TB204", "tensorflow+tensorboard", "global_step/sec"),
        ("TB301", "wandb+wandb", "progression/resolution"),
        ("TB301", "wandb+wandb", "progression/curr_progression"),
        ("TB301", "wandb+wandb", "progression/batch_size"),
        ("TB301", "wandb+wandb", "progression/target_iters_for_progression"),
    ]


def test_the_recorded_runs_that_come_with_the_package_have_those_of_duplicate_steps():
    assert [(each.code, each.tag) for each in run(CORPUS)] == [("TB201", "dup_steps/foo"), ("TB201", "dup_steps/bar")]


def test_the_example_of_each_expectation_is_one():
    for text in re.findall(r"\*Example:\* `((?:bounds|decreasing|converges|steps) = .*?)`, and", TEXT):
        if sys.version_info < (3, 11):
            pytest.importorskip("tomli", reason="Python 3.10 reads TOML with tomli")
            import tomli as tomllib
        else:
            import tomllib
        assert parse_config({"expect": [tomllib.loads(text)]}).expectations
