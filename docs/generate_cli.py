"""Writes docs/cli.md from the commands' own help; with ``--check``, says whether it is fresh."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tbevents.cli.group import group

TARGET = Path(__file__).with_name("cli.md")
WIDTH = 100

INTRODUCTION = """# The command line

`pip install 'tbevents[cli]'` brings the command `tbevents`. Each of its commands is one call of a function in
`tbevents.tools`, which a script can make as well.

This page is what `--help` prints; it is written by `docs/generate_cli.py`.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _section("tbevents", group)]
    context = click.Context(group, info_name="tbevents", **group.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        parts.append(_section(f"tbevents {name}", command, context))
    return "\n".join(parts)


def _section(title: str, command: click.Command, parent: click.Context | None = None) -> str:
    settings = {**command.context_settings, "terminal_width": WIDTH}
    with click.Context(command, info_name=title.split()[-1], parent=parent, **settings) as context:
        text = command.get_help(context)
    return f"## {title}\n\n```\n{text.rstrip()}\n```\n"


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
