"""The examples of reading run as scripts, and print what the files have."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tbevents

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run_example(name, folder):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, folder], capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_tables_find_the_run_with_the_least_loss(package, tmp_path):
    pytest.importorskip(package)
    printed = run_example("tables.py", tmp_path)
    (folder,) = tmp_path.iterdir()
    logdir = tbevents.read_logdir(folder)
    last = {name: run.scalars["loss"].last.value for name, run in logdir.items()}
    assert len(last) == 9
    assert printed.splitlines()[-1].endswith(f", of {min(last, key=last.get)}")
    if package == "pandas":
        assert len((folder / "loss.csv").read_text(encoding="utf-8").splitlines()) == 1 + 9 * 50


def test_the_sweep_lists_trials_from_the_best_to_the_worst(tmp_path):
    printed = run_example("sweep.py", tmp_path)
    (folder,) = tmp_path.iterdir()
    losses = {name: run.scalars["loss"].last.value for name, run in tbevents.read_logdir(folder).items()}
    assert len(losses) == 12
    assert printed.splitlines()[-1] == f"The best trial: {min(losses, key=losses.get)}"
    shown = [float(line.split()[0]) for line in printed.splitlines()[1:13]]
    np.testing.assert_allclose(shown, sorted(losses.values()), rtol=0.01)


def test_images_and_histograms_are_read_back(tmp_path):
    pytest.importorskip("PIL")
    printed = run_example("images_and_histograms.py", tmp_path)
    assert re.findall(r"^epoch (\d+): 256 weights", printed, re.MULTILINE) == ["9", "19", "29", "39", "49"]
    (run,) = tbevents.read_logdir(tmp_path).values()
    assert run.scalars["accuracy"].values[-10:].mean() > 0.9
    (png,) = tmp_path.glob("*/learnt.png")
    assert png.read_bytes() == run.images["learnt"][-1].encoded


def test_the_cells_of_the_notebook_run_and_show_something(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    shell_module = pytest.importorskip("IPython.core.interactiveshell")
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 4
    assert all(cell.get("outputs", []) == [] for cell in notebook["cells"])
    monkeypatch.chdir(tmp_path)
    shell = shell_module.InteractiveShell()
    shown = []
    for cell in cells:
        done = shell.run_cell(cell, silent=False, store_history=False)
        done.raise_error()
        if done.result is not None:
            shown.append(done.result)
    for result in shown:
        assert any(hasattr(result, name) for name in ("_repr_html_", "_repr_png_", "figure"))
    assert len(shown) >= 3
