"""Compares decoded values of any kind field by field: histograms, images, texts, tensors ..."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError, TensorError
from tbevents.reading.kinds.histogram import Histogram
from tbevents.reading.kinds.image import Image
from tbevents.testing.point_comparison import cells
from tbevents.tools.diff import Tolerance

_ASIDE: Final = {"step", "wall_time"}
_BUCKETS: Final = {"lefts", "rights", "counts"}
_LONGEST: Final = 60


def differing_values(obtained: Any, expected: Any, tolerance: Tolerance) -> tuple[list[list[str]], int]:
    """Compares the values of two series: numbers within the tolerance, all else by equality.

    They are paired by step; with several at one step, in the order written. Returns rows of step, field and the cells
    of `COLUMNS`; and the number of values that differ.
    """
    places, wanted = _places(obtained.steps), _places(expected.steps)
    rows: list[list[str]] = []
    count = 0
    for key in sorted({*places, *wanted}):
        if key not in wanted:
            found = [[str(key[0]), "value", "there", "nothing", "", ""]]
        elif key not in places:
            found = [[str(key[0]), "value", "missing", "there", "", ""]]
        else:
            pair = _decoded(obtained, places[key]), _decoded(expected, wanted[key])
            found = [[str(key[0]), *row] for row in _differing_parts("", *pair, tolerance)]
        rows += found
        count += bool(found)
    return rows, count


def _places(steps: NDArray[np.int64]) -> dict[tuple[int, int], int]:
    """Returns the index of each (step, number of earlier points at that step)."""
    counts: dict[int, int] = {}
    places = {}
    for place, step in enumerate(steps.tolist()):
        counts[step] = counts.get(step, -1) + 1
        places[step, counts[step]] = place
    return places


def _decoded(series: Any, place: int) -> Any:
    """Returns a value; if it cannot be decoded, a str that says so."""
    try:
        return series[place]
    except (PayloadError, TensorError) as error:
        return f"undecodable: {error}"


def _differing_parts(name: str, got: Any, want: Any, tolerance: Tolerance) -> Iterator[list[str]]:
    """Yields rows of field, obtained, expected, difference and allowed."""
    label = name or "value"
    if isinstance(got, Image) and isinstance(want, Image) and (same := _same_pixels(got, want, tolerance)) is not None:
        yield from [] if same else [["pixels", "different", "", "", ""]]
    elif dataclasses.is_dataclass(got) and type(got) is type(want):
        buckets = [len(each) for each in (got, want) if isinstance(each, Histogram)]
        other_buckets = len(set(buckets)) > 1
        for field in dataclasses.fields(got):
            if field.name not in (_ASIDE | _BUCKETS if other_buckets else _ASIDE):
                pair = getattr(got, field.name), getattr(want, field.name)
                yield from _differing_parts(f"{name}.{field.name}".lstrip("."), *pair, tolerance)
        if other_buckets:
            yield ["number of buckets", *map(str, buckets), "", ""]
    elif isinstance(got, np.ndarray) and isinstance(want, np.ndarray):
        yield from _differing_arrays(label, got, want, tolerance)
    elif is_number(got) and is_number(want):
        yield from _differing_arrays(label, np.asarray(got), np.asarray(want), tolerance)
    elif isinstance(got, Mapping) and isinstance(want, Mapping):
        for key in {**got, **want}:
            yield from _differing_parts(f"{label}[{key!r}]", got.get(key), want.get(key), tolerance)
    elif isinstance(got, np.ndarray) or isinstance(want, np.ndarray) or got != want:  # an array and something else
        yield [label, _short(got), _short(want), "", ""]


def is_number(value: Any) -> bool:
    """Returns True for a number, alone or in a 0-dimensional array; False for bools and strings."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.ndim == 0 and value.dtype.kind in "iufc"
    if isinstance(value, (bool, str, bytes)):
        return False
    return isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0


def _differing_arrays(name: str, got: NDArray[Any], want: NDArray[Any], tolerance: Tolerance) -> Iterator[list[str]]:
    if got.shape != want.shape:
        yield [f"shape of {name}", str(got.shape), str(want.shape), "", ""]
        return
    if "O" in got.dtype.kind + want.dtype.kind:
        near = np.asarray(got == want, np.bool_).reshape(got.shape)
    elif got.dtype.kind == want.dtype.kind and got.tobytes() == want.tobytes() and tolerance.nan_ok:
        return
    else:
        kind = np.complex128 if "c" in got.dtype.kind + want.dtype.kind else np.float64
        near = np.asarray(tolerance.near(got.astype(kind), want.astype(kind)))
    bad = np.argwhere(~near)
    if not len(bad):
        return
    at = tuple(bad[0].tolist())
    one, other = got[at], want[at]
    label = name if not at else f"{name}[{', '.join(map(str, at))}]"
    more = f" and {len(bad) - 1:,} more" if len(bad) > 1 else ""
    if isinstance(one, np.generic) and one.dtype.kind in "biuf" and other.dtype.kind in "biuf":
        dtype = got.dtype if got.dtype == want.dtype and got.dtype.kind == "f" else np.float64
        yield [label + more, *cells(float(one), float(other), tolerance, dtype)]
    else:
        yield [label + more, _short(one), _short(other), "", ""]


def _same_pixels(got: Image, want: Image, tolerance: Tolerance) -> bool | None:
    """Returns True if the pixels are equal, whatever the encoding; None if they cannot be decoded."""
    if got.samples == want.samples or len(got.samples) != len(want.samples):
        return None
    try:
        for sample in range(len(got.samples)):
            pair = got.array(sample).astype(np.float64), want.array(sample).astype(np.float64)
            if pair[0].shape != pair[1].shape or not tolerance.near(*pair).all():
                return False
    except (ImportError, PayloadError):
        return None
    return True


def _short(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        value = tuple(f"{len(each)} bytes" if isinstance(each, bytes) else each for each in value)
    elif isinstance(value, bytes):
        return f"{len(value)} bytes"
    elif isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
