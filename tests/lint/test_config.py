"""Configurations: what selects rules, options, and where a file is searched for."""

import dataclasses
import math
import re
import sys

import numpy as np
import pytest

from tbevents.lint import LintConfig, find_config, load_config, parse_config, rule_named, rules, run
from tbevents.lint.expectations import EXPECTATION_KEYS

from .runs import FALLING, codes, memory_run


@pytest.fixture
def toml():
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli", reason="Python 3.10 reads TOML with tomli")


def chosen(**config):
    return set(LintConfig(**config).rules)


def test_rules_are_selected_by_code_beginning_and_name():
    every = {rule.code for rule in rules()}
    assert chosen() == every
    assert chosen(select=("TB1",)) == {code for code in every if code.startswith("TB1")}
    assert chosen(select=("tb101", "spike")) == {"TB101", "TB104"}
    assert chosen(ignore=("TB9", "nan")) == {code for code in every if not code.startswith("TB9")} - {"TB101"}
    assert chosen(select=("TB1",), ignore=("TB1",)) == set()


def test_rules_that_are_not_used_find_nothing():
    subject = memory_run(loss=np.append(FALLING, np.nan), once=[1.0])
    assert codes(subject) == ["TB101", "TB301"]
    assert codes(subject, ignore=["TB3"]) == ["TB101"]
    assert codes(subject, select=["single-point"]) == ["TB301"]


def test_options_of_rules_by_code_or_name():
    subject = memory_run(loss=np.append(np.ones(20), 2.5))
    assert codes(subject, ignore=["stagnation"]) == []
    assert codes(subject, ignore=["stagnation"], rules={"spike": {"factor": 2}}) == ["TB104"]
    assert codes(subject, ignore=["stagnation"], rules={"TB104": {"factor": 2, "deviations": 1}}) == ["TB104"]


def test_options_of_nothing_judge_the_shortest_series():
    options = {rule.name: dict.fromkeys((option.name for option in rule.options), 0) for rule in rules()}
    for length in range(1, 8):
        columns = {tag: np.linspace(2, 1, length) for tag in ("train/loss", "val/loss", "lr")}
        assert isinstance(run(memory_run(**columns), {"rules": options}), list)


def test_severities_and_names_of_losses():
    subject = memory_run(objective=np.geomspace(1, 100, 60))
    assert run(subject) == []
    (one,) = run(subject, {"losses": "obj*", "severity": {"divergence": "info"}})
    assert (one.code, one.severity) == ("TB103", "info")
    assert codes(memory_run(loss=np.geomspace(1, 100, 60)), losses=["obj*"]) == []


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"selekt": []}, ["no key 'selekt'", "did you mean 'select'?"]),
        ({"select": ["TB999"]}, ["select", "no rule 'TB999'"]),
        ({"ignore": ["spikes"]}, ["ignore", "no rule 'spikes'", "did you mean 'spike'?"]),
        ({"ignore": [""]}, ["ignore", "no rule ''"]),
        ({"select": 3}, ["select", "3"]),
        ({"fail-on": "warnings"}, ["fail_on", "'error', 'warning', 'info' or 'never'", "'warnings'"]),
        ({"severity": {"TB104": "fatal"}}, ["severity of TB104", "'fatal'"]),
        ({"severity": {"TB101": "info", "nan": "warning"}}, ["severity: TB101 (nan) must be given once"]),
        ({"rules": {"TB104": {"factor": 2}, "spike": {}}}, ["rules: TB104 (spike) must be given once"]),
        ({"fail-on": "info", "fail_on": "error"}, ["'fail_on' must be given once"]),
        ({3: "info"}, ["keys must be text, not 3"]),
        ({"severity": {"spke": "info"}}, ["no rule 'spke'", "did you mean 'spike'?"]),
        ({"severity": "info"}, ["severity must be a table"]),
        ({"rules": {"spike": {"facter": 2}}}, ["TB104 (spike)", "no option 'facter'", "did you mean 'factor'?"]),
        ({"rules": {"spike": {"factor": "2"}}}, ["TB104 (spike)", "factor", "'2'"]),
        ({"rules": {"spike": {"factor": -1}}}, ["TB104 (spike)", "factor", "-1"]),
        ({"rules": {"spike": {"factor": math.inf}}}, ["TB104 (spike)", "factor", "inf"]),
        (
            {"rules": {"spike": {"factor": 10**400}}},
            ["TB104 (spike)", "factor must be a number of 0 or more, not 1000"],
        ),
        ({"rules": {3: {"factor": 2}}}, ["rules: keys must be text, not 3"]),
        ({"severity": {3: "info"}}, ["severity: keys must be text, not 3"]),
        ({"rules": {"spike": {"factor": True}}}, ["TB104 (spike)", "factor", "True"]),
        ({"rules": {"spike": 3}}, ["spike must be a table"]),
        ({"rules": []}, ["rules must be a table"]),
        ({"expect": {"finite": True}}, ["expect must be an array of tables"]),
        ({"finite": True}, ["'finite' is an expectation", "[[tool.tbevents.lint.expect]]"]),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest(table, words):
    with pytest.raises(ValueError, match="here") as caught:
        parse_config(table, "here")
    for word in words:
        assert word in str(caught.value)


