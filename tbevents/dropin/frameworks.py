"""Modules that looked for a SummaryWriter before the drop-in was installed, and keep the result."""

from __future__ import annotations

import sys
from typing import Any

from tbevents.dropin.peer import PEERS, globals_of


def recorded_absence() -> list[str]:
    """Returns the names of the imported modules that found no SummaryWriter and will not look for one again."""
    modules = [(name, globals_of(module)) for name, module in list(sys.modules.items())]
    return sorted(name for name, names in modules if any(says_none(names) for says_none in _RECORDS))


def recorded_writers() -> list[str]:
    """Returns the names of the imported modules that hold the original SummaryWriter of one of the packages."""
    theirs = [module for peer in PEERS for module in peer.modules().values() if not peer.is_ours(module)]
    held = {id(globals_of(module).get("SummaryWriter")) for module in theirs} - {id(None)}
    own = {id(module) for module in theirs}
    return sorted(
        name
        for name, module in list(sys.modules.items())
        if id(module) not in own and id(globals_of(module).get("SummaryWriter")) in held
    )


def _is_none(names: dict[str, Any]) -> bool:
    """Stable-Baselines3 and many others set the class or the package to None."""
    return any(name in names and names[name] is None for name in ("SummaryWriter", "tensorboardX"))


def _check_failed(names: dict[str, Any]) -> bool:
    """Lightning has a check that caches its first result; earlier releases have a bool."""
    check = names.get("_TENSORBOARDX_AVAILABLE")
    # The check has this attribute after its first use.
    return check is False or getattr(check, "available", None) is False


def _is_not_listed(names: dict[str, Any]) -> bool:
    """`accelerate.tracking` has a list of the available trackers."""
    trackers = names.get("_available_trackers")
    return isinstance(trackers, list) and not any(getattr(each, "value", each) == "tensorboard" for each in trackers)


_RECORDS = (_is_none, _check_failed, _is_not_listed)
