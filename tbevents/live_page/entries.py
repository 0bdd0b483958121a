"""What the runs of a board are on its page: which are sessions of others, and what they are called there."""

from __future__ import annotations

from collections.abc import Sequence

from tbevents.live_page.followed_run import FollowedRun
from tbevents.tools.report.sessions import Sessions
from tbevents.views.short_names import short_names


def arrange(runs: Sequence[FollowedRun], root: str) -> list[FollowedRun]:
    """Sets label, owner and metrics of runs, as a report has them.

    Args:
        runs: those that are there.
        root: the name of the logdir's folder, which stands for the run ".".

    Returns:
        The runs that are not what they were.
    """
    by_name = {run.name: run for run in runs if run.summary is not None}
    facts = {name: run.summary.facts for name, run in by_name.items() if run.summary is not None}
    owners: dict[str, int] = {}
    metrics: dict[str, frozenset[str]] = {}
    if any(each.hparams is not None for each in facts.values()):
        sessions = Sessions(list(facts), facts, root)
        for name, entry in zip(facts, sessions.numbers, strict=True):
            owners[name] = by_name[sessions.entries[entry]].number
            if facts[name].hparams is not None:
                tags = facts[name].last_values
                run = by_name[name]
                metrics[name] = frozenset(
                    tag for tag in tags if sessions.is_metric(name, tag, run.count("scalars", tag))
                )
    shown = [run.name for run in runs if owners.get(run.name, run.number) == run.number]
    labels = short_names(shown, root)
    changed = []
    for run in runs:
        state = (
            labels.get(run.name, run.name),
            owners.get(run.name, run.number),
            metrics.get(run.name, frozenset()),
        )
        if state != (run.label, run.owner, run.metrics):
            run.label, run.owner, run.metrics = state
            changed.append(run)
    return changed
