"""Series as sequences: slices, wrong arguments, and how they and their points are shown."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from event_files import record, scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents import DamageWarning, SummaryWriter, read_run
from tbevents.format.tensors import from_array
from tbevents.proto import Event, Summary
from tbevents.reading.named_mapping import NamedMapping

pytest.importorskip("PIL", reason="makes pictures")

KINDS = ("scalars", "histograms", "images", "texts", "tensors", "meshes")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with SummaryWriter(folder) as writer:
        for step in range(4):
            writer.add_scalar("t/scalar", step / 2, step)
            writer.add_histogram("t/histogram", np.arange(step + 2.0), step)
            writer.add_image("t/image", np.full((3, 20, 20), step / 4), step)
            writer.add_text("t/text", f"{step}" * 600, step)
            writer.add_tensor("t/tensor", np.arange(step + 1.0), step)
            writer.add_mesh("t/mesh", np.full((1, 3, 3), float(step)), faces=np.zeros((1, 1, 3), int), global_step=step)
        writer.add_hparams({"lr": 0.1}, {"hparam/acc": 0.5}, run_name=".")
    return tbevents.read_run(folder)


def series_of(run, kind):
    (series,) = [series for tag, series in getattr(run, kind).items() if tag.startswith("t/")]
    return series


@pytest.mark.parametrize("kind", KINDS)
def test_a_slice_is_a_shorter_series_of_the_same_type(run, kind):
    series = series_of(run, kind)
    for wanted in (slice(1, 3), slice(None, None, -2), slice(-2, None), slice(9, None), slice(None)):
        part = series[wanted]
        assert type(part) is type(series)
        assert part.tag == series.tag
        places = list(range(4))[wanted]
        assert [point.step for point in part] == part.steps.tolist() == places
        assert [repr(point) for point in part] == [repr(series[place]) for place in places]
        assert not part.steps.flags.writeable


def test_a_sliced_mesh_keeps_its_parts_together(run):
    part = series_of(run, "meshes")[2:]
    assert [point.vertices[0, 0, 0] for point in part] == [2, 3]
    assert part.at(3).faces.shape == (1, 1, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", ["x", 1.0, None, (0, 1)])
def test_another_index_is_a_type_error_that_names_it(run, kind, index):
    with pytest.raises(TypeError, match=r"t/.*an index must be an integer or a slice"):
        series_of(run, kind)[index]


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_is_not_there_is_an_index_error(run, kind):
    for place in (4, -5):
        with pytest.raises(IndexError, match=f"index {place} is out of range: 't/.*has 4 points"):
            series_of(run, kind)[place]
    assert series_of(run, kind)[np.int64(-1)].step == 3
    nothing = series_of(run, kind)[:0]
    for look in (lambda: nothing.first, lambda: nothing.last, lambda: nothing[7]):
        with pytest.raises(IndexError, match=r"^'t/.*' has no points$"):
            look()


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_that_is_no_number_is_a_type_error(run, kind):
    with pytest.raises(TypeError, match="step must be a number, not 'x'"):
        series_of(run, kind).at("x")
    assert series_of(run, kind).at(2.0).step == series_of(run, kind).at(np.array(2)).step == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.between("a", 10), "first must be a number, not 'a'"),
        (lambda s: s.between(1, [2]), r"last must be a number, not \[2\]"),
        (lambda s: s.smooth("x"), "weight must be a number, not 'x'"),
        (lambda s: s.resample("x"), "n must be a whole number, not 'x'"),
        (lambda s: s.resample(2.5), "n must be a whole number, not 2.5"),
    ],
)
def test_a_wrong_argument_is_named(run, call, words):
    with pytest.raises(TypeError, match=words):
        call(series_of(run, "scalars"))


def test_the_steps_of_a_repr_are_from_the_least_to_the_greatest(run):
    for kind in ("scalars", "texts"):
        series = series_of(run, kind)
        mixed = replace(series, steps=np.array([5, 9, -2, 3]))
        assert ", 4 points, steps -2 to 9" in repr(mixed)
        assert repr(series[:0]) == f"{type(series).__name__}({series.tag!r}, no points)"


def test_a_repr_of_a_run_counts_in_the_singular_and_the_plural(tmp_path):
    write_events(tmp_path / "x.tfevents", [version_event(), scalar_event("a", 0, 1.0)])
    assert ": 1 scalar tag>" in repr(read_run(tmp_path))
    (tmp_path / "y.tfevents").write_bytes(b"no event file" * 9)
    with pytest.warns(DamageWarning):
        assert ": 1 scalar tag, 1 problem>" in repr(read_run(tmp_path))
    write_events(tmp_path / "x.tfevents", [version_event(), scalar_event("a", 0, 1.0), scalar_event("b", 0, 1.0)])
    with pytest.warns(DamageWarning):
        assert ": 2 scalar tags, 1 problem>" in repr(read_run(tmp_path))
    assert repr(NamedMapping("mesh", "here", {"a": 1, "b": 2})).startswith("<2 meshes: ")


def test_reprs_are_short(run):
    assert repr(series_of(run, "meshes")[:1]) == "MeshSeries('t/mesh', 1 point, vertices, faces)"
    assert repr(series_of(run, "texts")[1:2]) == "TextSeries('t/text/text_summary', 1 point, step 1)"
    assert repr(series_of(run, "texts")[1]) == f"Text(step=1, '{'1' * 60}...')"
    assert repr(series_of(run, "meshes")[0]) == "Mesh(step=0, vertices (1, 3, 3), faces (1, 1, 3))"
    assert repr(run.hparams) == "HParams({'lr': 0.1}, metrics={'hparam/acc': 0.5}, status='success')"


def test_the_repr_of_texts_in_an_array_shows_the_first():
    from tbevents.reading.kinds.text import Text

    encoded = np.array([[b"a", b"b"], [b"c", b"d"]], object)
    assert repr(Text(1, 0.0, encoded)) == "Text(step=1, shape (2, 2): 'a', 'b', 'c', ...)"


def test_the_repr_of_many_hyperparameters_shows_the_first():
    from tbevents.reading.kinds.hparams import HParams

    assert repr(HParams({str(i): i for i in range(10)})).endswith("'7': 7, ... 2 more}, status='unknown')")


# -- memory ------------------------------------------------------------------------------------------------------------


def bytes_kept(series):
    """How many bytes the arrays of a series keep alive."""
    bases = {}
    for array in (series.steps, series.wall_times, getattr(series, "values", None)):
        while isinstance(array, np.ndarray) and array.base is not None:
            array = array.base
        if array is not None:
            bases[id(array)] = array.nbytes
    return sum(bases.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_equal_and_has_arrays_of_its_own(run, kind):
    series = series_of(run, kind)
    copy = series.copy()
    assert type(copy) is type(series)
    assert copy.tag == series.tag
    assert (copy.steps.tolist(), copy.wall_times.tolist()) == (series.steps.tolist(), series.wall_times.tolist())
    assert len(list(copy)) == len(series)
    assert not np.shares_memory(copy.steps, series.steps)
    assert not np.shares_memory(copy.wall_times, series.wall_times)
    assert bytes_kept(copy[1:].copy()) <= 3 * 8 * len(series)
    with pytest.raises(ValueError, match="read-only"):
        copy.steps[0] = 1


def test_a_copy_of_one_series_of_many_keeps_only_itself_alive(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for tag in range(20):
            writer.add_scalar_columns(f"tag{tag}", np.arange(20_000), np.arange(20_000))
    series = tbevents.read_run(tmp_path).scalars["tag7"]
    assert series.copy() == series
    assert bytes_kept(series.copy()) == 20_000 * (8 + 8 + 4)


@pytest.mark.parametrize("together", [False, True], ids=["tag by tag", "step by step"])
def test_a_small_series_keeps_no_large_array_alive(tmp_path, together):
    with SummaryWriter(tmp_path) as writer:
        if together:
            for step in range(100):
                for tag in range(200):
                    writer.add_scalar(f"tag{tag}", step, step)
        else:
            for tag in range(20):
                writer.add_scalar_columns(f"tag{tag}", np.arange(1000), np.arange(1000))
        writer.add_scalar("rare", 1.0, 1)
    run = tbevents.read_run(tmp_path)
    assert bytes_kept(run.scalars["rare"]) <= 100
    series = run.scalars["tag0"]
    assert bytes_kept(series) <= 8 * (series.steps.nbytes + series.wall_times.nbytes + series.values.nbytes)


def test_the_callers_arrays_stay_writable():
    arrays = np.arange(3, dtype=np.int64), np.arange(3.0), np.arange(3.0)
    series = tbevents.ScalarSeries("loss", *arrays)
    for array in arrays:
        array[0] = 5
    for column in (series.steps, series.wall_times, series.values):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


@pytest.mark.parametrize(
    ("tag", "dtypes", "says"),
    [
        ("loss", (list, "f8", "f4"), "steps must be an array of int64, not list"),
        ("loss", ("f8", "f8", "f4"), "steps must be an array of int64, not of float64"),
        ("loss", ("i8", "f4", "f4"), "wall_times must be an array of float64, not of float32"),
        ("loss", ("i8", "f8", "i8"), "values must be an array of float32 or float64, not of int64"),
        (5, ("i8", "f8", "f4"), "tag must be a str, not int"),
    ],
)
def test_a_series_is_not_made_of_other_types(tag, dtypes, says):
    arrays = [[1, 2] if dtype is list else np.ones(2, dtype) for dtype in dtypes]
    with pytest.raises(TypeError, match=f"^{says}$"):
        tbevents.ScalarSeries(tag, *arrays)


@pytest.mark.parametrize("start", [0, 1, 2**31 - 1, -(2**31), 5 * 2**32])
@pytest.mark.parametrize("stride", [1, 700_000_000, 2**31 - 1])
def test_steps_of_a_32_bit_counter_are_unwrapped_exactly(start, stride):
    true = start % 2**32 + np.arange(20, dtype=np.int64) * stride
    wrapped = (true + 2**31) % 2**32 - 2**31
    series = tbevents.ScalarSeries("t", wrapped, np.zeros(20), np.zeros(20, np.float32)).unwrap_steps()
    assert (np.diff(series.steps) == stride).all()
    assert series.steps[0] == wrapped[0]


def test_steps_beyond_32_bits_are_not_unwrapped():
    steps = np.array([2**31, -(2**31)], np.int64)
    series = tbevents.ScalarSeries("t", steps, np.zeros(2), np.zeros(2, np.float32))
    assert series.unwrap_steps() is series


@pytest.mark.parametrize(
    "step", [10**400, -(10**400), 2**63, np.inf, np.nan], ids=["10**400", "-10**400", "2**63", "inf", "nan"]
)
def test_a_step_beyond_64_bits_is_none_of_a_series(step):
    series = tbevents.ScalarSeries("t", np.array([1, 3, 5], np.int64), np.zeros(3), np.zeros(3))
    with pytest.raises(tbevents.UnknownStepError, match=r"'t' has no point at step .*; the nearest steps are 1, 3, 5$"):
        series.at(step)


def test_the_greatest_and_the_least_step_are_found():
    series = tbevents.ScalarSeries("t", np.array([-(2**63), 2**63 - 1], np.int64), np.zeros(2), np.arange(2.0))
    assert [series.at(-(2**63)).value, series.at(2**63 - 1).value] == [0, 1]
    with pytest.raises(tbevents.UnknownStepError):
        series.at(2**63)


LARGE = [2**53, 2**53 + 1, 3, -(2**62) - 1, 2**63 - 1, 7]


@pytest.fixture(params=[1, 200])
def with_integers(tmp_path, request):
    """A tag of large int64, among scalars that are read as columns where there are many."""
    events = [version_event()]
    for step in range(6 * request.param):
        events.append(scalar_event("loss", step, step))
        tensor = from_array(np.array(LARGE[step % 6], np.int64))
        events.append(Event(wall_time=1.0, step=step, summary=Summary(value=[tensor_value("n", tensor, "scalars")])))
    write_events(tmp_path / "events.out.tfevents.1.h", events)
    return tmp_path, LARGE * request.param


def test_integers_beyond_float64_keep_their_value(with_integers):
    folder, expected = with_integers
    series = tbevents.read_run(folder).scalars["n"]
    assert series.values.dtype == np.float64
    assert series.values.tolist() == [float(number) for number in expected]
    assert series.exact_values == expected
    assert [point.value for point in series] == expected
    assert [series[place].value for place in range(len(series))] == expected
    assert series.last.value == 7.0
    assert series.at(1).value == 2**53 + 1
    assert series[1:5].exact_values == expected[1:5]
    assert series[::-1].exact_values == expected[::-1]
    assert series.between(3, 4).exact_values == expected[3:5]
    assert series.smooth(0.5).exact_values == series.smooth(0.5).values.tolist()
    assert series != tbevents.ScalarSeries("n", series.steps, series.wall_times, series.values)


def test_integers_beyond_float64_keep_their_value_where_points_are_left_out(with_integers):
    folder, expected = with_integers
    last = tbevents.read_run(folder, duplicates="last", restarts="tensorboard").scalars["n"]
    assert last.exact_values == expected
    run = tbevents.read_run(folder)
    tensor = from_array(np.array(2**64 - 1, np.uint64))
    more = Event(wall_time=1.0, step=9999, summary=Summary(value=[tensor_value("n", tensor, "scalars")]))
    with open(run.files[0], "ab") as file:
        file.write(record(more.SerializeToString()))
    assert run.reload().scalars["n"].exact_values == [*expected, 2**64 - 1]


@pytest.mark.parametrize("kind", KINDS)
def test_between_selects_by_step_in_every_kind(run, kind):
    series = series_of(run, kind)
    part = series.between(1, 2)
    assert type(part) is type(series)
    assert [point.step for point in part] == part.steps.tolist() == [1, 2]
    assert [repr(point) for point in part] == [repr(series[1]), repr(series[2])]
    assert series.between(last=0).steps.tolist() == [0]
    assert len(series.between(9)) == 0
    with pytest.raises(TypeError, match="first must be a number"):
        series.between("x")


@pytest.mark.parametrize("use", [np.asarray, np.mean, np.exp, np.diff])
def test_numpy_does_not_take_the_points_of_a_scalar_series_for_a_table(run, use):
    with pytest.raises(TypeError, match="'t/scalar' is no array: use its `values`, `steps` or `wall_times`"):
        use(series_of(run, "scalars"))


def test_an_array_as_index_is_refused_in_one_line(run):
    series = series_of(run, "scalars")
    with pytest.raises(TypeError, match=r"not an array of shape \(4,\); the arrays, such as `steps`, can be") as caught:
        series[series.values > 0]
    assert "\n" not in str(caught.value)


def test_a_mapping_of_series_can_be_pickled_and_copied(run):
    for copied in (pickle.loads(pickle.dumps(run.scalars)), copy.deepcopy(run.scalars)):
        assert copied == run.scalars
        with pytest.raises(tbevents.UnknownNameError, match=r"no scalar tag 'scalr'; did you mean 't/scalar'"):
            copied["scalr"]
    texts = pickle.loads(pickle.dumps(run.texts))
    assert [text.text for text in texts["t/text/text_summary"]] == [f"{step}" * 600 for step in range(4)]


def test_mappings_are_equal_as_dicts_are(run):
    again = tbevents.read_run(run.path)
    assert run.scalars == again.scalars == dict(run.scalars)
    assert dict(run.scalars) == run.scalars
    assert run.scalars == run.scalars
    assert run.images == run.images
    assert run.scalars != {}
    assert run.scalars != list(run.scalars)
    other = {tag: series[1:] for tag, series in run.scalars.items()}
    assert run.scalars != other


def test_a_long_tag_is_shortened_in_the_repr_of_a_mapping(run):
    mapping = NamedMapping("scalar tag", "run", {"x" * 100_000: 1})
    assert len(repr(mapping)) < 150


def test_the_repr_of_a_histogram_is_one_line(run):
    assert repr(series_of(run, "histograms")[2]).startswith("Histogram(step=2, buckets: ")
    assert len(repr(series_of(run, "histograms")[2])) < 100
