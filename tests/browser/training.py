"""Runs for the tests of the page."""

import numpy as np

from tbevents import SummaryWriter

RATES = {"a": 0.1, "b": 0.03, "c/deep": 0.01}
STEPS = 120


def loss(name, step):
    return RATES[name] * 5 + np.exp(-step * RATES[name]) * (1 + 0.2 * np.cos(step))


def write_training(folder):
    rng = np.random.default_rng(7)
    for place, (name, rate) in enumerate(RATES.items()):
        with SummaryWriter(folder / name) as writer:
            for step in range(STEPS):
                time = 1.7e9 + 1000 * place + 2 * step
                writer.add_scalar("train/loss", loss(name, step), step, walltime=time)
                writer.add_scalar("lr", rate * 0.1 ** (step // 40), step, walltime=time)
                writer.add_scalar(
                    "accuracy", float("nan") if step == 5 else 1 - np.exp(-step * rate), step, walltime=time
                )
                if step % 30 == 0:
                    writer.add_histogram("weights", rng.normal(step / 50, 1, 500), step, walltime=time)
                    writer.add_image("picture", np.full((3, 8, 8), step / STEPS), step, walltime=time)
                    writer.add_text("note", f"**step** {step}", step, walltime=time)
                    writer.add_pr_curve("quality", rng.integers(0, 2, 100), rng.random(100), step, walltime=time)
            parameters = {"rate": rate, "kind": "sgd", "nesterov": place == 1}
            writer.add_hparams(parameters, {"final": 1 - rate}, run_name="hparams")
