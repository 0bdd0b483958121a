"""Renews locks in a forked child, where the threads that held them do not exist."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakValueDictionary


class _Owner(Protocol):
    def _renew_locks(self) -> None:
        """Makes new locks in place of its own, and of what waits for threads."""


_owners: WeakValueDictionary[int, _Owner] = WeakValueDictionary()  # by id: some have no hash


def renew_when_forked(owner: _Owner) -> None:
    """Has an owner of locks renew them in each forked process. What they guard must never be seen half done."""
    _owners[id(owner)] = owner


def _renew_all() -> None:
    for owner in list(_owners.values()):
        owner._renew_locks()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_all)
