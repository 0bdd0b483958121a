"""The page itself: one self-contained file that runs only its own script."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any, Final

from tbevents.tools.json_text import plain

_SCRIPTS: Final = (
    "data.js",
    "format.js",
    "smoothing.js",
    "elements.js",
    "touch.js",
    "plot.js",
    "outliers.js",
    "saving.js",
    "picture.js",
    "readings.js",
    "curves.js",
    "pictures.js",
    "steps.js",
    "differences.js",
    "table.js",
    "colors.js",
    "scatter.js",
    "controls.js",
    "lines.js",
    "bootstrap.js",
    "group_sums.js",
    "groups.js",
    "histograms.js",
    "state.js",
    "custom.js",
    "scalars.js",
    "main.js",
)
"""In order of dependency. They share one scope, which nothing outside can reach."""

_LIVE_SCRIPTS: Final = ("fetched.js", "live.js")
"""What a board has beside these: its data is fetched, and changes."""


_AT_ONCE: Final = 256
"""Number of curves or columns that are converted to JSON at a time."""


def policy(*, live: bool = False) -> str:
    """Returns the content policy of the page: its own style and script, and no network but a board's own server."""
    connect = "connect-src 'self'; " if live else ""
    return (
        f"default-src 'none'; script-src '{_digest(_script(live=live))}'; style-src '{_digest(_style())}'; "
        f"img-src data:; media-src data:; {connect}base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )


def render(title: str, content: Mapping[str, Any], *, live: bool = False) -> str:
    """The page as HTML, as `pieces` has it."""
    return "".join(pieces(title, content, live=live))


def pieces(title: str, content: Mapping[str, Any], *, live: bool = False) -> Iterator[str]:
    """Yields the page as HTML, piece by piece.

    Text from event files is in two places only: the escaped title, and the data, as JSON without characters that HTML
    interprets; the script uses them as text only. The page's policy forbids every other script and all network access;
    pictures are data URLs.

    Args:
        title: title of the page.
        content: plain data. NaN and infinities become strings.
        live: whether the page is a board, whose script fetches the data from the server that the page comes from.
    """
    parts: dict[str, Iterable[str]] = {
        "POLICY": [html.escape(policy(live=live), quote=False)],
        "TITLE": [html.escape(title.encode("utf-8", "replace").decode("utf-8"))],  # a file's name may be no UTF-8
        "ICON": [base64.b64encode(icon().encode()).decode()],
        "STYLE": [_style()],
        "LICENCE": [html.escape(_asset("uplot/LICENSE").strip())],
        "DATA": _json(content),
        "SCRIPT": [_script(live=live)],
    }
    # What is put in is not looked through again.
    for number, text in enumerate(re.split(r"\{\{([A-Z]+)\}\}", _asset("page.html"))):
        yield from parts[text] if number % 2 else [text]


def icon() -> str:
    """Returns the icon of the page, as SVG."""
    return _asset("icon.svg")


def _style() -> str:
    return _asset("uplot/uPlot.min.css") + _asset("style.css")


def _script(*, live: bool) -> str:
    own = "\n".join(map(_asset, _SCRIPTS))
    if live:
        # A block, so that its names do not clash with the page's.
        own += "\n{\n" + "\n".join(map(_asset, _LIVE_SCRIPTS)) + "\n}"
    return f'{_asset("uplot/uPlot.iife.min.js")}\n(() => {{\n"use strict";\n{own}\n}})();\n'


def _asset(name: str) -> str:
    text = resources.files(__package__).joinpath("assets", *name.split("/")).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")  # as a browser reads it, and hashes it


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _json(value: Any) -> Iterator[str]:
    """Yields JSON that may stand within a script element, piece by piece."""
    if isinstance(value, dict) and _is_nested(value):
        for number, (key, each) in enumerate(value.items()):
            yield f"{',' if number else '{'}{_json_text(key)}:"
            yield from _json(each)
        yield "}"
    elif isinstance(value, (list, tuple)) and _is_nested(value):
        for start in range(0, len(value), _AT_ONCE):
            some = value[start : start + _AT_ONCE]
            yield "," if start else "["
            if any(map(_is_nested, some)):
                for number, each in enumerate(some):
                    yield "," if number else ""
                    yield from _json(each)
            else:
                yield _json_text(some)[1:-1]
        yield "]"
    else:
        yield _json_text(value)


def _is_nested(value: Any) -> bool:
    """Returns True if a dict or list holds dicts or lists."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return any(isinstance(each, (dict, list, tuple)) for each in inner)


def _json_text(value: Any) -> str:
    """Returns JSON of ASCII, without the characters that could end or begin a tag."""
    text = json.dumps(plain(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
