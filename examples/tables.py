"""A folder of runs as a table: which run was best, and how much the seeds differ.

    python examples/tables.py [FOLDER]

Logs nine short trainings (three learning rates with three seeds each) below FOLDER (``runs`` by default). Then it reads
them into pandas and polars, if they are installed, and prints the mean over the seeds and the best run. With pandas, it
also writes all points to a csv file. Needs ``tbevents[pandas]`` or ``tbevents[polars]``.
"""

import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import tbevents

RATES = (0.01, 0.03, 0.1)
SEEDS = (0, 1, 2)


def train(folder, lr, seed, epochs=50):
    """Fits a slope by gradient descent, and logs the loss."""
    random = np.random.default_rng(seed)
    x = random.normal(size=100)
    y = 2 * x + 0.1 * random.normal(size=100)
    slope = 0.0
    with tbevents.SummaryWriter(folder) as writer:
        for epoch in range(epochs):
            errors = slope * x - y
            writer.add_scalar("loss", np.mean(errors**2), epoch)
            slope -= lr * 2 * np.mean(errors * x)


def in_pandas(logdir, out):
    """Prints the mean of the last losses of each rate; writes all points as csv; returns the best run."""
    table = logdir.scalars("loss").to_pandas()
    table["lr"] = table["run"].str.split("/").str[0]
    last = table.sort_values("step").groupby(["lr", "run"], observed=True)["value"].last()
    print(last.groupby("lr").agg(["mean", "std"]))
    table.to_csv(out, index=False)
    print(f"All points: {out}")
    return last.idxmin()[1]


def in_polars(logdir):
    """Prints the same; returns the best run."""
    import polars as pl

    table = logdir.scalars("loss").to_polars().with_columns(pl.col("run").cast(pl.String))
    last = table.sort("step").group_by("run").agg(pl.col("value").last())
    last = last.with_columns(lr=pl.col("run").str.split("/").list.first())
    print(last.group_by("lr").agg(mean=pl.col("value").mean(), std=pl.col("value").std()).sort("lr"))
    return last.sort("value")["run"][0]


def main():
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        sys.exit(__doc__)
    if not (find_spec("pandas") or find_spec("polars")):
        sys.exit("The tables need pandas or polars: pip install 'tbevents[pandas]'")
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    folder = parent / f"tables_{datetime.now():%b%d_%H-%M-%S-%f}"  # a new folder each time
    for lr in RATES:
        for seed in SEEDS:
            train(folder / f"lr={lr}" / f"seed={seed}", lr, seed)
    logdir = tbevents.read_logdir(folder)
    best = set()
    if find_spec("pandas"):
        best.add(in_pandas(logdir, folder / "loss.csv"))
    if find_spec("polars"):
        best.add(in_polars(logdir))
    (name,) = best  # both found the same
    print(f"The lowest loss: {logdir[name].scalars['loss'].last.value:.4g}, of {name}")


if __name__ == "__main__":
    main()
