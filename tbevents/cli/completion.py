"""What the shell completes beside commands, options and paths: the names of runs and tags."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def complete_tags(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Returns the tags of the path that was given before, as far as they are found within a second."""
    from tbevents.tools.glance import known_tags

    path = _path(ctx)
    return [] if path is None else _items(known_tags(path), incomplete)


def complete_runs(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Returns the runs below the path that was given before."""
    from tbevents.errors import TBEventsError
    from tbevents.remote import is_url
    from tbevents.run_files import list_runs

    path = _path(ctx)
    try:
        return [] if path is None or is_url(path) else _items(list_runs(path), incomplete)
    except (OSError, TBEventsError):
        return []


def _path(ctx: click.Context) -> str | None:
    """Returns the first argument of the command; None if none was given so far."""
    name = next((param.name for param in ctx.command.params if isinstance(param, click.Argument)), None)
    given = ctx.params.get(name) if name else None
    if isinstance(given, (tuple, list)):
        given = given[0] if given else None
    if given is None and ctx.args:  # click has not told arguments from options yet, if an option lacks its value
        given = ctx.args[0]
    return os.path.expanduser(given) if isinstance(given, str) else None


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Returns those of the names that begin so. bash puts them into the command line as they are, so they are quoted.

    Names with control characters are left out: they could end the line.
    """
    in_bash = os.environ.get("_TBEVENTS_COMPLETE", "").startswith("bash")
    begin = incomplete.lstrip("'\"")
    found = [name for name in names if name.startswith(begin) and name.isprintable() and not name.startswith("-")]
    return [CompletionItem(shlex.quote(name) if in_bash else name) for name in found]
