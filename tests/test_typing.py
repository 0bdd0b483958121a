"""The files in tests/typing use every public name with its types; the lint session has mypy check them."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "tbevents": "public_tbevents.py",
    "tbevents.lint": "public_lint.py",
    "tbevents.lr_scheduler": "public_lr_scheduler.py",
    "tbevents.proto": "public_proto.py",
    "tbevents.summary": "public_summary.py",
    "tbevents.testing": "public_testing.py",
    "tbevents.tools": "public_tools.py",
}


def attributes_used(path, package):
    """The names of a package that a file uses, as ``package.name``."""
    last = package.rpartition(".")[2]
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == last
    }


@pytest.mark.parametrize("package", FILES)
def test_every_public_name_is_used(package):
    module = importlib.import_module(package)
    public = {name for name in dir(module) if name in module.__all__ or not name.startswith("_")}
    used = attributes_used(ROOT / "tests" / "typing" / FILES[package], package)
    assert sorted(public - used) == []


def test_there_is_no_other_file():
    assert {path.name for path in (ROOT / "tests" / "typing").glob("*.py")} == set(FILES.values())


def test_mypy_is_told_to_check_them_and_lint_runs_it():
    assert 'files = ["tbevents", "tests/typing"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'last_line(session, "mypy")' in (ROOT / "noxfile.py").read_text(encoding="utf-8")


@pytest.mark.slow  # pyright checks the whole package
def test_pyright_knows_nearly_every_type_of_the_package(tmp_path):
    pytest.importorskip("pyright")
    shutil.copytree(ROOT / "tbevents", tmp_path / "tbevents")  # pyright does not look for a package in its own folder
    command = [sys.executable, "-m", "pyright", "--verifytypes", "tbevents", "--ignoreexternal", "--pythonpath"]
    done = subprocess.run(
        [*command, sys.executable],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (score,) = re.findall(r"completeness score: ([\d.]+)%", done.stdout)
    assert float(score) >= 99, done.stdout
