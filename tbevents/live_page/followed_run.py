"""One run of a board: what its last listing showed, and a summary of what was read of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from tbevents.file_ref import FileRef
from tbevents.reading.hparams_table import SessionFacts, session_facts
from tbevents.reading.run import Run
from tbevents.views.safe_text import first_of

Counts: TypeAlias = Mapping[str, Mapping[str, int]]
"""Kind -> tag -> number of values."""

_PROBLEMS: Final = 20
"""The most problems of a run that the board lists."""

PART: Final = 1 << 24
"""How many bytes of a large run are read first; after that, each time twice as many."""

_SCALAR_BYTES: Final = 24
_VALUE_BYTES: Final = 120
_RUN_BYTES: Final = 50_000
_TAG_BYTES: Final = 4_000
_COMPACT_RUN_BYTES: Final = 10_000
_COMPACT_TAG_BYTES: Final = 700


def weight(run: Run, counts: Counts) -> int:
    """Returns roughly how many bytes of memory a run takes: its columns, and an index of what stays in the files.

    Args:
        run: the run.
        counts: its `Run.counts`.
    """
    of_tag, total = (_COMPACT_TAG_BYTES, _COMPACT_RUN_BYTES) if run.is_compact else (_TAG_BYTES, _RUN_BYTES)
    for kind, tags in counts.items():
        each = _SCALAR_BYTES if kind == "scalars" else _VALUE_BYTES
        total += len(tags) * of_tag + each * sum(tags.values())
    return total


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What the board keeps of a run after it was read.

    Attributes:
        counts: kind -> tag -> number of values.
        problems: the first problems, as text.
        facts: the run's hyperparameters and the last values of its scalars.
        is_cut: whether only a part of a large run was read.
        has_graph: whether it has the model's graph, which has no tag.
    """

    counts: Counts
    problems: tuple[str, ...]
    facts: SessionFacts
    is_cut: bool = False
    has_graph: bool = False

    def differs(self, other: RunSummary) -> bool:
        """Whether the page is to be told of a later summary."""
        return replace(self, facts=other.facts) != other

    @staticmethod
    def of(run: Run) -> RunSummary:
        """Summarizes a run."""
        problems = first_of([str(problem) for problem in run.problems if problem.kind != "incomplete"], _PROBLEMS)
        return RunSummary(run.counts(), tuple(problems), session_facts(run), run.is_cut, run.graph is not None)


@dataclass(slots=True, eq=False)
class FollowedRun:
    """The state of one run.

    Threads change it under the board's lock. Whoever reads the run holds `reading` meanwhile, so that one thread at a
    time reads it, and changes `part`.

    Attributes:
        number: the number under which the page asks for the run.
        name: as the page shows it.
        label: what the page shows of the name where room is scarce.
        owner: number of the run that this one belongs to, as a session of hyperparameters does; its own as a rule.
        metrics: tags of scalars that are numbers of the table of hyperparameters, and no curves.
        url: the run's folder or event file.
        files: the event files, as the last listing shows them.
        gone: whether the last listing lacks the run.
        version: of the board, when something of this run last changed.
        epoch: how many times the run was read from the start because a file had been truncated or replaced.
        summary: what was read; None before the first reading.
        news: what last happened to the run, as text; no problem, since all of it was read after that.
        failure: why the run cannot be read now, as text; "" if it can.
        part: how many bytes of a large run are read at a time.
        queued: whether a reading is waiting.
        reading: held by the thread that reads.
        run: what was read; None if it has not been read yet, or was let go of.
    """

    number: int
    name: str
    url: str
    files: tuple[FileRef, ...]
    label: str = field(init=False)
    owner: int = field(init=False)
    metrics: frozenset[str] = frozenset()
    gone: bool = False
    version: int = 0
    epoch: int = 0
    summary: RunSummary | None = None
    news: str = ""
    failure: str = ""
    part: int = PART
    queued: bool = False
    reading: threading.RLock = field(default_factory=threading.RLock)
    run: Run | None = None

    def __post_init__(self) -> None:
        self.label, self.owner = self.name, self.number

    def count(self, kind: str, tag: str) -> int:
        """Returns how many values a tag has, as far as the run was read."""
        return 0 if self.summary is None else self.summary.counts.get(kind, {}).get(tag, 0)

    def state(self, kind: str, tag: str) -> tuple[int, int, int]:
        """Returns number, epoch and count of a series, which change whenever it does."""
        return self.number, self.epoch, self.count(kind, tag)

    def as_json(self, numbered: Callable[[Counts], Mapping[str, list[list[int]]]]) -> dict[str, Any]:
        """Returns what the page is told of the run.

        Args:
            numbered: returns the numbers of tags, and how many values each has, by kind.
        """
        told: dict[str, Any] = {"number": self.number, "name": self.name, "label": self.label, "owner": self.owner}
        if self.gone:
            return {**told, "gone": True}
        if self.summary is None:
            return told
        counts = self.summary.counts
        if self.metrics:
            scalars = {tag: count for tag, count in counts["scalars"].items() if tag not in self.metrics}
            counts = {**counts, "scalars": scalars}
        hparams = self.summary.facts.hparams
        return {
            **told,
            "epoch": self.epoch,
            "kinds": numbered(counts),
            "part": self.summary.is_cut,
            "graph": self.summary.has_graph,
            "problems": [*filter(None, [self.failure]), *self.summary.problems],
            "news": self.news,
            "session": hparams is not None and bool(hparams.parameters),
        }
