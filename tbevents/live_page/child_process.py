"""A board served by a process of its own, which ends with the process that started it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

from tbevents.errors import WorkerError

_LOOK: Final = 1.0
"""Seconds between checks that the parent process is alive."""

_PATIENCE: Final = 10.0
"""Seconds that an end may take before the process is killed."""


_SCRIPT: Final = """import sys
if sys.path[:1] == [""]:  # the working directory may be anybody's
    del sys.path[0]
from tbevents.live_page.child_process import _serve
_serve()
"""


class BoardProcess:
    """A process that serves a board on a free port of the loopback address, to whoever knows its URL.

    It ends when `close` is called, or when this process ends, in whatever way: it reads from a pipe that nobody writes
    to. Ctrl-C, which notebooks send to all processes of a kernel, does not reach it. Any thread may close it; a second
    call does nothing. A forked child must not use it.

    Args:
        logdirs: label -> path or URL, as of a `Board`.
        memory: bytes of runs in memory, roughly.

    Attributes:
        url: where the board is.

    Raises:
        TBEventsError, OSError: as by `Board`.
        WorkerError: if the process ended before it served the board.
    """

    def __init__(self, logdirs: Mapping[str, str], memory: int) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # as this process finds its packages
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
            **options,
        )
        try:
            self.url: str = self._begin({"logdirs": dict(logdirs), "memory": memory})
        except BaseException:  # Ctrl-C, too
            self._process.kill()
            self.close()
            raise

    def _begin(self, asked: Mapping[str, Any]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = b""
        try:
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            pass
        if not line:
            raise WorkerError(f"the process of the board ended with status {self._process.wait()}")
        told = json.loads(line)
        if "error" in told:
            raise _error_of(told)
        url: str = told["url"]
        return url

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def let_go(self) -> None:
        """Closes a forked child's copies of the pipes, so that it neither holds nor ends the process."""
        self._close_pipes()
        self._process.returncode = 0  # it is not this one's to wait for

    def _close_pipes(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # it has ended already
                    stream.close()

    def close(self) -> None:
        """Ends the process, and waits for its end."""
        self._close_pipes()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _error_of(told: Mapping[str, str]) -> BaseException:
    """The error of the process, as it was raised there; it comes from no one else."""
    try:
        error = pickle.loads(base64.b64decode(told["pickle"]))
        if isinstance(error, Exception):
            return error
    except Exception:  # it is told as text then
        pass
    return WorkerError(told["error"])


def _serve() -> None:
    """What the process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        from tbevents.live_page import Address, Board, BoardServer, load_server

        load_server()
        board = Board(asked["logdirs"], memory=asked["memory"])
        server = BoardServer(board, Address(port=0, framed=True))
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}", "pickle": _pickled(error)}
        print(json.dumps(told), flush=True)  # noqa: T201  # to the process that started it
        return
    server.start()
    print(json.dumps({"url": server.url}), flush=True)  # noqa: T201
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    while not ended.wait(_LOOK):
        if os.name == "posix" and os.getppid() != parent:  # a forked child of it may still hold the pipe
            break
    server.stop()
    os._exit(0)  # a run that is being read must not delay it


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()


def _pickled(error: Exception) -> str:
    try:
        return base64.b64encode(pickle.dumps(error)).decode()
    except Exception:  # an error of another package may hold anything
        return ""
