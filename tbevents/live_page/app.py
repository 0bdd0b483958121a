"""The application that serves a board: the page, and what it asks for."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tbevents.errors import TBEventsError, UnknownNameError
from tbevents.live_page.address import Address
from tbevents.live_page.board import Board
from tbevents.live_page.cards import MEDIA, card_of, hparams_of, layout_of, report_of
from tbevents.live_page.columns import BinaryStore, Window
from tbevents.live_page.guard import FRAMES, Guard, HostGuard, PathGuard, PrefixRemoved, SafeHeaders
from tbevents.live_page.page import board_page
from tbevents.reading.points import PointColumns
from tbevents.tools.json_text import json_text, plain
from tbevents.tools.report.page import icon
from tbevents.tools.report.pauses import pauses_of

_HEARTBEAT: Final = 15.0
"""Seconds after which a stream without news says that it is there, so that proxies keep it open."""

_BREATH: Final = 0.2
"""The least seconds between two messages of a stream."""

_TOGETHER: Final = 1 << 17
"""Number of points after which the curves gathered so far are packed."""

_HOSTS: Final = Address().names()

_SHARE: Final = 3
"""A message that takes long to make is followed by a pause of this many times its duration."""

_PULSE: Final = 0.02
"""Seconds between looks at whether a pause is over."""

_BODY: Final = 2**20
"""The most bytes of a request's body."""


def make_app(
    board: Board,
    *,
    token: str | None,
    cookie: str = "tbevents_board",
    hosts: tuple[str, ...] = _HOSTS,
    root_path: str = "",
    framed: bool = False,
) -> ASGIApp:
    """Returns the ASGI application of a board.

    Args:
        board: the board.
        token: the secret in the board's URL; None lets everybody in who reaches the port.
        cookie: name of the cookie for which the token is exchanged.
        hosts: host names that requests may be for; others are refused, which stops DNS rebinding.
        root_path: path under which a proxy shows the board, such as ``/board``.
        framed: whether pages of this machine may show the board in a frame; the token is the first part of all paths
            then, in place of a cookie.
    """
    prefix = "/" + root_path.strip("/") if root_path.strip("/") else ""
    handlers = _Handlers(board, FRAMES if framed else "'none'")
    routes = [
        Route("/", handlers.page, methods=["GET"]),
        Route("/favicon.ico", handlers.icon, methods=["GET"]),
        Route("/api/events", handlers.events, methods=["GET"]),
        Route("/api/scalars", handlers.scalars, methods=["GET"]),
        Route("/api/card", handlers.card, methods=["GET"]),
        Route("/api/hparams", handlers.hparams, methods=["GET"]),
        Route("/api/layout", handlers.layout, methods=["GET"]),
        Route("/api/report", handlers.report, methods=["POST"]),
    ]
    middleware = [
        Middleware(HostGuard, hosts=hosts),
        Middleware(PrefixRemoved, prefix=prefix),
        Middleware(PathGuard, token=token)
        if framed and token is not None
        else Middleware(Guard, token=token, cookie=cookie, path=f"{prefix}/"),
    ]
    errors: Any = {UnknownNameError: _not_found, TBEventsError: _unreadable, OSError: _unreadable}
    # Around all of it, as Starlette answers an error of ours (500) outside of its middleware.
    return SafeHeaders(Starlette(routes=routes, middleware=middleware, exception_handlers=errors), framed=framed)


