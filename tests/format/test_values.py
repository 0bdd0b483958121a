"""Arguments that callers give: whole numbers and texts of any type."""

import enum

import numpy as np
import pytest

from tbevents.format.values import checked_text, whole


class Index:
    def __index__(self):
        return 7


@pytest.mark.parametrize("value", [7, np.int64(7), np.uint8(7), np.array(7), Index()])
def test_a_whole_number_of_any_type_is_an_int(value):
    assert whole("n", value, least=7) == 7
    assert type(whole("n", value)) is int


@pytest.mark.parametrize("value", [True, np.True_, 7.0, np.float64(7), "7", None, [7], np.array([7, 7])])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(TypeError, match=r"^n must be a whole number, not "):
        whole("n", value, least=1)


def test_a_whole_number_below_the_least_is_refused():
    with pytest.raises(ValueError, match=r"^n must be at least 2, not 1$"):
        whole("n", 1, least=2)
    assert whole("n", -1) == -1


def test_a_text_is_a_plain_str():
    class Tag(str, enum.Enum):
        LOSS = "loss"

    assert checked_text(Tag.LOSS) == "loss"
    assert type(checked_text(Tag.LOSS)) is str
    with pytest.raises(TypeError, match=r"^tag must be a str, not bytes: b'loss'$"):
        checked_text(b"loss")
    with pytest.raises(ValueError, match=r"^main_tag cannot be encoded as UTF-8: "):
        checked_text("\ud800", "main_tag")
