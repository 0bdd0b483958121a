"""What the page shows beside curves: cards as in a report, hyperparameters, and the report itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from tbevents.errors import PayloadError
from tbevents.live_page.board import Board
from tbevents.tools.report import page_of
from tbevents.tools.report.content import Content
from tbevents.tools.report.layouts import layout_json, layout_of_run
from tbevents.tools.report.limits import ReportLimits
from tbevents.tools.report.sessions import Sessions

MEDIA: Final = ("histograms", "images", "audio", "texts", "pr_curves")
"""The kinds whose cards are made as a report makes them."""


def card_of(board: Board, kind: str, tag: str, states: Sequence[tuple[int, int, int]]) -> dict[str, Any]:
    """Returns the card of a tag: its lines by number of the run, the columns, and what could not be shown."""
    content = Content(ReportLimits(media=8 * 2**20), lambda name: name == tag)
    numbers = []
    for number, run in board.runs(state[0] for state in states):
        content.add(str(number), run, [kind])
        numbers.append(number)
    made = content.as_json()
    lines = made[kind][0]["lines"] if made[kind] else []
    return {
        "lines": [{**line, "run": numbers[line["run"]]} for line in lines],
        "arrays": made["arrays"],
        "notes": made["notes"],
    }


def layout_of(board: Board, states: Sequence[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """Returns the custom charts of some runs; a layout that cannot be parsed is left out."""
    return layout_json(layout_of_run(run, lambda _: None) for _, run in board.runs(state[0] for state in states))


def hparams_of(board: Board) -> dict[str, Any] | None:
    """Returns the table of hyperparameters of the runs that have been read; None if there are none."""
    numbers, facts = board.facts()
    sessions = Sessions(list(facts), facts, board.title)
    table = sessions.as_json()
    for row in [] if table is None else table["rows"]:
        row["runs"] = [numbers[sessions.entries[place]] for place in row["runs"]]
    return table


def report_of(board: Board, body: bytes) -> str:
    """Returns the report that a page asks for.

    Args:
        board: the board.
        body: JSON: ``{"runs": [number, ...], "tags": [number, ...]}``.

    Raises:
        PayloadError: if it asks for something else.
    """
    try:
        asked = json.loads(body)
        numbers = [int(number) for number in asked["runs"]]
        tags = {board.tag(int(number))[1] for number in asked["tags"]}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise PayloadError(f"a report needs the numbers of runs and tags: {type(error).__name__}: {error}") from error
    names = board.names()
    runs = {names[number]: run for number, run in board.runs(numbers, whole=True) if number in names}
    return page_of(runs, board.title, wanted=lambda tag: tag in tags)
