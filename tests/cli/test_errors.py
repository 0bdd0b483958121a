"""What goes wrong is one line on stderr and status 2, whatever the command; nothing is left behind."""

import pytest

FILE_COMMANDS = {
    "ls": ["ls", "PATH"],
    "show": ["show", "PATH"],
    "tail": ["tail", "PATH", "--for", "0"],
    "export": ["export", "PATH", "OUT.csv"],
    "export images": ["export", "PATH", "OUT", "--kind", "images"],
    "import": ["import", "PATH", "-o", "OUT", "--format", "csv"],
    "plot": ["plot", "PATH", "-o", "OUT.png"],
    "check": ["check", "PATH"],
    "lint": ["lint", "PATH", "--isolated"],
    "repair": ["repair", "PATH", "-o", "OUT"],
    "merge": ["merge", "PATH", "-o", "OUT"],
    "split": ["split", "PATH", "-o", "OUT", "--every", "5"],
    "edit": ["edit", "PATH", "-o", "OUT"],
    "diff": ["diff", "PATH", "PATH"],
    "reduce": ["reduce", "PATH", "-o", "OUT"],
}


def arguments(command, path, out):
    return [part.replace("PATH", str(path)).replace("OUT", str(out)) for part in FILE_COMMANDS[command]]


def assert_one_line(result, *words):
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("tbevents: ")
    assert result.err.count("\n") == 1
    for word in words:
        assert str(word) in result.err


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_a_missing_path_is_named(cli, tmp_path, command):
    if command == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    missing = tmp_path / "no" / "such"
    assert_one_line(cli(*arguments(command, missing, tmp_path / "out")), missing, "o such file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", sorted(set(FILE_COMMANDS) - {"import"}))
def test_a_file_of_another_sort_is_named_as_such(cli, tmp_path, command):
    if command == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    assert_one_line(cli(*arguments(command, picture, tmp_path / "out")), picture, "not an event file", "PNG")
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize("command", ["check", "lint", "repair", "merge", "split", "edit", "reduce", "plot"])
def test_an_empty_folder_has_nothing_to_work_on(cli, tmp_path, command):
    if command == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_one_line(cli(*arguments(command, empty, tmp_path / "out")), empty, "no ")
    assert list(tmp_path.iterdir()) == [empty]


@pytest.mark.parametrize("command", ["ls", "show", "tail"])
def test_an_empty_folder_is_said_to_be_so_and_is_no_error(cli, tmp_path, command):
    result = cli(*arguments(command, tmp_path, None))
    assert (result.status, result.out) == (0, "")
    if command != "tail":
        assert f"{tmp_path}: there is no event file (a file with 'tfevents' in its name)" in result.err


@pytest.mark.parametrize("kinds", [[], ["--kind", "texts"], ["--kind", "images"]])
def test_an_empty_folder_that_is_exported_is_said_to_be_so(cli, tmp_path, kinds):
    (tmp_path / "empty").mkdir()
    out = tmp_path / ("x" if "images" in kinds else "x.csv")
    result = cli("export", tmp_path / "empty", out, *kinds)
    assert (result.status, result.out) == (0, "")
    assert f"{tmp_path / 'empty'}: there is no event file" in result.err


def test_an_empty_folder_that_is_synced_is_said_to_be_so(cli, tmp_path):
    pytest.importorskip("deltalake", reason="sync needs deltalake")
    (tmp_path / "empty").mkdir()
    result = cli("sync", tmp_path / "empty", tmp_path / "lake")
    assert (result.status, result.out) == (0, "")
    assert f"{tmp_path / 'empty'}: there is no event file" in result.err


