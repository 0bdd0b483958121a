"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, get_args

import click

from tbevents.cli import EXIT_INCOMPLETE, EXIT_INTERRUPTED, end_of_pipe
from tbevents.cli.terminal import Terminal
from tbevents.reading.kinds.kind import kind_names
from tbevents.reading.options import Checksums

__all__ = [
    "PATH",
    "checksums_option",
    "example",
    "in_place_option",
    "json_option",
    "kind_option",
    "logdir_argument",
    "out_option",
    "overwrite_option",
    "run_option",
    "tag_option",
    "takes_terminal",
]

PATH = click.Path(path_type=str)

logdir_argument = click.argument("logdir", type=PATH)
out_option = click.option(
    "-o", "--out", type=PATH, metavar="OUT", help="An event file where its name holds 'tfevents'; else a folder."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace files that are there.")
in_place_option = click.option(
    "--in-place", is_flag=True, help="Replace the files themselves; each stays as a backup beside."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
checksums_option = click.option(
    "--checksums",
    type=click.Choice(get_args(Checksums)),
    default="verify",
    help="skip: read records whose data checksum is wrong, too (SageMaker Debugger's); default: verify.",
)
run_option = click.option("--run", "runs", multiple=True, metavar="GLOB", help="Only runs of this name; repeatable.")
tag_option = click.option("--tag", "tags", multiple=True, metavar="GLOB", help="Only tags of this name; repeatable.")
kind_option = click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(kind_names()),
    metavar="KIND",
    help="Only values of this kind (scalars, images, ...); repeatable.",
)


def example(*lines: str) -> str:
    """The end of a command's help: examples, as they are."""
    return "\b\n" + "\n".join(("Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)))


def takes_terminal(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--quiet``; the function gets the `Terminal` to print to as its first argument.

    Its status 0 becomes 1 where files or folders could not be read.
    """

    def with_terminal(*args: Any, quiet: bool, **kwargs: Any) -> Any:
        terminal = Terminal(quiet=quiet)
        try:
            status = function(terminal, *args, **kwargs)
            return EXIT_INCOMPLETE if terminal.incomplete and not status else status
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED  # click would print an empty line
        except BrokenPipeError:
            return end_of_pipe()  # click would end with the status that means damage here

    option = click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks on stderr.")
    return option(update_wrapper(with_terminal, function))
