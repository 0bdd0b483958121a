"""A board in a cell of a notebook, or a report where the browser cannot reach this machine."""

from __future__ import annotations

import atexit
import html
import os
import sys
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from tbevents.errors import MissingExtraError
from tbevents.files import StrPath
from tbevents.live_page.child_process import BoardProcess
from tbevents.live_page.labelled_runs import LabelledRuns
from tbevents.live_page.names import checked_logdirs, title_of
from tbevents.reading.logdir import Logdir
from tbevents.remote import is_url
from tbevents.tools.report import page_of

_REMOTE: Final = ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "JUPYTERHUB_SERVICE_PREFIX")
"""Environment variables of services whose notebooks are shown on another machine."""

_STYLE: Final = "width:100%;border:1px solid #8884;border-radius:4px"


class BoardView:
    """What `board` returns: a notebook shows it as the board, or as a report.

    Attributes:
        url: where the board is; None of a report. Whoever knows it may see the board.
        height: of the frame, in pixels.
    """

    def __init__(self, title: str, height: int, process: BoardProcess | None, url: str | None, page: str = "") -> None:
        self.url: str | None = url
        self.height: int = height
        self._title = title
        self._process = process
        self._page = page

    def close(self) -> None:
        """Ends the board, if it is one. A second call does nothing; the next call of `board` starts another."""
        if self._process is not None:
            _boards.close(self._process)

    def __repr__(self) -> str:
        return f"<Report of {self._title}>" if self.url is None else f"<Board of {self._title} at {self.url}>"

    def _repr_html_(self) -> str:
        name = html.escape(self._title)
        if self.url is None:
            page = html.escape(self._page)  # the frame has no origin, so that its script reaches nothing outside of it
            allowed = 'sandbox="allow-scripts allow-downloads"'
            return f'<iframe srcdoc="{page}" {allowed} title="{name}" style="{_STYLE};height:{self.height}px"></iframe>'
        url = html.escape(self.url)
        said = f'<a href="{url}" target="_blank" rel="noopener noreferrer">Open the board</a> in a page of its own.'
        hint = (
            "If the frame is empty, this browser does not reach the machine: <code>inline=True</code> shows a report."
        )
        return (
            f'<iframe src="{url}" title="{name}" referrerpolicy="no-referrer" style="{_STYLE};height:{self.height}px">'
            f'</iframe><div style="font-size:85%">{said} {hint}</div>'
        )


def board(
    logdir: StrPath | Logdir | Mapping[str, StrPath],
    *,
    height: int = 800,
    inline: bool | None = None,
    url: str | None = None,
    memory: int = 512,
) -> BoardView:
    """Shows runs in a cell of a notebook, and follows them while they train.

    ::

        tbevents.board("runs")

    The board is served by a process of its own, so that it and a training in the notebook do not slow each other. It
    ends with the kernel, in whatever way that ends, or with `BoardView.close`; interrupting a cell does not end it. A
    second call for the same logdir shows the same board. Threads may call this function together: one of them starts
    the board, and the others wait for it. A forked child starts a board of its own. An interrupt while the board starts
    ends it.

    The URL of the board holds a random token. It is bound to the loopback address, and reads only the logdirs named.
    Settings of fsspec that were made in Python do not reach it; those in files and in the environment do.

    Args:
        logdir: a folder of runs, a run, an event file, or a URL; what `read_logdir` returned; or several of them by
            name, which comes before the names of their runs, and has no slash.
        height: of the frame in pixels.
        inline: whether to show a report of the runs as they are now instead, which needs no server, and is stored with
            the notebook. None does so where the browser is known to be on another machine: in Colab, Kaggle and
            JupyterHub, unless `url` is given. Notebooks that are reached through ssh are not recognized.
        url: the URL under which the browser reaches a port of this machine, with ``{port}`` in it, such as
            ``/user/me/proxy/{port}`` of jupyter-server-proxy.
        memory: megabytes of runs that the board keeps, roughly.

    Returns:
        An object that notebooks show as the board; its ``url`` opens the board elsewhere.

    Raises:
        RunNotFoundError: if the logdir does not exist.
        OSError: if it cannot be listed.
        TypeError, ValueError: if an argument has the wrong type or an invalid value.
        MissingExtraError: if Starlette or uvicorn is not installed. A report needs neither.
        WorkerError: if the process of the board ended before it served.
    """
    if height < 1:
        raise ValueError(f"height must be at least 1 pixel, not {height!r}")
    if memory < 1:
        raise ValueError(f"memory must be at least 1 megabyte, not {memory!r}")
    if url is not None and "{port}" not in url:
        raise ValueError(f"url must have {{port}} in it, not {url!r}")
    logdirs = _labelled(logdir)
    title = title_of(logdirs)
    if inline or (inline is None and url is None and _is_remote()):
        return BoardView(title, height, None, None, _page(logdirs, title))
    for module, package in (("uvicorn", "uvicorn"), ("starlette", "Starlette")):
        if find_spec(module) is None:
            raise MissingExtraError(package, "board", "the board")
    process = _boards.of(logdirs, memory * 2**20)
    return BoardView(title, height, process, process.url if url is None else _through(url, process.url))


