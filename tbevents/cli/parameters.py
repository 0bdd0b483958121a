"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Final, TypeAlias, get_args

import click
from click.shell_completion import CompletionItem

from tbevents.cli.completion import complete_runs, complete_tags
from tbevents.cli.exit_status import EXIT_FOUND, EXIT_INTERRUPTED, end_of_pipe
from tbevents.cli.terminal import Terminal
from tbevents.cli.terminal_chart import TerminalStyle
from tbevents.reading.kinds.kind import kind_names
from tbevents.reading.options import Checksums, Duplicates, Restarts
from tbevents.tools.rewrite_plan import ONE_OUTPUT
from tbevents.views.chart import XAxis

PATH = click.Path(path_type=str)


class OutputPath(click.Path):
    """The path of an output: not empty, as an unset variable makes it, and not ``-``, which is stdout elsewhere."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the path; fails if it is empty or ``-``."""
        if value in ("", "-"):
            self.fail(
                "it is empty" if not value else "it is not written to stdout; a file of this name is ./-", param, ctx
            )
        return super().convert(value, param, ctx)


OUTPUT = OutputPath(path_type=str)


class Seconds(click.FloatRange):
    """A time that can be waited for: a number of seconds, at most some 100 years."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number; fails if it is NaN, infinite or out of range."""
        number = super().convert(value, param, ctx)
        if not number <= _LONGEST:
            self.fail(f"{value} is not a number of seconds that can be waited for", param, ctx)
        return number


_LONGEST: Final = 100 * 365 * 86400.0

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What adds an argument or an option to a command."""

_Completion: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

logdir_argument: Decorator = click.argument("logdir", type=PATH)
out_option: Decorator = click.option(
    "-o", "--out", type=OUTPUT, metavar="OUT", help="An event file if its name contains 'tfevents'; else a folder."
)
overwrite_option: Decorator = click.option(
    "--overwrite", is_flag=True, help="Replace existing files; a folder with another run is refused."
)
_in_place_option: Decorator = click.option(
    "--in-place", is_flag=True, help="Replace the files, of links those behind them; each is kept beside as a backup."
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
checksums_option: Decorator = click.option(
    "--checksums",
    type=click.Choice(get_args(Checksums)),
    default="verify",
    help="skip: also read records whose data checksum is wrong (SageMaker Debugger); default: verify.",
)
restarts_option: Decorator = click.option(
    "--restarts",
    type=click.Choice(get_args(Restarts)),
    default="keep",
    help="Points to remove at restarts; default: keep all.",
)
duplicates_option: Decorator = click.option(
    "--duplicates",
    type=click.Choice(get_args(Duplicates)),
    default="keep",
    help="Which points of one step to keep.",
)
safe_cells_option: Decorator = click.option(
    "--safe-cells", is_flag=True, help="Make texts in csv harmless for spreadsheets and terminals."
)


def _globs(flag: str, name: str, complete: _Completion, text: str) -> Decorator:
    """An option of patterns, which may be repeated."""
    return click.option(flag, name, multiple=True, metavar="GLOB", shell_complete=complete, help=f"{text}; repeatable.")


run_option: Decorator = _globs("--run", "runs", complete_runs, "Only runs that match")
tag_option: Decorator = _globs("--tag", "tags", complete_tags, "Only tags that match")
_tags_argument: Decorator = click.argument("tags", nargs=-1, metavar="[TAG]...", shell_complete=complete_tags)
_more_tags_option: Decorator = _globs(
    "--tag", "more_tags", complete_tags, "The same as a TAG, as other commands have it"
)
kind_option: Decorator = click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(kind_names()),
    metavar="KIND",
    help="Only values of this kind (scalars, images, ...); repeatable.",
)

axis_option: Decorator = click.option(
    "--x",
    type=click.Choice(get_args(XAxis)),
    default="step",
    metavar="AXIS",
    help="A chart's axis: step, order, relative (time) or wall; default: step.",
)
smooth_option: Decorator = click.option(
    "--smooth",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="WEIGHT",
    help="TensorBoard's smoothing in a chart, at least 0 and less than 1.",
)
_log_option: Decorator = click.option("--log", is_flag=True, help="Use a logarithmic scale in a chart.")


def named_tags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``[TAG]...`` and ``--tag``, which are one argument, `tags`."""

    def joined(*args: Any, tags: tuple[str, ...], more_tags: tuple[str, ...], **kwargs: Any) -> Any:
        return command(*args, tags=tags + more_tags, **kwargs)

    return _tags_argument(_more_tags_option(update_wrapper(joined, command)))


def rewrite_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--out`` and ``--in-place``, one of which must be given."""

    def checked(*args: Any, out: str | None, in_place: bool, **kwargs: Any) -> Any:
        if in_place == (out is not None):
            raise click.UsageError(ONE_OUTPUT)
        return command(*args, out=out, in_place=in_place, **kwargs)

    return out_option(_in_place_option(update_wrapper(checked, command)))


def chart_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--x``, ``--smooth`` and ``--log``, which `chart_style` takes."""
    return axis_option(smooth_option(_log_option(command)))


def chart_style(terminal: Terminal, *, draws: bool, x: XAxis, smooth: float, log: bool) -> TerminalStyle:
    """Returns the style of a command's charts; refuses the options of `chart_options` if it draws none."""
    for option, given in (("--log", log), ("--x", x != "step"), ("--smooth", smooth > 0)):
        if given and not draws:
            raise click.UsageError(f"{option} has no effect without a chart: give --chart")
    return TerminalStyle(x, smooth, log, terminal.plain, terminal.colorless)


def example(*lines: str) -> str:
    """Returns the epilog of a command's help: examples, printed verbatim."""
    return "\b\n" + "\n".join(("Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)))


def takes_terminal(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--quiet`` and passes a `Terminal` to print to as the first argument.

    A status of 0 becomes 1 if files or folders could not be read.
    """

    def with_terminal(*args: Any, quiet: bool, **kwargs: Any) -> Any:
        terminal = Terminal(quiet=quiet)
        try:
            status = function(terminal, *args, **kwargs)
            return EXIT_FOUND if terminal.incomplete and not status else status
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED  # click would print a blank line
        except BrokenPipeError:
            return end_of_pipe()  # click would exit with 1, which means damage here

    option = click.option(
        "-q", "--quiet", is_flag=True, help="No progress and no remarks on stderr; what is left out is still said."
    )
    return option(update_wrapper(with_terminal, function))