NO_OUTPUTS = [("", "it is empty"), ("-", "it is not written to stdout; a file of this name is ./-")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch"], ["nosuch", "there are: 'ls'", "tbevents --help"]),
        (["lss"], ["no command 'lss'; did you mean 'ls'", "tbevents --help"]),
        (["ls"], ["LOGDIR", "tbevents ls --help"]),
        (["ls", ".", "--sort", "color"], ["color", "name"]),
        (["ls", ".", "--nosuch"], ["--nosuch"]),
        (["edit", "RUN", "-o", "OUT", "--steps", "1-2"], ["1-2", "FIRST:LAST"]),
        (["edit", "RUN", "-o", "OUT", "--steps", "9:1"], ["9", "1"]),
        (["edit", "RUN", "-o", "OUT", "--rename", "a"], ["OLD=NEW"]),
        (["edit", "RUN", "-o", "OUT", "--drop", "los"], ["'los'", "'loss'"]),
        (["edit", "RUN", "-o", "OUT", "--drop", "(", "--regex"], ["regular expression"]),
        (["edit", "RUN"], ["in-place"]),
        *((["edit", "RUN", "-o", out], ["-o", words]) for out, words in NO_OUTPUTS),
        *((["report", "RUN", "-o", out], ["-o", words]) for out, words in NO_OUTPUTS),
        *((["reduce", "RUN", "-o", out], ["-o", words]) for out, words in NO_OUTPUTS),
        (["split", "RUN", "-o", "OUT"], ["size, every and at"]),
        (["split", "RUN", "-o", "OUT", "--size", "big"], ["'big'", "MB"]),
        (["split", "RUN", "-o", "OUT", "--at", "5", "--at", "3"], ["ascend", "5, 3"]),
        (["export", "RUN", "out.xlsx"], ["out.xlsx", ".csv"]),
        (["export", "RUN", "-", "--kind", "scalars", "--kind", "images"], ["scalars and images"]),
        (["show", "RUN", "los"], ["'los'", "'loss'"]),
        (["show", "RUN", "--run", "x*"], ["'x*'"]),
        (["tail", "RUN", "--interval", "nan"], ["--interval", "nan is not a number of seconds"]),
        (["tail", "RUN", "--for", "nan"], ["--for", "nan is not a number of seconds"]),
        (["tail", "RUN", "--interval", "1e300"], ["--interval", "1e300 is not a number of seconds"]),
        (["sync", "RUN", "OUT", "--watch", "nan"], ["--watch", "nan is not a number of seconds"]),
        (["diff", "RUN", "RUN", "--rtol", "-1"], ["rtol"]),
        (["reduce", "RUN", "-o", "OUT", "--stat", "mode"], ["'mode'", "median"]),
        (["lint"], ["PATH", "tbevents lint --help"]),
        (["lint", "RUN", "--select", "TB999"], ["select", "TB999"]),
        (["lint", "RUN", "--ignore", "nan,spkie"], ["ignore", "'spkie'", "'spike'"]),
        (["lint", "RUN", "--select", ","], ["--select", "',' names no rule"]),
        (["lint", "RUN", "--select", "TB1", "--select", ""], ["--select", "'' names no rule"]),
        (["lint", "RUN", "--ignore", " , "], ["--ignore", "' , ' names no rule"]),
        (["lint", "RUN", "--fail-on", "all"], ["all", "warning"]),
        (["lint", "RUN", "--format", "xml"], ["xml", "junit"]),
        (["lint", "RUN", "--config", "none.toml"], ["none.toml", "No such file"]),
        (["lint", "RUN", "--config", "none.toml", "--isolated"], ["--isolated"]),
        (["lint", "RUN", "--run", "x*"], ["'x*'"]),
        (["schedule", "StepLR", "--steps", "0"], ["--steps"]),
        (["schedule", "StepLR", "gamma", "--steps", "3"], ["key=value"]),
        (["schedule", "StepLR", "step_size=3", "step_size=4", "--steps", "3"], ["step_size must be given once"]),
        (["schedule", "StepLR", "step_size={[]: 1}", "--steps", "3"], ["step_size"]),
        (["schedule", "StepLR", "--steps", "3"], ["step_size"]),
        (["schedule", "StepLR", f"lr={10**400}", "step_size=3", "--steps", "3"], ["lr is too large for a float"]),
        (["schedule", "CosineLR", "--steps", "3"], ["CosineAnnealingLR"]),
        (["schedule", "LambdaLR", "--steps", "3"], ["function"]),
    ],
)
def test_wrong_usage_is_told_in_one_line(cli, demo, tmp_path, arguments, words):
    given = [part.replace("RUN", str(demo)).replace("OUT", str(tmp_path / "out")) for part in arguments]
    assert_one_line(cli(*given), *words)
    assert not (tmp_path / "out").exists()


def test_escapes_in_an_error_are_shown_not_sent(cli, tmp_path):
    result = cli("ls", tmp_path / "\x1b[31mred\nline")
    assert_one_line(result, r"\x1b[31mred\nline")


@pytest.mark.parametrize("command", sorted(set(FILE_COMMANDS) - {"import"}))
def test_a_file_is_accepted_where_a_run_or_logdir_stands(cli, demo, tmp_path, command):
    if command == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    (file,) = demo.iterdir()
    assert cli(*arguments(command, file, tmp_path / "out")).status == 0
