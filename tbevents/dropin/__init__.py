"""Puts our writer where torch's and tensorboardX's are imported from, for code whose imports cannot be changed.

::

    python -m tbevents.dropin train.py --epochs 3  # or: python -m tbevents.dropin -m package.train

or, before the frameworks are imported::

    import tbevents.dropin

    tbevents.dropin.install()  # also a context manager

From then on `torch.utils.tensorboard` and `tensorboardX` are tbevents', and frameworks find them available: Lightning,
Hugging Face's Trainer, accelerate, ignite, Stable-Baselines3, mmengine. A package that is installed stays, unless
forced; stderr says so. The modules are loaded when they are first used, so `install` itself is cheap.
"""

from __future__ import annotations

import threading

from tbevents.dropin.installation import Installation

__all__ = ["Installation", "install", "uninstall"]

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
        while _active:
            _active.pop().undo()


def inherit(*, force: bool) -> None:
    """Installs in a child what its parent passed on; says nothing on stderr."""
    _install(force=force, children=True, quiet=True)


def _install(*, force: bool, children: bool, quiet: bool) -> Installation:
    with _lock:
        done = {name for installation in _active for name in installation.replaced}
        installation = Installation(force=force, children=children, quiet=quiet, done=done, end=_end)
        _active.append(installation)
        return installation


def _end(installation: Installation) -> None:
    """Undoes one installation and those that came after it."""
    with _lock:
        while installation in _active:
            _active.pop().undo()
