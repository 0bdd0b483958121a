"""Sessions of hyperparameters on the page: each belongs to the run with its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tbevents.reading.hparams_table import SessionFacts, hparams_table, session_curves
from tbevents.views.short_names import short_names

Entry = dict[str, Any]


class Sessions:
    """The table of hyperparameters, and which runs are entries of the page.

    A session without curves of its own is no entry: what it has belongs to the run that it is the session of.

    Args:
        names: the runs in the order of the page.
        runs: name -> what is known of the run.
        root: the name of the logdir's folder, which stands for the run ".".

    Attributes:
        entries: names of the runs that are entries.
        numbers: for each of the names, the number of its entry.
    """

    def __init__(self, names: Sequence[str], runs: Mapping[str, SessionFacts], root: str) -> None:
        self._root = root
        self._table = hparams_table(runs)
        self._curves = session_curves(runs)
        moved = {name: having[0] for name, having in self._curves.items() if name not in having}
        self.entries: list[str] = [name for name in names if name not in moved]
        places = {name: number for number, name in enumerate(self.entries)}
        self.numbers: list[int] = [places[moved.get(name, name)] for name in names]
        self._places = places
        self._names = names

    def place(self, card: Entry) -> Entry:
        """Returns the card with each line in the entry that it belongs to, ordered by these."""
        lines = [{**line, "run": self.numbers[line["run"]]} for line in card["lines"]]
        return {**card, "lines": sorted(lines, key=lambda line: int(line["run"]))}

    def without_metrics(self, card: Entry) -> Entry:
        """Returns the card of scalars without the lines that are a number of the table: metrics of one point."""
        names, tag = self._names, card["tag"]
        lines = [line for line in card["lines"] if not self.is_metric(names[line["run"]], tag, line["count"])]
        return {**card, "lines": lines}

    def is_metric(self, name: str, tag: str, count: int) -> bool:
        """Whether a run's series of so many points is a number of the table, and no curve."""
        session = self._table.sessions.get(name)
        if session is None or count > 1 or tag not in session.metrics:
            return False
        named = session.experiment is not None and tag in {info.name.tag for info in session.experiment.metric_infos}
        return named or tag.startswith("hparam/") or name not in self._curves[name]

    def as_json(self) -> Entry | None:
        """Returns the table: titles, and a row for each session; None if there are none."""
        table = self._table
        if not table.sessions:
            return None
        names = {name: having[0] if len(having) == 1 else name for name, having in self._curves.items()}
        unique = len(set(names.values())) == len(names)
        short = short_names(list(names.values()) if unique else list(names), self._root)
        return {
            "parameters": list(table.parameters),
            "metrics": list(table.metrics),
            "rows": [
                {
                    "runs": [self._places[each] for each in self._curves[name]],
                    "name": names[name] if unique else name,
                    "label": short[names[name] if unique else name],
                    "status": session.status,
                    "parameters": [session.parameters.get(key) for key in table.parameters],
                    "metrics": [session.metrics.get(key) for key in table.metrics],
                }
                for name, session in table.sessions.items()
            ],
        }
