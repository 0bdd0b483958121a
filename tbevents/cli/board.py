"""``tbevents board``: serves a page that follows runs."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import click

from tbevents.cli.browser import open_page
from tbevents.cli.parameters import OUTPUT, checksums_option, example, takes_terminal
from tbevents.cli.report import tell
from tbevents.cli.terminal import Terminal
from tbevents.files import folder_name
from tbevents.live_page import Address, Board, BoardServer, load_server
from tbevents.live_page.labelled_runs import LabelledRuns
from tbevents.reading.options import Checksums, ReadOptions
from tbevents.tools.report import report

_LABEL = re.compile(r"([^/=:\\]+)=(.+)", re.DOTALL)
_DEFAULT = Address()


@click.command(epilog=example("tbevents board new=runs/new old=s3://bucket/runs --port 8080"))
@click.argument("logdirs", nargs=-1, required=True, metavar="LOGDIR...")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_DEFAULT.port,
    metavar="N",
    help="Port; 0 takes a free one; default: 6007.",
)
@click.option(
    "--host", default=_DEFAULT.host, metavar="HOST", help="Address to serve on; default: 127.0.0.1, this machine alone."
)
@click.option("--no-open", is_flag=True, help="Do not open the page in the browser.")
@click.option(
    "--memory",
    type=click.IntRange(min=1),
    default=512,
    metavar="MB",
    help="Let go of runs beyond this much memory; default: 512.",
)
@click.option("--no-token", is_flag=True, help="Let everybody on this machine in; on the loopback address only.")
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Also answer requests for this host name; repeatable.",
)
@click.option("--root-path", default="", metavar="PATH", help="Path under which a proxy shows the board.")
@click.option("--export", "export", type=OUTPUT, metavar="FILE", help="Write the runs as a report, and serve nothing.")
@checksums_option
@takes_terminal
def command(
    terminal: Terminal,
    logdirs: tuple[str, ...],
    port: int,
    host: str,
    no_open: bool,
    memory: int,
    no_token: bool,
    allowed_hosts: tuple[str, ...],
    root_path: str,
    export: str | None,
    checksums: Checksums,
) -> None:
    """Serve a page that follows the runs below LOGDIRs while they train.

    A LOGDIR is a folder, an event file, or a URL that fsspec knows; NAME=LOGDIR puts NAME before its runs. The URL is
    printed on stdout; it holds a token, without which nothing is answered. Ctrl-C ends the board. Needs the extra
    "board".
    """
    address = Address(host=host, port=port, token=not no_token, allowed_hosts=allowed_hosts, root_path=root_path)
    if export is not None:
        with terminal.progress("reading") as progress:
            runs = LabelledRuns(labelled(logdirs), checksums=checksums)
            made = report(runs, export, progress=progress)
        return tell(terminal, made)
    load_server()
    board = Board(labelled(logdirs), memory=memory * 2**20, options=ReadOptions(checksums=checksums))
    try:
        server = BoardServer(board, address)
        terminal.write(f"{server.url}\n")
        terminal.flush()
        terminal.remark("Ctrl-C ends it")
        if not no_open:
            threading.Thread(target=open_page, args=(server.url,), daemon=True).start()
        server.run()
    except KeyboardInterrupt:
        pass  # that is how a board ends
    finally:
        board.close()
    return None


def labelled(logdirs: tuple[str, ...]) -> dict[str, str]:
    """Returns the logdirs by label: ``NAME=LOGDIR``; the folder's name if there are several; "" for one without a name.

    Raises:
        ValueError: if two logdirs have the same name.
    """
    found: dict[str, str] = {}
    for given in logdirs:
        match = None if Path(given).exists() else _LABEL.fullmatch(given)
        label, path = (
            (match[1], match[2]) if match else ("" if len(logdirs) == 1 else folder_name(given) or given, given)
        )
        if label in found:
            raise ValueError(f"two logdirs are named {label!r}: name them, as in {label}1={path}")
        found[label] = path
    return found
