"""The group of commands, each imported when it is called; turns their errors into one line."""

from __future__ import annotations

import errno
import shutil
import warnings
from importlib import import_module
from keyword import iskeyword

import click

from tbevents.cli.exit_status import EXIT_OK, fail
from tbevents.cli.formatting import printable
from tbevents.cli.versions import describe_version
from tbevents.errors import TBEventsError, TBEventsWarning, UnknownNameError

SUMMARIES = {
    "ls": "List runs: tags by kind, points, steps, times, sizes, problems.",
    "show": "Show the values of a run: numbers, trends, a chart.",
    "tail": "Follow scalars while they are written.",
    "export": "Export to csv, json lines, parquet, arrow; images and audio to files.",
    "import": "Import the scalars of a table as runs.",
    "plot": "Draw scalars as a png, svg or pdf.",
    "report": "Write what runs logged as one HTML page.",
    "board": "Follow runs in the browser while they train.",
    "check": "Check that runs are intact.",
    "lint": "Judge training runs: NaN, divergence, spikes, gaps; for CI.",
    "mcp": "Serve runs to an agent, read-only, by the Model Context Protocol.",
    "repair": "Copy the intact records of damaged files.",
    "merge": "Merge event files, or a resumed run's folders, into one file.",
    "split": "Split a run into several files, by size or by step.",
    "edit": "Rename or drop tags; cut, shift, purge or thin steps.",
    "diff": "Compare runs: tags, steps, values.",
    "sync": "Keep a Delta Lake table of the scalars of many runs.",
    "reduce": "Compute mean, std, min, max, quantiles over runs.",
    "schedule": "Print, draw or log a learning-rate schedule.",
}
"""The commands in the order of ``--help``, with their summaries, so that ``--help`` need not import them."""


MOST_COLUMNS = 100
"""Maximum width of a help page in columns."""


class CommandGroup(click.Group):
    """A group that imports each command from the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Returns the names in the order of the table."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Returns the command; None if there is none of that name."""
        if cmd_name not in SUMMARIES:
            return None
        module = import_module(f"tbevents.cli.{cmd_name}{'_' if iskeyword(cmd_name) else ''}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the arguments start with; an error names the nearest command."""
        if args[0] not in SUMMARIES and not ctx.resilient_parsing:
            raise click.UsageError(str(UnknownNameError("command", args[0], SUMMARIES)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Writes the table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(describe_version())
        ctx.exit()


def _print_completion(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None or ctx.resilient_parsing:
        return
    from click.shell_completion import get_completion_class

    completion = get_completion_class(value)
    assert completion is not None, "the option allows only known shells"
    click.echo(completion(group, {}, "tbevents", "_TBEVENTS_COMPLETE").source())
    ctx.exit()


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MOST_COLUMNS},
    epilog="'tbevents COMMAND --help' shows a command's options and an example.",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the versions of tbevents and its dependencies.",
)
@click.option(
    "--completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    is_eager=True,
    expose_value=False,
    callback=_print_completion,
    help="Print a completion script for the shell's startup file to eval.",
)
def group() -> None:
    """Inspect, check, convert, repair and edit TensorBoard event files, without TensorBoard.

    A command that takes a folder of runs also takes one run or one event file. Data goes to stdout, progress and
    remarks to stderr. Exit status: 0; 1 if the result is "damaged" or "different", or if files below the folder cannot
    be read, or damage leaves nothing to show or export; 2 for an error.
    """


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit status; prints an error as one line on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TBEventsWarning)  # commands print problems themselves
        try:
            # Without standalone mode click returns the status of ctx.exit(), or what the command returns.
            status = group.main(
                arguments or ["--help"],
                prog_name="tbevents",
                standalone_mode=False,
                terminal_width=min(shutil.get_terminal_size().columns, MOST_COLUMNS) - 2,  # click would use 48 or more
            )
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "tbevents"
            return _fail(f"{error.format_message()} (see {where} --help)")
        except click.ClickException as error:
            return _fail(error.format_message())
        except click.Abort:
            raise KeyboardInterrupt from None
        except MemoryError:
            return _fail("not enough memory")
        except BrokenPipeError:
            raise
        except FileExistsError as error:
            where = f"{error.filename}: " if error.filename else ""
            return _fail(f"{where}{error.strerror or error}; {_way_out(arguments, error)}")
        except OSError as error:
            where = f"{error.filename}: " if error.filename and not isinstance(error, TBEventsError) else ""
            if error.errno == errno.ENOSPC and not error.filename:
                where = "the output cannot be written: "  # stdout has no name
            return _fail(f"{where}{error.strerror or error}")
        except (TBEventsError, ValueError) as error:
            return _fail(str(error))
    return status if isinstance(status, int) else EXIT_OK


def _way_out(arguments: list[str], error: FileExistsError) -> str:
    """Returns advice for an output that exists already."""
    command = group.get_command(click.Context(group), arguments[0])
    can_replace = command is not None and any(param.name == "overwrite" for param in command.params)
    if can_replace and error.strerror == "exists already":
        return "--overwrite replaces it"
    if "--overwrite" in arguments:
        return "--overwrite replaces no run, only files of the same names: give this file, or another folder"
    return "give another output"


def _fail(message: str) -> int:
    return fail(printable(message))
