"""Tables of aligned columns that fit the terminal: names are shortened first, then columns left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.text import Text

from tbevents.cli.formatting import clip, printable, width

__all__ = ["TextColumn", "TextTable"]

_GAP: Final = 2
"""Blanks between two columns."""

_LONG: Final = 200
"""Where nothing is shortened, the most that a column is filled up to for the sake of its longest text."""


@dataclass(slots=True)
class TextColumn:
    """One column.

    Attributes:
        header: its title.
        left: whether it holds text, aligned on the left; numbers are aligned on the right.
        shortest: columns of the terminal down to which its texts may be shortened in their middle; None: not at all.
        rank: how soon it is left out where there is no room: those with the highest first, together; 0 never.
        style: of its cells, a rich style.
        cells: the texts, from top to bottom.
    """

    header: str
    left: bool = False
    shortest: int | None = None
    rank: int = 0
    style: str = ""
    cells: list[str] = field(default_factory=list)

    @property
    def natural_width(self) -> int:
        """Columns of the terminal that the longest text takes."""
        return max(map(width, (self.header, *self.cells)))

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not any(self.cells)


class TextTable:
    """Rows under a header.

    Args:
        columns: without cells; those that stay empty are not shown.
    """

    def __init__(self, *columns: TextColumn) -> None:
        self.columns = columns

    def add(self, *cells: str) -> None:
        """Adds a row; the texts may be other people's."""
        for column, cell in zip(self.columns, cells, strict=True):
            column.cells.append(printable(cell))

    def lines(self, room: int | None, *, plain: bool = False) -> list[Text]:
        """The table as lines of styled text.

        Args:
            room: columns of the terminal; None for no limit: nothing is shortened or left out.
            plain: whether only ASCII may be used.
        """
        shown = [column for column in self.columns if not column.empty]
        if room is None:
            widths = [min(column.natural_width, _LONG) for column in shown]
            texts = [column.cells for column in shown]
        else:
            shown, widths = _fit(shown, room)
            texts = [
                [clip(cell, most, plain=plain) for cell in column.cells]
                for column, most in zip(shown, widths, strict=True)
            ]
        header = _line(shown, widths, [column.header for column in shown], bold=True)
        return [header] + [_line(shown, widths, cells) for cells in zip(*texts, strict=True)]


def _fit(columns: list[TextColumn], room: int) -> tuple[list[TextColumn], list[int]]:
    """The columns there is room for, and their widths."""
    while True:
        widths = [column.natural_width for column in columns]
        over = sum(widths) + _GAP * (len(widths) - 1) - room
        elastic = [(at, column.shortest) for at, column in enumerate(columns) if column.shortest is not None]
        while over > 0:
            slack = {at: widths[at] - max(shortest, 1) for at, shortest in elastic}
            longest = max((at for at in slack if slack[at] > 0), key=lambda at: widths[at], default=None)
            if longest is None:
                break
            widths[longest] -= 1
            over -= 1
        last = max((column.rank for column in columns), default=0)
        if over <= 0 or last == 0:
            return columns, widths
        columns = [column for column in columns if column.rank != last]


def _line(columns: Sequence[TextColumn], widths: Sequence[int], cells: Sequence[str], *, bold: bool = False) -> Text:
    line = Text()
    for at, (column, room, text) in enumerate(zip(columns, widths, cells, strict=True)):
        blank = " " * (room - width(text))
        if at:
            line.append(" " * _GAP)
        if not column.left:
            line.append(blank)
        line.append(text, "bold" if bold else column.style)
        if column.left and at < len(columns) - 1:
            line.append(blank)
    line.rstrip()
    return line
