"""Parameter groups: the part of an optimizer that schedulers need, and a minimal object with it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Protocol

import numpy as np

from tbevents.lr_scheduler.formulas import check_numbers, checked_float


class OptimizerLike(Protocol):
    """An object with `param_groups`: a list of dicts, each with "lr". torch's optimizers have it."""

    @property
    def param_groups(self) -> Sequence[MutableMapping[str, Any]]:
        """The groups; a scheduler writes each one's "lr"."""


class ParamGroups:
    """Learning rates for scripts without an optimizer object: the minimal object that a scheduler can be used with.

    ``groups = ParamGroups(lr=0.1)``; the current rate is ``groups.lrs[0]``, or ``groups.param_groups[0]["lr"]``.

    Args:
        lr: the rate. A list makes several groups, one for each rate, or for each dict with "lr" and other values.
        names: a name for each group; the tags of the group's points end in it.
        **values: other values of each group, for example ``momentum=0.9`` or ``betas=(0.9, 0.999)``.

    Raises:
        ValueError: if there is no rate, a rate is NaN, a dict has no "lr", or the number of names is not the number of
            groups.
        TypeError: if a rate is not a number, or a name is not a str.
    """

    def __init__(
        self,
        lr: float | Mapping[str, Any] | Sequence[float | Mapping[str, Any]],
        *,
        names: Sequence[str] | None = None,
        **values: Any,
    ) -> None:
        rates: list[Any] = list(lr) if isinstance(lr, (list, tuple, np.ndarray)) else [lr]
        if not rates:
            raise ValueError("lr must hold at least one rate")
        if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in names)):
            raise TypeError(f"names must be a list of str, not {names!r}")
        if names is not None and len(names) != len(rates):
            raise ValueError(f"names must be as many as the rates: {len(names)} for {len(rates)}")
        self.param_groups: list[dict[str, Any]] = [_group(rate, values) for rate in rates]
        for group, name in zip(self.param_groups, names or (), strict=False):
            group["name"] = name

    @property
    def lrs(self) -> list[float]:
        """The current rate of each group."""
        return [group["lr"] for group in self.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Returns a copy of the groups, for a checkpoint."""
        return {"param_groups": copy.deepcopy(self.param_groups)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restores the groups from a checkpoint.

        Raises:
            ValueError: if it has no groups or another number of groups, or a group has no "lr".
            TypeError: if it, or a group, is not a mapping, or a rate is not a number.
        """
        check_mapping("state_dict", state_dict)
        if "param_groups" not in state_dict:
            raise ValueError(f"state_dict is not a state of {type(self).__name__}: it lacks 'param_groups'")
        groups = state_dict["param_groups"]
        if not isinstance(groups, (list, tuple)):
            raise TypeError(f"the state's 'param_groups' must be a list, not {groups!r}")
        if len(groups) != len(self.param_groups):
            raise ValueError(f"the state holds {len(groups)} groups, expected {len(self.param_groups)}")
        for i, saved in enumerate(groups):
            check_mapping(f"the state's param_groups[{i}]", saved)
            if "lr" not in saved:
                raise ValueError(f"the state's param_groups[{i}] has no 'lr'")
            checked_float(f"the 'lr' of the state's param_groups[{i}]", saved["lr"])
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.clear()
            group.update(copy.deepcopy(dict(saved)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.param_groups!r})"


def _group(rate: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a group, from a rate or from a dict with a rate."""
    own = rate if isinstance(rate, Mapping) else {"lr": rate}
    if "lr" not in own:
        raise ValueError(f"a group must have an 'lr', not {dict(own)!r}")
    check_numbers(lr=own["lr"])
    return {**values, **own, "lr": float(own["lr"])}


def check_mapping(name: str, value: object) -> None:
    """Raises TypeError unless it is a mapping."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, not {type(value).__name__}: {value!r}")


def check_optimizer(optimizer: object) -> None:
    """Raises an error unless it has groups, and each has a rate.

    Raises:
        TypeError: if it has no list of groups, or a rate is not a number.
        ValueError: if the list is empty.
        KeyError: if a group has no rate.
    """
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, (list, tuple)):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer: it has no list `param_groups`")
    if not groups:
        raise ValueError(f"the {type(optimizer).__name__} has no groups: its `param_groups` is empty")
    for i, group in enumerate(groups):
        if "lr" not in group:
            raise KeyError(f"param_groups[{i}] has no 'lr'")
        checked_float(f"the 'lr' of param_groups[{i}]", group["lr"])


def rate_of(group: Mapping[str, Any]) -> float:
    """Returns a group's current rate as a float; torch may store it in a tensor."""
    rate = group["lr"]
    return rate if type(rate) is float else float(rate)


def store(group: MutableMapping[str, Any], key: str, value: Any) -> float:
    """Sets a value of a group. A tensor is changed in place, since compiled optimizers refer to the tensor itself.

    Raises:
        TypeError: if the value is not a number.
    """
    number = checked_float(key, value)
    held = group[key]
    if hasattr(held, "fill_"):
        held.fill_(number)
        return float(held)
    group[key] = number
    return number


def per_group(name: str, optimizer: OptimizerLike, value: Any) -> list[float]:
    """Returns a value for each group, from a list or from one number for all groups.

    Raises:
        ValueError: if a list does not have one value for each group.
        TypeError: if a value is not a number.
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [checked_float(name, value)] * groups
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups: {name} has {len(value)} values, "
            f"param_groups has {groups}"
        )
    return [checked_float(name, v) for v in value]
