"""What is read of a run: tags, kinds, restarts, repeated steps."""

import itertools
import time

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events
from hypothesis import given
from hypothesis import strategies as st

import tbevents
from tbevents.format.event import parse_event
from tbevents.format.tensors import from_array
from tbevents.proto import Event, SessionLog, Summary
from tbevents.reading import run_builder
from tbevents.reading.restarts import History, overwritten, places_kept, without_duplicates


@pytest.fixture
def run_of(tmp_path):
    """Writes events, each list a file of its own, and reads the run."""

    def run_of(*files, **options):
        for number, events in enumerate(files, 1):
            write_events(tmp_path / f"events.out.tfevents.{number}.host", events)
        return tbevents.read_run(tmp_path, **options)

    return run_of


def image(tag, step=0, **fields):
    return Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, image=fields)]))


def start(step):
    return Event(step=step, session_log=SessionLog(status=SessionLog.START))


MANY = [
    version_event(),
    *(scalar_event(tag, step, step / 7) for step in range(200) for tag in ("train/loss", "train/acc", "val/loss")),
    image("train/picture", width=3),
    image("loss[0]", width=4),
]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (None, ["train/loss", "train/acc", "val/loss", "train/picture", "loss[0]"]),
        ("train/loss", ["train/loss"]),
        ("*loss", ["train/loss", "val/loss"]),
        (["train/a*", "val/*"], ["train/acc", "val/loss"]),
        ("loss[0]", ["loss[0]"]),
        ("?rain/loss", ["train/loss"]),
        ("TRAIN/*", []),
        ((), []),
    ],
)
def test_only_the_tags_that_were_asked_for_are_there(run_of, tags, expected):
    run = run_of(MANY, tags=tags)
    assert list(run.tags) == expected
    assert all(len(series) == 200 for series in run.scalars.values())
    assert sum(len(part) for part in run.counts().values()) == len(expected)


def test_points_of_unwanted_tags_are_not_stored(run_of):
    run = run_of(MANY, tags="val/*")
    assert list(run._data.tags) == ["val/loss"]
    assert sum(tag.scalar_count for tag in run._data.by_number) == 200


def test_points_of_unwanted_tags_cost_little(run_of, monkeypatch):
    parsed = []

    def counting(*arguments, **options):
        parsed.append(arguments)
        return parse_event(*arguments, **options)

    monkeypatch.setattr(run_builder, "parse_event", counting)
    run_of(MANY, tags="val/*")
    assert len(parsed) < 60, "the column path passes over them"


def test_filtering_also_holds_for_what_comes_later(run_of, tmp_path):
    run = run_of(MANY, tags="*acc", kinds="scalars")
    more = [scalar_event(tag, step, 1.0) for step in range(100) for tag in ("train/acc", "val/acc", "val/loss")]
    write_events(tmp_path / "events.out.tfevents.2.host", [*more, image("new/acc")])
    run.reload()
    assert {tag: len(series) for tag, series in run.scalars.items()} == {"train/acc": 300, "val/acc": 100}
    assert run.tags == ("train/acc", "val/acc")


def test_only_the_kinds_that_were_asked_for_are_there(run_of):
    assert list(run_of(MANY, kinds="images").tags) == ["train/picture", "loss[0]"]
    run = run_of(MANY, kinds=["scalars", "hparams"])
    assert list(run.tags) == ["train/loss", "train/acc", "val/loss"]
    assert list(run.images) == []


def test_the_plugins_own_tags_come_along_with_any_tags(run_of):
    layout = tensor_value("custom_scalars__config__", from_array(np.array(b"", object)), "custom_scalars")
    run = run_of([Event(summary=Summary(value=[layout])), scalar_event("a", 0, 1)], tags="a")
    assert run.layout is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"restarts": "tensorbord"},
            "restarts must be .* not 'tensorbord'; did you mean 'tensorboard'?",
        ),
        ({"duplicates": "mean"}, "duplicates must be 'keep', 'first' or 'last', not 'mean'$"),
        ({"kinds": ["scalar"]}, "kinds must be .* not 'scalar'; did you mean 'scalars'?"),
    ],
)
def test_an_unknown_option_names_those_there_are(tmp_path, options, message):
    write_events(tmp_path / "tfevents", MANY[:1])
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        tbevents.read_run(tmp_path, **options)
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        tbevents.read_logdir(tmp_path, **options)


@pytest.mark.parametrize("tags", [3, [1], b"loss"])
def test_tags_of_another_type_are_an_error_at_the_call(tmp_path, tags):
    write_events(tmp_path / "tfevents", MANY[:1])
    with pytest.raises(TypeError, match="tags must be a str or an iterable of str"):
        tbevents.read_run(tmp_path, tags=tags)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "no scalar tag 'train/picture'; it is of another kind: see run.images"),
        ({"tags": "val/*"}, "no scalar tag 'train/picture'; the run was read without it, see `tags`"),
        ({"kinds": "scalars"}, "no scalar tag 'train/picture'; the run was read without its kind, see `kinds`"),
    ],
)
def test_a_tag_of_another_kind_or_left_out_is_said_to_be_so(run_of, options, message):
    with pytest.raises(KeyError) as raised:
        run_of(MANY, **options).scalars["train/picture"]
    assert str(raised.value).endswith(message)


