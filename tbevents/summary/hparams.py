"""Hyperparameters of a run, for TensorBoard's HParams page.

A session is three values whose message is in the metadata and which have no tensor: the experiment (the names of the
hyperparameters and metrics), the start of the session (the hyperparameters' values) and its end. The metrics are
scalars of the same run.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Value

from tbevents.format.names import EXPERIMENT, SESSION_END, SESSION_START, HParamValue
from tbevents.format.values import as_array, as_float, check_gathered, checked_text
from tbevents.proto import (
    Experiment,
    HParamDataType,
    HParamsPluginData,
    MetricInfo,
    MetricName,
    SessionEndInfo,
    SessionStartInfo,
    Status,
    Summary,
)
from tbevents.summary.builders import from_value, plugin_metadata

_TYPES = {
    bool: HParamDataType.DATA_TYPE_BOOL,
    float: HParamDataType.DATA_TYPE_FLOAT64,
    str: HParamDataType.DATA_TYPE_STRING,
}


def hparams(
    hparam_dict: Mapping[str, Any],
    metric_dict: Mapping[str, Any],
    hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
    *,
    group_name: str = "",
    start_time_secs: float | None = None,
    end_time_secs: float | None = None,
) -> tuple[Summary, Summary, Summary]:
    """Returns the summaries of a session's experiment, start and end: see `SummaryWriter.add_hparams`.

    The keys of `metric_dict` are the tags of the metrics; its values are not used.

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if two hyperparameters have the same name.
    """
    values: dict[str, HParamValue] = {}
    for name, value in flattened("hparam_dict", hparam_dict):
        if name in values:
            raise ValueError(f"hparam_dict has two values for {name!r}: one under that name, and one in a mapping")
        values[name] = plain(value)
    metrics = _checked("metric_dict", fields_of(metric_dict))
    domains = _domains(values, _checked("hparam_domain_discrete", hparam_domain_discrete or {}))
    group = checked_text(group_name, "group_name")
    start = SessionStartInfo(group_name=group, start_time_secs=_seconds("start_time_secs", start_time_secs))
    experiment = Experiment(metric_infos=[MetricInfo(name=MetricName(tag=tag)) for tag in metrics])
    for name, value in values.items():
        start.hparams[name].CopyFrom(_as_message(value))
        info = experiment.hparam_infos.add(name=name, type=_TYPES[type(value)])
        if name in domains:
            info.domain_discrete.CopyFrom(ListValue(values=map(_as_message, domains[name])))
    end = SessionEndInfo(status=Status.STATUS_SUCCESS, end_time_secs=_seconds("end_time_secs", end_time_secs))
    return (
        _summary(EXPERIMENT, HParamsPluginData(experiment=experiment)),
        _summary(SESSION_START, HParamsPluginData(session_start_info=start)),
        _summary(SESSION_END, HParamsPluginData(session_end_info=end)),
    )


def flattened(argument: str, mapping: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the names and values of nested mappings, dataclasses and namespaces, but not values of None.

    Names of nested values are joined by slashes.

    Raises:
        TypeError: if `mapping` is none of these, or a key is not a str.
    """
    for name, value in _checked(argument, fields_of(mapping)).items():
        value = fields_of(value)
        if isinstance(value, Mapping):
            yield from flattened(f"{argument}[{name!r}]", value, f"{prefix}{name}/")
        elif value is not None:
            try:
                check_gathered(value)
            except TypeError as error:
                raise TypeError(f"{argument}[{name!r}]: {error}") from None
            yield prefix + name, value


def fields_of(value: Any) -> Any:
    """Returns the fields of a dataclass or namespace (of argparse or types) as a dict; other values unchanged."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dict(vars(value)) if isinstance(value, (argparse.Namespace, SimpleNamespace)) else value


def plain(value: Any) -> HParamValue:
    """Returns a hyperparameter as a type that TensorBoard supports: a bool, a finite float or a str."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, str):
        return _utf8(str.__str__(value))  # the text itself: a subclass, such as an Enum, may override __str__
    if isinstance(value, (list, tuple, set, frozenset)):
        return _utf8(str(value))
    try:
        array = as_array(value)
        number = as_float(value)
    except (TypeError, ValueError):  # not a number but a function, a dtype, an array, ...
        return _utf8(str(getattr(value, "__name__", value)))
    if array.dtype.kind == "b":
        return bool(number)
    # TensorBoard's server answers in JSON, which has only finite numbers: another one breaks the page for all runs.
    return number if math.isfinite(number) else str(number)


def _utf8(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _as_message(value: HParamValue) -> Value:
    if isinstance(value, bool):
        return Value(bool_value=value)
    return Value(string_value=value) if isinstance(value, str) else Value(number_value=value)


def _domains(values: Mapping[str, HParamValue], given: Mapping[str, Any]) -> dict[str, list[HParamValue]]:
    """Returns the domains, each checked against the value of its hyperparameter."""
    domains = {}
    for name, domain in given.items():
        where = f"hparam_domain_discrete[{name!r}]"
        if name not in values:
            raise TypeError(f"{where} is not the name of a hyperparameter in hparam_dict")
        if isinstance(domain, str) or not isinstance(domain, Sequence):
            raise TypeError(f"{where} must be a list, not {type(domain).__name__}")
        domains[name] = [plain(value) for value in domain]
        if any(type(value) is not type(values[name]) for value in domains[name]):
            kind = type(values[name]).__name__
            raise TypeError(f"{where} must be a list of {kind}, like hparam_dict[{name!r}], not {domain!r}")
    return domains


def _seconds(argument: str, value: float | None) -> float:
    return 0.0 if value is None else as_float(value, name=argument)


def _checked(argument: str, mapping: Any) -> Mapping[str, Any]:
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{argument} must be a mapping, not {type(mapping).__name__}")
    return {checked_text(name, f"a name in {argument}"): value for name, value in mapping.items()}


def _summary(tag: str, content: HParamsPluginData) -> Summary:
    # Map keys in a fixed order, so that equal calls write equal bytes.
    serialised = content.SerializeToString(deterministic=True)
    return from_value(tag, metadata=plugin_metadata("hparams", serialised))
