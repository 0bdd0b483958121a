"""One installation: what it puts in place, and how that is undone."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, suppress
from importlib.util import LazyLoader, module_from_spec
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from tbevents.dropin.frameworks import recorded_absence, recorded_writers
from tbevents.dropin.inheritance import pass_on
from tbevents.dropin.peer import PEERS, Peer, is_installed
from tbevents.errors import DropinError, TBEventsWarning
from tbevents.module_hook import ModuleHook

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["Installation"]

_BEFORE = "call tbevents.dropin.install() before importing it, or start the script by `python -m tbevents.dropin`"


class Installation:
    """What one call of `tbevents.dropin.install` did; as a context manager, it undoes that in the end.

    Attributes:
        replaced: the names of the modules that it replaced by tbevents'.
        stayed: the names of those that are installed and stayed.
    """

    def __init__(
        self, *, force: bool, children: bool, quiet: bool, done: Collection[str], end: Callable[[Installation], None]
    ) -> None:
        self._end = end
        theirs = [peer for peer in PEERS if peer.name not in done]
        absent = [peer for peer in theirs if not is_installed(peer.needs)]
        replaced = theirs if force else absent
        stayed = [peer for peer in theirs if peer not in replaced]
        self.replaced = tuple(peer.name for peer in replaced)
        self.stayed = tuple(peer.name for peer in stayed)
        if theirs:
            _check_order(theirs, force=force)
        with ExitStack() as undo:
            for peer in replaced:
                _replace(peer, undo)
            if absent:
                finder: Any = _Distributions([peer.needs for peer in absent])
                sys.meta_path.append(finder)  # behind those that find real ones
                undo.callback(_take_away, finder)
            if children:
                pass_on(undo, force=force)
            self._undo = undo.pop_all()
        if not quiet and sys.stderr is not None:
            for peer in stayed:
                sys.stderr.write(
                    f"tbevents.dropin: {peer.name} is not replaced: {peer.needs} is installed "
                    "(`--force`, or install(force=True), replaces it)\n"
                )

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(self)

    def __repr__(self) -> str:
        return f"<Installation: replaced {', '.join(self.replaced) or 'nothing'}>"

    def undo(self) -> None:
        """Undoes it. A second call does nothing."""
        self._undo.close()


def _check_order(peers: Collection[Peer], *, force: bool) -> None:
    """Raises DropinError if a package has been imported, unless forced; warns of modules that looked for one before."""
    imported = [peer.name for peer in peers if sys.modules.get(peer.name) is not None]
    if imported and not force:
        raise DropinError(
            f"{', '.join(imported)} was imported already: {_BEFORE}; install(force=True) replaces it for later imports"
        )
    findings = {"the SummaryWriter that it found": recorded_writers(), "that it found none": recorded_absence()}
    for finding, modules in findings.items():
        if modules:
            from tbevents.reading.notice import callers_level  # imports numpy

            message = f"{', '.join(modules)} was imported already and keeps {finding}: {_BEFORE}"
            warnings.warn(message, TBEventsWarning, stacklevel=callers_level())


def _replace(peer: Peer, undo: ExitStack) -> None:
    """Makes imports of a package find ours.

    Modules of the package that were imported are put aside; whoever holds them keeps them.
    """
    aside = peer.modules()
    undo.callback(_put_back, peer, aside)
    for name in aside:
        del sys.modules[name]
    hook = ModuleHook([peer.name], lambda _name, _find_next: peer.spec())
    hook.install()
    undo.callback(hook.remove)
    root, _, rest = peer.name.partition(".")
    if aside.get(peer.name) is not None:
        importlib.import_module(peer.name)  # code that has imported it reaches it as an attribute of its parent
    elif rest and not is_installed(root):
        # Imports look for the parent first, but for a module that is there: what only logs runs without torch.
        spec = peer.spec()
        assert spec.loader is not None
        spec.loader = LazyLoader(spec.loader)
        module = sys.modules[peer.name] = module_from_spec(spec)
        spec.loader.exec_module(module)


def _take_away(finder: Any) -> None:
    with suppress(ValueError):  # somebody else has
        sys.meta_path.remove(finder)


def _put_back(peer: Peer, aside: dict[str, ModuleType]) -> None:
    for name, module in peer.modules().items():
        if peer.is_ours(module):
            del sys.modules[name]
    sys.modules.update(aside)
    parent, _, name = peer.name.rpartition(".")
    names = vars(sys.modules[parent]) if parent in sys.modules else {}
    if peer.is_ours(names.get(name)):
        del names[name]
    if aside.get(peer.name) is not None and parent in sys.modules:
        setattr(sys.modules[parent], name, aside[peer.name])


class _Distributions:
    """A finder on `sys.meta_path` that shows `importlib.metadata` the packages as installed; it finds no module."""

    def __init__(self, packages: Collection[str]) -> None:
        self._packages = packages

    def find_spec(self, *_: object) -> None:
        """Returns None."""

    def find_distributions(self, context: Any = None) -> Iterator[Distribution]:
        """Yields the distribution of a name, or all."""
        # Imported only now, since it takes longer than all else here, and each child installs.
        from tbevents.dropin.distribution import StandInDistribution

        wanted = getattr(context, "name", None)
        for package in self._packages:
            if wanted is None or re.sub(r"[-_.]+", "-", wanted).lower() == package.lower():
                yield StandInDistribution(package, package if package == "tensorboardX" else "")
