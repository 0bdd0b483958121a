"""Checks and conversions of the caller's steps, times, columns of points, and messages."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.format.event import UNDECODABLE
from tbevents.format.scalar_layout import STEP_RANGE
from tbevents.format.values import as_array, check_gathered, is_masked_array
from tbevents.proto import Event, Summary
from tbevents.writing.sink import Message

_NAN: Final = "must not be NaN, since TensorBoard shows no event after it in the file"


class CheckedPoints(NamedTuple):
    """Valid points of one series, as arrays of shape (n,)."""

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float64]

    def part(self, start: int, stop: int) -> CheckedPoints:
        """Returns the points from index `start` to before `stop`."""
        return CheckedPoints(self.steps[start:stop], self.wall_times[start:stop], self.values[start:stop])


def about(tag: object, error: TypeError | ValueError) -> TypeError | ValueError:
    """Returns an error that also names the tag. An error about the tag itself is returned unchanged."""
    if not isinstance(tag, str) or str(error).startswith("tag "):
        return error
    return (TypeError if isinstance(error, TypeError) else ValueError)(f"{tag!r}: {error}")


def as_step(step: Any, argument: str = "global_step") -> int:
    """Returns a step as an int in the range of int64. None becomes 0, which is not stored in the file.

    A `global_step` may be a string with an integer, as in torch.

    Raises:
        TypeError: if the step is not a number.
        ValueError: if the step is not finite, does not fit int64, or is a string without an integer.
    """
    if step is None:
        return 0
    if isinstance(step, (str, bytes, bytearray)) and argument != "global_step":
        raise TypeError(f"{argument} must be a number, not {type(step).__name__}: {step!r}")
    _check_gathered(step, argument)
    element = _element(step) if isinstance(step, np.ndarray) else step
    try:
        number = int(element)
    except (ValueError, OverflowError):
        expected = "a whole number" if isinstance(element, (str, bytes, bytearray)) else "a finite number"
        raise ValueError(f"{argument} must be {expected}, not {step!r}") from None
    except TypeError:
        raise TypeError(f"{argument} must be a number, not {type(step).__name__}: {step!r}") from None
    except Exception as error:  # whatever a foreign __int__ raises, such as that of a torch tensor without data
        raise TypeError(f"{argument} must be a number, not {type(step).__name__}: {error}") from error
    if number not in STEP_RANGE:
        raise ValueError(f"{argument} must fit a signed 64-bit integer: {step!r}")
    return number


def as_wall_time(walltime: Any, argument: str = "walltime") -> float:
    """Returns a time as seconds since 1970.

    Raises:
        TypeError: if the time is not a number.
        ValueError: if the time does not fit float64, or is NaN: TensorBoard shows no event after such a time.
    """
    if type(walltime) is float and walltime == walltime:  # the common case first, but not NaN
        return walltime
    if isinstance(walltime, (str, bytes, bytearray)):
        raise TypeError(f"{argument} must be seconds since 1970, not {type(walltime).__name__}: {walltime!r}")
    _check_gathered(walltime, argument)
    try:
        seconds = float(_element(walltime) if isinstance(walltime, np.ndarray) else walltime)
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must be seconds since 1970, not {type(walltime).__name__}: {walltime!r}") from None
    except OverflowError as error:
        raise ValueError(f"{argument} must be seconds since 1970: {walltime!r} ({error})") from None
    except Exception as error:  # whatever a foreign __float__ raises
        raise TypeError(f"{argument} must be seconds since 1970, not {type(walltime).__name__}: {error}") from error
    if math.isnan(seconds):
        raise ValueError(f"{argument}: {_NAN}")
    return seconds


def _check_gathered(value: Any, argument: str) -> None:
    try:
        check_gathered(value)
    except TypeError as error:
        raise TypeError(f"{argument}: {error}") from None


def _element(array: NDArray[Any]) -> Any:
    """Returns the element of an array with one element; NaN if it is masked. Other arrays are returned unchanged.

    int() and float() do not accept such an array if it has dimensions.
    """
    if array.size != 1:
        return array
    return math.nan if is_masked_array(array) and np.ma.is_masked(array) else array.reshape(())[()]


def as_points(steps: Any, values: Any, wall_times: Any, now: float) -> CheckedPoints:
    """Returns the columns of points as arrays.

    Args:
        steps: integers, shape (n,); floats are truncated.
        values: real numbers, shape (n,).
        wall_times: seconds since 1970, shape (n,), or one number for all points; None means now.
        now: the current time in seconds since 1970.

    Raises:
        TypeError: if an argument does not hold numbers.
        ValueError: if the shapes do not match, or a step or time is out of range.
    """
    numbers = _column(values, "values").astype(np.float64)
    counts = _column(steps, "steps")
    if counts.shape != numbers.shape:
        raise ValueError(f"steps and values must be equally long: {len(counts)} and {len(numbers)}")
    if counts.dtype.kind == "f":
        outside = ~((counts >= -(2.0**63)) & (counts < 2.0**63))
    else:
        outside = counts > np.uint64(STEP_RANGE[-1]) if counts.dtype.kind == "u" else np.zeros(len(counts), np.bool_)
    if outside.any():
        raise ValueError(
            f"steps must be finite and fit signed 64-bit integers: {counts[outside][0]!r} at index {outside.argmax()}"
        )
    if wall_times is None:
        times = np.full(len(numbers), now)
    else:
        times = as_array(wall_times, name="wall_times")
        times = np.full(len(numbers), as_wall_time(times, "wall_times")) if times.ndim == 0 else times
        times = _column(times, "wall_times").astype(np.float64)
    if times.shape != numbers.shape:
        raise ValueError(f"wall_times must be one time, or as many as values: {len(times)} and {len(numbers)}")
    if np.isnan(times).any():
        raise ValueError(f"wall_times: {_NAN} (at index {np.isnan(times).argmax()})")
    return CheckedPoints(counts.astype(np.int64), times, numbers)


def _column(values: Any, argument: str) -> NDArray[Any]:
    array = as_array(values, name=argument)
    if array.ndim != 1:
        raise ValueError(f"{argument} must have one dimension, not shape {array.shape}")
    if array.dtype.kind not in "biuf" and array.size:
        raise TypeError(f"{argument} must be real numbers, not {type(array[:1].tolist()[0]).__name__}")
    return array


def parse_message(message: Event | Summary, source: Message | bytes, argument: str) -> None:
    """Fills a message from the same message of any library, or from its serialised bytes.

    Raises:
        TypeError: if the source is another kind of object.
        ValueError: if the bytes cannot be parsed.
    """
    kind = message.DESCRIPTOR.name
    serialised: Any = source if isinstance(source, bytes) else None
    if getattr(getattr(source, "DESCRIPTOR", None), "name", kind) == kind and hasattr(source, "SerializeToString"):
        serialised = source.SerializeToString()
    if not isinstance(serialised, bytes):
        article = "an" if kind == "Event" else "a"
        raise TypeError(f"{argument} must be {article} {kind} message or its bytes, not {type(source).__name__}")
    try:
        message.ParseFromString(serialised)
    except UNDECODABLE as error:
        raise ValueError(f"{argument} is not a valid {kind} message: {error}") from None
