"""Runs the server of a board, until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tbevents.errors import MissingExtraError

if TYPE_CHECKING:
    from tbevents.live_page.board import Board

__all__ = ["Address", "serve"]

_PURPOSE = "the board"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
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

    Raises:
        ValueError: there is no token, and the host is not the loopback address; or a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 6007
    token: bool = True
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""

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


def serve(board: Board, address: Address, ready: Callable[[str], object]) -> None:
    """Serves a board until the process gets SIGINT or SIGTERM.

    Must be called on the main thread, once in a process at a time. The board is closed at the end.

    Args:
        board: the board.
        address: where, and to whom.
        ready: called with the URL once the port is bound.

    Raises:
        MissingExtraError: Starlette or uvicorn is not installed.
        OSError: the port is in use, or the host is not this machine's.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("uvicorn", "board", _PURPOSE) from error
    try:
        from tbevents.live_page.app import make_app
    except ImportError as error:
        raise MissingExtraError("Starlette", "board", _PURPOSE) from error

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            """Ends the streams first: uvicorn waits for the answers that are under way."""
            board.close()
            super().handle_exit(sig, frame)

    bound = _bind(address)
    try:
        port = bound.getsockname()[1]
        token = secrets.token_urlsafe(32) if address.token else None
        app = make_app(
            board,
            token=token,
            cookie=f"tbevents_board_{port}",  # cookies are shared between ports
            hosts=address.names(),
            root_path=address.root_path,
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
        server = Server(config)
        ready(_url(address, port, token))
        server.run(sockets=[bound])
    finally:
        board.close()
        bound.close()


def _bind(address: Address) -> socket.socket:
    where = f"{address.host}:{address.port}"
    try:
        infos = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, name = infos[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OSError(error.errno, f"{where}: {error.strerror}") from error
    try:
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
    query = "" if token is None else f"?token={token}"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/{path + '/' if path else ''}{query}"


def _own_addresses() -> list[str]:
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        return []
