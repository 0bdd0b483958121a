"""Tables that fit the terminal: names are shortened first, then columns are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tbevents.cli.formatting import clip_all, printable, width

if TYPE_CHECKING:
    from rich.text import Text

_GAP: Final = 2
"""Number of blanks between two columns."""

_LONG: Final = 200
"""Maximum width to which a column is padded if nothing is shortened."""


@dataclass(slots=True)
class TextColumn:
    """A column of a table.

    Attributes:
        header: the header.
        left: True for text, which is aligned on the left; numbers are aligned on the right.
        shortest: width to which its texts may be shortened in the middle before columns are left out; None does not
            shorten them.
        rank: columns with the highest rank are left out first if there is no room; those with 0 never are.
        style: the rich style of its cells.
        cells: the cells from top to bottom.
    """

    header: str
    left: bool = False
    shortest: int | None = None
    rank: int = 0
    style: str = ""
    cells: list[str] = field(default_factory=list)

    @property
    def natural_width(self) -> int:
        """The width of the longest text in columns of the terminal."""
        return max(map(width, (self.header, *self.cells)))

    @property
    def empty(self) -> bool:
        """True if all cells are empty."""
        return not any(self.cells)


class TextTable:
    """A table with a header.

    Args:
        columns: the columns, without cells; columns that stay empty are not shown.
    """

    def __init__(self, *columns: TextColumn) -> None:
        self.columns = columns

    def add(self, *cells: str) -> None:
        """Adds a row; the cells may be any text."""
        for column, cell in zip(self.columns, cells, strict=True):
            column.cells.append(printable(cell))

    def lines(self, room: int | None, *, plain: bool = False) -> list[Text]:
        """Returns the table as lines of styled text.

        Args:
            room: width of the terminal in columns; None for no limit, so that nothing is shortened or left out.
            plain: if True, use only ASCII.
        """
        shown = [column for column in self.columns if not column.empty]
        if room is None:
            widths = [min(column.natural_width, _LONG) for column in shown]
            texts = [column.cells for column in shown]
        else:
            shown, widths = _fit(shown, room)
            texts = [clip_all(column.cells, most, plain=plain) for column, most in zip(shown, widths, strict=True)]
        header = _line(shown, widths, [column.header for column in shown], bold=True)
        return [header] + [_line(shown, widths, cells) for cells in zip(*texts, strict=True)]


def _fit(columns: list[TextColumn], room: int) -> tuple[list[TextColumn], list[int]]:
    """Returns the columns that fit, and their widths."""
    while True:
        widths = [column.natural_width for column in columns]
        last = max((column.rank for column in columns), default=0)
        over = sum(widths) + _GAP * (len(widths) - 1) - room
        elastic = [(at, column.shortest) for at, column in enumerate(columns) if column.shortest is not None]
        while over > 0:
            # Where no column is left to leave out, names are shortened further.
            slack = {at: widths[at] - max(shortest if last else 1, 1) for at, shortest in elastic}
            longest = max((at for at in slack if slack[at] > 0), key=lambda at: widths[at], default=None)
            if longest is None:
                break
            widths[longest] -= 1
            over -= 1
        if over <= 0 or last == 0:
            return columns, widths
        columns = [column for column in columns if column.rank != last]


def _line(columns: Sequence[TextColumn], widths: Sequence[int], cells: Sequence[str], *, bold: bool = False) -> Text:
    from rich.text import Text  # not every command prints a table

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
