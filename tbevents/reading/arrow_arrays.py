"""Arrow arrays from numpy's, and back.

``pyarrow.array`` and ``to_numpy`` import pandas wherever it is installed, which takes a quarter of a second and 45 MB;
these functions do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def numbers(values: NDArray[Any], present: NDArray[np.bool_] | None = None) -> pa.Array:
    """Returns numbers, dates or bools as an Arrow array, which shares their memory where Arrow stores them alike.

    Args:
        values: shape (n,).
        present: False where a value is null; None if none is, but for dates that are NaT.
    """
    import pyarrow as pa

    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    kind = values.dtype
    if kind.kind == "M":
        present = ~np.isnat(values) if present is None else present
        values = values.view(np.int64)  # dates have no buffer
    data = _bits(values) if kind == np.bool_ else np.ascontiguousarray(values)
    validity = None if present is None or present.all() else pa.py_buffer(_bits(present))
    return pa.Array.from_buffers(pa.from_numpy_dtype(kind), len(values), [validity, pa.py_buffer(data)])


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(flags, bitorder="little")


def strings(texts: Iterable[str]) -> pa.Array:
    """Returns texts, of less than 2 GiB, as an Arrow array of strings.

    Raises:
        UnicodeEncodeError: if a text is not valid Unicode.
    """
    import pyarrow as pa

    encoded = [text.encode() for text in texts]
    ends = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(text) for text in encoded], out=ends[1:])
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def words(codes: NDArray[np.int32], names: Iterable[str]) -> pa.DictionaryArray:
    """Returns a column of few different strings: a dictionary array, which is null where a code is negative."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(numbers(codes.astype(np.int32, copy=False), codes >= 0), strings(names))


def codes_of(column: pa.DictionaryArray) -> NDArray[np.int32]:
    """Returns the codes of a dictionary array with int32 codes; any number in place of a null."""
    indices = column.indices
    data = indices.buffers()[1]
    return np.frombuffer(b"" if data is None else data, np.int32)[indices.offset : indices.offset + len(indices)]
