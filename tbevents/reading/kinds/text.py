"""Texts: strings, alone or in arrays of any rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError
from tbevents.format.tensors import to_array
from tbevents.proto import Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import is_strings
from tbevents.reading.series import LazySeries
from tbevents.views.notebook import texts_html

_LONGEST: Final = 60
"""The most characters of a string that a repr shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """The strings logged under one tag at one step.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        encoded: the strings as stored in the file: an object array of bytes, of any shape. torch writes shape (1,).
    """

    step: int
    wall_time: float
    encoded: NDArray[Any]

    @property
    def array(self) -> NDArray[Any]:
        """The strings as an object array of str, of the same shape. Bytes that are not UTF-8 become U+FFFD."""
        decoded = np.empty(self.encoded.size, object)
        decoded[:] = [text.decode(errors="replace") for text in self.encoded.flat]
        return decoded.reshape(self.encoded.shape)

    @property
    def text(self) -> str:
        """The string, if there is exactly one.

        Raises:
            PayloadError: if there is no string, or more than one; see `array`.
        """
        if self.encoded.size != 1:
            raise PayloadError(f"the text is an array of shape {self.encoded.shape}, not one string; see array")
        return str(self.array.flat[0])

    def _repr_html_(self) -> str:
        return texts_html(self.array.ravel().tolist())

    def __repr__(self) -> str:
        shown = [_shortened(text.decode(errors="replace")) for text in self.encoded.flat[:3]]
        if self.encoded.size == 1:
            return f"Text(step={self.step}, {shown[0]})"
        more = ", ..." if self.encoded.size > len(shown) else ""
        return f"Text(step={self.step}, shape {self.encoded.shape}: {', '.join(shown)}{more})"


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TextSeries(LazySeries[Text]):
    """The texts of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> Text:
        return Text(step, wall_time, to_array(value.tensor))


register(
    Kind(
        name="texts",
        noun="text tag",
        order=40,
        plugins=("text",),
        fits=is_strings,
        data_class="TENSOR",
        series=TextSeries,
    )
)
