"""The table of kinds: what each kind of value is called, what recognises it, and which series it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from tbevents.proto import TensorProto

DataClass: TypeAlias = Literal["SCALAR", "TENSOR", "BLOB_SEQUENCE", "UNKNOWN"]


class Grouping(NamedTuple):
    """How several tags of the file become one series of the run.

    Attributes:
        groups: returns name -> members, from the (tag, plugin content) of all tags of the kind.
        join: returns the series of a name, from the name, its members, and a function from tag to series.
    """

    groups: Callable[[Iterable[tuple[str, bytes]]], Mapping[str, Any]]
    join: Callable[[str, Any, Callable[[str], Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of values. Its module in `tbevents.reading.kinds` makes one and registers it.

    Attributes:
        name: such as "histograms": the key of `Run.counts`, the argument of `Run.series`, and the property of Run.
        noun: what a key of the run's mapping is, for messages, such as "histogram tag".
        order: place among the kinds wherever they are listed, ascending.
        field: the field of Summary.Value that only this kind uses, as TensorFlow 1 writes it; empty if there is none.
        plugins: names of the plugins whose tensors are of this kind.
        fits: whether a tensor of these plugins has the dtype and shape of the kind; one that has not is of the kind
            "tensors".
        in_metadata: whether the plugin's values are all in the metadata of their tags, so that no tensor is needed.
        data_class: of TensorBoard, for tags whose metadata name none.
        series: class of the series, made from (tag, steps, wall_times, display_name, description, payloads). None if
            the run has no mapping of this kind.
        grouping: joins the series of several tags into one; None if each tag is a series of its own.
    """

    name: str
    noun: str
    order: int = 85
    field: str = ""
    plugins: tuple[str, ...] = ()
    fits: Callable[[TensorProto], bool] = lambda _tensor: True
    in_metadata: bool = False
    data_class: DataClass = "UNKNOWN"
    series: Callable[..., Any] | None = None
    grouping: Grouping | None = None

    @property
    def by_tag(self) -> bool:
        """Whether each tag of the file is a series of the run."""
        return self.series is not None and self.grouping is None


FIELD_KINDS: Final[dict[str, Kind]] = {}
"""Field of Summary.Value -> kind; changed by `register` only."""

PLUGIN_KINDS: Final[dict[str, Kind]] = {}
"""Plugin -> kind; changed by `register` only."""

_KINDS: Final[dict[str, Kind]] = {}


def register(kind: Kind) -> None:
    """Adds a kind to the table.

    Called when the module of the kind is imported. The table has no lock: no run may be read meanwhile.

    Raises:
        ValueError: if the table has another kind of that name, field or plugin.
    """
    taken = [
        *([kind.name] if kind.name in _KINDS else []),
        *([kind.field] if kind.field in FIELD_KINDS else []),
        *(plugin for plugin in kind.plugins if plugin in PLUGIN_KINDS),
    ]
    if taken:
        raise ValueError(f"kind {kind.name!r}: there is already a kind of the name, field or plugin {taken[0]!r}")
    _KINDS[kind.name] = kind
    if kind.field:
        FIELD_KINDS[kind.field] = kind
    PLUGIN_KINDS.update(dict.fromkeys(kind.plugins, kind))


def kinds() -> tuple[Kind, ...]:
    """All kinds, in their order."""
    return tuple(sorted(_KINDS.values(), key=lambda kind: kind.order))


def kind_named(name: str) -> Kind:
    """The kind of a name.

    Raises:
        KeyError: if there is no such kind.
    """
    return _KINDS[name]


def kind_names() -> tuple[str, ...]:
    """The names of all kinds, in their order."""
    return tuple(kind.name for kind in kinds())


def lazy_kinds() -> tuple[Kind, ...]:
    """The kinds whose series decode their values when asked for: those of which a run has a mapping, but scalars."""
    return tuple(kind for kind in kinds() if kind.series is not None and kind.name != "scalars")
