"""What modules that were imported before recorded about a SummaryWriter."""

from __future__ import annotations

import sys
from typing import Any

from tbevents.dropin.peer import PEERS, globals_of

__all__ = ["recorded_absence", "recorded_writers"]


def recorded_absence() -> list[str]:
    """Returns the names of the imported modules that found no SummaryWriter and will not look for one again."""
    modules = [(name, globals_of(module)) for name, module in list(sys.modules.items())]
    return sorted(name for name, names in modules if any(says_none(names) for says_none in _RECORDS))


def recorded_writers() -> list[str]:
    """Returns the names of the imported modules that hold the SummaryWriter of one of the packages, not ours."""
    theirs = [module for peer in PEERS for module in peer.modules().values() if not peer.is_ours(module)]
    held = {id(globals_of(module).get("SummaryWriter")) for module in theirs} - {id(None)}
    own = {id(module) for module in theirs}
    return sorted(
        name
        for name, module in list(sys.modules.items())
        if id(module) not in own and id(globals_of(module).get("SummaryWriter")) in held
    )


def _is_none(names: dict[str, Any]) -> bool:
    """Stable-Baselines3 and many others: the class, or the package, is None."""
    return any(name in names and names[name] is None for name in ("SummaryWriter", "tensorboardX"))


def _check_failed(names: dict[str, Any]) -> bool:
    """Lightning: a check that keeps its first answer; earlier releases, a bool."""
    check = names.get("_TENSORBOARDX_AVAILABLE")
    # The check has the attribute once it was asked.
    return check is False or getattr(check, "available", None) is False


def _is_not_listed(names: dict[str, Any]) -> bool:
    """`accelerate.tracking`: the list of the trackers that it found."""
    trackers = names.get("_available_trackers")
    return isinstance(trackers, list) and not any(getattr(each, "value", each) == "tensorboard" for each in trackers)


_RECORDS = (_is_none, _check_failed, _is_not_listed)