def test_a_configuration_is_frozen_and_equal_by_content():
    config = LintConfig(select=("TB1",))
    assert config == LintConfig(select=("TB1",))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.select = ()
    assert dataclasses.replace(config, ignore=("nan",)).rules.keys() == config.rules.keys() - {"TB101"}
    with pytest.raises(ValueError, match="no rule 'TB7'"):
        rule_named("TB7")


# -- files -----------------------------------------------------------------------------------------------------------

TABLE = '[tool.tbevents.lint]\nignore = ["TB301"]\n\n[[tool.tbevents.lint.expect]]\ntags = "loss"\nfinite = true\n'


@pytest.mark.usefixtures("toml")
def test_the_nearest_file_with_the_table_is_found(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_config(below)[0] is None or not find_config(below)[0].startswith(str(tmp_path))
    (tmp_path / "pyproject.toml").write_text(TABLE)
    assert find_config(below) == (str(tmp_path / "pyproject.toml"), [])
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'tbevents'\n[tool.ruff.lint]\n")
    assert find_config(below)[0] == str(tmp_path / "pyproject.toml")
    (tmp_path / "a" / "tbevents.toml").write_text("[lint]\nignore = ['TB302']\n")
    assert find_config(below)[0] == str(tmp_path / "a" / "tbevents.toml")
    assert load_config(tmp_path / "a" / "tbevents.toml").ignore == ("TB302",)
    config = load_config(tmp_path / "pyproject.toml")
    assert (config.ignore, len(config.expectations)) == (("TB301",), 1)


@pytest.mark.usefixtures("toml")
def test_no_configuration_is_read_from_a_logdir(tmp_path):
    runs = tmp_path / "runs"
    (runs / "a").mkdir(parents=True)
    (runs / "tbevents.toml").write_text("[lint]\nignore = ['TB1']\n")
    (runs / "a" / "pyproject.toml").write_text(TABLE)
    (tmp_path / "tbevents.toml").write_text("[lint]\nignore = ['TB2']\n")
    found, refused = find_config(runs / "a", outside=[runs])
    assert found == str(tmp_path / "tbevents.toml")
    assert refused == [str(runs / "a" / "pyproject.toml"), str(runs / "tbevents.toml")]
    link = tmp_path / "link"
    link.symlink_to(runs)
    assert find_config(link, outside=[runs])[0] == str(tmp_path / "tbevents.toml")
    assert find_config(runs, outside=[tmp_path / "run"])[0] == str(runs / "tbevents.toml")  # another folder


@pytest.mark.usefixtures("toml")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lint = ", ["not TOML"]),
        ("[tool.tbevents.lint]\nselekt = ['TB1']\n", ["no key 'selekt'", "did you mean 'select'?"]),
        ("[tool.tbevents]\n", ["no table [tool.tbevents.lint] or [lint]"]),
        ("[tool.tbevents.lint]\n[lint]\n", ["two tables"]),
        ("[tool.tbevents]\nlint = 3\n", ["must be a table"]),
    ],
)
def test_an_error_names_the_file(tmp_path, text, words):
    path = tmp_path / "tbevents.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"tbevents\.toml: ") as caught:
        load_config(path)
    for word in words:
        assert word in str(caught.value)
    path.write_bytes(b"[lint]\n# \xff\n")
    with pytest.raises(ValueError, match="not UTF-8"):
        load_config(path)
    with pytest.raises(FileNotFoundError):
        load_config(tmp_path / "none.toml")