def _labelled(logdir: StrPath | Logdir | Mapping[str, StrPath]) -> dict[str, str]:
    """The logdirs by label, with whole paths."""
    given = logdir.path if isinstance(logdir, Logdir) else logdir
    named = given if isinstance(given, Mapping) else {"": given}
    if not named:
        raise ValueError("there is no logdir to show")
    return {label: path if is_url(path) else os.path.abspath(path) for label, path in checked_logdirs(named).items()}


def _is_remote() -> bool:
    """Whether the browser is known to be on another machine."""
    return "google.colab" in sys.modules or any(name in os.environ for name in _REMOTE)


def _through(url: str, own: str) -> str:
    """The URL of a board as a proxy shows it."""
    port, _, path = own.removeprefix("http://").partition(":")[2].partition("/")
    return f"{url.replace('{port}', port).rstrip('/')}/{path}"


def _page(logdirs: Mapping[str, str], title: str) -> str:
    """The report of the runs, as a page."""
    runs = LabelledRuns(logdirs)
    if not runs:
        raise ValueError(f"{title}: there are no runs to show")
    return page_of(runs, title, wanted=lambda _tag: True)


class _Boards:
    """The boards that this process has started. Any thread may use them; a forked child has none."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may run while it is held
        self._processes: dict[tuple[tuple[tuple[str, str], ...], int], BoardProcess] = {}
        atexit.register(self._close_all)

    def let_go(self) -> None:
        """Forgets the boards of the process from which this one was forked: they are not its own to end."""
        self._lock = threading.RLock()  # a thread of that process may have held the other
        for process in self._processes.values():
            process.let_go()
        self._processes = {}

    def of(self, logdirs: Mapping[str, str], memory: int) -> BoardProcess:
        """Returns the board of some logdirs, which is started if it is not there."""
        key = (tuple(logdirs.items()), memory)
        with self._lock:
            known = self._processes.get(key)
            if known is not None and known.alive:
                return known
            if known is not None:
                known.close()  # its pipes are still open
            process = BoardProcess(logdirs, memory)
            other = self._processes.get(key)
            if other is not None and other.alive:  # a signal handler was faster
                process.close()
                return other
            self._processes[key] = process
            return process

    def close(self, process: BoardProcess) -> None:
        """Ends a board, if it was started by this process."""
        with self._lock:
            mine = [key for key, each in self._processes.items() if each is process]
            for key in mine:
                self._processes.pop(key, process).close()

    def _close_all(self) -> None:
        for process in list(self._processes.values()):
            self.close(process)


_boards: Final = _Boards()

if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_boards.let_go)
