"""The hyperparameters of all sessions below a folder, as one table with a row for each session."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, ClassVar, NamedTuple, Protocol

from tbevents.format.names import HParamValue
from tbevents.reading.frames import Column, Frame, unique_columns
from tbevents.reading.kinds.hparams import HParams
from tbevents.reading.series import plain_count
from tbevents.run_files import folders_above
from tbevents.views.groups import GroupBy, grouped

_TORCH_SESSION = re.compile(r"\d+\.\d+")
"""The folder that torch's add_hparams makes by default: the time."""


class _SessionRun(Protocol):
    """What `session_facts` needs of a run."""

    def last_scalars(self) -> Mapping[str, tuple[int, float]]: ...

    def readable_hparams(self) -> HParams | None: ...


class SessionFacts(NamedTuple):
    """What a table of hyperparameters keeps of a run, so that the run itself can be dropped.

    Attributes:
        hparams: its hyperparameters; None if it has none.
        last_values: tag -> last value of its scalars.
        has_curves: True if any of its scalars has several points.
    """

    hparams: HParams | None
    last_values: Mapping[str, float]
    has_curves: bool = False


def session_facts(run: _SessionRun) -> SessionFacts:
    """Returns what a table of hyperparameters needs to know of a run."""
    last = run.last_scalars()
    last_values = {tag: value for tag, (_, value) in last.items()}
    return SessionFacts(run.readable_hparams(), last_values, any(count > 1 for count, _ in last.values()))


@dataclass(frozen=True, slots=True, eq=False)
class HParamsTable(Frame):
    """One row for each session, by the name of its run.

    Attributes:
        sessions: run -> hyperparameters. The metrics are those that the experiment names; without an experiment, all
            scalars of the session's run and of the runs below it. A metric of a group (a folder below the session's,
            such as "validation") is called ``group/tag``.
        parameters: name -> values, one per row; None if the session does not have the parameter.
        metrics: name -> last values, one per row; None if the session does not have the metric.
    """

    sessions: Mapping[str, HParams]
    parameters: Mapping[str, list[HParamValue | None]] = field(repr=False)
    metrics: Mapping[str, list[float | None]] = field(repr=False)

    _time_columns: ClassVar[tuple[str, ...]] = ("start_time", "end_time")

    def __len__(self) -> int:
        return len(self.sessions)

    def __repr__(self) -> str:
        sessions, parameters = plain_count(len(self), "session"), plain_count(len(self.parameters), "parameter")
        return f"<HParamsTable of {sessions}: {parameters}, {plain_count(len(self.metrics), 'metric')}>"

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
            titles = unique_columns(named, columns, prefix)
            columns |= {titles[name]: list(values) for name, values in named.items()}
        return columns


def hparams_table(runs: Mapping[str, SessionFacts]) -> HParamsTable:
    """Returns the table of the sessions among some runs, by name: of the runs that hold hyperparameters.

    As in TensorBoard, the experiment is looked for in the run itself (torch), in the folders above it (TF2), and then
    anywhere else. Without an experiment, the metrics are all scalars of the sessions' runs and of the runs below them
    (Keras); a run belongs to the nearest session above it. Hyperparameters that cannot be parsed are left out, and are
    on the problems of their run.
    """
    all_found = {name: facts.hparams for name, facts in runs.items() if facts.hparams is not None}
    experiments = {name: found.experiment for name, found in all_found.items() if found.experiment is not None}
    with_parameters = {name: found for name, found in all_found.items() if found.parameters}
    scalars_there = None if experiments else _metric_names(with_parameters, runs)
    sessions: dict[str, HParams] = {}
    for name, found in with_parameters.items():
        nearest = _first_of(chain([name], folders_above(name), experiments), experiments)
        experiment = None if nearest is None else experiments[nearest]
        names = scalars_there
        if experiment is not None:
            names = [(info.name.group, info.name.tag) for info in experiment.metric_infos]
        sessions[name] = replace(found, metrics=_metrics(name, runs, names or ()), experiment=experiment)
    parameters = dict.fromkeys(key for session in sessions.values() for key in session.parameters)
    metric_names = dict.fromkeys(key for session in sessions.values() for key in session.metrics)
    return HParamsTable(
        sessions,
        {key: [session.parameters.get(key) for session in sessions.values()] for key in parameters},
        {key: [session.metrics.get(key) for session in sessions.values()] for key in metric_names},
    )


