"""What docstrings look like: an exception is raised *if* something is so."""

import ast
import re
from pathlib import Path

import pytest

import tbevents

PACKAGE = Path(tbevents.__file__).parent
SECTION = re.compile(r"^Raises:\n((?: {4}.*\n?)+)", re.M)
ENTRY = re.compile(r"^ {4}(\w[\w, ]*): (.*)", re.M)
CONDITION = re.compile(r"(if|at|as) |.*, if ")


def raised(path):
    """The entries of the sections on exceptions in a module: (exceptions, the first line on when they are raised)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            for section in SECTION.findall(ast.get_docstring(node) or ""):
                yield from ENTRY.findall(section)


@pytest.mark.parametrize("folder", ["lint", "lr_scheduler", "mcp_server", "reading", "summary", "writing"])
def test_sections_on_exceptions_say_if(folder):
    entries = [entry for path in sorted((PACKAGE / folder).rglob("*.py")) for entry in raised(path)]
    assert len(entries) > 5
    assert [entry for entry in entries if not CONDITION.match(entry[1])] == []
