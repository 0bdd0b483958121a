"""``tbevents schedule``: prints, draws or logs a learning-rate schedule."""

from __future__ import annotations

import ast
import time
from inspect import cleandoc
from typing import Any

import click
import numpy as np

from tbevents.cli.parameters import OUTPUT, example, json_option, takes_terminal
from tbevents.cli.terminal import Terminal
from tbevents.cli.terminal_chart import TerminalStyle, chart
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.tools.scalar_files import ScalarColumns, write_scalars
from tbevents.tools.schedule import SCHEDULES, compute_schedule


def _names(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    return [name for name in SCHEDULES if name.lower().startswith(begun.lower())]


def _parse(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.isidentifier():
            raise click.BadParameter(f"{text!r} is not of the form key=value")
        if key in found:
            raise click.BadParameter(f"{key} must be given once")
        try:
            found[key] = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            found[key] = value  # a word
    return found


@click.command(epilog=example("tbevents schedule StepLR lr=0.1 step_size=30 gamma=0.5 --steps 100 --chart"))
@click.argument("name", metavar="NAME", shell_complete=_names)
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...", callback=_parse)
@click.option("--steps", type=click.IntRange(1), required=True, metavar="N", help="The number of steps, from 0.")
@click.option("--chart", "wants_chart", is_flag=True, help="Draw it in the terminal instead.")
@click.option("-o", "--out", type=OUTPUT, metavar="FILE", help="Draw it into a picture instead: .png, .svg, .pdf, ...")
@click.option("--log", "run", type=OUTPUT, metavar="RUN", help="Log it as a run instead.")
@click.option("--tag", default="lr", help="The tag for --log; default: lr.")
@json_option
@takes_terminal
def command(
    terminal: Terminal,
    name: str,
    arguments: dict[str, Any],
    steps: int,
    wants_chart: bool,
    out: str | None,
    run: str | None,
    tag: str,
    as_json: bool,
) -> None:
    """Print the learning rates of the schedule NAME with its arguments, step by step.

    The schedulers have PyTorch's names and arguments; lr=0.1 is the initial rate.
    """
    if wants_chart and as_json:
        raise click.UsageError("--chart and --json cannot be combined")
    curve = compute_schedule(name, steps, arguments)
    series = ScalarSeries(tag, curve.steps, np.full(steps, time.time()), curve.rates, display_name=curve.name)
    if out is not None:
        from tbevents.tools.plot import plot_series  # it takes a third of the start-up time, and few calls draw

        plot_series({curve.name: series}, out, y="learning rate")
    if run is not None:
        path = write_scalars(run, [ScalarColumns(tag, series.steps, series.wall_times, series.values)])
        terminal.remark(path)
    if as_json:
        terminal.json({"name": curve.name, "steps": curve.steps.tolist(), "rates": curve.rates.tolist()})
    elif wants_chart:
        terminal.lines(chart({curve.name: series}, terminal.room or 80, style=TerminalStyle(plain=terminal.plain)))
    elif out is None and run is None:
        rows = zip(curve.steps.tolist(), curve.rates.tolist(), strict=True)
        terminal.write("step\tlr\n" + "".join(f"{step}\t{rate!r}\n" for step, rate in rows))


# Python before 3.13 keeps the indentation.
command.help = f"{cleandoc(command.help or '')}\n\nNAME is one of {', '.join(SCHEDULES)}."
