"""What modules that were imported before recorded about a SummaryWriter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tbevents.dropin.peer import PEERS

__all__ = ["recorded_absence", "recorded_writers"]


def recorded_absence() -> list[str]:
    """Returns the names of the imported modules that found no SummaryWriter and will not look for one again."""
    return sorted(name for name, names in _imported() if any(finds_none(names) for finds_none in _RECORDS))


def recorded_writers() -> list[str]:
    """Returns the names of the imported modules outside the packages that hold a package's own SummaryWriter."""
    packages = [(peer, peer.modules()) for peer in PEERS]
    own = {name for _, modules in packages for name in modules}
    modules = [modules.get(peer.name) for peer, modules in packages if not peer.is_ours(modules.get(peer.name))]
    writers = [vars(module).get("SummaryWriter") for module in modules if module is not None]
    held = {id(writer) for writer in writers if writer is not None}
    return sorted(name for name, names in _imported() if id(names.get("SummaryWriter")) in held and name not in own)


def _imported() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the name and the globals of each imported module."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType):
            # Not by attribute: some modules import others when asked for one.
            yield name, object.__getattribute__(module, "__dict__")


def _is_none(names: dict[str, Any]) -> bool:
    """Stable-Baselines3 and many others: the class, or the package, is None."""
    return any(name in names and names[name] is None for name in ("SummaryWriter", "tensorboardX"))


def _check_failed(names: dict[str, Any]) -> bool:
    """Lightning: a check that keeps its first answer; earlier releases, a bool."""
    check = names.get("_TENSORBOARDX_AVAILABLE")
    # Not getattr with a default alone: the check has the attribute once it was asked.
    return check is False or getattr(check, "available", None) is False


def _is_not_listed(names: dict[str, Any]) -> bool:
    """`accelerate.tracking`: the list of the trackers that it found."""
    trackers = names.get("_available_trackers")
    return isinstance(trackers, list) and not any(getattr(each, "value", each) == "tensorboard" for each in trackers)


_RECORDS = (_is_none, _check_failed, _is_not_listed)
