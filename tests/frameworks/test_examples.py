"""Each example trains a few steps and leaves the run that it says."""

import numpy as np
import pytest


def steps(run, tag):
    return run.scalars[tag].steps.tolist()


def test_lightning_trainer(train):
    run = train("lightning_trainer", "lightning")["lightning"]
    assert steps(run, "loss") == [0, 1, 2, 3]
    assert np.isfinite(run.scalars["loss"].values).all()
    assert run.hparams.parameters["width"] == 32


def test_lightning_fabric(train):
    run = train("lightning_fabric", "lightning")["fabric"]
    np.testing.assert_allclose(run.scalars["loss"].values, [1, 1 / 2, 1 / 3, 1 / 4], rtol=1e-6)
    assert steps(run, "rate") == [0, 1, 2, 3]


def test_transformers_trainer(train):
    run = train("transformers_trainer", "transformers")["transformers"]
    assert steps(run, "train/loss") == [1, 2, 3]
    assert '"max_steps": 3' in run.texts["args/text_summary"].last.array[0]


def test_accelerate_tracker(train):
    runs = train("accelerate_tracker", "accelerate")
    assert steps(runs["accelerate"], "loss") == [0, 1, 2, 3]
    (name,) = set(runs) - {"accelerate"}
    assert dict(runs[name].hparams.parameters) == {"lr": 0.1, "name": "demo"}


def test_ignite_logger(train):
    run = train("ignite_logger", "ignite")["ignite"]
    assert steps(run, "train/loss") == [1, 2, 3, 4]
    np.testing.assert_allclose(run.scalars["train/loss"].values, [1, 1 / 2, 1 / 3, 1 / 4], rtol=1e-6)


def test_stable_baselines(train):
    run = train("stable_baselines", "stable_baselines3")["stable_baselines/A2C_1"]
    assert steps(run, "time/fps") == [10, 20, 30, 40]
    assert "train/value_loss" in run.scalars


def test_mmengine_runner(train):
    ((_, run),) = train("mmengine_runner", "mmengine").items()
    assert steps(run, "loss") == [1, 2, 3, 4]
    np.testing.assert_allclose(run.scalars["lr"].values, [0.1] * 4, rtol=1e-6)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_callback(train, backend, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    runs = train("keras_callback", "keras", dropin=False)
    assert sorted(runs) == ["keras/train", "keras/validation"]
    run = runs["keras/train"]
    assert steps(run, "epoch_loss") == steps(run, "epoch_learning_rate") == [0, 1]
    assert steps(run, "batch_mae") == [1, 2, 3, 4, 5, 6]
    assert steps(runs["keras/validation"], "epoch_loss") == [0, 1]
    assert steps(runs["keras/validation"], "evaluation_loss_vs_iterations") == [3, 6]
    assert len(run.histograms) == 4


def test_torch_loop(train):
    run = train("torch_loop", "torch", dropin=False)["torch"]
    assert steps(run, "loss") == [0, 1, 2, 3]
    assert run.scalars["loss"].last.value < run.scalars["loss"].first.value
    assert run.histograms["weight"].steps.tolist() == [0, 1, 2, 3]
    assert any("Linear" in node.name for node in run.graph.nodes)


def test_torch_compile(train):
    run = train("torch_compile", "torch", dropin=False)["compiled"]
    assert steps(run, "loss") == [0, 1, 2, 3]


def test_jax_loop(train):
    run = train("jax_loop", "jax", dropin=False)["jax"]
    np.testing.assert_allclose(run.scalars["loss"].values, 3 * 0.64 ** np.arange(4), rtol=1e-5)
    assert sorted(steps(run, "norm")) == [0, 1, 2, 3]


def test_optuna_study(train):
    runs = train("optuna_study", "optuna", dropin=False)
    assert sorted(runs) == ["optuna/trial_0", "optuna/trial_1", "optuna/trial_2"]
    for run in runs.values():
        assert steps(run, "loss") == [0, 1, 2]
        lr, kind = (run.hparams.parameters[name] for name in ("lr", "kind"))
        np.testing.assert_allclose(run.scalars["value"].values, [lr * {"sgd": 1, "adam": 2}[kind]], rtol=1e-6)


def test_skorch_net(train):
    run = train("skorch_net", "skorch", dropin=False)["skorch"]
    assert steps(run, "Loss/train_loss") == [1, 2, 3]
    assert (np.diff(run.scalars["Loss/train_loss"].values) < 0).all()
