"""The scalars of many runs as a Dask DataFrame: the runs with the lowest loss, and the spread over seeds.

    pip install '.[dask]'
    python examples/dask_scalars.py runs loss

RUNS is a folder or a URL. On a cluster, make a ``distributed.Client`` first: its workers must reach the files by the
same path, and have tbevents installed. The folder of a run is its experiment: exp1/seed0 and exp1/seed1 are two seeds
of exp1. A run in no folder is an experiment of one seed.
"""

import sys

from tbevents import MissingExtraError
from tbevents.integrations.dask import read_logdir


def best_runs(frame, count=10):
    return frame.groupby("run").value.min().nsmallest(count).compute()


def last_by_experiment(frame):
    last = frame.groupby(["run", "step"]).value.last().reset_index().compute()
    last = last.sort_values("step").groupby("run").value.last().reset_index()
    last["experiment"] = last["run"].str.replace("/[^/]*$", "", regex=True)
    return last.groupby("experiment").value.agg(["mean", "min", "max", "count"])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    runs, tag = sys.argv[1:]
    try:
        frame = read_logdir(runs, tags=tag)
    except MissingExtraError as error:
        sys.exit(str(error))
    for run, value in best_runs(frame).items():
        print(f"{run}: {value:g}")
    for row in last_by_experiment(frame).itertuples():
        seeds = "1 seed" if row.count == 1 else f"{row.count} seeds"
        print(f"{row.Index}: {row.mean:.4g} on average over {seeds}, from {row.min:.4g} to {row.max:.4g}")


if __name__ == "__main__":
    main()
