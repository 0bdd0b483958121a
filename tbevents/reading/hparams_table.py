"""The hyperparameters of all sessions below a folder, as one table: a row a session."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tbevents.proto import Experiment
from tbevents.reading.frames import Column, Frame
from tbevents.reading.kinds.hparams import HParams, HParamValue
from tbevents.reading.series import counted

if TYPE_CHECKING:
    from tbevents.reading.run import Run

__all__ = ["HParamsTable", "hparams_of_runs", "hparams_table"]


@dataclass(frozen=True, slots=True, eq=False)
class HParamsTable(Frame):
    """One row a session, by the name of its run.

    Attributes:
        sessions: run -> its hyperparameters. The metrics are those that the experiment names, a metric of a group
            (which is a folder below the session's, such as "validation") as ``group/tag``.
        parameters: name -> values, a row each; None where the session has no such parameter.
        metrics: name -> last values, a row each; None where the session has none.
    """

    sessions: Mapping[str, HParams]
    parameters: Mapping[str, list[HParamValue | None]] = field(repr=False)
    metrics: Mapping[str, list[float | None]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.sessions)

    def __repr__(self) -> str:
        sessions, parameters = counted(len(self), "session"), counted(len(self.parameters), "parameter")
        return f"<HParamsTable of {sessions}: {parameters}, {counted(len(self.metrics), 'metric')}>"

    def _columns(self) -> Mapping[str, Column]:
        sessions = self.sessions.values()
        columns: dict[str, Column] = {
            "run": list(self.sessions),
            "group": [session.group_name for session in sessions],
            "status": [session.status for session in sessions],
            "start_time": [session.start_time for session in sessions],
            "end_time": [session.end_time for session in sessions],
        }
        for prefix, named in (("hparam", self.parameters), ("metric", self.metrics)):
            for name, values in named.items():
                columns[f"{prefix}/{name}" if name in columns else name] = list(values)
        return columns


def hparams_table(runs: Mapping[str, Run]) -> HParamsTable:
    """The sessions among some runs, which are those that hold hyperparameters.

    What the experiment says is looked for in the run itself (torch), in the folders above it (TF2), and anywhere else,
    as in TensorBoard. Without any experiment, all scalars of the session's own run are its metrics.
    """
    experiments = {name: found.experiment for name, run in runs.items() if (found := run.hparams) and found.experiment}
    sessions: dict[str, HParams] = {}
    for name, run in runs.items():
        found = run.hparams
        if found is None or not found.parameters:
            continue
        experiment = _nearest(name, experiments)
        metrics = found.metrics if experiment is None else _metrics(name, runs, experiment)
        sessions[name] = HParams(
            found.parameters,
            metrics,
            found.status,
            found.start_time,
            found.end_time,
            found.group_name,
            experiment,
        )
    parameters = dict.fromkeys(key for session in sessions.values() for key in session.parameters)
    metric_names = dict.fromkeys(key for session in sessions.values() for key in session.metrics)
    return HParamsTable(
        sessions,
        {key: [session.parameters.get(key) for session in sessions.values()] for key in parameters},
        {key: [session.metrics.get(key) for session in sessions.values()] for key in metric_names},
    )


def _nearest(name: str, experiments: Mapping[str, Experiment]) -> Experiment | None:
    """The experiment of a run or of the folder next above it; failing these, the first there is."""
    for above in [name, *_above(name)]:
        if above in experiments:
            return experiments[above]
    return next(iter(experiments.values()), None)


def _above(name: str) -> list[str]:
    """The names of the folders above a run, the nearest first."""
    above = []
    while name not in (".", ""):
        name = posixpath.dirname(name) or "."
        above.append(name)
    return above


def _metrics(name: str, runs: Mapping[str, Run], experiment: Experiment) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for info in experiment.metric_infos:
        group, tag = info.name.group, info.name.tag
        run = runs.get(posixpath.normpath(posixpath.join(name, group)) if group else name)
        if run is not None and tag in run.scalars and len(run.scalars[tag]):
            metrics[f"{group}/{tag}" if group else tag] = run.scalars[tag].last.value
    return metrics


def hparams_of_runs(runs: Mapping[str, Run]) -> dict[str, HParams | None]:
    """For each run, the hyperparameters that hold for it.

    Its own; else those of the folder next above it that has some (Keras logs below the session's folder); else those of
    the only folder directly below it that has some (torch's add_hparams makes one).
    """
    own = {name: found for name, run in runs.items() if (found := run.hparams) is not None and found.parameters}
    below: dict[str, list[str]] = {}
    for name in own:
        if name != ".":
            below.setdefault(posixpath.dirname(name) or ".", []).append(name)
    result: dict[str, HParams | None] = {}
    for name in runs:
        candidates = [name, *_above(name)]
        if len(below.get(name, ())) == 1:
            candidates += below[name]
        result[name] = next((own[candidate] for candidate in candidates if candidate in own), None)
    return result
