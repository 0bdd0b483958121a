"""Converts plain values and dataclasses to strict JSON."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any


def json_text(value: Any, indent: int | None = None) -> str:
    """Returns strict JSON of plain values and dataclasses; NaN and infinities become strings, as in TensorBoard."""
    return json.dumps(plain(value), indent=indent, allow_nan=False)


def json_number(value: float) -> float | str:
    """Returns a number, or its name if it is not finite: "NaN", "Infinity" or "-Infinity"."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def plain(value: Any) -> Any:
    """Returns the value in types that strict JSON has: NaN and infinities as strings, dataclasses as objects."""
    if isinstance(value, float):
        return json_number(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value
