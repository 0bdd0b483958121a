"""Check finds all that is damaged, and what is odd."""

import math
import re

import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

import tbevents
import tbevents.lint
from tbevents.errors import NotAnEventFileError
from tbevents.proto import Event, HParamsPluginData, SessionLog, SessionStartInfo, Summary, TensorProto
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


def oddities(folder):
    (found,) = check(folder)
    assert found.intact
    return {(each.kind, each.tag): each for each in found.oddities}


def test_two_kinds_under_one_tag_are_odd(tmp_path):
    histogram = Summary.Value(tag="x")
    histogram.histo.bucket_limit.append(1.0)
    histogram.histo.bucket.append(2.0)
    events = [version_event(), scalar_event("x", 0, 1.0), Event(step=0, summary=Summary(value=[histogram]))]
    write_events(tmp_path / "x.tfevents", events)
    odd = oddities(tmp_path)["kinds_differ", "x"]
    assert (
        str(odd)
        == "x: scalars and histograms under one tag: TensorBoard treats all as the first kind, and its page fails"
    )


def test_wall_times_that_are_no_times_are_odd(tmp_path):
    times = [1.0, math.nan, math.inf, -math.inf, -5.0, math.nan, 2.0]
    events = [version_event(), *(scalar_event("x", step, 1.0, time) for step, time in enumerate(times))]
    write_events(tmp_path / "x.tfevents", events)
    found = oddities(tmp_path)
    assert {kind: (each.count, each.step) for (kind, _), each in found.items()} == {
        "wall_time_nan": (2, 1),
        "wall_time_infinite": (2, 2),
        "wall_time_negative": (1, 4),
    }


def test_a_32_bit_step_that_wrapped_is_odd_and_does_not_go_back(tmp_path):
    steps = [number * 700_000_000 for number in range(12)]
    wrapped = [(step + 2**31) % 2**32 - 2**31 for step in steps]
    write_events(tmp_path / "x.tfevents", [version_event(), *(scalar_event("x", step, 1.0) for step in wrapped)])
    ((key, odd),) = oddities(tmp_path).items()
    assert (key, odd.count, odd.step) == (("steps_wrap", "x"), 2, wrapped[4])
    assert "unwrap_steps()" in odd.detail


def test_steps_that_are_all_0_are_odd_once(tmp_path):
    write_events(tmp_path / "x.tfevents", [version_event(), *(scalar_event("x", 0, value) for value in range(5))])
    ((key, odd),) = oddities(tmp_path).items()
    assert (key, odd.count) == (("steps_all_zero", "x"), 5)


def hparams_event(rate):
    value = Summary.Value(tag="_hparams_/session_start_info")
    value.metadata.plugin_data.plugin_name = "hparams"
    info = SessionStartInfo()
    info.hparams["lr"].number_value = rate
    value.metadata.plugin_data.content = HParamsPluginData(session_start_info=info).SerializeToString()
    return Event(summary=Summary(value=[value]))


def test_a_second_hparams_record_that_is_ignored_is_odd(tmp_path):
    write_events(tmp_path / "same" / "x.tfevents", [hparams_event(0.1), hparams_event(0.1)])
    assert oddities(tmp_path / "same") == {}
    write_events(tmp_path / "other" / "x.tfevents", [hparams_event(0.1), hparams_event(0.2)])
    ((key, odd),) = oddities(tmp_path / "other").items()
    assert (key, odd.count) == (("ignored_hparams", "_hparams_/session_start_info"), 1)
    assert "only the first is used" in odd.detail


def test_a_run_that_was_written_twice_is_odd_and_says_so_itself(tmp_path):
    for name, steps in (("1", range(5)), ("2", range(5)), ("3", range(5, 9))):
        events = [version_event(), *(scalar_event("x", step, 1.0) for step in steps)]
        write_events(tmp_path / f"events.out.tfevents.{name}.h", events)
    odd = oddities(tmp_path)["written_again", None]
    assert odd.count == 1
    assert odd.detail.startswith("written twice, ")
    assert "give each start a folder" in odd.detail
    assert 'duplicates="last"' in odd.detail
    assert ", 2 starts>" in repr(tbevents.read_run(tmp_path))


