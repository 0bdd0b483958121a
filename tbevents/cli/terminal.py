"""The two ends of a command: data to stdout, progress and remarks to stderr."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from tbevents.cli.formatting import first_of, printable
from tbevents.cli.text_table import TextTable
from tbevents.reading.problem import Problem
from tbevents.tools.json_text import json_text
from tbevents.tools.names import unreadable_among

__all__ = ["Terminal"]

_PATIENCE: Final = 1.0
"""Seconds that a command may take without showing its progress."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leaves it to `main`, which ends quietly; rich would end with the status that means damage here."""
        raise BrokenPipeError


class Terminal:
    """What a command prints to.

    Args:
        quiet: whether remarks and progress are left out.

    Attributes:
        room: columns that a line of data may take; None where stdout is no terminal and COLUMNS does not say.
        plain: whether stdout can show nothing beyond ASCII.
        incomplete: whether files or folders could not be read, so that the exit status is to say so.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.incomplete = False
        self.out = _Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.err = _Console(file=sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
        limited = self.out.is_terminal or os.environ.get("COLUMNS", "").isdigit()
        self.room = self.out.width if limited else None
        self.plain = not (getattr(sys.stdout, "encoding", None) or "ascii").lower().startswith("utf")

    @property
    def interactive(self) -> bool:
        """Whether someone looks at stdout."""
        return self.out.is_terminal

    def table(self, table: TextTable) -> None:
        """Prints a table as data."""
        self.lines(table.lines(self.room, plain=self.plain))

    def lines(self, lines: Iterable[Text | str]) -> None:
        """Prints lines as data. They are taken as they are: other people's text must be `printable` already."""
        for line in lines:
            self.out.print(line)

    def write(self, text: str) -> None:
        """Writes text as data, unstyled and fast."""
        sys.stdout.write(text)

    def flush(self) -> None:
        """Hands what was written to its reader."""
        sys.stdout.flush()

    def json(self, value: Any) -> None:
        """Prints a value as JSON."""
        sys.stdout.write(json_text(value, indent=2) + "\n")

    def remark(self, text: str, style: str = "dim") -> None:
        """Says something about the data, on stderr; not with --quiet."""
        if not self.quiet:
            self.err.print(Text(printable(text), style))

    def warn(self, text: str) -> None:
        """Says that something is wrong, on stderr, also with --quiet."""
        self.err.print(Text(printable(text), "yellow"))

    def left_out(self, problems: Iterable[object]) -> None:
        """Says what was damaged, and is not in what the command makes; of much, the first."""
        problems = list(problems)
        self.incomplete |= any(getattr(problem, "kind", None) == "unreadable" for problem in problems)
        for line in first_of([f"left out: {problem}" for problem in problems]):
            self.warn(line)

    def unreadable(self, problems: Iterable[Problem]) -> None:
        """Says which files and folders could not be read, of some problems."""
        self.left_out(unreadable_among(problems))

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on stderr, from the second second on; none where stderr is no terminal, or with --quiet.

        Yields:
            A function to call with how much is done, and of how much in all. Until it is called, the bar only moves.
        """
        if self.quiet or not self.err.is_terminal:
            yield lambda _done, _total: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        bar = Progress(*columns, TimeRemainingColumn(), console=self.err, transient=True)
        task = bar.add_task(title, total=None)
        patience = threading.Timer(_PATIENCE, bar.start)  # a single file may take long before it says anything
        patience.daemon = True
        patience.start()
        try:
            yield lambda done, total: bar.update(task, completed=done, total=total)
        finally:
            patience.cancel()
            patience.join()
            if bar.live.is_started:
                bar.stop()

    def each(self, items: Iterable[Any], title: str, total: int) -> Iterator[Any]:
        """The items, with a bar that counts them."""
        with self.progress(title) as advance:
            for done, item in enumerate(items, 1):
                yield item
                advance(done, total)
