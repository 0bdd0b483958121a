"""Writes docs/cli.md from the commands' own help; with ``--check``, says whether it is fresh."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from pathlib import Path

import click

from tbevents.cli.group import group
from tbevents.errors import MissingExtraError

TARGET = Path(__file__).with_name("cli.md")
WIDTH = 100

INTRODUCTION = """# The command line

The command `tbevents` needs the extra `cli` ([how to install it](index.md#install)). Each of its commands is a thin
layer over functions in `tbevents.tools`, which scripts can call as well; each section below names them.

To complete commands, options, paths, and the names of runs and tags, add `eval "$(tbevents --completion bash)"` to
bash's startup file, the same with `zsh` to zsh's, or `tbevents --completion fish | source` to fish's.

Folders of an output (`-o`) that do not exist are made, and removed again if the command fails.

This page contains the output of `--help`; `docs/generate_cli.py` writes it.
"""

FUNCTIONS = {
    "ls": ("names.iter_runs", "describe.describe_run"),
    "show": ("names.iter_runs", "describe.describe_run"),
    "tail": ("watch.Watch",),
    "export": ("export.export_table", "export.export_media"),
    "import": ("import_.import_table",),
    "plot": ("plot.plot",),
    "report": ("report.report",),
    "board": ("report.page_of",),
    "check": ("check.check",),
    "lint": ("lint.run",),
    "mcp": ("server.create_server", "server.serve"),
    "repair": ("repair.repair",),
    "merge": ("merge.merge",),
    "split": ("split.split",),
    "edit": ("edit.edit",),
    "diff": ("diff.diff",),
    "sync": ("sync.sync",),
    "reduce": ("reduce.reduce", "reduce.write_reduced"),
    "schedule": ("schedule.compute_schedule",),
}
"""What each command calls, below `tbevents.tools` or the package of `PACKAGES`."""

PACKAGES = {"lint": "tbevents", "mcp": "tbevents.mcp_server"}
"""The packages of commands that are not in `tbevents.tools`."""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _section("tbevents", group)]
    context = click.Context(group, info_name="tbevents", **group.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        parts.append(_section(f"tbevents {name}", command, context, _functions(name)))
    return "\n".join(parts)


def _functions(name: str) -> str:
    """A line that names the functions behind a command."""
    package = PACKAGES.get(name, "tbevents.tools")
    for path in FUNCTIONS[name]:
        module, function = path.split(".")
        with contextlib.suppress(MissingExtraError):  # the page needs no other extra than cli
            assert callable(getattr(import_module(f"{package}.{module}"), function)), path
    return "In Python: " + ", ".join(f"`{package}.{path}`" for path in FUNCTIONS[name]) + ".\n\n"


def _section(title: str, command: click.Command, parent: click.Context | None = None, functions: str = "") -> str:
    settings = {**command.context_settings, "terminal_width": WIDTH}
    with click.Context(command, info_name=title.split()[-1], parent=parent, **settings) as context:
        text = command.get_help(context)
    return f"## {title}\n\n{functions}```text\n{text.rstrip()}\n```\n"


def main() -> int:
    """Writes the page, or compares it."""
    if sys.argv[1:] == ["--check"]:
        fresh = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page()
        sys.stdout.write(f"{TARGET}: {'fresh' if fresh else 'old: run docs/generate_cli.py'}\n")
        return not fresh
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
