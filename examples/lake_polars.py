"""Queries a table that `tbevents sync` keeps, with Polars.

    pip install '.[cli,lake,polars]'
    tbevents sync runs lake/scalars
    python examples/lake_polars.py lake/scalars loss

The folder of a run is its experiment: exp1/seed0 and exp1/seed1 are two seeds of exp1. A run in no
folder is an experiment of one seed.
"""

import sys
from pathlib import Path

try:
    import deltalake  # noqa: F401  # polars reads the table with it
    import polars as pl
except ImportError:
    sys.exit("This needs polars and deltalake: pip install '.[cli,lake,polars]'")


def last_values(scalars):
    return scalars.group_by("run").agg(pl.col("value").sort_by("step", "wall_time").last()).sort("run")


def best_run(scalars):
    known = scalars.filter(pl.col("value").is_not_nan())
    best = known.group_by("run").agg(pl.col("value").min().alias("best"), pl.col("step").sort_by("value").first())
    return best.sort("best", "run").head(1)


def over_seeds(scalars):
    """Returns mean and half width of the 95 % interval of a normal distribution; for few seeds, use Student's t."""
    points = scalars.group_by("run", "step").agg(pl.col("value").sort_by("wall_time").last())
    named = points.with_columns(pl.col("run").str.replace(r"/[^/]*$", "").alias("experiment"))
    half = 1.96 * pl.col("value").std() / pl.len().sqrt()
    groups = named.group_by("experiment", "step")
    return groups.agg(pl.len().alias("seeds"), pl.col("value").mean().alias("mean"), half.alias("half")).sort(
        "experiment", "step"
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    table, tag = sys.argv[1:]
    if "://" not in table and not Path(table).is_dir():
        sys.exit(f"There is no table at {table}: make it with tbevents sync RUNS {table}")
    scalars = pl.scan_delta(table).filter(pl.col("tag") == tag)  # only files with the tag are opened
    if scalars.limit(1).collect().is_empty():
        sys.exit(f"There is no tag {tag!r} in {table}")
    for run, value in last_values(scalars).collect().iter_rows():
        print(f"last of {run}: {value:g}")
    for run, best, step in best_run(scalars).collect().iter_rows():
        print(f"best: {run}, {best:g} at step {step}")
    for experiment, step, seeds, mean, half in over_seeds(scalars).collect().iter_rows():
        width = "" if half is None else f" +- {half:.4g}"
        print(f"{experiment}, step {step}: {mean:.4g}{width} over {seeds} seed{'' if seeds == 1 else 's'}")


if __name__ == "__main__":
    main()
