import enum

import numpy as np
import pytest

from tbevents import summary
from tbevents.format.tensors import to_array


def written_text(text, **options):
    value = summary.text("t", text, **options).value[0]
    return to_array(value.tensor)


@pytest.mark.parametrize("text", ["", "ünïcode ☃ 𝄞", "a\nb", "nul \0 end\0"])
def test_texts_come_back_as_utf8(text):
    assert written_text(text).tolist() == [text.encode()]


def test_a_text_of_bytes_is_utf8():
    assert written_text(b"a") == written_text(np.str_("a"))


@pytest.mark.parametrize("text", [None, 3, ["a", "b"], np.array([b"a"]), {"a": "b"}])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(TypeError, match=f"'t': text_string must be a str, not {type(text).__name__}"):
        written_text(text)


def test_texts_that_are_no_unicode_are_refused():
    with pytest.raises(ValueError, match="'t': text_string cannot be encoded"):
        written_text("\ud800")


class Tag(str, enum.Enum):
    LOSS = "loss"


@pytest.mark.parametrize("tag", [Tag.LOSS, np.str_("loss")])
def test_a_tag_of_a_subclass_of_str_is_what_it_holds(tag):
    assert summary.text(tag, "x").value[0].tag == "loss/text_summary"
    assert summary.scalar(tag, 1.0).value[0].tag == "loss"


@pytest.mark.parametrize(
    ("tag", "error"), [(3, TypeError), (None, TypeError), (b"t", TypeError), ("\udcff", ValueError)]
)
def test_tags_that_are_none_are_refused(tag, error):
    with pytest.raises(error, match="tag"):
        summary.text(tag, "text")
    with pytest.raises(error, match="tag"):
        summary.scalar(tag, 1.0)
