"""Custom charts of the page."""

from event_files import version_event, write_events

from tbevents import read_run
from tbevents.proto import Event, Summary, SummaryMetadata, TensorProto
from tbevents.testing import MemoryWriter
from tbevents.tools.report.layouts import MOST_CHARTS, layout_json, layout_of_run


def test_charts_of_several_runs_are_one_list_and_the_first_of_a_name_counts():
    first = {"loss": {"both": ("Multiline", ["train/.*", "val/.*"]), "band": ("Margin", ["a", "b", "c"])}}
    second = {"loss": {"both": ("Multiline", ["other"])}, "more": {"x": ("Multiline", ["x"])}}
    assert layout_json([first, {}, second]) == [
        {"category": "loss", "title": "both", "kind": "Multiline", "tags": ["train/.*", "val/.*"]},
        {"category": "loss", "title": "band", "kind": "Margin", "tags": ["a", "b", "c"]},
        {"category": "more", "title": "x", "kind": "Multiline", "tags": ["x"]},
    ]


def test_a_layout_of_any_size_is_bounded():
    huge = {"c": {f"chart{number}": ("Multiline", ["x" * 10_000] * 1000) for number in range(1000)}}
    found = layout_json([huge])
    assert len(found) == MOST_CHARTS
    assert all(len(chart["tags"]) == 100 and len(chart["tags"][0]) == 500 for chart in found)


def test_the_layout_of_a_run_is_read_and_a_broken_one_is_a_problem(tmp_path):
    writer = MemoryWriter()
    writer.add_custom_scalars({"c": {"t": ["Multiline", ["a", "b"]]}})
    assert layout_of_run(writer.run, lambda text: None) == {"c": {"t": ("Multiline", ["a", "b"])}}
    assert layout_of_run(MemoryWriter().run, lambda text: None) == {}
    plugin = SummaryMetadata.PluginData(plugin_name="custom_scalars")
    tensor = TensorProto(dtype=7, string_val=[b"\xff\xff"])
    value = Summary.Value(tag="custom_scalars__config__", tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))
    write_events(tmp_path / "events.out.tfevents.1.x", [version_event(), Event(summary=Summary(value=[value]))])
    problems = []
    assert layout_of_run(read_run(tmp_path), problems.append) == {}
    assert "the custom scalars layout cannot be parsed" in problems[0]
