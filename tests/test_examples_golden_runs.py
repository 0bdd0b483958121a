"""The example of golden runs: a copy of the folder passes, a changed training fails, and an update is stored."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "golden_runs"
GOLDEN = "test_training/test_the_curves_are_those_of_the_golden_run.tbrun.json"

pytestmark = pytest.mark.slow  # starts pytest several times


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__")))


def run_pytest(folder, *options):
    from test_pages import has_entry_point

    plugin = () if has_entry_point() else ("-p", "tbevents.pytest_plugin")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=120)


def test_a_copy_passes_as_the_workflow_runs_it(copy):
    (command,) = [
        line.strip() for line in (copy / "golden.yml").read_text("utf-8").splitlines() if "python -m pytest" in line
    ]
    options = command.partition("python -m pytest ")[2].split()
    assert "--tb-orphans=fail" in options
    done = run_pytest(copy, *options)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_it_passes_in_the_clone():
    done = run_pytest(EXAMPLE.parent.parent, str(EXAMPLE))
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_a_training_that_changed_fails_until_its_run_is_stored(copy):
    script = copy / "training.py"
    script.write_text(script.read_text("utf-8").replace("gamma=0.95", "gamma=0.9"), encoding="utf-8")
    failed = run_pytest(copy)
    assert failed.returncode == 1
    assert "'lr'" in failed.stdout
    assert "--tb-update" in failed.stdout
    before = json.loads((copy / GOLDEN).read_text("utf-8"))
    assert run_pytest(copy, "--tb-update").returncode == 0
    assert json.loads((copy / GOLDEN).read_text("utf-8")) != before
    assert run_pytest(copy).returncode == 0


def test_a_golden_run_that_no_test_uses_fails(copy):
    (copy / "test_training" / "test_gone.tbrun.json").write_bytes((copy / GOLDEN).read_bytes())
    done = run_pytest(copy, "--tb-orphans=fail")
    assert done.returncode != 0
    assert "test_gone" in done.stdout
