"""Values that stay in their file: how much memory a run takes, and what happens if the file changes."""

import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from event_files import scalar_event, strings, tensor_value, version_event, write_events
from recorded_warnings import warnings_of

import tbevents
from tbevents.format.tensors import from_array
from tbevents.proto import Event, Summary, SummaryMetadata
from tbevents.reading.payloads import KEPT_BYTES, PayloadLocation


def test_large_payloads_are_not_kept_and_small_ones_are(read):
    large = tensor_value("large", from_array(strings(bytes(100_000))), "text")
    run = read(large, tensor_value("small", from_array(strings(b"x")), "text"))
    tags = run._data.tags
    assert isinstance(tags["large"].values["texts"].payloads[0], PayloadLocation)
    assert len(tags["small"].values["texts"].payloads[0]) < KEPT_BYTES
    assert run.texts["large"].last.encoded.tolist() == [bytes(100_000)]


def test_an_image_heavy_run_takes_little_memory(tmp_path):
    """40 images of 1 MB: the run holds none of them, nor does going through them hold more than a few."""
    blob = np.random.default_rng(0).bytes(1 << 20)
    events = [
        Event(
            step=step,
            summary=Summary(
                value=[
                    Summary.Value(tag="i", image={"encoded_image_string": blob}, metadata={"display_name": "Images"})
                ]
            ),
        )
        for step in range(40)
    ]
    write_events(tmp_path / "tfevents", events)
    del events
    tracemalloc.start()
    run = tbevents.read_run(tmp_path)
    held, _ = tracemalloc.get_traced_memory()
    assert held < 2 << 20
    assert all(image.encoded == blob for image in run.images["i"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20


def test_several_large_values_in_one_event(tmp_path):
    values = [tensor_value(f"t{i}", from_array(strings(bytes([i]) * 5000)), "text") for i in range(5)]
    values.insert(2, Summary.Value(tag="loss", simple_value=2.5))
    write_events(tmp_path / "tfevents", [Event(step=1, summary=Summary(value=values))] * 2)
    run = tbevents.read_run(tmp_path)
    for i in range(5):
        assert [point.encoded.item() for point in run.texts[f"t{i}"]] == [bytes([i]) * 5000] * 2
    assert run.scalars["loss"].values.tolist() == [2.5, 2.5]


@pytest.mark.parametrize("change", ["zeroed", "shortened", "rewritten", "replaced", "removed"])
def test_a_file_that_was_changed_meanwhile_is_said(read, change):
    run = read(tensor_value("t", from_array(strings(b"a" * 5000)), "text"))
    series = run.texts["t"]
    assert series.last.text == "a" * 5000
    file = Path(run.files[0])
    data = bytearray(file.read_bytes())
    if change == "zeroed":
        data[:] = bytes(len(data))
    elif change == "shortened":
        del data[-10:]
    elif change == "rewritten":
        data[-100] ^= 1
    if change == "removed":
        file.unlink()
    elif change == "replaced":
        read(tensor_value("t", from_array(strings(b"b" * 5000)), "text"))
    else:
        file.write_bytes(data)
    message = "the file is gone" if change == "removed" else "is not the one that was read before"
    with pytest.raises(tbevents.FileChangedError, match=message):
        _ = series.last
    with pytest.raises(OSError, match=message):
        _ = run.texts["t"].first


def test_reload_adds_values_of_every_kind_and_leaves_series_as_they_were(tmp_path):
    file = tmp_path / "events.out.tfevents.1.host"
    text = tensor_value("t", from_array(strings(b"x" * 2000)), "text")
    first = [version_event(), Event(step=1, summary=Summary(value=[text])), scalar_event("loss", 1, 0.5)]
    write_events(file, first)
    run = tbevents.read_run(tmp_path)
    before, losses = run.texts["t"], run.scalars["loss"]
    assert run.texts["t"] is before
    text.ClearField("metadata")  # later events may leave it out
    image = Event(step=2, summary=Summary(value=[Summary.Value(tag="i", image={"width": 4})]))
    write_events(file, [*first, Event(step=2, summary=Summary(value=[text])), image, scalar_event("loss", 2, 0.25)])
    write_events(tmp_path / "events.out.tfevents.2.host", [Event(step=9, summary=Summary(value=[text]))])
    assert list(run.images) == []
    run.reload()
    assert (len(before), len(losses)) == (1, 1)
    assert run.texts["t"].steps.tolist() == [1, 2, 9]
    assert run.images["i"].last.width == 4
    assert run.scalars["loss"].values.tolist() == [0.5, 0.25]
    assert before.last.text == "x" * 2000


def test_series_are_read_only_sequences_of_points(read):
    run = read(*[tensor_value("t", from_array(strings(b"%d" % i)), "text") for i in range(3)])
    series = run.texts["t"]
    assert [point.text for point in series] == ["0", "1", "2"]
    assert (series[-1].text, series.first.text, series.last.text, series.at(8).text) == ("2", "0", "2", "1")
    assert repr(series) == "TextSeries('t', 3 points, steps 7 to 9)"
    with pytest.raises(IndexError, match="out of range"):
        series[3]
    with pytest.raises(tbevents.UnknownStepError, match="'t' has no point at step 5; the nearest steps are 7, 8, 9"):
        series.at(5)
    with pytest.raises(ValueError, match="read-only"):
        series.steps[0] = 1
    assert pickle.loads(pickle.dumps(series)).last.text == "2"
    large = read(*[tensor_value("t", from_array(strings(b"x" * 2000)), "text")] * 2).texts["t"]
    assert [point.text for point in pickle.loads(pickle.dumps(large))] == ["x" * 2000] * 2


def test_a_pickled_series_does_not_carry_what_was_read_last(tmp_path):
    values = [tensor_value(tag, from_array(strings(b"x" * 100_000)), "text") for tag in "ab"]
    write_events(tmp_path / "tfevents", [Event(summary=Summary(value=values))])
    series = tbevents.read_run(tmp_path).texts["a"]
    assert len(series.last.text) == 100_000
    assert len(pickle.dumps(series)) < 10_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the memory in use")
def test_the_metadata_of_a_tag_keep_no_event_in_memory(tmp_path):
    events = []
    blob = np.random.default_rng(0).bytes(1 << 20)
    for tag in range(60):
        image = Summary.Image(encoded_image_string=blob)
        value = Summary.Value(tag=f"i{tag}", image=image, metadata=SummaryMetadata(display_name="shown"))
        events.append(Event(summary=Summary(value=[value])).SerializeToString())
    write_events(tmp_path / "tfevents", events)
    del events, image, value
    code = """
import sys, tbevents
def used():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
tbevents.read_run(sys.argv[1], tags="i1").images["i1"].last
before = used()
run = tbevents.read_run(sys.argv[1])
print(len(run.images), (used() - before) >> 20)
"""
    answer = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout
    images, megabytes = map(int, answer.split())
    assert images == 60
    assert megabytes < 45, answer


@pytest.mark.parametrize("how", ["replaced", "truncated"])
def test_a_reload_after_a_file_was_truncated_or_replaced_reads_the_run_anew(tmp_path, how):
    file = tmp_path / "events.out.tfevents.1.host"
    events = [version_event(), scalar_event("old", 1, 0.5), scalar_event("loss", 2, 0.25), scalar_event("loss", 3, 1)]
    write_events(file, events)
    run = tbevents.read_run(tmp_path, restarts="tensorboard")
    before = run.scalars["loss"]
    write_events(file, [version_event(9.0), *events[2:]] if how == "replaced" else events[:3])
    with warnings_of(tbevents.DamageWarning, match="was truncated or replaced; reading the run again") as caught:
        run.reload()
    assert caught[0].filename == __file__
    assert run.scalars["loss"].steps.tolist() == ([2, 3] if how == "replaced" else [2])
    assert run.tags == (("loss",) if how == "replaced" else ("old", "loss"))
    assert before.steps.tolist() == [2, 3]
    assert run.reload().scalars["loss"].last.step == (3 if how == "replaced" else 2)
