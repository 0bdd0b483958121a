"""Check finds all that is damaged, and what is odd."""

import math

import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

from tbevents.errors import NotAnEventFileError
from tbevents.proto import Event, SessionLog, Summary, TensorProto
from tbevents.tools.check import check


def test_other_peoples_files_are_intact(corpus):
    found = list(check(corpus))
    assert len(found) == 8
    assert all(each.intact for each in found)
    assert sum(len(each.files) for each in found) == 9


def test_a_run_is_counted(make_run):
    run = make_run("a", ("loss", 1, 1.0), ("loss", 2, 1.0))
    (found,) = check(run)
    (file,) = run.iterdir()
    assert (found.run, found.path, found.files) == (".", str(run), (str(file),))
    assert (found.size, found.values, found.oddities) == (file.stat().st_size, 2, ())


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda data: data.__setitem__(0, data[0] ^ 1), "length_checksum"),
        (lambda data: data.__setitem__(14, data[14] ^ 1), "data_checksum"),
        (lambda data: data.__delitem__(slice(-1, None)), "incomplete"),
    ],
)
def test_damage_is_a_problem(make_run, change, kind):
    run = make_run("a", ("loss", 1, 1.0))
    (file,) = run.iterdir()
    data = bytearray(file.read_bytes())
    change(data)
    file.write_bytes(data)
    (found,) = check(run)
    assert not found.intact
    assert [problem.kind for problem in found.problems] == [kind]


BAD_VALUES = {
    "images": TensorProto(dtype=7, string_val=[b"no", b"picture"]),
    "histograms": TensorProto(dtype=2, tensor_content=b"12345"),
    "text": TensorProto(dtype=7, tensor_content=b"\xff"),
}


@pytest.mark.parametrize("plugin", BAD_VALUES)
def test_a_value_that_contradicts_itself_is_damage_though_reading_leaves_it(tmp_path, plugin):
    tensor = BAD_VALUES[plugin]
    for size in (2, 3):
        tensor.tensor_shape.dim.add(size=size) if plugin != "images" else None
    event = Event(step=7, summary=Summary(value=[tensor_value("bad", tensor, plugin)]))
    write_events(tmp_path / "x.tfevents", [version_event(), event])
    (found,) = check(tmp_path)
    assert not found.intact
    assert len(found.bad_values) == 1
    assert "tag 'bad', step 7" in found.bad_values[0]


def test_odd_steps_and_values_are_told_with_their_first_step(make_run):
    steps = [0, 1, 2, 3, 2, 3, 4, 1]
    values = [0.0, math.nan, 0.0, math.inf, 0.0, math.nan, 0.0, 0.0]
    run = make_run("a", *(("loss", *point) for point in zip(steps, values, strict=True)))
    (found,) = check(run)
    assert found.intact
    assert [(each.kind, each.tag, each.count, each.step) for each in found.oddities] == [
        ("steps_go_back", "loss", 2, 2),
        ("repeated_steps", "loss", 3, 2),
        ("nan", "loss", 2, 1),
        ("infinite", "loss", 1, 3),
    ]
    assert str(found.oddities[0]) == "loss: steps go back twice, first from 3 to 2"


@pytest.mark.parametrize(("steps", "count"), [([0], 0), ([5], 1), ([0, 5], 1), ([0, 0, 9], 2)])
def test_a_session_that_starts_again_is_a_restart(tmp_path, steps, count):
    starts = [Event(step=step, session_log=SessionLog(status=SessionLog.START)) for step in steps]
    write_events(tmp_path / "x.tfevents", [version_event(), *starts, scalar_event("a", 10, 1.0)])
    (found,) = check(tmp_path)
    assert sum(each.count for each in found.oddities if each.kind == "restart") == count


def test_a_file_of_another_sort_is_no_run_where_it_is_named_and_a_problem_where_not(tmp_path):
    path = tmp_path / "notes.tfevents.txt"
    path.write_bytes(b"these are notes about the run" * 9)
    with pytest.raises(NotAnEventFileError):
        list(check(path))
    (found,) = check(tmp_path)
    assert [problem.kind for problem in found.problems] == ["not_an_event_file"]
