"""The options of reading: which tags and kinds to keep, and how to treat restarts and repeated steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from tbevents.errors import checked_choice
from tbevents.format.names import HPARAMS, LAYOUT
from tbevents.reading.kinds.kind import kind_names
from tbevents.reading.name_patterns import NamePatterns, patterns
from tbevents.reading.name_patterns import Names as Names

Restarts: TypeAlias = Literal["keep", "tensorboard", "overwrite"]
Duplicates: TypeAlias = Literal["keep", "first", "last"]
Checksums: TypeAlias = Literal["verify", "skip"]

_ALWAYS: Final = (f"{HPARAMS}*", LAYOUT)
"""Tags that plugins chose and no caller knows. They are small; the option `kinds` can leave them out, `tags` cannot."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a run; checked when made. `read_run` describes the options.

    Attributes:
        strict: whether damage is raised instead of skipped.
        tags: names or patterns of the tags that are kept; None means all.
        kinds: names of the kinds that are kept; None means all.
        restarts: which points a restart removes.
        duplicates: which points are kept if a tag has several of one step.
        checksums: whether the checksums of payloads are verified.
    """

    strict: bool = False
    tags: Names | None = None
    kinds: Names | None = None
    restarts: Restarts = "keep"
    duplicates: Duplicates = "keep"
    checksums: Checksums = "verify"
    _tags: NamePatterns | None = field(init=False, repr=False, compare=False, default=None)
    _kinds: frozenset[str] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if not isinstance(self.strict, (bool, np.bool_)):
            raise TypeError(f"strict must be True or False, not {self.strict!r}")
        checked_choice("restarts", self.restarts, get_args(Restarts))
        checked_choice("duplicates", self.duplicates, get_args(Duplicates))
        checked_choice("checksums", self.checksums, get_args(Checksums))
        for option in ("tags", "kinds"):  # other iterables may be usable once, and cannot be pickled
            if not isinstance(names := getattr(self, option), (str, type(None))):
                object.__setattr__(self, option, patterns(option, names))
        if self.tags is not None:
            object.__setattr__(self, "_tags", NamePatterns((*patterns("tags", self.tags), *_ALWAYS)))
        if self.kinds is not None:
            kinds = patterns("kinds", self.kinds)
            for kind in kinds:
                checked_choice("kinds", kind, kind_names())
            object.__setattr__(self, "_kinds", frozenset(kinds))

    @property
    def verify(self) -> bool:
        """Whether the checksums of payloads are verified."""
        return self.checksums == "verify"

    def wants_tag(self, tag: str) -> bool:
        """Whether a tag's values are kept."""
        return self._tags is None or tag in self._tags

    def wants_kind(self, kind: str) -> bool:
        """Whether values of a kind are kept."""
        return self._kinds is None or kind in self._kinds
