"""Queries a table that `tbevents sync` keeps, in SQL with DuckDB.

    pip install '.[cli,lake]' duckdb
    tbevents sync runs lake/scalars
    python examples/lake_duckdb.py lake/scalars loss

The folder of a run is its experiment: exp1/seed0 and exp1/seed1 are two seeds of exp1. A run in no
folder is an experiment of one seed.
"""

import sys
from pathlib import Path

try:
    import duckdb
    from deltalake import DeltaTable
except ImportError:
    sys.exit("This needs duckdb and deltalake: pip install '.[cli,lake]' duckdb")

LAST = """
    SELECT run, arg_max(value, (step, wall_time)) AS value FROM scalars WHERE tag = $tag GROUP BY run ORDER BY run
"""
BEST = """
    SELECT run, min(value) AS best, arg_min(step, value) AS step FROM scalars WHERE tag = $tag AND NOT isnan(value)
    GROUP BY run ORDER BY best, run LIMIT 1
"""
# The 95 % interval of a normal distribution; for few seeds, replace 1.96 by a quantile of Student's t.
OVER_SEEDS = """
    WITH points AS (
        SELECT regexp_replace(run, '/[^/]*$', '') AS experiment, run, step, arg_max(value, wall_time) AS value
        FROM scalars WHERE tag = $tag GROUP BY run, step
    )
    SELECT experiment, step, count(*) AS seeds, avg(value) AS mean, 1.96 * stddev_samp(value) / sqrt(count(*)) AS half
    FROM points GROUP BY experiment, step ORDER BY experiment, step
"""


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    table, tag = sys.argv[1:]
    if "://" not in table and not Path(table).is_dir():
        sys.exit(f"There is no table at {table}: make it with tbevents sync RUNS {table}")
    with duckdb.connect() as database:
        database.register("scalars", DeltaTable(table).to_pyarrow_dataset())

        def ask(question):
            return database.execute(question, {"tag": tag}).fetchall()

        if not (last := ask(LAST)):
            sys.exit(f"There is no tag {tag!r} in {table}")
        for run, value in last:
            print(f"last of {run}: {value:g}")
        for run, best, step in ask(BEST):
            print(f"best: {run}, {best:g} at step {step}")
        for experiment, step, seeds, mean, half in ask(OVER_SEEDS):
            width = "" if half is None else f" +- {half:.4g}"
            print(f"{experiment}, step {step}: {mean:.4g}{width} over {seeds} seed{'' if seeds == 1 else 's'}")


if __name__ == "__main__":
    main()
