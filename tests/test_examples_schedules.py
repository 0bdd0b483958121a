"""The examples of schedules: each runs as a script, its run holds the rates that it says, and its plot shows them."""

import importlib
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tbevents

pytest.importorskip("matplotlib", reason="matplotlib is not installed, and the examples plot")

pytestmark = pytest.mark.slow  # nine scripts run, most of which draw

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "schedules"
IMAGES = ROOT / "docs" / "images"

# Script -> tag -> epoch -> rate, from the definitions; of each, the last point is the 201st.
EXPONENTIAL = {0: 0.1, 1: 0.095, 2: 0.09025, 10: 0.05987369392383787, 100: 5.920529220333989e-4, 200: 3.5052666e-6}
RATES = {
    "step_lr": {
        "lr": {0: 0.1, 49: 0.1, 50: 0.01, 99: 0.01, 100: 1e-3, 149: 1e-3, 150: 1e-4, 199: 1e-4, 200: 1e-5},
    },
    "multi_step_lr": {
        "lr": {0: 0.1, 49: 0.1, 50: 0.01, 124: 0.01, 125: 1e-3, 159: 1e-3, 160: 1e-4, 199: 1e-4, 200: 1e-4},
    },
    "exponential_lr": {
        "lr": EXPONENTIAL,
    },
    "cosine_annealing_lr": {
        "lr": {0: 0.1, 25: 0.05, 50: 0, 75: 0.05, 100: 0.1, 125: 0.05, 150: 0, 175: 0.05, 200: 0.1},
    },
    "reduce_lr_on_plateau": {
        "lr": {0: 0.1, 16: 0.1, 17: 0.01, 37: 0.01, 38: 1e-3, 58: 1e-3, 59: 1e-4, 199: 1e-4, 200: 1e-4},
    },
    "lambda_lr": {
        "lr/weights": {0: 0.1, 19: 0.1, 20: 0.01, 40: 1e-3, 100: 1e-6, 199: 1e-10, 200: 1e-11},
        "lr/bias": {
            0: 0.1,
            1: 0.095,
            2: 0.09025,
            10: 0.05987369392383787,
            100: 5.920529220333989e-4,
            200: 3.5052666e-6,
        },
    },
    "adam_warmup_cosine": {
        "lr": {0: 0.001, 5: 0.0055, 9: 0.0091, 10: 0.01, 105: 0.005, 200: 0},
    },
}
SCRIPTS = [*RATES, "range_test", "all_schedules"]
LOSS = dict.fromkeys(RATES, "excess_loss") | {"adam_warmup_cosine": "loss"}
# Epochs whose rate differs from that of the epoch before.
DROPS = {
    "step_lr": [50, 100, 150, 200],
    "multi_step_lr": [50, 125, 160],
    "reduce_lr_on_plateau": [17, 38, 59],
}


