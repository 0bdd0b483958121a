"""Every public name of tbevents.tools with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

from tbevents import Problem, Run, ScalarSeries, tools


def looking(run: Run) -> None:
    checked = tools.check_run(run)
    assert_type(checked, tools.Checked)
    assert_type(checked.oddities, tuple[tools.Oddity, ...])
    assert_type(checked.problems, tuple[Problem, ...])
    described = tools.describe_run("runs/demo", kinds=["scalars"])
    assert_type(described, tools.RunDescription)
    assert_type(described.tags, tuple[tools.TagDescription, ...])
    assert_type(described.tags[0].stats, tools.ScalarStats | None)
    assert_type(tools.scalar_stats(run.scalars["loss"]), tools.ScalarStats)
    differences = tools.diff_runs(run, run, tolerance=tools.Tolerance(rtol=1e-6))
    assert_type(differences, list[tools.TagDiff])
    assert_type(differences[0].points, tuple[tools.PointDiff, ...])
    assert_type(tools.diff_series(None, run.scalars["loss"], tools.Tolerance()), tools.TagDiff | None)
    assert_type(tools.diff.diff("runs/a", "runs/b"), Iterator[tools.RunDiff])
    assert_type(tools.iter_runs("runs"), Iterator[Run])
    assert_type(tools.runs_below("runs"), dict[str, str])


def following() -> None:
    for watched in tools.Watch("runs", tags=["loss"]).look():
        assert_type(watched, tools.Watched)
        assert_type(watched.series, ScalarSeries)
    assert_type(tools.steps_per_second(np.arange(3), np.zeros(3)), float | None)


def drawing(run: Run) -> None:
    tools.draw({"demo": run}, ["loss"], tools.PlotStyle(x="relative", smooth=0.6))
    tools.plot_series({"demo": run.scalars["loss"]}, "loss.png")
    curve = tools.compute_schedule("StepLR", 100, {"step_size": 30})
    assert_type(curve, tools.ScheduleCurve)
    assert_type(curve.rates, NDArray[np.float64])


def tables(run: Run) -> None:
    assert_type(tools.export_table("runs", "table.csv"), tools.Exported)
    assert_type(tools.export_media("runs", "media", kinds=["images"]), tools.Exported)
    assert_type(tools.import_table("table.csv", "runs/new"), tools.Imported)
    assert_type(tools.read_table("table.csv"), dict[str, Sequence[Any]])
    assert_type(tools.write_table(run.table(), "table.csv"), int)


def new_files(runs: Sequence[Run]) -> None:
    reduced = tools.reduce_runs(runs, stats=["mean"])
    assert_type(reduced, tools.Reduced)
    assert_type(reduced.tags, tuple[tools.ReducedTag, ...])
    assert_type(reduced.tags[0].stats, Mapping[str, NDArray[np.float64]])
    assert_type(tools.write_reduced(reduced, "runs/reduced"), list[str])
    columns = tools.ScalarColumns("loss", np.arange(3), np.zeros(3), np.zeros(3))
    assert_type(tools.write_scalars("runs/new", [columns]), str)


def functions_named_like_their_modules() -> None:
    assert_type(tools.check.check("runs"), Iterator[tools.Checked])
    assert_type(tools.describe.describe_run("runs/demo"), tools.RunDescription)
    assert_type(tools.edit.edit("runs", "edited", drop=["debug/*"]), list[tools.Edited])
    assert_type(tools.export.export_table("runs", "table.csv"), tools.Exported)
    assert_type(tools.import_.import_table("table.csv", "runs/new"), tools.Imported)
    assert_type(tools.merge.merge(["runs/a", "runs/b"], "runs/both"), tools.Merged)
    assert_type(tools.plot.plot("runs", ["loss"], "loss.png"), list[str])
    assert_type(tools.sync.sync("runs", "lake"), tools.Synced)
    assert_type(tools.reduce.reduce(["runs/a", "runs/b"]), tools.Reduced)
    assert_type(tools.repair.repair("runs", "repaired"), list[tools.Repaired])
    assert_type(tools.report.report("runs", "report.html", limits=tools.ReportLimits(points=100)), tools.Reported)
    assert_type(tools.schedule.compute_schedule("StepLR", 100), tools.ScheduleCurve)
    assert_type(tools.split.split("runs/demo", "parts", size=1000), tools.Split)
    assert_type(tools.split.split("runs/demo", "parts", every=10).parts, tuple[tools.Part, ...])
    assert_type(tools.names.iter_runs("runs"), Iterator[Run])
    assert_type(tools.watch.Watch("runs"), tools.Watch)
    assert_type(tools.scalar_files.write_scalars("runs/new", []), str)
    assert_type(tools.table_files.read_table("table.csv"), dict[str, Sequence[Any]])
