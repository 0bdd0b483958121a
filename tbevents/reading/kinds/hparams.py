"""Hyperparameters of one run: what a session was started with, how it ended, and what the experiment describes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from google.protobuf.struct_pb2 import Value

from tbevents.errors import PayloadError
from tbevents.format.event import enum_name, parse_payload
from tbevents.format.names import EXPERIMENT, SESSION_END, SESSION_START, HParamValue
from tbevents.proto import Experiment, HParamsPluginData, Status
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.scalar import ScalarSeries

_FIELDS: Final[dict[str, Literal["experiment", "session_start_info", "session_end_info"]]] = {
    EXPERIMENT: "experiment",
    SESSION_START: "session_start_info",
    SESSION_END: "session_end_info",
}
"""Which field of HParamsPluginData the metadata of each tag hold."""


@dataclass(frozen=True, slots=True, repr=False)
class HParams:
    """The hyperparameters of one run, and how it ended.

    If a run was started several times, the first start and the first end count, as in TensorBoard.

    Attributes:
        parameters: name -> bool, float (the file has no integers) or str. Empty in a run that only describes the
            experiment, such as the root folder that TF2 writes.
        metrics: tag -> last value, for the scalars that the experiment lists, or for all scalars of the run if it has
            no experiment. NaN is kept.
        status: "success", "failure", "running" or "unknown"; an unknown number as text.
        start_time: when the session started, in seconds since 1970; None if it is not stored.
        end_time: when the session ended, in seconds since 1970; None if it is not stored.
        group_name: TensorBoard shows the sessions of a group as one row; empty if the session has no group.
        experiment: types, domains and descriptions of the hyperparameters and metrics; None if the run has no
            experiment.
    """

    parameters: Mapping[str, HParamValue] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    status: str = "unknown"
    start_time: float | None = None
    end_time: float | None = None
    group_name: str = ""
    experiment: Experiment | None = None

    def __repr__(self) -> str:
        parts = [_shown(self.parameters)]
        parts += [f"metrics={_shown(self.metrics)}"] if self.metrics else []
        parts += [f"status={self.status!r}"]
        parts += [f"group_name={self.group_name!r}"] if self.group_name else []
        return f"HParams({', '.join(parts)})"


def _shown(values: Mapping[str, object]) -> str:
    """The first eight values, as in a dict's repr."""
    parts = [f"{name!r}: {value!r}" for name, value in itertools.islice(values.items(), 8)]
    parts += [f"... {len(values) - 8} more"] if len(values) > 8 else []
    return f"{{{', '.join(parts)}}}"


def parse_hparams(tag: str, content: bytes) -> HParamsPluginData | None:
    """Returns the message in the metadata of one of the three hparams tags; None for another tag.

    Raises:
        PayloadError: if the metadata hold no such message, or one without the field of the tag; TensorBoard's HPARAMS
            page fails on these.
    """
    if tag not in _FIELDS:
        return None
    data = parse_payload(HParamsPluginData, content, "holds no HParamsPluginData")
    if data.version:
        raise PayloadError(f"holds HParamsPluginData of version {data.version}, which nobody knows: it must be 0")
    if not data.HasField(_FIELDS[tag]):
        raise PayloadError(f"holds no HParamsPluginData with {_FIELDS[tag]}")
    return data


def hparams_of(
    contents: Mapping[str, bytes], scalars: Mapping[str, ScalarSeries], where: str, *, lenient: bool = False
) -> HParams | None:
    """Returns what the hparams tags of a run say; None if it has none.

    Args:
        contents: tag -> content of the plugin "hparams"; other tags than the three of `parse_hparams` are ignored.
        scalars: tag -> series.
        where: the run, for messages.
        lenient: whether a tag whose content cannot be parsed counts as missing.

    Raises:
        PayloadError: if a tag's content cannot be parsed, and not `lenient`.
    """
    found: dict[str, HParamsPluginData] = {}
    for name in _FIELDS:
        if name not in contents:
            continue
        try:
            data = parse_hparams(name, contents[name])
        except PayloadError as error:
            if not lenient:
                raise PayloadError(f"{where}: tag {name!r} {error}") from error
        else:
            if data is not None:
                found[name] = data
    if not found:
        return None
    nothing = HParamsPluginData()
    experiment = found[EXPERIMENT].experiment if EXPERIMENT in found else None
    start, end = found.get(SESSION_START, nothing).session_start_info, found.get(SESSION_END, nothing).session_end_info
    named = (
        scalars if experiment is None else [info.name.tag for info in experiment.metric_infos if not info.name.group]
    )
    series = {tag: scalars[tag] for tag in named if tag in scalars}
    return HParams(
        {name: value for name in sorted(start.hparams) if (value := _plain(start.hparams[name])) is not None},
        {tag: points.last.value for tag, points in series.items() if len(points)},
        enum_name(Status, end.status).removeprefix("STATUS_").lower(),
        start.start_time_secs or None,
        end.end_time_secs or None,
        start.group_name,
        experiment,
    )


def _plain(value: Value) -> HParamValue | None:
    """The value of a hyperparameter; None for null, lists and objects, which no writer makes."""
    field = value.WhichOneof("kind")
    if field not in ("bool_value", "number_value", "string_value"):
        return None
    plain: HParamValue = getattr(value, field)
    return plain


register(
    Kind(name="hparams", noun="hparams tag", order=70, plugins=("hparams",), in_metadata=True, data_class="TENSOR")
)
