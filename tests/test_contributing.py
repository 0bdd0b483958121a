"""CONTRIBUTING.md and `.ci/run` name the sessions that noxfile.py has."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def sessions():
    """The names of the functions that nox runs."""
    functions = [
        node for node in ast.parse((ROOT / "noxfile.py").read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    return {
        function.name
        for function in functions
        if any("nox.session" in ast.unparse(decorator) for decorator in function.decorator_list)
    }


def test_every_session_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows)) >= 8
    assert set(rows) == sessions()


def test_ci_runs_every_session_but_those_that_the_test_command_stands_for_and_the_release():
    script = ROOT / ".ci" / "run"
    if not script.is_file():
        pytest.skip("a source distribution has no .ci/run")
    (called,) = re.findall(r"^sessions=\((.*)\)$", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(called.split()) == sessions() - {"quick", "full", "release"}