def _not_found(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", status_code=404)


def _unreadable(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", status_code=422)


def _message(key: str, told: dict[str, Any]) -> str:
    """The server-sent event of what changed on a board.

    No number of it is infinite or NaN: `json_text`, which looks for those, takes ten times as long.
    """
    text = json.dumps({"key": key, **told}, separators=(",", ":"), allow_nan=False)
    return f"id: {key}.{told['version']}\ndata: {text}\n\n"


class _Handlers:
    """Answers requests. Those that are not coroutines run on Starlette's threads."""

    def __init__(self, board: Board, ancestors: str) -> None:
        self._board = board
        self._ancestors = ancestors

    def page(self, _request: Request) -> Response:
        text, policy = board_page(self._board.title)
        return HTMLResponse(text, headers={"Content-Security-Policy": f"{policy}; frame-ancestors {self._ancestors}"})

    def icon(self, _request: Request) -> Response:
        """What browsers ask for by themselves, such as where they show an answer of the API alone."""
        return Response(icon(), media_type="image/svg+xml")

    async def events(self, request: Request) -> Response:
        """Server-sent events: all that is known, or what a client that comes back has missed; then what changes."""
        last = request.headers.get("last-event-id") or request.query_params.get("since", "")
        key, _, version = last.partition(".")
        since = int(version) if key == self._board.key and _is_number(version) else 0
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(since), media_type="text/event-stream", headers=headers)

    async def _stream(self, since: int) -> AsyncIterator[str]:
        board, loop, news = self._board, asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(news.set)

        with board.watching(wake):
            while not board.closed:
                news.clear()
                began = loop.time()
                told = await run_in_threadpool(board.changes, since)
                if told is not None:
                    since = told["version"]
                    yield await run_in_threadpool(_message, board.key, told)
                    rest = loop.time() + max(_BREATH, _SHARE * (loop.time() - began))
                    # Once all runs are read that were not, this is told at once.
                    while loop.time() < rest and (board.is_reading or not told["unread"]) and not board.closed:
                        await asyncio.sleep(_PULSE)
                try:
                    await asyncio.wait_for(news.wait(), _HEARTBEAT)
                except asyncio.TimeoutError:
                    yield ": still here\n\n"

    def scalars(self, request: Request) -> Response:
        """The curves of a tag of some runs as binary columns; see `BinaryStore.packed`."""
        kind, tag = self._board.tag(_integer(request, "tag"))
        if kind != "scalars":
            raise UnknownNameError("scalar tag", tag, None)
        try:
            window = Window(
                _integer(request, "points", 2_000),
                request.query_params.get("axis", "step"),
                _number(request, "from"),
                _number(request, "to"),
            )
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        states = self._states(request, kind, tag)
        return _cached(request, (self._board.key, tag, window, states), lambda: self._pack(tag, window, states))

    def _pack(self, tag: str, window: Window, states: list[tuple[int, int, int]]) -> Response:
        store, lines = BinaryStore(), list[dict[str, Any]]()
        epochs = {number: epoch for number, epoch, _ in states}
        waiting: list[tuple[dict[str, Any], PointColumns]] = []

        def pack() -> None:
            curves = [curve for _, curve in waiting]
            for (head, _), line in zip(waiting, store.curves(curves, window.places(curves)), strict=True):
                lines.append({**line, **head})
            waiting.clear()

        size = 0
        for number, run in self._board.runs(epochs):
            curve = run.scalar_points(tag)
            if curve is None:  # it went away since, which the stream tells
                continue
            pauses = pauses_of(run, tag, curve.wall_times)
            waiting.append(
                ({"run": number, "epoch": epochs[number], **({"pauses": plain(pauses)} if pauses else {})}, curve)
            )
            size += len(curve.values)
            if size > _TOGETHER:  # the runs of all of them may be more than is to be kept
                pack()
                size = 0
        pack()
        return Response(store.packed(lines), media_type="application/octet-stream")

    def card(self, request: Request) -> Response:
        """What was logged under a tag of another kind, as a report holds it."""
        kind, tag = self._board.tag(_integer(request, "tag"))
        if kind not in MEDIA:
            raise UnknownNameError("tag that is shown", tag, None)
        states = self._states(request, kind, tag)
        return _cached(
            request, (self._board.key, kind, tag, states), lambda: _json(card_of(self._board, kind, tag, states))
        )

    def layout(self, request: Request) -> Response:
        """The custom charts of some runs."""
        kind, tag = self._board.tag(_integer(request, "tag"))
        if kind != "custom_scalars":
            raise UnknownNameError("layout tag", tag, None)
        states = self._states(request, kind, tag)
        return _cached(request, (self._board.key, kind, tag, states), lambda: _json(layout_of(self._board, states)))

    def hparams(self, _request: Request) -> Response:
        """The table of hyperparameters; null if there are none."""
        return _json(hparams_of(self._board))

    async def report(self, request: Request) -> Response:
        """A report about the runs and tags in the body, to be saved."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise HTTPException(415, "the body must be JSON")
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > _BODY:
                raise HTTPException(413, f"the body is over the limit of {_BODY} bytes")
        text = await run_in_threadpool(report_of, self._board, bytes(data))
        return HTMLResponse(text, headers={"Content-Disposition": 'attachment; filename="report.html"'})

    def _states(self, request: Request, kind: str, tag: str) -> list[tuple[int, int, int]]:
        """The runs that a request asks for, as far as they have the tag: numbers and spans such as ``0-3,7``."""
        spans = []
        for part in filter(None, request.query_params.get("runs", "").split(",")):
            first, dash, last = part.partition("-")
            if not (_is_number(first) and (not dash or _is_number(last))):
                raise HTTPException(400, f"runs must be numbers and spans such as 0-3,7, not {part[:40]!r}")
            spans.append((int(first), int(last) if dash else int(first)))
        return self._board.states(spans, kind, tag)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _integer(request: Request, name: str, default: int | None = None) -> int:
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not _is_number(text):
        raise HTTPException(400, f"{name} must be a whole number")
    return int(text)


def _number(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise HTTPException(400, f"{name} must be a number") from None


def _cached(request: Request, state: object, make: Any) -> Response:
    """Answers 304 if the browser has what it asks for; its tag is that of the state, so nothing is read for it."""
    tag = f'"{hashlib.blake2b(repr(state).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    response: Response = make()
    response.headers["ETag"] = tag
    return response


def _json(value: object) -> Response:
    return Response(json_text(value), media_type="application/json")
