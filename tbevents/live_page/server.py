"""The server of a board: until Ctrl-C, or on a thread until it is stopped."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tbevents.errors import MissingExtraError

if TYPE_CHECKING:
    from tbevents.live_page.board import Board

__all__ = ["Address", "BoardServer"]

_PURPOSE = "the board"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_STOP = 10.0
"""The most seconds that stopping waits."""
_ALL = ("", "0.0.0.0", "::")  # recognized, not bound to by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a board is served, and to whom.

    Attributes:
        host: name or address to bind to.
        port: port to bind to; 0 takes a free one.
        token: whether the URL holds a random token, without which nothing is answered.
        allowed_hosts: more host names that requests may be for, such as that of a proxy.
        root_path: path under which a proxy shows the board.
        framed: whether pages of this machine (on its loopback address) may show the board in a frame, as notebooks do.
            The token is in the path of the URL then: a frame has no cookies if the page around it is of another site.

    Raises:
        ValueError: there is no token, and the host is not the loopback address; or a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 6007
    token: bool = True
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    framed: bool = False

    def __post_init__(self) -> None:
        if not self.token and self.host not in _LOOPBACK:
            raise ValueError(f"a board without a token must be on the loopback address (127.0.0.1), not {self.host!r}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be from 0 to 65535, not {self.port}")
        for name in self.allowed_hosts:
            if "*" in name[1:] or (name.startswith("*") and not name.startswith("*.")):
                raise ValueError(f"an allowed host must be a host name, or *.domain, not {name!r}")

    def names(self) -> tuple[str, ...]:
        """Returns the host names that requests may be for."""
        found = [*_LOOPBACK, "[::1]", *self.allowed_hosts]
        if self.host in _ALL:
            found += [socket.gethostname(), socket.getfqdn(), *_own_addresses()]
        elif self.host not in _LOOPBACK:
            found.append(self.host)
        return tuple(dict.fromkeys(name.lower() for name in found))


class BoardServer:
    """Serves a board: the port is bound, and `url` known, once it is made.

    `run` serves on the main thread until the process gets SIGINT or SIGTERM; `start` serves on a thread of its own, and
    returns. One of them may be called, once. Any thread may call `stop`, also while neither was called; a second call
    does nothing. The board is closed at the end. A script that ends without `stop` waits for the runs that are being
    read. A forked child must not use it.

    Args:
        board: the board.
        address: where, and to whom.

    Attributes:
        url: where a browser opens the board; it holds the token, if there is one.

    Raises:
        MissingExtraError: Starlette or uvicorn is not installed.
        OSError: the port is in use, or the host is not this machine's.
    """

    def __init__(self, board: Board, address: Address) -> None:
        try:
            import uvicorn
        except ImportError as error:
            raise MissingExtraError("uvicorn", "board", _PURPOSE) from error
        try:
            from tbevents.live_page.app import make_app
        except ImportError as error:
            raise MissingExtraError("Starlette", "board", _PURPOSE) from error
        self._board = board
        self._bound = _bind(address)
        self._thread: threading.Thread | None = None
        port = self._bound.getsockname()[1]
        token = secrets.token_urlsafe(32) if address.token else None
        app = make_app(
            board,
            token=token,
            cookie=f"tbevents_board_{port}",  # cookies are shared between ports
            # Who rebinds a name to this machine does not know the path; a proxy's name may be any.
            hosts=("*",) if address.framed and token else address.names(),
            root_path=address.root_path,
            framed=address.framed,
        )
        config = uvicorn.Config(
            app,
            access_log=False,  # it would hold the token
            log_level="critical",
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=2,
        )

        class Server(uvicorn.Server):
            def handle_exit(self, sig: int, frame: Any) -> None:
                """Ends the streams first: uvicorn waits for the answers that are under way."""
                board.close()
                super().handle_exit(sig, frame)

        self._server = Server(config)
        self.url: str = _url(address, port, token)

    def run(self) -> None:
        """Serves until the process gets SIGINT or SIGTERM, or `stop` is called."""
        try:
            self._server.run(sockets=[self._bound])
        finally:
            self._board.close()
            self._bound.close()

    def start(self) -> None:
        """Serves on a thread of its own. Requests wait until it has started."""
        self._thread = threading.Thread(target=self.run, name="tbevents-board-serve", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends serving, and waits for the end of what `start` began, a few seconds at most."""
        self._server.should_exit = True
        self._board.close()  # which ends the streams: uvicorn waits for the answers that are under way
        if self._thread is None:
            self._bound.close()
        elif self._thread is not threading.current_thread():
            self._thread.join(_STOP)


def _bind(address: Address) -> socket.socket:
    where = f"{address.host}:{address.port}"
    try:
        infos = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, name = infos[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OSError(error.errno, f"{where}: {error.strerror}") from error
    try:
        if os.name == "posix":  # elsewhere it lets others bind the same port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(name)
        bound.listen(128)
    except OSError as error:
        bound.close()
        hint = "; choose another with --port, or --port 0 for any" if address.port else ""
        raise OSError(error.errno, f"{where}: {error.strerror}{hint}") from error
    return bound


def _url(address: Address, port: int, token: str | None) -> str:
    host = "127.0.0.1" if address.host in ("", "0.0.0.0") else "::1" if address.host == "::" else address.host
    path = address.root_path.strip("/")
    if token is not None and address.framed:
        path, token = f"{path}/{token}".strip("/"), None
    query = "" if token is None else f"?token={token}"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/{path + '/' if path else ''}{query}"


def _own_addresses() -> list[str]:
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        return []
