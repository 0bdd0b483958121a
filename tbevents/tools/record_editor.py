"""Edits the records of a run one by one."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tbevents.format.record import encode_record
from tbevents.format.scalar_layout import STEP_RANGE
from tbevents.format.values import whole
from tbevents.proto import Event, SessionLog, Summary, SummaryMetadata
from tbevents.reading.restarts import overwritten
from tbevents.tools.record_copy import RawRecord
from tbevents.tools.tag_changes import TagChanges

_STEPLESS: Final = frozenset({"hparams", "custom_scalars"})
"""Plugins whose values are about the whole run, whatever step their events have."""


def is_stepless(value: Summary.Value) -> bool:
    """Returns True if a value is about the whole run: hyperparameters, or a layout of custom scalars."""
    return value.metadata.plugin_data.plugin_name in _STEPLESS


def _has_step_of_its_own(event: Event) -> bool:
    """Returns True if an event without values is about a step: a session, or a file version that purges."""
    if event.HasField("summary") and event.summary.value:
        return False
    return event.HasField("session_log") or (event.HasField("file_version") and event.step != 0)


class Editor:
    """Edits the records of one run; records that do not change are kept byte for byte.

    It needs all records twice in the same order: first in `study`, then each in `apply`. `tags` holds the tags to keep
    and their new names; the other arguments are those of `edit`.

    Attributes:
        values: number of values so far.
        dropped: number of values dropped so far.
        changed: number of records encoded again so far.

    Raises:
        TypeError: if `thin`, `shift`, `first_step` or `last_step` is not a whole number.
        ValueError: if `thin` is below 1, or `first_step` is above `last_step`.
    """

    def __init__(
        self,
        tags: TagChanges | None = None,
        *,
        first_step: int | None = None,
        last_step: int | None = None,
        shift: int = 0,
        purge: bool = False,
        thin: int = 1,
    ) -> None:
        thin = whole("thin", thin, least=1)
        shift = whole("shift", shift)
        first_step = None if first_step is None else whole("first_step", first_step)
        last_step = None if last_step is None else whole("last_step", last_step)
        if first_step is not None and last_step is not None and first_step > last_step:
            raise ValueError(f"the first step, {first_step}, is above the last, {last_step}")
        self.values: int = 0
        self.dropped: int = 0
        self.changed: int = 0
        self._tags = TagChanges() if tags is None else tags
        self._first_step = STEP_RANGE.start if first_step is None else first_step
        self._last_step = STEP_RANGE.stop if last_step is None else last_step
        self._shift = shift
        self._purge = purge
        self._thin = thin
        self._stays: dict[str, NDArray[np.bool_]] = {}  # for each selected value with a step, in order
        self._met: dict[str, int] = {}  # tag -> number of those so far
        self._metadata: dict[str, SummaryMetadata] = {}  # tag -> metadata of its first value in the run
        self._chosen: dict[str, None] = {}  # tags with a remaining value, by the last study
        self._written: set[str] = set()  # tags
        self._touched = False  # True if the current event differs from its record

    def study(self, records: Iterable[RawRecord]) -> None:
        """Reads all records: it needs all tags and steps, and what to purge depends on later values.

        Raises:
            ValueError: if a shifted step does not fit int64.
        """
        ordered = self._purge or self._thin > 1
        if not (ordered or self._tags or self._shift):
            return
        beyond: list[tuple[str, int, int]] = []  # values whose step cannot be shifted: tag, number and step
        steps: dict[str, array[int]] = {}  # a list would take 36 bytes for each
        starts: list[tuple[int, dict[str, int]]] = []  # sessions: step, and number of values of each tag before it
        for record in records:
            event = record.event
            if event.session_log.status == SessionLog.START:
                starts.append((event.step, {tag: len(known) for tag, known in steps.items()}))
            if _has_step_of_its_own(event):
                self._shifted(event.step)
            for value in event.summary.value:
                if not self._is_chosen(event.step, value):
                    continue
                self._chosen[value.tag] = None
                if is_stepless(value):
                    continue
                if ordered:
                    of_value = steps.setdefault(value.tag, array("q"))
                    of_value.append(event.step)
                    if event.step + self._shift not in STEP_RANGE:
                        beyond.append((value.tag, len(of_value) - 1, event.step))
                else:
                    self._shifted(event.step)
        for tag in list(steps):
            of_tag = np.frombuffer(steps.pop(tag), np.int64)
            stays = np.ones(len(of_tag), np.bool_)
            if self._purge:
                stays = ~overwritten(of_tag)
                for start, counts in starts:
                    before = counts.get(tag, 0)
                    stays[:before] &= of_tag[:before] < start
            left = np.flatnonzero(stays)
            stays[left] = False
            stays[left[:: self._thin]] = True
            stays[left[-1:]] = True
            self._stays[tag] = stays
        for tag, number, step in beyond:
            if self._stays[tag][number]:
                self._shifted(step)

    def _shifted(self, step: int) -> int:
        shifted = step + self._shift
        if shifted not in STEP_RANGE:
            raise ValueError(f"step {step} shifted by {self._shift} does not fit 64 bits")
        return shifted

    def check_names(self) -> None:
        """Checks the new names; call it after `study`.

        Raises:
            ValueError: if two tags would get one name.
        """
        owners: dict[str, str] = {}
        for tag in self._chosen:
            name = self._tags.new_name(tag)
            assert name is not None, "it is chosen"
            other = owners.setdefault(name, tag)
            if other != tag:
                raise ValueError(
                    f"tags {other!r} and {tag!r} would both be {name!r}, one series; "
                    "merging tags (--merge-tags) allows that"
                )

    def apply(self, record: RawRecord) -> bytes | None:
        """Returns the edited record; None if nothing of it is left.

        Raises:
            ValueError: if a shifted step does not fit int64.
        """
        event = record.event
        self._touched = False
        if event.HasField("summary") and event.summary.value:
            count, step = len(event.summary.value), event.step
            values = [value for value in event.summary.value if self._take(step, value)]
            self.dropped += count - len(values)
            if not values:
                return None
            has_step = self._shift != 0 and not all(map(is_stepless, values))
            if len(values) < count:
                event.summary.CopyFrom(Summary(value=values))
                self._touched = True
        else:
            has_step = _has_step_of_its_own(event)
        if has_step and self._shift:
            event.step = self._shifted(event.step)
            self._touched = True
        if not self._touched:
            return record.raw
        self.changed += 1
        return encode_record(event.SerializeToString())

    def _take(self, step: int, value: Summary.Value) -> bool:
        """Returns True if a value is kept; sets its new tag and the metadata of the tag's first value."""
        self.values += 1
        tag = value.tag
        if tag not in self._metadata:
            self._metadata[tag] = SummaryMetadata()
            self._metadata[tag].CopyFrom(value.metadata)
        if not self._is_chosen(step, value):
            return False
        stays = self._stays.get(tag)
        if stays is not None and not is_stepless(value):
            at = self._met.get(tag, 0)
            self._met[tag] = at + 1
            if at < len(stays) and not stays[at]:  # keep values written since the study
                return False
        name = self._tags.new_name(tag)
        assert name is not None, "it is chosen"
        if name != tag:
            value.tag = name
            self._touched = True
        if tag not in self._written:
            self._written.add(tag)
            if not value.HasField("metadata") and self._metadata[tag].ByteSize():
                value.metadata.CopyFrom(self._metadata[tag])
                self._touched = True
        return True

    def _is_chosen(self, step: int, value: Summary.Value) -> bool:
        """Returns True if a value's tag and step are selected."""
        if self._tags.new_name(value.tag) is None:
            return False
        return self._first_step <= step <= self._last_step or is_stepless(value)