def sessions_among(runs: Container[str], table: HParamsTable) -> HParamsTable:
    """Returns the rows of the chosen runs; the experiment that declares their metrics may be in any other run."""
    rows = [row for row, run in enumerate(table.sessions) if run in runs]

    def chosen(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        cells = {name: [column[row] for row in rows] for name, column in columns.items()}
        return {name: column for name, column in cells.items() if column.count(None) < len(column)}

    sessions = {run: session for run, session in table.sessions.items() if run in runs}
    return HParamsTable(sessions, chosen(table.parameters), chosen(table.metrics))


def _first_of(names: Iterable[str], known: Container[str]) -> str | None:
    """Returns the first of the names that is known; None if none is."""
    return next((name for name in names if name in known), None)


def _parent(name: str) -> str:
    """Returns the folder directly above a run."""
    return posixpath.dirname(name) or "."


def _metric_names(sessions: Iterable[str], runs: Mapping[str, SessionFacts]) -> list[tuple[str, str]]:
    """Returns the scalars of sessions and the runs below them, by tag: (folder below the session or empty, tag)."""
    known = set(sessions)
    found: set[tuple[str, str]] = set()
    for name, facts in runs.items():
        session = _first_of([name, *folders_above(name)], known)
        if session is not None:
            group = "" if name == session else name if session == "." else name[len(session) + 1 :]
            found.update((group, tag) for tag in facts.last_values)
    return sorted(found, key=lambda metric: metric[::-1])


def _metrics(name: str, runs: Mapping[str, SessionFacts], names: Iterable[tuple[str, str]]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for group, tag in names:
        facts = runs.get(posixpath.normpath(posixpath.join(name, group)) if group else name)
        if facts is not None and tag in facts.last_values:
            metrics[f"{group}/{tag}" if group else tag] = facts.last_values[tag]
    return metrics


def hparams_of_runs(runs: Mapping[str, HParams | None]) -> dict[str, HParams | None]:
    """Returns the hyperparameters that apply to each run, from those that each holds itself.

    These are its own; else those of the nearest folder above it that has some (Keras logs below the session's folder);
    else those of the only folder directly below it that has some (torch's add_hparams makes one).
    """
    own = {name: found for name, found in runs.items() if found is not None and found.parameters}
    below: dict[str, list[str]] = {}
    for name in own:
        if name != ".":
            below.setdefault(_parent(name), []).append(name)
    result: dict[str, HParams | None] = {}
    for name in runs:
        candidates = [name, *folders_above(name)]
        if len(below.get(name, ())) == 1:
            candidates += below[name]
        holder = _first_of(candidates, own)
        result[name] = None if holder is None else own[holder]
    return result


def session_curves(runs: Mapping[str, SessionFacts]) -> dict[str, list[str]]:
    """Returns session -> names of the runs with its curves: itself, unless its folder has none, and others.

    torch's add_hparams puts the session below the run it belongs to, with metrics of one point. Keras puts the curves
    below the session, in ``train`` and ``validation``.
    """
    sessions = [name for name, facts in runs.items() if facts.hparams is not None and facts.hparams.parameters]
    known = set(sessions)
    beside = Counter(map(_parent, sessions))
    below: dict[str, list[str]] = {}
    for name, facts in runs.items():
        session = _first_of(folders_above(name), known)
        if name not in known and session is not None and facts.last_values:
            below.setdefault(session, []).append(name)
    found_curves: dict[str, list[str]] = {}
    for name in sessions:
        folder, own_folder = _parent(name), posixpath.basename(name)
        above = runs.get(folder) if name != "." else None
        if runs[name].has_curves:
            found_curves[name] = [name, *below.get(name, ())]
        elif (
            above is not None
            and folder not in known
            and above.last_values
            and (beside[folder] == 1 or _TORCH_SESSION.fullmatch(own_folder))
        ):
            found_curves[name] = [folder]
        else:
            found_curves[name] = below.get(name) or [name]
    return found_curves


def grouped_runs(names: Sequence[str], by: GroupBy, runs: Mapping[str, _SessionRun]) -> dict[str, list[str]]:
    """Returns the runs of each group, as `grouped` does, by the hyperparameters that apply to them.

    Raises:
        ValueError: if `by` is not a regular expression, or no run has the hyperparameter.
    """
    if not (isinstance(by, str) and by.startswith("hparam:")):
        return grouped(names, by)
    found = hparams_of_runs({name: run.readable_hparams() for name, run in runs.items()})
    return grouped(names, by, {name: having.parameters for name, having in found.items() if having is not None})