def run_script(name, folder, **variables):
    environment = os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"} | variables
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Script -> the run's folder, the plot's path and what was printed. Two scripts at a time are run, each once."""
    folders = {name: tmp_path_factory.mktemp(name) / "runs" for name in SCRIPTS}
    with ThreadPoolExecutor(2) as pool:
        done = dict(zip(SCRIPTS, pool.map(run_script, SCRIPTS, folders.values()), strict=True))

    def make(name):
        assert done[name].returncode == 0, done[name].stderr
        assert not done[name].stderr
        (run,) = (path for path in folders[name].iterdir() if path.is_dir())
        (plot,) = folders[name].glob("*.png")
        return run, plot, done[name].stdout

    return make


@pytest.fixture
def example(monkeypatch):
    """Imports a script as a module, and forgets it afterwards."""
    monkeypatch.syspath_prepend(EXAMPLES)
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == EXAMPLES:
            del sys.modules[name]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_leaves_a_plot_beside_its_run_and_says_where(made, name):
    run, plot, printed = made(name)
    assert plot == run.parent / f"{run.name}.png"
    picture = plot.read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) > 5_000, "an empty figure"
    *_, where, _, _, tensorboard, page = printed.splitlines()
    assert where == f"Plot: {plot}"
    assert tensorboard.split() == ["tensorboard", "--logdir", str(run.parent)]
    assert shlex.split(page)[1:] == [
        "-c",
        f"from tbevents.tools.report import report; report('{run.parent}', 'report.html')",
    ]
    assert "all as expected" in printed


def test_every_script_is_run_by_these_tests():
    scripts = {path.stem for path in EXAMPLES.glob("*.py")} - {"common"}
    assert scripts == {*SCRIPTS, "torch_optimizer"}  # the last one beside torch


@pytest.mark.parametrize(("name", "tag"), [(name, tag) for name, tags in RATES.items() for tag in tags])
def test_the_rates_in_the_run_are_those_of_the_schedule(made, name, tag):
    series = tbevents.read_run(made(name)[0]).scalars[tag]
    assert series.steps.tolist() == list(range(201))
    landmarks = RATES[name][tag]
    found = {epoch: series.at(epoch).value for epoch in landmarks}
    assert found == pytest.approx(landmarks, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", DROPS)
def test_the_rate_changes_at_these_epochs_and_no_others(made, name):
    series = tbevents.read_run(made(name)[0]).scalars["lr"]
    assert series.steps[1:][np.diff(series.values) != 0].tolist() == DROPS[name]


@pytest.mark.parametrize("name", RATES)
def test_something_was_learned(made, name):
    series = tbevents.read_run(made(name)[0]).scalars[LOSS[name]]
    assert series.steps.tolist() == list(range(200))
    assert series.values.min() < series.first.value / 20


def test_a_lower_rate_lowers_the_loss_that_training_settles_on(made):
    loss = tbevents.read_run(made("step_lr")[0]).scalars["excess_loss"]
    settled = [float(np.median(loss.between(last - 20, last).values)) for last in (49, 99, 149)]
    assert settled[0] > 10 * settled[1] > 100 * settled[2]


def test_the_plateau_script_prints_its_reductions_and_logs_the_metric(made):
    run, _, printed = made("reduce_lr_on_plateau")
    assert printed.splitlines()[:3] == [
        "Epoch    17: reducing learning rate of group 0 to 1.0000e-02.",
        "Epoch    38: reducing learning rate of group 0 to 1.0000e-03.",
        "Epoch    59: reducing learning rate of group 0 to 1.0000e-04.",
    ]
    assert "reducing" not in "".join(printed.splitlines()[3:])
    metric = tbevents.read_run(run).scalars["lr/metric"]
    assert metric.steps.tolist() == list(range(1, 201))
    assert metric.values.tolist() == [0.5] * 5 + [float(np.float32(0.4))] * 195


def test_the_range_test_stops_where_the_loss_diverges_and_suggests_a_rate_that_trains(made):
    run, _, printed = made("range_test")
    scalars = tbevents.read_run(run).scalars
    lrs, losses = scalars["lr_range_test/lr"], scalars["lr_range_test/loss"]
    assert 50 < len(lrs) == len(losses) < 200
    np.testing.assert_allclose(lrs.values, 1e-4 * 10 ** (5 * np.arange(len(lrs)) / 199), rtol=1e-6)
    assert losses.last.value > 4 * losses.values.min()
    (suggested,) = (float(line.split()[-1]) for line in printed.splitlines() if line.startswith("Suggestion"))
    assert lrs.first.value < suggested < lrs.values[losses.values.argmin()]
    assert scalars["loss"].last.value < 0.3 < 5 < scalars["loss"].first.value


def test_the_figure_of_all_six_comes_from_six_runs(made):
    folder, _, printed = made("all_schedules")
    logdir = tbevents.read_logdir(folder)
    assert sorted(logdir) == sorted(
        ["StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "ReduceLROnPlateau", "LambdaLR"]
    )
    assert printed.count("201 points read back, all as expected") == 7  # LambdaLR has two
    alone = tbevents.read_run(made("step_lr")[0]).scalars
    together = logdir["StepLR"].scalars
    assert {tag: alone[tag].values.tolist() for tag in alone} == {tag: together[tag].values.tolist() for tag in alone}


def test_a_script_fails_where_the_rates_are_others(example, monkeypatch, tmp_path):
    script = example("step_lr")
    monkeypatch.setattr(sys, "argv", ["step_lr.py", str(tmp_path)])
    real = script.StepLR
    monkeypatch.setattr(
        script, "StepLR", lambda optimizer, step_size, gamma, writer: real(optimizer, 51, writer=writer)
    )
    with pytest.raises(AssertionError, match=r"(?s)values of lr.*Mismatched elements: 7 / 201"):
        script.main()
    assert not list(tmp_path.glob("*.png"))


def test_a_script_fails_where_points_are_missing(example, tmp_path):
    common = example("common")
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in (0, 1, 3):
            writer.add_scalar("lr", 0.1, step)
    with pytest.raises(AssertionError, match="steps of lr"):
        common.check(tbevents.read_run(tmp_path).scalars["lr"], [0.1] * 4)


def test_the_lines_drawn_are_the_rates_that_were_read_back(example, made):
    common = example("common")
    run = tbevents.read_run(made("lambda_lr")[0])
    axes = common.Figure().add_subplot()
    common.draw_rates(axes, run)
    drawn = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert set(drawn) == {"lr/weights", "lr/bias"}
    for tag, points in drawn.items():
        series = run.scalars[tag]
        np.testing.assert_array_equal(points, np.column_stack([series.steps, series.values])[:200])


@pytest.mark.parametrize(
    ("package", "script", "message"),
    [
        ("matplotlib", "step_lr", "The plots need matplotlib: pip install 'tbevents[plot]'"),
        ("torch", "torch_optimizer", "This example needs torch: pip install torch"),
    ],
)
def test_without_a_package_a_script_says_what_to_install(tmp_path, package, script, message):
    (tmp_path / f"{package}.py").write_text("raise ImportError('not here')\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run_script(script, tmp_path / "runs", PYTHONPATH=path)
    assert done.returncode == 1
    assert done.stderr.strip() == message
    assert not (tmp_path / "runs").exists()


def test_the_images_of_the_docs_are_small_and_all_are_shown():
    images = sorted(IMAGES.glob("*.png"))
    assert images
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    for image in images:
        assert image.stat().st_size < 50_000, image.name
        assert f"images/{image.name})" in text, image.name
