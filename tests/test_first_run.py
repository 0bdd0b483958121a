"""The first example: it runs as a script, and TensorBoard's own readers see the five series that it logged."""

import math
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard_server import serving

import tbevents

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "first_run.py"

GROUP = {"xsinx": lambda x: x * math.sin(x), "xcosx": lambda x: x * math.cos(x), "arctanx": math.atan}


def expected():
    """Run below the folder and tag -> values, worked out here once more."""
    series = {(".", "y=2x"): [2 * x for x in range(100)], (".", "y=pow(2, x)"): [2.0**x for x in range(100)]}
    for key, function in GROUP.items():
        series[f"data_scalar_group_{key}", "data/scalar_group"] = [float(np.float32(function(x))) for x in range(100)]
    return series


@pytest.fixture(scope="module")
def run_of_the_example(tmp_path_factory):
    """The folder that the example made, and what it printed."""
    folder = tmp_path_factory.mktemp("first")
    done = subprocess.run(
        [sys.executable, EXAMPLE, folder / "runs"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (made,) = (folder / "runs").iterdir()
    return made, done.stdout


def test_it_prints_a_table_and_how_to_look_at_the_curves(run_of_the_example):
    folder, printed = run_of_the_example
    runs = [line.split()[0] for line in printed.splitlines()[1:6]]
    assert runs == [".", ".", *(f"data_scalar_group_{key}" for key in GROUP)]
    assert "DIFFERS" not in printed
    *_, board, page = printed.splitlines()
    assert board.split() == ["tensorboard", "--logdir", str(folder.parent)]
    subprocess.run(shlex.split(page), cwd=folder.parent, check=True, timeout=120)
    assert "y=2x" in (folder.parent / "report.html").read_text(encoding="utf-8")


def test_under_uv_the_command_does_not_name_an_environment_that_is_gone(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    monkeypatch.setattr(sys, "argv", ["first_run.py", str(tmp_path / "runs")])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out.splitlines()[-1].strip().startswith("uv run --no-project --with . python -c ")


def test_the_values_are_those_of_the_curves(run_of_the_example):
    logdir = tbevents.read_logdir(run_of_the_example[0])
    assert set(logdir) == {run for run, _ in expected()}
    for (run, tag), values in expected().items():
        series = logdir[run].scalars[tag]
        assert series.steps.tolist() == list(range(100))
        assert series.values.dtype == np.float32
        np.testing.assert_allclose(series.values, values, rtol=1e-6)
        assert series.values.tolist() == values or run.endswith("x")  # sin and cos may differ in their last bit


def test_it_says_so_where_a_value_differs(monkeypatch, tmp_path, capsys):
    module = runpy.run_path(str(EXAMPLE))
    folder = tmp_path / "run"
    module["write"](folder)
    assert module["compare"](folder) == 0
    with tbevents.SummaryWriter(folder) as writer:
        writer.add_scalar("y=2x", 7, 100)
    assert module["compare"](folder) == 1
    assert "DIFFERS" in capsys.readouterr().out


def test_tensorboards_event_accumulator_sees_the_same(run_of_the_example):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
    )
    folder, _ = run_of_the_example
    logdir = tbevents.read_logdir(folder)
    for run, tag in expected():
        theirs = accumulator.EventAccumulator(str(folder / run), size_guidance={"scalars": 0}).Reload().Scalars(tag)
        ours = logdir[run].scalars[tag]
        assert [(p.wall_time, p.step, p.value) for p in theirs] == [(p.wall_time, p.step, p.value) for p in ours]


@pytest.mark.parametrize("fast", [False, True], ids=["loader in Python", "loader in Rust"])
def test_tensorboards_web_server_shows_the_same(run_of_the_example, fast):
    pytest.importorskip("tensorboard.main", reason="tensorboard is not installed")
    if fast:
        pytest.importorskip("tensorboard_data_server", reason="tensorboard's loader in Rust is not installed")
    folder, _ = run_of_the_example
    logdir = tbevents.read_logdir(folder)
    with serving(folder, fast=fast) as server:
        for run, tag in expected():
            ours = [[p.wall_time, p.step, p.value] for p in logdir[run].scalars[tag]]
            theirs = server.until(lambda run=run, tag=tag: server.get("plugin/scalars/scalars", run=run, tag=tag))
            assert theirs == ours
