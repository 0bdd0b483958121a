"""``tbevents mcp``: serves runs to an agent."""

from __future__ import annotations

import click

from tbevents.cli.parameters import PATH, checksums_option, example, logdir_argument
from tbevents.reading.options import Checksums


@click.command(epilog=example("tbevents mcp runs"))
@logdir_argument
@click.option("--config", type=PATH, metavar="FILE", help="The configuration of lint; it must not be in LOGDIR.")
@checksums_option
def command(logdir: str, config: str | None, checksums: Checksums) -> None:
    """Serve the runs below LOGDIR to an agent, by the Model Context Protocol on stdin and stdout. Nothing is written.

    The tools list runs and tags, read series and texts, compare runs, show hyperparameters, lint, check and draw. Links
    that lead out of LOGDIR are not followed, and no configuration is searched for. docs/agents.md has the tools, their
    limits, and how to configure a client. Ends when stdin does.
    """
    from tbevents.mcp_server.server import serve

    serve(logdir, config=config, checksums=checksums)
