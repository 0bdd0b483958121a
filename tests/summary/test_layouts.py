import pytest

from tbevents import SummaryWriter, read_run, summary
from tbevents.format.tensors import to_array
from tbevents.proto import Layout
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
        ({"c": {"t": ["Margin", ["a", "b", "c", "d"]]}}, r"layout\['c'\]\['t'\]: .* three tags"),
        ({"c": {"t": ["Margin", []]}}, r"layout\['c'\]\['t'\]: .* three tags"),
    ],
)
def test_layouts_that_are_none_are_refused(layout, message):
    with pytest.raises((TypeError, ValueError), match=message):
        summary.custom_scalars(layout)


def test_a_layout_that_was_read_can_be_written_again(tmp_path):
    layout = {
        "c": {
            "two margins": ("Margin", ["a", "a/low", "a/high", "b", "b/low", "b/high"]),
            "one margin": ("Margin", ["a", "a/low", "a/high"]),
            "lines": ("Multiline", ["a", "b"]),
        }
    }
    with SummaryWriter(tmp_path) as writer:
        writer.add_custom_scalars(layout)
    read = read_run(tmp_path).custom_scalars
    assert read == layout
    message = summary.custom_scalars(read)
    assert message == summary.custom_scalars(layout)
    stored = Layout.FromString(to_array(message.value[0].tensor).item())
    assert [series.value for series in stored.category[0].chart[0].margin.series] == ["a", "b"]


def test_layouts_merge_by_chart():
    first = {"a": {"x": ["Multiline", ["1"]], "y": ["Multiline", ["2"]]}}
    second = {"a": {"y": ["Multiline", ["3"]]}, "b": {"z": ["Multiline", ["4"]]}}
    assert merged(first, second) == {
        "a": {"x": ["Multiline", ["1"]], "y": ["Multiline", ["3"]]},
        "b": {"z": ["Multiline", ["4"]]},
    }
    assert first["a"]["y"] == ["Multiline", ["2"]]
