"""The server of a board: until Ctrl-C, or on a thread until it is stopped."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any

from tbevents.errors import MissingExtraError
from tbevents.live_page.address import Address

if TYPE_CHECKING:
    from tbevents.live_page.board import Board

_PURPOSE = "the board"
_STOP = 10.0
"""The most seconds that stopping waits."""


def load_server() -> None:
    """Imports what serves a board. Call it before runs are read: imports take long while threads read.

    Raises:
        MissingExtraError: if Starlette or uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("uvicorn", "board", _PURPOSE) from error
    try:
        import tbevents.live_page.app  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Starlette", "board", _PURPOSE) from error
    uvicorn.Config(_nothing, log_config=None, lifespan="off", ws="none").load()  # which imports its protocols


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    """The application of no board."""


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
        MissingExtraError: if Starlette or uvicorn is not installed.
        OSError: if the port is in use, or the host is not this machine's.
    """

    def __init__(self, board: Board, address: Address) -> None:
        load_server()
        import uvicorn

        from tbevents.live_page.app import make_app

        self._board = board
        self._bound = address.bind()
        self._thread: threading.Thread | None = None
        port = self._bound[0].getsockname()[1]
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
                """Ends the streams first: uvicorn waits for the responses that are under way."""
                board.close()
                super().handle_exit(sig, frame)

        self._server = Server(config)
        self.url: str = address.url(port, token)

    def run(self) -> None:
        """Serves until the process gets SIGINT or SIGTERM, or `stop` is called."""
        try:
            self._server.run(sockets=self._bound)
        finally:
            self._board.close()
            self._give_back()

    def start(self) -> None:
        """Serves on a thread of its own. Requests wait until it has started."""
        self._thread = threading.Thread(target=self.run, name="tbevents-board-serve", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends serving, and waits for the end of what `start` began, a few seconds at most."""
        self._server.should_exit = True
        self._board.close()  # which ends the streams: uvicorn waits for the responses that are under way
        if self._thread is None:
            self._give_back()
        elif self._thread is not threading.current_thread():
            self._thread.join(_STOP)

    def _give_back(self) -> None:
        for each in self._bound:
            each.close()
