import pytest

from tbevents import summary
from tbevents.summary.layouts import merged


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ([], "layout must be a mapping"),
        ({1: {}}, "layout must be a mapping with str keys"),
        ({"c": []}, r"layout\['c'\] must be a mapping"),
        ({"c": {"t": "Multiline"}}, r"layout\['c'\]\['t'\] must be a pair"),
        ({"c": {"t": ["Multiline"]}}, r"layout\['c'\]\['t'\] must be a pair"),
        ({"c": {"t": ["Multiline", "tag"]}}, r"layout\['c'\]\['t'\]: tags"),
        ({"c": {"t": ["Multiline", [1]]}}, r"layout\['c'\]\['t'\]: tags"),
        ({"c": {"t": ["Pie", ["a"]]}}, r"layout\['c'\]\['t'\]: the kind"),
        ({"c": {"t": ["Margin", ["a", "b"]]}}, r"layout\['c'\]\['t'\]: .* three tags"),
    ],
)
def test_layouts_that_are_none_are_refused(layout, message):
    with pytest.raises((TypeError, ValueError), match=message):
        summary.custom_scalars(layout)


def test_layouts_merge_by_chart():
    first = {"a": {"x": ["Multiline", ["1"]], "y": ["Multiline", ["2"]]}}
    second = {"a": {"y": ["Multiline", ["3"]]}, "b": {"z": ["Multiline", ["4"]]}}
    assert merged(first, second) == {
        "a": {"x": ["Multiline", ["1"]], "y": ["Multiline", ["3"]]},
        "b": {"z": ["Multiline", ["4"]]},
    }
    assert first["a"]["y"] == ["Multiline", ["2"]]