def test_an_unknown_tag_names_the_nearest(run_of):
    with pytest.raises(tbevents.UnknownNameError, match=r"no scalar tag 'train/los'; did you mean 'train/loss' or"):
        run_of(MANY).scalars["train/los"]
    texts = tensor_value("note/text_summary", from_array(np.array([b"x"], object)), "text")
    with pytest.raises(tbevents.UnknownNameError, match="no text tag 'note'; did you mean 'note/text_summary'"):
        run_of([Event(summary=Summary(value=[texts]))]).texts["note"]


# Restarts and duplicates.


def steps_of(run, tag="a"):
    return run.scalars[tag].steps.tolist()


BACK = [scalar_event("a", step, i) for i, step in enumerate([0, 1, 2, 1, 2])]


@pytest.mark.parametrize(
    ("events", "restarts", "expected"),
    [
        ([version_event(), *BACK], "keep", [0, 1, 2, 1, 2]),
        ([version_event(), *BACK], "overwrite", [0, 1, 2]),
        ([version_event(), *BACK], "tensorboard", [0, 1, 2, 1, 2]),
        (BACK, "keep", [0, 1, 2, 1, 2]),
        (BACK, "tensorboard", [0, 1, 2]),
        ([Event(file_version="brain.Event:1"), *BACK], "tensorboard", [0, 1, 2]),
        ([version_event(), *BACK[:3], start(2), *BACK[3:]], "tensorboard", [0, 1, 1, 2]),
        ([version_event(), *BACK[:3], start(0)], "tensorboard", []),
        ([*BACK[:3], start(0), *BACK[3:]], "tensorboard", [0, 1, 2, 1, 2]),
        ([version_event(), start(0), *BACK], "tensorboard", [0, 1, 2, 1, 2]),
    ],
)
@pytest.mark.parametrize("split", [None, 4])
def test_restarts(run_of, events, restarts, expected, split):
    files = [events] if split is None else [events[:split], events[split:]]
    run = run_of(*files, restarts=restarts)
    assert steps_of(run) == expected
    assert run.counts()["scalars"]["a"] == sum(event.HasField("summary") for event in events)


def test_what_survives_an_overwriting_restart_are_the_later_values(run_of):
    assert run_of([version_event(), *BACK], restarts="overwrite").scalars["a"].values.tolist() == [0, 3, 4]


def test_a_step_that_goes_back_purges_the_tags_of_its_event_alone(run_of):
    events = [
        scalar_event("a", 5, 0),
        scalar_event("b", 5, 1),
        image("a", 6),
        scalar_event("b", 3, 2),
        scalar_event("a", 3, 3),
        scalar_event("a", 2, 4),
    ]
    run = run_of(events, restarts="tensorboard")
    assert steps_of(run, "b") == [3]
    assert steps_of(run, "a") == [2]
    assert len(run.images["a"]) == 0
    run = run_of([scalar_event("a", 5, 0), Event(step=1), scalar_event("a", 3, 3)], restarts="tensorboard")
    assert steps_of(run, "a") == [5, 3], "step 3 is no step back from the latest event"


def test_a_start_purges_all_tags_and_kinds_across_files(run_of):
    first = [version_event(), scalar_event("a", 1, 1), scalar_event("b", 8, 1), image("i", 4), image("i", 5)]
    run = run_of(first, [version_event(), start(5), scalar_event("a", 5, 2)], restarts="tensorboard")
    assert (steps_of(run), steps_of(run, "b"), run.images["i"].steps.tolist()) == ([1, 5], [], [4])


def test_a_start_purges_a_tag_of_several_kinds(run_of):
    events = [
        version_event(),
        *(scalar_event("a", step, step) for step in (1, 9, 2)),
        *(image("a", step) for step in (8, 1, 2, 9)),
        start(3),
        image("a", 7),
    ]
    run = run_of(events, restarts="tensorboard")
    assert steps_of(run) == [1, 2]
    assert run.images["a"].steps.tolist() == [1, 2, 7]


def test_restarts_that_come_with_a_reload(run_of, tmp_path):
    runs = {
        restarts: run_of([version_event(), *BACK[:3]], restarts=restarts) for restarts in ("overwrite", "tensorboard")
    }
    write_events(tmp_path / "events.out.tfevents.2.host", [version_event(), start(1), *BACK[3:]])
    for run in runs.values():
        assert steps_of(run) == [0, 1, 2]
        assert run.reload().scalars["a"].values.tolist() == [0, 3, 4]


@pytest.mark.parametrize(
    ("duplicates", "expected"), [("keep", [0, 1, 2, 3, 4]), ("first", [0, 1, 2]), ("last", [0, 3, 4])]
)
def test_duplicates(run_of, duplicates, expected):
    run = run_of([version_event(), *BACK], duplicates=duplicates)
    assert run.scalars["a"].values.tolist() == expected


