"""What the README shows is what happens: its code runs, its printed values and its terminal transcripts are real."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = [code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "def test_" not in code]
(TRANSCRIPT,) = re.findall(r"```console\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which all the code of the README was run, in order; with what it printed."""
    folder = tmp_path_factory.mktemp("readme")
    printed = []
    here = Path.cwd()
    os.chdir(folder)
    try:
        for code in CODE:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(code, "README.md", "exec"), {})
            printed.append(out.getvalue().splitlines())
    finally:
        os.chdir(here)
    return folder, printed


@pytest.mark.parametrize("index", range(len(CODE)))
def test_printed_values_are_those_in_the_comments(folder, index):
    said = re.findall(r"^print\(.*?\)\s+# (.*)$", CODE[index], re.M)
    printed = folder[1][index]
    for text in said:
        value = re.split(r": (?=float32|int64)", text)[0]
        if value != "numpy arrays":
            assert value in printed


COMMANDS = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", TRANSCRIPT, re.M)


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_terminal_transcripts_are_real(folder, command, shown):
    pytest.importorskip("click", reason="the command line needs the extra cli")
    pytest.importorskip("rich", reason="the command line needs the extra cli")
    first, *rest = (shlex.split(part) for part in command.split(" | "))
    assert first[0] == "tbevents"
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-m", "tbevents.cli", *first[1:]]
    out = subprocess.run(
        arguments,
        cwd=folder[0],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    ).stdout
    for program, *options in rest:
        assert program == "head"
        out = "".join(out.splitlines(keepends=True)[: int(options[0][1:])])
    assert out == shown


def test_every_link_of_the_documentation_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "proto" / "README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
