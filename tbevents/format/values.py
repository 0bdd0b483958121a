"""What callers log (numbers, lists, arrays, tensors of torch or JAX) as numpy arrays and floats."""

from __future__ import annotations

import math
import operator
import reprlib
import sys
from typing import Any

import numpy as np
import numpy.typing as npt


def as_array(value: Any, *, name: str = "value") -> npt.NDArray[Any]:
    """Returns what callers log as a numpy array.

    Args:
        value: a numpy array or scalar, a torch tensor (on any device, with or without gradient), a JAX array,
            anything else that numpy reads, or a number, a string, or nested sequences of any of these.
        name: the caller's argument, for the error message.

    Returns:
        An array that may share memory with `value`: copy it before keeping it. Torch's and JAX's bfloat16 become
        float32; Python integers beyond 64 bits, Fraction and Decimal float64; strings an object array of str or
        bytes, which unlike numpy's own string types keeps trailing zero bytes.

    Raises:
        TypeError: if `value` cannot be converted: None, a ragged list, a dict, objects.
    """
    try:
        array = _to_numpy(value)
        if array.dtype.kind in "SU" and not isinstance(value, np.ndarray):
            array = np.array(value, dtype=object)
        if array.dtype == object and not all(isinstance(element, (str, bytes)) for element in array.flat):
            floats = [_number(element) for element in array.flat]
            array = np.array(floats, dtype=np.float64).reshape(array.shape)
    except Exception as error:  # whatever a foreign __array__ raises
        raise TypeError(f"{name}: cannot make an array of {type(value).__name__}: {error}") from error
    return array