def test_duplicates_of_what_restarts_leave(run_of):
    events = [version_event(), *(scalar_event("a", step, i) for i, step in enumerate([4, 4, 2, 2, 5]))]
    assert run_of(events, restarts="overwrite", duplicates="last").scalars["a"].values.tolist() == [3, 4]
    images = [image("i", step, width=i) for i, step in enumerate([4, 4, 2, 2, 5])]
    assert [point.width for point in run_of(images, duplicates="first").images["i"]] == [0, 2, 4]


STEPS = st.lists(st.integers(-3, 6) | st.sampled_from([2**63 - 1, -(2**63)]), max_size=30)


@given(STEPS)
def test_overwriting_is_the_plain_rule(steps):
    left = []
    for place, step in enumerate(steps):
        left = [before for before in left if steps[before] < step] + [place]
    assert np.flatnonzero(~overwritten(np.array(steps, np.int64))).tolist() == left


@given(STEPS, st.sampled_from(["first", "last"]))
def test_dropping_duplicates_is_the_plain_rule(steps, which):
    of_step = {}
    for place, step in enumerate(steps):
        if which == "last" or step not in of_step:
            of_step[step] = place
    places = without_duplicates(np.array(steps, np.int64), which)
    assert sorted(of_step.values()) == (list(range(len(steps))) if places is None else places.tolist())


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("points"), st.integers(0, 8), st.sets(st.sampled_from("ab"), min_size=1)),
        st.tuples(st.just("start"), st.integers(0, 8), st.none()),
        st.tuples(st.just("version"), st.sampled_from([0, 1, 2]), st.none()),
    ),
    max_size=40,
)


@given(EVENTS, st.lists(st.integers(0, 40), max_size=4), st.booleans())
def test_the_rules_of_tensorboard_are_the_plain_rules(events, cuts, general):
    """Against a model of them event by event, whatever the blocks, by columns and by the general decoder."""
    points = {"a": [], "b": []}
    version, latest = 0, -1
    for record, (kind, number, tags) in enumerate(events):
        if kind == "version":
            version = number
            latest = 0 if version < 2 else latest
        elif kind == "start" and version < 2:
            latest = number
        elif kind == "start":
            points = {tag: [point for point in kept if point[0] < number] for tag, kept in points.items()}
        elif kind == "points":
            for tag in tags:
                if version < 2 and number < latest:
                    points[tag] = [point for point in points[tag] if point[0] < number]
                points[tag].append((number, record))
            if version < 2 and number >= latest:
                latest = number

    history = History()
    for begin, end in itertools.pairwise(sorted({0, len(events), *(min(cut, len(events)) for cut in cuts)})):
        block = events[begin:end]
        is_summary = np.zeros(len(block), bool)
        steps = np.zeros(len(block), np.int64)
        for place, (kind, number, _) in enumerate(block):
            if kind == "version":
                history.add(Event(file_version=f"brain.Event:{number}"), begin + place)
            elif kind == "start":
                history.add(start(number), begin + place)
            elif general and place % 2:
                history.add(Event(step=number, summary=Summary()), begin + place)
            else:
                is_summary[place], steps[place] = True, number
        history.end_block(begin, is_summary, steps)
    for tag in "ab":
        own = [
            (record, number) for record, (kind, number, tags) in enumerate(events) if kind == "points" and tag in tags
        ]
        records, steps = (np.array(column, np.int64) for column in (zip(*own, strict=True) if own else ((), ())))
        kept = records[~history.removed(records, steps)]
        assert kept.tolist() == [record for _, record in points[tag]]


def test_a_million_points_with_restarts_take_well_under_a_second():
    rng = np.random.default_rng(0)
    steps = np.arange(1_000_000) % 100_000 + rng.integers(0, 50, 1_000_000)
    records = np.arange(1_000_000) * 2
    history = History()
    history.add(version_event(), 0)
    for restart in range(9):
        history.add(start(50_000), 200_000 * (restart + 1))
    history.end_block(0, np.zeros(2_000_000, bool), np.zeros(2_000_000, np.int64))
    begin = time.process_time()
    kept = places_kept(steps, history.removed(records, steps), "last")
    also = places_kept(steps, overwritten(steps), "first")
    assert time.process_time() - begin < 1.5
    assert 0 < len(kept) < 1_000_000
    assert 0 < len(also) < 1_000_000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": 5}, "name must be a str, not 5"),
        ({"strict": "no"}, "strict must be True or False, not 'no'"),
        ({"strict": 1}, "strict must be True or False, not 1"),
    ],
)
def test_a_name_or_a_flag_of_another_type_is_refused(run_of, options, says):
    with pytest.raises(TypeError, match=f"^{says}$"):
        run_of([version_event()], **options)


def test_a_flag_of_numpy_is_one(run_of):
    assert run_of([version_event()], strict=np.True_).options.strict
