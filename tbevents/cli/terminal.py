"""The output of a command: data to stdout, progress and remarks to stderr."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final

from tbevents.cli.formatting import first_of, printable
from tbevents.cli.text_table import TextTable
from tbevents.files import folder_name
from tbevents.reading.problem import Problem
from tbevents.tools.json_text import json_text
from tbevents.tools.names import unreadable_among

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PATIENCE: Final = 1.0
"""Seconds before a command shows its progress."""

_CHARACTERS: Final = 1 << 14
"""Characters that are written at once."""


def _console(file: IO[str]) -> Console:
    """Imports rich, which takes longer than reading a small run, and which not every command needs."""
    from rich.console import Console, ConsoleDimensions

    class PipedConsole(Console):
        def on_broken_pipe(self) -> None:
            """Raises BrokenPipeError for `main`, which exits quietly; rich would exit with 1, which means damage."""
            raise BrokenPipeError

    console = PipedConsole(file=file, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if console.is_dumb_terminal:  # rich takes the size of any for 80 x 25
        console.size = ConsoleDimensions(*shutil.get_terminal_size())
    return console


class Terminal:
    """The output of a command.

    Args:
        quiet: if True, print no remarks and no progress.

    Attributes:
        plain: True if stdout can show only ASCII.
        incomplete: True if files or folders could not be read, which changes the exit status.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.incomplete: bool = False
        self.plain: bool = not (getattr(sys.stdout, "encoding", None) or "ascii").lower().startswith("utf")

    @cached_property
    def out(self) -> Console:
        """Prints data with styles."""
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Prints remarks and progress."""
        return _console(sys.stderr)

    @cached_property
    def room(self) -> int | None:
        """Width of a line of data in columns; None if stdout is not a terminal and COLUMNS is not set."""
        limited = self.out.is_terminal or os.environ.get("COLUMNS", "").isdigit()
        return self.out.width if limited else None

    @property
    def interactive(self) -> bool:
        """True if stdout is a terminal."""
        return self.out.is_terminal

    @property
    def colorless(self) -> bool:
        """True if lines cannot be told apart by colours: with NO_COLOR, or in a terminal that has none."""
        return self.out.no_color or (self.out.is_terminal and self.out.color_system is None)

    def run_name(self, name: str, logdir: str) -> str:
        """Returns the name of a run as tables show it: in a terminal, that of a logdir itself is its folder's."""
        return (folder_name(logdir) or name) if name == "." and self.interactive else name

    def table(self, table: TextTable) -> None:
        """Prints a table as data."""
        self.lines(table.lines(self.room, plain=self.plain))

    def lines(self, lines: Iterable[Text | str]) -> None:
        """Prints lines as data, unchanged; text from files must be `printable` already."""
        for line in lines:
            if self.out.color_system is None:
                self.write(f"{line}\n")  # rich takes longer than reading a small run
            else:
                self.out.print(line)

    def write(self, text: str) -> None:
        """Writes text as data, without styles and fast."""
        for start in range(0, len(text), _CHARACTERS):  # of one large write, Python may lose that the reader has gone
            sys.stdout.write(text[start : start + _CHARACTERS])

    def flush(self) -> None:
        """Flushes stdout."""
        sys.stdout.flush()

    def json(self, value: Any) -> None:
        """Prints a value as JSON."""
        sys.stdout.write(json_text(value, indent=2) + "\n")

    def remark(self, text: str, style: str = "dim") -> None:
        """Prints a remark about the data on stderr, unless --quiet."""
        if not self.quiet:
            self.warn(text, style)

    def warn(self, text: str, style: str = "yellow") -> None:
        """Prints a warning on stderr, even with --quiet."""
        from rich.text import Text

        self.err.print(Text(printable(text), style))

    def left_out(self, problems: Iterable[object]) -> None:
        """Warns of damaged data that is left out; prints only the first of many problems."""
        problems = list(problems)
        self.incomplete |= any(getattr(problem, "kind", None) == "unreadable" for problem in problems)
        for line in first_of([f"left out: {problem}" for problem in problems]):
            self.warn(line)

    @contextmanager
    def gathering(self) -> Iterator[list[Problem]]:
        """Yields a list for problems. Warns of them at the end, even after an error, since they may explain it."""
        problems: list[Problem] = []
        try:
            yield problems
        finally:
            self.left_out(problems)

    def unreadable(self, problems: Iterable[Problem]) -> None:
        """Warns of those of the problems that are files and folders that could not be read."""
        self.left_out(unreadable_among(problems))

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Shows a progress bar on stderr after one second; none if stderr is not a terminal, or with --quiet.

        Yields:
            A function to call with how much is done and how much there is in all. Until then, the bar pulses.
        """
        if self.quiet or not self.err.is_terminal:
            yield lambda _done, _total: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        bar = Progress(*columns, TimeRemainingColumn(), console=self.err, transient=True)
        task = bar.add_task(title, total=None)
        patience = threading.Timer(_PATIENCE, bar.start)  # a single file may take long before it reports progress
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
        """Yields the items while a progress bar counts them."""
        with self.progress(title) as advance:
            for done, item in enumerate(items, 1):
                yield item
                advance(done, total)
