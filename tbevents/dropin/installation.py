"""Installs the drop-in, and undoes it."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from importlib.util import LazyLoader, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tbevents.callers import warn_caller
from tbevents.dropin.child_processes import pass_on
from tbevents.dropin.frameworks import recorded_absence, recorded_writers
from tbevents.dropin.peer import PEERS, Peer, is_installed
from tbevents.errors import DropinError, TBEventsWarning
from tbevents.module_hook import ModuleHook

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_BEFORE = "call tbevents.dropin.install() before importing it, or start the script with `python -m tbevents.dropin`"

_lock = threading.RLock()
_active: list[Installation] = []


def install(*, force: bool = False, children: bool = False) -> Installation:
    """Replaces `torch.utils.tensorboard` and `tensorboardX`, if they are not installed, with modules of tbevents.

    A second call only adds what the first call left out: installed packages with `force`, or `children`. Any thread may
    call it; calls run one at a time. An import that runs in another thread at the same time may still find the old
    module. A forked child inherits the replacements. An interrupt undoes the call.

    Args:
        force: if True, replace installed packages, too, even those already imported. Code that has imported their class
            keeps it.
        children: if True, also install in Python child processes of this environment, through a `sitecustomize` on
            PYTHONPATH, which runs the environment's own, too. ``python -m tbevents.dropin`` does this.

    Returns:
        The installation. As a context manager, it undoes this call at the end.

    Warns:
        TBEventsWarning: if imported modules already looked for the package's class and keep the result; it names the
            modules.

    Raises:
        DropinError: if one of the packages is already imported and `force` is False. Nothing was changed.
    """
    installation = _activate(force=force, children=children)
    if sys.stderr is not None:
        for name in installation.stayed:
            sys.stderr.write(
                f"tbevents.dropin: {name} is not replaced, since it is installed; "
                "use `--force` or install(force=True) to replace it\n"
            )
    return installation


def uninstall() -> None:
    """Undoes every `install`: restores modules, distributions and PYTHONPATH. Does nothing if nothing is installed.

    Objects that are in use are not affected: open writers continue, and frameworks keep the class they imported.
    """
    with _lock:
        if _active:
            _active[0].undo()


def inherit(*, force: bool) -> None:
    """Installs the drop-in in a child process, without messages on stderr."""
    _activate(force=force, children=True)


def _activate(*, force: bool, children: bool) -> Installation:
    with _lock:
        installation = Installation(force=force, children=children)
        _active.append(installation)
        return installation


class Installation:
    """The result of one call of `tbevents.dropin.install`; as a context manager, it undoes the call at the end.

    Attributes:
        replaced: the names of the modules that were replaced.
        stayed: the names of the modules that were not replaced, because they are installed.
    """

    def __init__(self, *, force: bool, children: bool) -> None:
        done = {name for each in _active for name in each.replaced}
        theirs = [peer for peer in PEERS if peer.name not in done]
        absent = [peer for peer in theirs if not is_installed(peer.needs)]
        replaced = theirs if force else absent
        self.replaced: tuple[str, ...] = tuple(peer.name for peer in replaced)
        self.stayed: tuple[str, ...] = tuple(peer.name for peer in theirs if peer not in replaced)
        if not force:
            _check_order(theirs)
        if replaced:
            _warn_of_records()
        with ExitStack() as undo:
            for peer in replaced:
                _replace(peer, undo)
            if absent:
                finder: Any = _Distributions([peer.needs for peer in absent])
                sys.meta_path.append(finder)  # after the finders of real distributions
                undo.callback(_take_away, finder)
            if children:
                pass_on(undo, force=force)
            self._undo = undo.pop_all()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *exc: object) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<Installation: replaced {', '.join(self.replaced) or 'nothing'}>"

    def undo(self) -> None:
        """Undoes this call and all later ones. A second call does nothing."""
        with _lock:
            while self in _active:
                _active.pop()._undo.close()


def _check_order(peers: Collection[Peer]) -> None:
    """Raises DropinError if one of the packages is already imported."""
    imported = [peer.name for peer in peers if sys.modules.get(peer.name) is not None]
    if imported:
        raise DropinError(
            f"{', '.join(imported)} was already imported: {_BEFORE}; install(force=True) replaces it for later imports"
        )


def _warn_of_records() -> None:
    """Warns of modules that already looked for a SummaryWriter and keep the result."""
    findings = {
        "keeps the SummaryWriter that it found": recorded_writers(),
        "has recorded that there is no SummaryWriter": recorded_absence(),
    }
    for finding, modules in findings.items():
        if modules:
            warn_caller(f"{', '.join(modules)} was already imported and {finding}: {_BEFORE}", TBEventsWarning)


def _replace(peer: Peer, undo: ExitStack) -> None:
    """Makes imports of a package return our module.

    Modules of the package that are already imported are removed from `sys.modules`; code that has them keeps them.
    """
    aside = peer.modules()
    undo.callback(_put_back, peer, aside)
    for name in aside:
        del sys.modules[name]
    hook = ModuleHook([peer.name], lambda _name, find_installed: peer.spec(find_installed()))
    hook.install()
    undo.callback(hook.remove)
    root, _, rest = peer.name.partition(".")
    if aside.get(peer.name) is not None:
        importlib.import_module(peer.name)  # sets the attribute of its parent, through which code may access it
    elif rest and not is_installed(root):
        # An import looks for the parent first, unless the module is in `sys.modules`: code that only logs needs no
        # torch.
        spec = peer.spec()
        assert spec.loader is not None
        spec.loader = LazyLoader(spec.loader)
        module = sys.modules[peer.name] = module_from_spec(spec)
        spec.loader.exec_module(module)


def _take_away(finder: Any) -> None:
    with suppress(ValueError):  # it was already removed
        sys.meta_path.remove(finder)


def _put_back(peer: Peer, aside: dict[str, ModuleType]) -> None:
    modules = peer.modules()
    if peer.is_ours(modules.get(peer.name)):
        for name in modules:  # ours, and submodules of the installed package that were imported through it
            del sys.modules[name]
    sys.modules.update(aside)
    parent, _, name = peer.name.rpartition(".")
    names = vars(sys.modules[parent]) if parent in sys.modules else {}
    if peer.is_ours(names.get(name)):
        del names[name]
    if aside.get(peer.name) is not None and parent in sys.modules:
        setattr(sys.modules[parent], name, aside[peer.name])


class _Distributions:
    """A finder on `sys.meta_path` that makes packages look installed to `importlib.metadata`; it finds no modules."""

    def __init__(self, packages: Collection[str]) -> None:
        self._packages = packages

    def find_spec(self, *_: object) -> None:
        """Returns None."""

    def find_distributions(self, context: Any = None) -> Iterator[Distribution]:
        """Yields the distribution of a name, or all distributions."""
        # Imported lazily: the import takes longer than the rest of an installation, which each child process does.
        from tbevents.dropin.distribution import StandInDistribution

        wanted = getattr(context, "name", None)
        for package in self._packages:
            if wanted is None or re.sub(r"[-_.]+", "-", wanted).lower() == package.lower():
                yield StandInDistribution(package, package if package == "tensorboardX" else "")
