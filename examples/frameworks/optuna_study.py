"""Optuna: a run for each trial, with its parameters and its value. Run with ``python optuna_study.py [LOGDIR]``."""

import os
import sys

import optuna

from tbevents import SummaryWriter

logdir = sys.argv[1] if len(sys.argv) > 1 else "runs"


def log_trial(study, trial):
    with SummaryWriter(os.path.join(logdir, "optuna", f"trial_{trial.number}")) as writer:
        for step, value in trial.intermediate_values.items():
            writer.add_scalar("loss", value, step)
        if trial.value is not None:  # neither failed nor pruned
            writer.add_hparams(trial.params, {"value": trial.value}, run_name=".")


def objective(trial):
    lr = trial.suggest_float("lr", 0.01, 1, log=True)
    kind = trial.suggest_categorical("kind", ["sgd", "adam"])
    for step in range(3):
        trial.report(lr / (step + 1), step)
    return lr if kind == "sgd" else 2 * lr


optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).optimize(
    objective, n_trials=3, callbacks=[log_trial]
)
