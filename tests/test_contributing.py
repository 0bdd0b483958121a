"""CONTRIBUTING.md and `.ci/run` name the sessions that noxfile.py has."""

import ast
import os
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


def test_a_release_under_another_name_does_not_install_the_project_that_has_this_one(tmp_path, monkeypatch):
    pytest.importorskip("nox")
    monkeypatch.setenv("PATH", os.environ["PATH"])  # which noxfile.py changes
    monkeypatch.syspath_prepend(str(ROOT))
    import noxfile

    monkeypatch.setattr(noxfile, "ROOT", tmp_path)
    for name, text in {
        "pyproject.toml": 'name = "mine"\n[project.optional-dependencies]\nall = ["tbevents[cli]"]\n',
        "CHANGELOG.md": "## 0.1.0 (2026-01-01)\n",
        "CITATION.cff": "version: 0.1.0\n",
        "README.md": "`pip install 'mine[cli]'`\n",
        "docs/index.md": "`pip install 'tbevents[cli]'`\n",
        "tbevents/_version.py": '__version__ = "0.1.0"\n',
        "tbevents/errors.py": "how = f\"pip install 'tbevents[{extra}]'\"\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    wrong = noxfile.hindrances("0.1.0")
    assert [each.split()[0] for each in wrong] == ["pyproject.toml", "docs/index.md", "tbevents/errors.py"]
    for name in ("pyproject.toml", "docs/index.md", "tbevents/errors.py"):
        path = tmp_path / name
        path.write_text(path.read_text().replace("tbevents[", "mine["))
    assert noxfile.hindrances("0.1.0") == []
