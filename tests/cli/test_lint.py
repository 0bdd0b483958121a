"""``tbevents lint``: statuses, options, configuration, output."""

import json
import math
import sys
import xml.etree.ElementTree as ET
from importlib.util import find_spec

import pytest
from event_files import scalar_event, version_event, write_events

from tbevents.lint.formats import FORMATS


@pytest.fixture
def logdir(tmp_path, monkeypatch):
    """A working folder with runs: one with a NaN, one with a spike, one without fault."""
    monkeypatch.chdir(tmp_path)
    flat = [1.0 + 0.01 * (step % 3) for step in range(18)]
    for name, values in {
        "nan": [*flat, math.nan],
        "spike": [*flat[:15], 50.0, *flat[:2]],
        "fine": flat,
    }.items():
        events = [scalar_event("loss", step, value, 1e9 + step) for step, value in enumerate(values)]
        write_events(tmp_path / "runs" / name / "events.out.tfevents.1.x", [version_event(1e9), *events])
    return tmp_path / "runs"


@pytest.fixture
def toml():
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli", reason="Python 3.10 reads TOML with tomli")


def test_findings_are_shown_run_by_run_with_a_verdict(cli, logdir):
    result = cli("lint", logdir)
    assert (result.status, result.err) == (1, "")
    assert result.out.splitlines() == [
        "nan",
        "  error    TB101 nan: 'loss': 1 of 19 values is NaN, first at step 18; the last finite value before is 1.02",
        "           ▁▅█▁▅█▁▅█▁▅█▁▅█▁▅█  step 18, value nan, bound finite",
        "spike",
        "  warning  TB104 spike: 'loss': it jumps once, first at step 15 to 50 from about 1.01",
        "           ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁  step 15, value 50, bound 5.91",
        "1 error, 1 warning in 2 of 3 runs: failed",
    ]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 1),
        (["--run", "fine"], 0),
        (["--run", "spike"], 0),
        (["--run", "spike", "--fail-on", "warning"], 1),
        (["--run", "fine", "--fail-on", "info"], 0),
        (["--fail-on", "never"], 0),
        (["--ignore", "TB101"], 0),
        (["--ignore", "TB101", "--fail-on", "info"], 1),
        (["--ignore", "nan, spike", "--fail-on", "info"], 0),
        (["--ignore", "TB1", "--ignore", "TB2", "--fail-on", "info"], 0),
        (["--select", "TB2,TB5"], 0),
        (["--select", "spike", "--fail-on", "warning"], 1),
    ],
)
def test_the_status_is_that_of_the_gravest_finding(cli, logdir, arguments, status):
    for form in FORMATS:
        assert cli("lint", logdir, *arguments, "--format", form).status == status


def test_several_paths_are_linted_in_order(cli, logdir):
    result = cli("lint", "runs/spike", "runs/nan", "runs/fine")
    assert [line for line in result.out.splitlines() if not line.startswith(" ")] == [
        "runs/spike",
        "runs/nan",
        "1 error, 1 warning in 2 of 3 runs: failed",
    ]
    missing = cli("lint", "runs/nan", "runs/nowhere")
    assert (missing.status, missing.out) == (2, "")
    assert "runs/nowhere" in missing.err


@pytest.mark.parametrize(
    ("form", "parse"),
    [("json", json.loads), ("sarif", json.loads), ("junit", ET.fromstring), ("github", str), ("text", str)],
)
def test_an_output_is_a_whole_file_and_stdout_is_empty(cli, logdir, form, parse):
    result = cli("lint", logdir, "--format", form, "--output", "out/lint.txt")
    assert (result.status, result.out, result.err) == (1, "", "out/lint.txt\n")
    text = (logdir.parent / "out" / "lint.txt").read_text(encoding="utf-8")
    assert parse(text)
    assert cli("lint", logdir, "--format", form).out == text


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_without_event_files_does_not_pass(cli, logdir, form):
    (logdir.parent / "empty" / "sub").mkdir(parents=True)
    (logdir.parent / "empty" / "notes.txt").write_text("no run")
    for paths in (["empty"], [logdir, "empty"]):
        result = cli("lint", *paths, "--format", form, "-o", "lint.out")
        assert (result.status, result.out) == (2, "")
        assert result.err == (
            "tbevents: empty: there is no event file (a file with 'tfevents' in its name) in this folder or below it\n"
        )
        assert not (logdir.parent / "lint.out").exists()


def test_hostile_names_do_not_reach_the_terminal(cli, tmp_path):
    name = "\x1b[31mrun\n::error::x"
    events = [scalar_event("tag\x1b[2J\r\n::error::y", 0, math.nan)]
    write_events(tmp_path / "runs" / name / "events.out.tfevents.1.x", [version_event(), *events])
    for form in FORMATS:
        out = cli("lint", tmp_path / "runs", "--format", form, "--isolated").out
        assert "TB101" in out
        assert [char for char in out if not char.isprintable() and char != "\n"] == []
        assert not any(line.startswith("::") for line in out.splitlines()[1:])


