"""Installing: what is put in place, and how that is undone."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from importlib.util import LazyLoader, module_from_spec
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from tbevents.callers import warn_caller
from tbevents.dropin.child_processes import pass_on
from tbevents.dropin.frameworks import recorded_absence, recorded_writers
from tbevents.dropin.peer import PEERS, Peer, is_installed
from tbevents.errors import DropinError, TBEventsWarning
from tbevents.module_hook import ModuleHook

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["Installation", "inherit", "install", "uninstall"]

_BEFORE = "call tbevents.dropin.install() before importing it, or start the script with `python -m tbevents.dropin`"

_lock = threading.RLock()
_active: list[Installation] = []


def install(*, force: bool = False, children: bool = False) -> Installation:
    """Puts our `torch.utils.tensorboard` and `tensorboardX` in place of those that are not installed.

    A second call adds only what the first left out: installed packages with `force`, or `children`. Calls may come from
    any thread, one at a time; imports that run in other threads meanwhile may still find the old modules. A forked
    child has what its parent had. An interrupt leaves nothing half done.

    Args:
        force: replace installed packages too, even those that have been imported; who imported them keeps their class.
        children: also for Python processes of this environment that are started from here, by a `sitecustomize` on
            PYTHONPATH that runs the environment's own as well. ``python -m tbevents.dropin`` does this.

    Returns:
        What was done. As a context manager, it undoes this call in the end.

    Warns:
        TBEventsWarning: modules that have been imported found the package's class, or none, and keep that; it names
            them.

    Raises:
        DropinError: one of the packages has been imported, and `force` is False. Nothing was changed.
    """
    return _install(force=force, children=children, quiet=False)


def uninstall() -> None:
    """Undoes every `install`: modules, distributions and PYTHONPATH are as they were before.

    What was imported meanwhile stays: open writers go on, and frameworks keep the class they imported. Does nothing if
    nothing is installed.
    """
    with _lock:
        if _active:
            _active[0].undo()


def inherit(*, force: bool) -> None:
    """Installs in a child what its parent passed on; says nothing on stderr."""
    _install(force=force, children=True, quiet=True)


def _install(*, force: bool, children: bool, quiet: bool) -> Installation:
    with _lock:
        installation = Installation(force=force, children=children)
        _active.append(installation)
    if not quiet and sys.stderr is not None:
        for name in installation.stayed:
            sys.stderr.write(
                f"tbevents.dropin: {name} is not replaced, since it is installed; "
                "`--force`, or install(force=True), replaces it\n"
            )
    return installation


class Installation:
    """What one call of `tbevents.dropin.install` did; as a context manager, it undoes that in the end.

    Attributes:
        replaced: the names of the modules that it replaced by tbevents'.
        stayed: the names of those that are installed and stayed.
    """

    def __init__(self, *, force: bool, children: bool) -> None:
        done = {name for each in _active for name in each.replaced}
        theirs = [peer for peer in PEERS if peer.name not in done]
        absent = [peer for peer in theirs if not is_installed(peer.needs)]
        replaced = theirs if force else absent
        self.replaced: tuple[str, ...] = tuple(peer.name for peer in replaced)
        self.stayed = tuple(peer.name for peer in theirs if peer not in replaced)
        if not force:
            _check_order(theirs)
        if replaced:
            _warn_of_records()
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

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<Installation: replaced {', '.join(self.replaced) or 'nothing'}>"

    def undo(self) -> None:
        """Undoes this call and those that came after it. A second time it does nothing."""
        with _lock:
            while self in _active:
                _active.pop()._undo.close()


def _check_order(peers: Collection[Peer]) -> None:
    """Raises DropinError if one of the packages has been imported."""
    imported = [peer.name for peer in peers if sys.modules.get(peer.name) is not None]
    if imported:
        raise DropinError(
            f"{', '.join(imported)} was already imported: {_BEFORE}; install(force=True) replaces it for later imports"
        )


def _warn_of_records() -> None:
    """Warns of modules that looked for a SummaryWriter before, and keep what they found."""
    findings = {
        "keeps the SummaryWriter that it found": recorded_writers(),
        "has recorded that there is no SummaryWriter": recorded_absence(),
    }
    for finding, modules in findings.items():
        if modules:
            warn_caller(f"{', '.join(modules)} was already imported and {finding}: {_BEFORE}", TBEventsWarning)


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