@pytest.mark.usefixtures("toml")
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tbevents.toml", "[[linting.expect]]\nfinite = true\n", "no key 'linting'; did you mean 'lint'?"),
        ("tbevents.toml", "fail_on = 'info'\n[lint]\n", "no key 'fail_on'; it belongs below [lint]"),
        ("tbevents.toml", "fail-on = 'info'\n", "no key 'fail-on'; it belongs below [lint]"),
        ("tbevents.toml", "[bounds]\nlow = 1\n[lint]\n", "no key 'bounds'; it belongs below [lint]"),
        ("tbevents.toml", "[lints]\n", "no key 'lints'; did you mean 'lint'?"),
        ("tbevents.toml", "[Lint]\n", "no key 'Lint'; did you mean 'lint'?"),
        ("tbevents.toml", "[other]\n[lint]\n", "no key 'other'; there are: 'lint', 'tool'"),
        ("tbevents.toml", "[tool.tbevent.lint]\n", "tool: no key 'tbevent'; did you mean 'tbevents'?"),
        ("tbevents.toml", "tool = 3\n", "tool must be a table, not 3"),
        ("tbevents.toml", "[tool.tbevents.lnt]\n", "tool.tbevents: no key 'lnt'; did you mean 'lint'?"),
        ("pyproject.toml", "[tool.tbevents.lnt]\n", "tool.tbevents: no key 'lnt'; did you mean 'lint'?"),
        ("pyproject.toml", "[tool]\ntbevents.lnt.select = []\n", "tool.tbevents: no key 'lnt'; did you mean 'lint'?"),
        ("pyproject.toml", "tool = {tbevents = {lnt = {}}}\n", "tool.tbevents: no key 'lnt'; did you mean 'lint'?"),
        ("pyproject.toml", "[tool.'tbevents'.lints]\n", "tool.tbevents: no key 'lints'; did you mean 'lint'?"),
        (
            "pyproject.toml",
            "[tool.tbevents]\nselect = ['TB1']\n",
            "tool.tbevents: no key 'select'; it belongs below [tool.tbevents.lint]",
        ),
        ("pyproject.toml", "[tool]\ntbevents = 3\n", "tool.tbevents must be a table, not 3"),
        ("ci.toml", "[tool.tbevents.lnt]\n[lint]\n", "tool.tbevents: no key 'lnt'; did you mean 'lint'?"),
    ],
)
def test_an_unknown_name_around_the_table_is_an_error_and_not_no_configuration(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}: {re.escape(message)}$"):
        load_config(path)
    if name != "ci.toml":
        with pytest.raises(ValueError, match=re.escape(message)):
            find_config(tmp_path)


@pytest.mark.usefixtures("toml")
def test_tables_of_others_are_passed_over(tmp_path):
    (tmp_path / "tbevents.toml").write_text("# nothing\n[tool.tbevents]\n")
    (tmp_path / "pyproject.toml").write_text("[lint]\n[tool.tbevent]\n[tool.ruff]\nselect = []\n" + TABLE)
    assert find_config(tmp_path) == (str(tmp_path / "pyproject.toml"), [])
    (tmp_path / "ci.toml").write_text("[other]\n" + TABLE)
    assert load_config(tmp_path / "ci.toml").ignore == ("TB301",)


def test_without_tomli_python_3_10_says_which_extra_installs_it(tmp_path, monkeypatch):
    from tbevents.errors import MissingExtraError
    from tbevents.lint.config import _table_of

    monkeypatch.setattr(sys, "version_info", (3, 10))
    monkeypatch.setitem(sys.modules, "tomli", None)
    (tmp_path / "pyproject.toml").write_text(
        "[project]\ndependencies = [\n'numpy', 'tbevents',\n'tbevents==1',\n]\n[tool.ruff.lint]\nselect = []\n"
    )
    assert _table_of(str(tmp_path / "pyproject.toml")) is None  # a file without the table needs no parser
    (tmp_path / "pyproject.toml").write_text(TABLE)
    with pytest.raises(MissingExtraError, match=r"pip install 'tbevents\[cli\]'"):
        find_config(tmp_path)


@pytest.mark.parametrize("key", EXPECTATION_KEYS)
def test_a_key_of_an_expectation_is_told_where_it_belongs(key):
    with pytest.raises(ValueError, match=rf"^config: '{key}' is an expectation: it belongs below"):
        parse_config({key: True})


@pytest.mark.parametrize(
    ("name", "hint"),
    {
        "TB107": "; those that begin with TB10 are TB101 (nan), TB102 (infinite), TB103 (divergence), TB104 (spike), "
        "TB105 (stagnation) and TB106 (overfitting)",
        "tb4x": "; those that begin with TB4 are TB401 (schedule) and TB402 (rate-jump)",
        "TB91x": "; those that begin with TB9 are TB901 (missing-tag), TB902 (expected-finite), "
        "TB903 (expected-bounds), TB904 (expected-trend), TB905 (expected-convergence), TB906 (expected-value), "
        "TB907 (expected-steps) and TB908 (golden-run)",
        "TB1045": "; there is TB104 (spike)",
        "104": "; there is TB104 (spike)",
        "TB7": "; there are TB1, TB2, TB3, TB4, TB5 and TB9",
        "overfit": "; did you mean 'overfitting'?",
        "Stop": "; did you mean 'stops-early'?",
        "tail": "; did you mean 'damaged-tail'?",
        "wall": "; did you mean 'wall-times'?",
    }.items(),
)
def test_a_name_that_is_no_rule_is_told_what_begins_or_reads_alike(name, hint):
    with pytest.raises(ValueError, match=rf"^select: no rule '{name}'{re.escape(hint)}$"):
        LintConfig(select=(name,))


@pytest.mark.parametrize("name", ["xyz", "loss", "", "-", "E501", "1e"])
def test_nothing_is_suggested_for_a_name_that_is_like_none(name):
    with pytest.raises(ValueError, match="no rule") as caught:
        LintConfig(ignore=(name,))
    assert "did you mean" not in str(caught.value)
    assert "there are nan, infinite," in str(caught.value)
