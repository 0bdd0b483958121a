"""A kind that one module registers is shown by whatever shows kinds, with no edit elsewhere."""

from dataclasses import dataclass

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

import tbevents
from tbevents.errors import PayloadError, UnknownNameError
from tbevents.format.tensors import from_array, to_array
from tbevents.proto import Event, Summary
from tbevents.reading.kinds import kind as kind_table
from tbevents.reading.kinds.kind import Kind, kind_names, register
from tbevents.reading.kinds.recognition import numbers_of_shape
from tbevents.reading.series import LazySeries
from tbevents.testing import assert_runs_close, check_runs_close, check_tags
from tbevents.tools import check_run, describe_run
from tbevents.tools.report.content import Content
from tbevents.tools.report.limits import ReportLimits

BUILT_IN = (
    "scalars",
    "histograms",
    "images",
    "audio",
    "texts",
    "pr_curves",
    "meshes",
    "hparams",
    "custom_scalars",
    "graphs",
    "tensors",
)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    step: int
    wall_time: float
    cells: np.ndarray


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MatrixSeries(LazySeries[Matrix]):
    def _decode(self, value, step, wall_time):
        cells = to_array(value.tensor)
        if cells.sum() < 0:
            raise PayloadError("a confusion matrix counts, and nothing is counted below 0")
        return Matrix(step, wall_time, cells)


MATRICES = Kind(
    name="matrices",
    noun="matrix tag",
    plugins=("confusion",),
    fits=numbers_of_shape(2, 2),
    data_class="TENSOR",
    series=MatrixSeries,
)


@pytest.fixture
def matrices():
    tables = kind_table._KINDS, kind_table.FIELD_KINDS, kind_table.PLUGIN_KINDS
    before = [table.copy() for table in tables]
    register(MATRICES)
    yield
    for table, kinds in zip(tables, before, strict=True):
        table.clear()
        table.update(kinds)


def write_run(folder, *matrices, plugin="confusion"):
    events = [version_event(), scalar_event("loss", 0, 0.5)]
    for step, cells in enumerate(matrices):
        value = tensor_value("confusion", from_array(np.array(cells, np.float32)), plugin)
        events.append(Event(wall_time=1002.0, step=step, summary=Summary(value=[value])))
    write_events(folder / "events.out.tfevents.1.x", events)
    return folder


def read(folder, *matrices):
    return tbevents.read_run(write_run(folder, *matrices))


A, B = [[1, 2], [3, 4]], [[1, 2], [3, 5]]


def test_kinds_are_listed_in_their_order_and_the_rest_comes_last():
    assert kind_names() == BUILT_IN


@pytest.mark.usefixtures("matrices")
def test_a_new_kind_stands_before_the_tensors_of_no_kind():
    assert kind_names() == (*BUILT_IN[:-1], "matrices", "tensors")


def test_every_kind_with_series_is_a_property_of_the_run_and_found_by_name(tmp_path):
    run = read(tmp_path)
    without = []
    for name in kind_names():
        try:
            assert run.series(name) is getattr(run, name)
        except ValueError:
            without.append(name)
    assert without == ["hparams", "custom_scalars"]


def test_a_kind_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"kind must be .* not 'image'; did you mean 'images'"):
        read(tmp_path).series("image")


@pytest.mark.parametrize("kind", [{"name": "texts"}, {"field": "histo"}, {"plugins": ("hits", "audio")}])
def test_two_kinds_cannot_share_a_name_a_field_or_a_plugin(kind):
    taken = next(iter(kind.values()))
    taken = taken[-1] if isinstance(taken, tuple) else taken
    with pytest.raises(ValueError, match=f"already a kind of the name, field or plugin '{taken}'"):
        register(Kind(**{"name": "new", "noun": "new tag", **kind}))
    assert kind_names() == BUILT_IN


@pytest.mark.usefixtures("matrices")
def test_a_run_has_its_series(tmp_path):
    run = read(tmp_path, A, B)
    series = run.series("matrices")["confusion"]
    assert isinstance(series, MatrixSeries)
    assert series.at(1).cells.tolist() == B
    assert run.counts() == {"scalars": {"loss": 1}, "matrices": {"confusion": 2}}
    assert run.metadata["confusion"].data_class == "TENSOR"
    assert "1 matrix tag" in repr(run)
    with pytest.raises(UnknownNameError, match=r"no matrix tag 'loss'; it is of another kind: see run\.scalars"):
        run.series("matrices")["loss"]


def test_without_the_kind_its_values_are_tensors(tmp_path):
    assert list(read(tmp_path, A).tensors) == ["confusion"]


@pytest.mark.usefixtures("matrices")
def test_a_tensor_of_another_shape_is_not_of_the_kind(tmp_path):
    assert list(read(tmp_path, [[1, 2, 3]]).tensors) == ["confusion"]


@pytest.mark.usefixtures("matrices")
def test_it_can_be_chosen_when_a_run_is_read(tmp_path):
    write_run(tmp_path, A)
    assert tbevents.read_run(tmp_path, kinds="matrices").tags == ("confusion",)
    assert tbevents.read_run(tmp_path, kinds="scalars").tags == ("loss",)


@pytest.mark.usefixtures("matrices")
def test_describe_has_its_steps(tmp_path):
    (described,) = [each for each in describe_run(read(tmp_path, A, B)).tags if each.kind == "matrices"]
    assert (described.tag, described.count, described.first_step, described.last_step) == ("confusion", 2, 0, 1)


@pytest.mark.usefixtures("matrices")
def test_check_decodes_its_values(tmp_path):
    assert check_run(read(tmp_path / "whole", A)).intact
    checked = check_run(read(tmp_path / "bad", A, [[-9, 0], [0, 0]]))
    assert [bad.rpartition(": ")[2] for bad in checked.bad_values] == [
        "a confusion matrix counts, and nothing is counted below 0"
    ]


@pytest.mark.usefixtures("matrices")
def test_testing_compares_its_values(tmp_path):
    one, other = read(tmp_path / "one", A, A), read(tmp_path / "other", A, B)
    assert_runs_close(one, one)
    (found,) = check_runs_close(one, other)
    assert found.tag == "confusion"
    assert "1 of 2 matrices differs" in found.summary
    assert check_tags(one, exactly=["confusion"], kind="matrices") == []


@pytest.mark.usefixtures("matrices")
def test_a_golden_run_holds_its_values(tmp_path):
    from tbevents.testing import golden

    stem = str(tmp_path / "golden" / "run")
    stored = golden.save(stem, {".": read(tmp_path / "one", A)}, ("confusion",))
    assert stored.endswith(".tbruns")  # event files: scalars alone would be JSON
    assert golden.load(stem, {})["."].series("matrices")["confusion"][0].cells.tolist() == A


@pytest.mark.usefixtures("matrices")
def test_the_report_page_counts_its_tags(tmp_path):
    run = read(tmp_path, A)
    content = Content(ReportLimits())
    content.add("run", run)
    assert content.as_json({"run": run})["others"] == {"matrices": 1}


@pytest.mark.usefixtures("matrices")
def test_a_notebook_shows_it(tmp_path):
    html = read(tmp_path, A, B)._repr_html_()
    assert "<td" in html
    assert ">matrices</td>" in html
    assert ">0 to 1</td>" in html.partition(">matrices</td>")[2]
