"""The board: a page that follows runs while they train, served to the browser. Needs the extra ``board``.

`Board` follows logdirs and knows their runs; `make_app` is the ASGI application that serves one; a `BoardServer`
runs it.
"""

from __future__ import annotations

from tbevents.live_page.address import Address
from tbevents.live_page.board import Board
from tbevents.live_page.server import BoardServer, load_server

__all__ = ["Address", "Board", "BoardServer", "load_server"]
