"""Runs for a Delta table, and what the table has of them."""

import os

from event_files import scalar_event, version_event, write_events

import tbevents

NAME = "events.out.tfevents.1700000000.h.1.0"


def write_run(folder, *points, name=NAME):
    write_events(folder / name, [version_event(), *(scalar_event(tag, step, value) for tag, step, value in points)])


def contents(lake):
    """The rows of the table, in order: run, tag, step, value."""
    import deltalake

    table = deltalake.DeltaTable(lake).to_pyarrow_table()
    rows = zip(*(table[name].to_pylist() for name in ("run", "tag", "step", "value")), strict=True)
    return sorted(rows, key=str)


def expected(runs):
    """The same rows as `Run` has them, with one of nulls for a run without scalars."""
    rows = []
    for name, run in tbevents.read_logdir(runs).items():
        points = [(name, tag, point.step, point.value) for tag, series in run.scalars.items() for point in series]
        rows += points or [(name, None, None, None)]
    return sorted(rows, key=str)


def data_files(lake):
    return {name for name in os.listdir(lake) if name.endswith(".parquet")}
