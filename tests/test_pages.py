"""The pages of the documentation show what happens: every block of code runs, in order, and prints what is beside it.

A page with a test of its own is listed with it.
"""

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
DOCS = ROOT / "docs"
HERE = ["tutorial.md", "logging.md", "reading.md", "reference/proto.md"]
ELSEWHERE = {
    "board.md": "tests/live_page/test_notebook.py",
    "frameworks.md": "tests/test_frameworks.py",
    "lint.md": "tests/lint/test_docs.py",
    "migrating.md": "tests/test_migrating.py",
    "remote_writing.md": "tests/writing/test_object_storage.py",
    "scale.md": "tests/test_scale.py",
    "schedulers.md": "tests/lr_scheduler/test_docs.py",
    "testing.md": "tests/testing/test_docs.py",
}
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"^\s*print\(.*\)  # (.*)$", re.MULTILINE)


def test_every_page_with_code_is_tested():
    with_code = {
        page.relative_to(DOCS).as_posix()
        for page in DOCS.rglob("*.md")
        if "```python" in page.read_text(encoding="utf-8")
    }
    assert with_code == {*HERE, *ELSEWHERE}
    for page, test in ELSEWHERE.items():
        assert page in (ROOT / test).read_text(encoding="utf-8"), f"{test} does not test {page}"


def run_python(code, names, page):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, page, "exec"), names)
    return out.getvalue()


def run_command(line):
    program, *arguments = shlex.split(line)
    assert program == "tbevents"
    env = {**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "tbevents.cli", *arguments], env=env, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", HERE)
def test_its_code_prints_what_it_says(page, tmp_path, monkeypatch):
    if page == "tutorial.md":
        for package in ("matplotlib", "click", "rich"):
            pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names = {}
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert blocks
    try:
        for language, code in blocks:
            if language == "console":
                for line in re.findall(r"^\$ (.*)$", code, re.MULTILINE):
                    run_command(line)
            elif file := re.match(r"# file: (\S+)\n", code):
                Path(file[1]).write_text(code.removeprefix(file[0]), encoding="utf-8")
            else:
                assert run_python(code, names, page).splitlines() == SAID.findall(code)
        if tests := list(tmp_path.glob("test_*.py")):
            plugin = ["-p", "tbevents.pytest_plugin"] if not has_entry_point() else []
            ran = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *map(str, tests)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert ran.returncode == 0, ran.stdout
            assert f"{len(tests)} passed" in ran.stdout
    finally:
        sys.modules.pop("problem", None)


def has_entry_point():
    """Whether pytest loads the plugin by itself: not if the package is not installed, but on the path alone."""
    from importlib.metadata import entry_points

    return any(point.value == "tbevents.pytest_plugin" for point in entry_points(group="pytest11"))
