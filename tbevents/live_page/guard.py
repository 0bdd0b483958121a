"""Who may use a board: the hosts it answers for, the token, its cookie, and the headers of every response."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRAMES: Final = (
    "http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:* 'self' vscode-webview: vscode-file:"
)
"""The pages of this machine, of a proxy that shows the board, and of VS Code, as the content policy names those that
may show a page in a frame."""

_HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}
"""Of every response that does not say otherwise."""


_HOST: Final = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*)(?::\d*)?")
"""The value of a Host header: an IPv6 address in brackets, or a name; and a port."""

_SHOWN: Final = 100
"""The most characters of a refused host that the answer repeats."""


class HostGuard:
    """Lets requests pass that are for a host of the board; others are refused, which stops DNS rebinding.

    Args:
        app: the application.
        hosts: the hosts: names, addresses, ``*.domain`` for all names that end so, or ``*`` for all.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.strip("[]").lower() for host in hosts)
        self._endings = tuple(host[1:] for host in self._hosts if host.startswith("*"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds, or passes the request on."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        given = HTTPConnection(scope).headers.get("host", "")
        match = _HOST.fullmatch(given)
        host = (match[1] or match[2] or "").lower() if match else None
        if host is not None and (host in self._hosts or host.endswith(self._endings)):
            return await self._app(scope, receive, send)
        shown = repr((host if host is not None else given)[:_SHOWN])
        text = f"400: this board does not answer for the host {shown}; name it with --allowed-host.\n"
        return await PlainTextResponse(text, status_code=400)(scope, receive, send)


class Guard:
    """Lets requests pass that have the cookie; exchanges a token in the URL for the cookie, and redirects it away.

    The cookie is HttpOnly and SameSite=Strict: scripts cannot read it, and other sites' requests do not have it.

    Args:
        app: the application.
        token: the secret; None lets everybody pass.
        cookie: name of the cookie.
        path: path of the board as the browser sees it, with a slash at its end.
    """

    def __init__(self, app: ASGIApp, *, token: str | None, cookie: str, path: str = "/") -> None:
        self._app = app
        self._token = token
        self._cookie = cookie
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds, or passes the request on."""
        if scope["type"] == "lifespan" or self._token is None:
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # the board has no websockets
            return None
        asked = HTTPConnection(scope)
        given = asked.query_params.getlist("token")
        if given:
            return await self._exchange(asked, given)(scope, receive, send)
        if self._is_token(asked.cookies.get(self._cookie, "")):
            return await self._app(scope, receive, send)
        return await _refusal()(scope, receive, send)

    def _is_token(self, text: str) -> bool:
        return self._token is not None and hmac.compare_digest(text.encode("utf-8", "replace"), self._token.encode())

    def _exchange(self, asked: HTTPConnection, given: list[str]) -> Response:
        if len(given) != 1 or not self._is_token(given[0]):
            return _refusal()
        rest = [(name, value) for name, value in parse_qsl(asked.url.query) if name != "token"]
        # Always to the board itself: a path of the request's would be a way to redirect elsewhere.
        response = RedirectResponse(self._path + (f"?{urlencode(rest)}" if rest else ""), status_code=303)
        response.set_cookie(self._cookie, given[0], path=self._path, httponly=True, samesite="strict")
        response.headers["Cache-Control"] = "no-store"
        return response


class PathGuard:
    """Lets requests pass whose path begins with a token, and takes it off.

    For a board in a frame, such as a notebook's: the page around it may be of another site, and browsers send no
    cookies then. Nothing of the page leads elsewhere, and it sends no referrer, so that the URL stays a secret.

    Args:
        app: the application.
        token: the secret.
    """

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds, or passes the request on."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # the board has no websockets
            return None
        _, _, path = scope["path"].partition("/")
        given, slash, rest = path.partition("/")
        if not slash or not hmac.compare_digest(given.encode("utf-8", "replace"), self._token):
            return await _refusal()(scope, receive, send)
        return await self._app({**scope, "path": f"/{rest}", "raw_path": None}, receive, send)


def _refusal() -> Response:
    text = "401: open the board by its whole URL, which holds its token.\n"
    return PlainTextResponse(text, status_code=401, headers={"Cache-Control": "no-store"})


class SafeHeaders:
    """Adds security headers to every response.

    Args:
        app: the application.
        framed: whether the page's content policy says who may show it in a frame; otherwise nobody may.
    """

    def __init__(self, app: ASGIApp, *, framed: bool = False) -> None:
        self._app = app
        self._headers = {name: value for name, value in _HEADERS.items() if not (framed and name == "X-Frame-Options")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and the response back with more headers."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_more if scope["type"] == "http" else send)


class PrefixRemoved:
    """Takes the path under which a proxy shows the board off the front of paths, if the proxy has left it there."""

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        path = scope.get("path", "")
        if self._prefix and path == self._prefix:  # without the slash at its end: the page's own URLs are relative
            query = scope.get("query_string", b"").decode("latin-1")
            return await RedirectResponse(f"{path}/{'?' if query else ''}{query}")(scope, receive, send)
        if self._prefix and path.startswith(self._prefix + "/"):
            scope = {**scope, "path": path[len(self._prefix) :], "raw_path": None}
        return await self._app(scope, receive, send)
