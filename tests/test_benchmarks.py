"""The benchmarks' scripts: what they measure is told without measuring it."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.mark.slow  # each imports what it measures
@pytest.mark.parametrize("script", sorted(path.stem for path in FOLDER.glob("[bs]*_*.py")))
def test_help_says_what_is_measured_and_measures_nothing(script, tmp_path):
    if "from selenium" in (FOLDER / f"{script}.py").read_text("utf-8"):
        pytest.importorskip("selenium")
    command = [sys.executable, FOLDER / f"{script}.py", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60)
    if done.returncode and "ModuleNotFoundError" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert f"{script}.py" in done.stdout
    assert "cores, Python" not in done.stdout
    assert list(tmp_path.iterdir()) == []