def as_float(value: Any, *, name: str = "scalar_value", text: bool = False) -> float:
    """Returns a scalar that a caller logs as a float.

    Args:
        value: a number of any kind (int of any size, bool, Fraction, Decimal, numpy scalar, anything with
            ``__float__``), or an array of one element: numpy, torch (on any device, with or without gradient, bfloat16
            too), JAX, CuPy.
        name: the caller's argument, for the error message.
        text: also take a number in a string, as torch's writer does: "0.5", b"nan".

    Returns:
        A plain float, NaN and infinities included; a masked value is NaN; numbers beyond float64 become infinite, with
        their sign.

    Raises:
        ValueError: if an array has more or fewer elements than one.
        TypeError: if it is not a real number but None, str, bytes, complex, a list, or an array of strings, objects or
            dates; or if it is a DTensor of torch's, which must be gathered first.
    """
    if type(value) is float:  # the common cases first; np.float64 is a subclass, and becomes plain below
        return value
    if type(value) is int:
        return _number(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return float(value)
    if not (hasattr(value, "__array__") or _is_torch(value)):
        try:
            return float(value) if text and isinstance(value, (str, bytes)) else _number(value)
        except (TypeError, ValueError) as error:  # ValueError: a signalling NaN of Decimal, a string without a number
            shown = f": {reprlib.repr(value)}" if isinstance(value, (str, bytes)) else ""
            raise TypeError(f"{name}: expected a real number, got {type(value).__name__}{shown}") from error
    try:
        array = _to_numpy(value)
    except Exception as error:  # whatever a foreign __array__ raises
        if hasattr(value, "__float__") and not _is_torch(value):
            return _foreign_number(value, name)
        raise TypeError(f"{name}: cannot make a number of {type(value).__name__}: {error}") from error
    if text and array.dtype.kind in "US" and array.size == 1:
        return as_float(array.item(), name=name, text=True)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected a real number, got {type(value).__name__} of dtype {array.dtype}")
    if array.size != 1:
        raise ValueError(f"{name}: expected one element, got {type(value).__name__} of shape {array.shape}")
    return float(array.reshape(())[()])


def whole(name: str, value: Any, least: int | None = None) -> int:
    """Returns a whole number of any type (int, numpy's, a tensor's) as an int. `name` is the caller's name for it.

    Raises:
        TypeError: if it is not a whole number; a bool is not one.
        ValueError: if it is below `least`.
    """
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    if least is not None and number < least:
        raise ValueError(f"{name} must be at least {least}, not {value!r}")
    return number


def checked_text(text: object, argument: str = "tag") -> str:
    """Returns a tag, a name or another text as a plain str. `argument` is the caller's name for it.

    Raises:
        TypeError: if it is not a str.
        ValueError: if it cannot be encoded as UTF-8.
    """
    if not isinstance(text, str):
        raise TypeError(f"{argument} must be a str, not {type(text).__name__}: {text!r}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{argument} cannot be encoded as UTF-8: {text!r} ({error.reason})") from None
    return str.__str__(text)  # the text itself: a subclass, such as an Enum, may override __str__


def _number(value: Any) -> float:
    """Returns the float nearest to a real number, or infinity beyond float64; raises TypeError for what is not one."""
    if not (hasattr(value, "__float__") or hasattr(value, "__index__")) or isinstance(value, complex):
        # float() would read numbers out of strings
        raise TypeError(f"must be a real number, not {type(value).__name__}")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _foreign_number(value: Any, name: str) -> float:
    """Returns the number of an object that refuses to become a numpy array, such as CuPy's, which stay on the GPU."""
    try:
        return _number(value)
    except Exception as error:  # whatever a foreign __float__ raises
        raise TypeError(f"{name}: cannot make a number of {type(value).__name__}: {error}") from error


def is_masked_array(value: Any) -> bool:
    """Returns True for an array of numpy.ma, a module that numpy loads when it is used."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def _with_nan(value: np.ma.MaskedArray[Any, Any]) -> npt.NDArray[Any]:
    """Returns a masked array as a plain one, with NaN for what is masked; integers become float64 for it."""
    if not np.ma.is_masked(value) or value.dtype.kind not in "biufc":
        return np.asarray(value)
    dtype = value.dtype if value.dtype.kind in "fc" else np.float64
    return np.where(np.ma.getmaskarray(value), np.nan, np.ma.getdata(value)).astype(dtype)


def check_gathered(value: Any) -> None:
    """Raises TypeError if a value is a DTensor of torch's.

    Gathering it, as its int() and float() do, waits for all processes, and only some may be logging.
    """
    if _is_torch(value) and hasattr(value, "full_tensor"):
        raise TypeError("a DTensor is spread over processes; log its .full_tensor(), which all of them must call")


def _is_torch(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")


def _to_numpy(value: Any) -> npt.NDArray[Any]:
    """Returns the numpy view of a value; every sort of small float (bfloat16, float8) becomes float32."""
    if _is_torch(value):
        check_gathered(value)
        value = value.detach().cpu()
        if str(value.dtype).startswith(("torch.bfloat16", "torch.float8")):  # numpy has none
            value = value.float()
        if hasattr(value, "resolve_conj"):  # conjugation and negation that torch has put off
            value = value.resolve_conj().resolve_neg()
        return np.asarray(value.numpy())
    if is_masked_array(value):
        return _with_nan(value)
    if isinstance(value, (list, tuple)):
        value = _without_tensors(value)
    try:
        array = np.asarray(value)
    except UnicodeDecodeError:  # str beside bytes
        array = np.array(value, dtype=object)
    of_ml_dtypes = array.dtype.kind == "V" and array.dtype.type is not np.void
    return array.astype(np.float32) if of_ml_dtypes else array


def _without_tensors(nested: list[Any] | tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    """Returns nested sequences with numpy arrays in the places of torch's tensors."""
    kinds = set(map(type, nested))  # the types of a long list are few
    if not any(issubclass(kind, (list, tuple)) or _is_torch(kind) for kind in kinds):
        return nested
    return [_converted(each) for each in nested]


def _converted(element: Any) -> Any:
    if _is_torch(element):
        return _to_numpy(element)
    return _without_tensors(element) if isinstance(element, (list, tuple)) else element
