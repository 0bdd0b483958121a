"""Arguments of builders that are no values: names and texts, sizes and rates. A wrong one is named."""

import numpy as np
import pytest

from tbevents import summary

SURROGATE = "\ud800"
MESH = np.zeros((1, 1, 3))


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("display_name", lambda text: summary.scalar("a", 1, display_name=text)),
        ("display_name", lambda text: summary.scalar("a", 1, display_name=text, new_style=True)),
        ("display_name", lambda text: summary.scalar("a", 1, display_name=text, format="tf2")),
        ("summary_description", lambda text: summary.scalar("a", 1, summary_description=text)),
        ("display_name", lambda text: summary.mesh("a", MESH, display_name=text)),
        ("description", lambda text: summary.mesh("a", MESH, description=text)),
        ("group_name", lambda text: summary.hparams({"lr": 1.0}, {}, group_name=text)),
        ("tag", lambda text: summary.image(text, np.zeros((1, 2, 2)), dataformats="CHW")),
    ],
)
@pytest.mark.parametrize("text", [5, b"name", SURROGATE], ids=repr)
def test_a_text_that_is_none_is_named(argument, call, text):
    wrong = "cannot be encoded as UTF-8" if text == SURROGATE else "must be a str, not (int|bytes)"
    with pytest.raises((TypeError, ValueError), match=rf"^{argument} {wrong}") as caught:
        call(text)
    assert not isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize(
    ("layout", "where"),
    [
        ({SURROGATE: {"t": ["Multiline", ["a"]]}}, r"a key of layout"),
        ({"c": {SURROGATE: ["Multiline", ["a"]]}}, r"a key of layout\['c'\]"),
        ({"c": {"t": ["Multiline", [SURROGATE]]}}, r"layout\['c'\]\['t'\]: a tag"),
        ({"c": {"t": ["Margin", ["a", "b", SURROGATE]]}}, r"layout\['c'\]\['t'\]: a tag"),
    ],
)
def test_a_text_in_a_layout_that_cannot_be_stored_is_named(layout, where):
    with pytest.raises(ValueError, match=f"^{where} cannot be encoded as UTF-8"):
        summary.custom_scalars(layout)


def test_texts_that_may_be_left_out_are_empty():
    (value,) = summary.scalar("a", 1, display_name="", summary_description="").value
    assert not value.HasField("metadata")
    (value,) = summary.scalar("a", 1, display_name="A").value
    assert (value.metadata.display_name, value.metadata.HasField("plugin_data")) == ("A", False)
    (value,) = summary.mesh("a", MESH).value
    assert (value.metadata.display_name, value.metadata.summary_description) == ("", "")
