"""The commands by name, each imported when it is called; and what their errors become."""

from __future__ import annotations

import shutil
import warnings
from importlib import import_module
from keyword import iskeyword

import click

from tbevents.cli import EXIT_OK, describe_version, fail
from tbevents.cli.formatting import printable
from tbevents.errors import TBEventsError, TBEventsWarning, UnknownNameError

__all__ = ["SUMMARIES", "group", "run"]

SUMMARIES = {
    "ls": "List runs: tags by kind, points, steps, times, sizes, problems.",
    "show": "Show a run's values: numbers, trends, a chart.",
    "tail": "Follow scalars while they are written.",
    "export": "Export to csv, json lines, parquet, arrow; images and audio to files.",
    "import": "Import a table's scalars as runs.",
    "plot": "Draw scalars into a png, svg or pdf.",
    "report": "Write what runs logged as one HTML page.",
    "check": "Check that runs are intact.",
    "repair": "Write the intact records of damaged files.",
    "merge": "Merge event files, or a resumed run's folders, into one file.",
    "split": "Split a run into several files, by size or by step.",
    "edit": "Rename or drop tags; cut, shift, purge or thin steps.",
    "diff": "Compare runs: tags, steps, values.",
    "reduce": "Mean, std, min, max, quantiles over runs.",
    "schedule": "Print, draw or log a learning-rate schedule.",
}
"""The commands in the order of ``--help``, and their summaries: so that ``--help`` imports none of them."""


MOST_COLUMNS = 100
"""Of a help page."""


class CommandGroup(click.Group):
    """Imports a command from the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names, in the order of the table."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """The command, or None where there is none of that name."""
        if cmd_name not in SUMMARIES:
            return None
        module = import_module(f"tbevents.cli.{cmd_name}{'_' if iskeyword(cmd_name) else ''}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; where there is none, the error names the nearest."""
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
    assert completion is not None, "the option allows no other"
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
    help="Print the versions of tbevents and of what it stands on.",
)
@click.option(
    "--completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    is_eager=True,
    expose_value=False,
    callback=_print_completion,
    help="Print a shell's completion script, for its startup file to eval.",
)
def group() -> None:
    """Look into, check, convert, mend and edit TensorBoard event files, without TensorBoard.

    Wherever a folder of runs is expected, one run or one event file will do. Data goes to stdout, progress and remarks
    to stderr. Exit status: 0; 1 where the answer is "damaged" or "different", or where files below the folder cannot
    be read; 2 for an error.
    """


def run(arguments: list[str]) -> int:
    """Runs a command; an error becomes one line on stderr.

    Args:
        arguments: without the program's name.

    Returns:
        The exit status.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TBEventsWarning)  # the commands show a run's problems themselves
        try:
            # Without standalone mode click returns the status of ctx.exit(), or what the command returns.
            status = group.main(
                arguments or ["--help"],
                prog_name="tbevents",
                standalone_mode=False,
                terminal_width=min(shutil.get_terminal_size().columns, MOST_COLUMNS) - 2,  # click's own is 48 at least
            )
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "tbevents"
            return _fail(f"{error.format_message()} (see {where} --help)")
        except click.ClickException as error:
            return _fail(error.format_message())
        except click.Abort:
            raise KeyboardInterrupt from None
        except MemoryError:
            return _fail("there is not enough memory for this")
        except BrokenPipeError:
            raise
        except FileExistsError as error:
            where = f"{error.filename}: " if error.filename else ""
            return _fail(f"{where}{error.strerror or error}; {_way_out(arguments, error)}")
        except OSError as error:
            where = f"{error.filename}: " if error.filename and not isinstance(error, TBEventsError) else ""
            return _fail(f"{where}{error.strerror or error}")
        except (TBEventsError, ValueError) as error:
            return _fail(str(error))
    return status if isinstance(status, int) else EXIT_OK


def _way_out(arguments: list[str], error: FileExistsError) -> str:
    """What to do where a file is there already."""
    command = group.get_command(click.Context(group), arguments[0])
    can_replace = command is not None and any(param.name == "overwrite" for param in command.params)
    if can_replace and error.strerror == "exists already":
        return "--overwrite replaces it"
    return "give another output"


def _fail(message: str) -> int:
    return fail(printable(message))
