"""Mappings by tag or run whose KeyError names the nearest key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tbevents.errors import UnknownNameError, brief
from tbevents.reading.series import plain_count
from tbevents.views.notebook_values import ShownTable, rows_of, series_table

V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NamedMapping(Mapping[str, V], Generic[V]):
    """A read-only mapping whose KeyError names the nearest keys.

    It is equal to any mapping of the same keys to equal values. A pickle holds all values.

    Attributes:
        noun: what a key is, for messages: "tag" or "run".
        where: what holds it, for messages.
    """

    noun: str
    where: str
    _values: Mapping[str, Any]
    _make: Callable[[str], V] | None = field(default=None)  # value from key, if values are made on demand
    _hint: Callable[[str], str] | None = field(default=None)  # what to say of a missing key; may be ""

    def __getitem__(self, name: str) -> V:
        try:
            value = self._values[name]
        except (KeyError, TypeError):
            hint = self._hint(name) if self._hint is not None and isinstance(name, str) else ""
            raise UnknownNameError(self.noun, name, self._values, self.where, hint=hint) from None
        return value if self._make is None else self._make(name)

    def get(self, name: object, default: Any = None) -> Any:
        """The value of a key, or the default; without the search for the nearest keys that a KeyError takes."""
        return self[name] if isinstance(name, str) and name in self._values else default

    def values(self) -> ValuesView[V]:
        """The values; iterating makes no look-up of each."""
        return _Values(self)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        if not self:
            return f"<{plain_count(0, self.noun)}>"
        names = ", ".join(map(brief, list(self)[:6]))
        more = f", ... {len(self) - 6} more" if len(self) > 6 else ""
        return f"<{plain_count(len(self), self.noun)}: {names}{more}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.noun, self.where, dict(self))

    def _shown(self) -> ShownTable | None:
        """A table of the first series; None if the values are no series."""
        rows = rows_of(self)
        return None if rows is None else series_table(self.noun, self.where, rows, len(self))

    def _repr_html_(self) -> str | None:
        shown = self._shown()
        return None if shown is None else shown.html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows in a terminal."""
        shown = None if cycle else self._shown()
        printer.text(repr(self) if shown is None or not shown.rows else shown.text())


class _Values(ValuesView[V]):
    """The values of a `NamedMapping`."""

    _mapping: NamedMapping[V]  # as the base class names it

    def __iter__(self) -> Iterator[V]:
        values, make = self._mapping._values, self._mapping._make
        return iter(values.values()) if make is None else map(make, values)
