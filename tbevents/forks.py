"""Renews locks in a forked child, where the threads that held them do not exist."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakValueDictionary


class _Owner(Protocol):
    def _renew_locks(self) -> None:
        """Sets the state of a process without other threads: new locks, and nothing that waits for a thread."""


_owners: WeakValueDictionary[int, _Owner] = WeakValueDictionary()  # by id: some have no hash


def renew_when_forked(owner: _Owner) -> None:
    """Has an owner of locks renew them in each forked child, as long as the owner exists.

    Other threads may be anywhere when the process forks: what the locks guard must be usable at any moment.
    """
    _owners[id(owner)] = owner


def _renew_all() -> None:
    for owner in list(_owners.values()):
        owner._renew_locks()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_all)