# -- configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("toml")
def test_the_configuration_above_the_working_folder_is_used(cli, logdir, monkeypatch):
    (logdir.parent / "pyproject.toml").write_text("[tool.tbevents.lint]\nignore = ['TB101']\nfail-on = 'warning'\n")
    (logdir.parent / "work").mkdir()
    monkeypatch.chdir(logdir.parent / "work")
    result = cli("lint", logdir)
    assert result.status == 1
    assert "TB101" not in result.out
    assert "1 warning in 1 of 3 runs: failed" in result.out
    assert cli("lint", logdir, "--ignore", "TB104").status == 0  # adds to its list
    assert "TB101" not in cli("lint", logdir, "--select", "TB1").out
    assert cli("lint", logdir, "--fail-on", "error").status == 0
    assert "TB101" in cli("lint", logdir, "--isolated").out
    other = logdir.parent / "other.toml"
    other.write_text("[lint]\nselect = ['TB5']\n")
    assert cli("lint", logdir, "--config", other).status == 0


@pytest.mark.usefixtures("toml")
def test_a_configuration_in_the_logdir_is_not_used_and_the_remark_says_so(cli, logdir, monkeypatch):
    (logdir / "tbevents.toml").write_text("[lint]\nignore = ['TB1']\n")
    assert cli("lint", logdir).status == 1
    monkeypatch.chdir(logdir / "nan")
    result = cli("lint", "..")
    assert result.status == 1
    assert "is not used, since it is in a folder that is linted: --config" in result.err
    assert cli("lint", "..", "--config", logdir / "tbevents.toml").status == 0
    if find_spec("fsspec") is not None:
        assert cli("lint", f"file://{logdir}").status == 1
    (logdir / "tbevents.toml").rename(logdir / "nan" / "tbevents.toml")
    (file,) = (logdir / "nan").glob("*tfevents*")
    assert cli("lint", file.name).status == 1  # nor is one beside an event file


@pytest.mark.usefixtures("toml")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[lint]\nselekt = []\n", ["tbevents.toml", "no key 'selekt'", "'select'"]),
        ("[lint\n", ["tbevents.toml", "not TOML"]),
        (
            "[[lint.expect]]\nschedule = \"StepLR(step_size=__import__('os'))\"\n",
            ["expect 1: schedule", "not a schedule"],
        ),
        ("[[lint.expect]]\nsame_as = 'golden'\n", ["golden", "no such file or folder"]),
    ],
)
def test_a_wrong_configuration_is_one_line(cli, logdir, text, words):
    (logdir.parent / "tbevents.toml").write_text(text)
    result = cli("lint", logdir)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in result.err


@pytest.mark.usefixtures("toml")
def test_expectations_of_a_file(cli, logdir):
    (logdir.parent / "tbevents.toml").write_text(
        """
        [tool.tbevents.lint]
        select = ["TB9"]

        [[tool.tbevents.lint.expect]]
        tags = "loss"
        runs = ["fine", "spike"]
        bounds = [0, 10]

        [[tool.tbevents.lint.expect]]
        same_as = "runs/fine"
        runs = "fine"
        """
    )
    found = json.loads(cli("lint", logdir, "--format", "json").out)["findings"]
    assert [(each["code"], each["run"], each["step"], each["bound"]) for each in found] == [
        ("TB903", "spike", 15, "low 0, high 10")
    ]


def test_urls(cli, logdir):
    fsspec = pytest.importorskip("fsspec", reason="reads URLs")
    fs = fsspec.filesystem("memory")
    try:
        fs.put(str(logdir), "/lint-cli", recursive=True)
        result = cli("lint", "memory://lint-cli")
        assert result.status == 1
        assert "1 error, 1 warning in 2 of 3 runs: failed" in result.out
    finally:
        fs.rm("/lint-cli", recursive=True)
    missing = cli("lint", "memory://lint-cli")
    assert (missing.status, missing.err.count("\n")) == (2, 1)


def test_a_report_lists_findings(cli, logdir):
    assert cli("report", logdir, "-o", "report.html", "--lint").status == 0
    page = (logdir.parent / "report.html").read_text(encoding="utf-8")
    assert '"code":"TB104"' in page
    assert cli("report", logdir, "-o", "report.html").status == 0
    assert '"code":"TB104"' not in (logdir.parent / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow  # starts processes
def test_as_a_process(process, logdir):
    result = process("lint", logdir)
    assert result.status == 1
    assert result.out.endswith("1 error, 1 warning in 2 of 3 runs: failed\n")
    assert process("lint", logdir, "--run", "fine").out == "no findings in 1 run\n"