def test_a_run_with_one_point_that_was_written_twice_has_a_step(tmp_path):
    for name in ("1", "2"):
        write_events(tmp_path / f"events.out.tfevents.{name}.h", [version_event(), scalar_event("x", 0, 1.0)])
    odd = oddities(tmp_path)
    assert [kind for kind, _ in odd] == ["written_again", "repeated_steps"]
    assert odd["repeated_steps", "x"].detail == "1 point of a step logged before, first 0"


def test_the_advice_for_a_run_that_was_written_twice_keeps_every_step(tmp_path):
    for name, end in (("1", 20), ("2", 5)):  # the second start is shorter
        events = [version_event(), *(scalar_event("x", step, 1.0) for step in range(end))]
        write_events(tmp_path / f"events.out.tfevents.{name}.h", events)
    summary = next(each.summary for each in tbevents.lint.run(tmp_path) if each.code == "TB503")
    for advice in (oddities(tmp_path)["written_again", None].detail, summary):
        ((option, value),) = re.findall(r"(\w+)=['\"](\w+)['\"]", advice)
        assert len(tbevents.read_run(tmp_path, **{option: value}).scalars["x"]) == 20


def test_a_run_in_several_files_that_follow_each_other_was_written_once(tmp_path):
    for name, steps in (("1", range(5)), ("2", range(5, 9))):
        events = [version_event(), *(scalar_event("x", step, 1.0) for step in steps), scalar_event(f"own {name}", 0, 1)]
        write_events(tmp_path / f"events.out.tfevents.{name}.h", events)
    assert tbevents.read_run(tmp_path).starts == 1
    assert oddities(tmp_path) == {}


@pytest.mark.parametrize(("times", "times_in_words"), [(1, ""), (2, "written twice, "), (3, "written 3 times, ")])
@pytest.mark.parametrize("hparams", [False, True])
def test_a_start_counts_once_whatever_the_number_of_its_files(tmp_path, times, times_in_words, hparams):
    for _ in range(times):
        with tbevents.SummaryWriter(tmp_path) as writer:
            for step in range(5):
                writer.add_scalar("loss", 1 / (step + 1), step)
            if hparams:
                writer.add_hparams({"lr": 0.1}, {"accuracy": 0.9}, run_name=".")
    run = tbevents.read_run(tmp_path)
    assert len(run.files) == times * (1 + hparams)
    assert run.starts == times
    again = [each.value for each in tbevents.lint.run(tmp_path) if each.code == "TB503"]
    assert again == [times] * (times > 1)
    told = [
        odd.detail.partition("which")[0] for (kind, _), odd in oddities(tmp_path).items() if kind == "written_again"
    ]
    assert told == [times_in_words] * (times > 1)


@pytest.mark.parametrize(
    ("files", "starts"),
    [
        ([{"a": [0, 1]}, {"b": [0, 1]}, {"a": [0, 1]}, {"b": [0, 1]}], 2),  # two writers, both started again
        ([{"a": [0, 1], "b": [0, 1]}, {"a": [1, 2], "b": [2, 3]}], 2),  # one tag goes back, one goes on
        ([{"a": [0, 1], "b": [0, 1]}, {"a": [0]}, {"b": [1]}], 2),  # these may be two files of one start
        (
            [{"a": [0, 1], "b": [0]}, {"a": [0], "b": [1]}, {"a": [2], "b": [1]}, {"b": [0]}],
            3,
        ),  # a goes back once, b twice
        (
            [{"a": [0, 9]}, {"a": [0, 1]}, {"a": [2, 3]}, {"a": [10]}],
            3,
        ),  # the third is behind the first, though not the second
    ],
)
def test_the_starts_are_those_of_the_tag_that_was_repeated_most_often(tmp_path, files, starts):
    for number, tags in enumerate(files, 1):
        events = [scalar_event(tag, step, 1.0) for tag, steps in tags.items() for step in steps]
        write_events(tmp_path / f"events.out.tfevents.{number}.h", [version_event(), *events])
    assert tbevents.read_run(tmp_path).starts == starts


def test_an_empty_file_is_odd_and_no_damage(make_run):
    run = make_run("a", ("loss", 1, 1.0))
    (run / "events.out.tfevents.9.h").touch()
    ((key, odd),) = oddities(run).items()
    assert key == ("empty_file", None)
    assert "events.out.tfevents.9.h is empty" in odd.detail
