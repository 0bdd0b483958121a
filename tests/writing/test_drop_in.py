"""What scripts written for torch's and tensorboardX's writers reach for, besides the methods."""

import argparse
import dataclasses
import json
import math
import types

import numpy as np
import pytest

from tbevents.errors import WriterWarning
from tbevents.proto import DataType, Summary, TensorProto
from tbevents.reading.logdir import read_logdir
from tbevents.testing import MemoryWriter
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.null_sink import NullSink
from tbevents.writing.summary_writer import SummaryWriter


def point_of(*arguments):
    """The one point that a call of add_scalar leaves: step, wall time, value."""
    writer = MemoryWriter(clock=lambda: 9.0)
    writer.add_scalar("a", *arguments)
    (point,) = writer.run.scalars["a"]
    return point.step, point.wall_time, point.value


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_name_of_the_file_is_where_torchs_and_tensorboardxs_have_it(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        path = writer.file_writer.path
        assert writer.file_writer.event_writer._file_name == path
        assert writer.file_writer.event_writer._ev_writer._file_name == path
        writer.file_writer.event_writer.flush()
    assert NullSink("nowhere").event_writer._ev_writer._file_name is None


def test_log_dir_is_a_name_of_logdir(tmp_path):
    with EventFileWriter(log_dir=tmp_path) as writer:
        assert writer.get_logdir() == str(tmp_path)
    for given in ({}, {"logdir": tmp_path, "log_dir": tmp_path}):
        with pytest.raises(TypeError, match="either logdir or log_dir"):
            EventFileWriter(**given)


class Foreign:
    """A writer of another library among `all_writers`: its `flush` takes no argument."""

    def __init__(self):
        self.calls = []

    def flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")


@pytest.mark.parametrize("sync", [False, True])
def test_writers_of_other_libraries_are_flushed_and_closed(tmp_path, sync):
    writer, foreign = SummaryWriter(tmp_path), Foreign()
    writer.all_writers["elsewhere"] = foreign
    writer.flush(sync)
    with writer.use_metadata(global_step=1):
        writer.add_scalar("a", 1.0)
    writer.close()
    assert foreign.calls == ["flush", "close"]


# -- scalars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one_run", [False, True])
@pytest.mark.parametrize("form", ["tf1", "tf2"])
@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_exported_scalars_are_those_of_add_scalars(tmp_path, one_run, form, kind):
    options = {"clock": lambda: 9.0, "format": form, "scalars_in_one_run": one_run}
    folder = str(tmp_path / "run")
    writer = (SummaryWriter if kind == "disk" else MemoryWriter)(folder, **options)
    for step in range(3):
        writer.add_scalars("m/n", {"x": step / 2, "y/z": 1.0}, step)
        writer.add_scalar("m/n", 5.0, step)
    writer.add_scalars("other", {"x": math.inf})
    writer.export_scalars_to_json(tmp_path / "all.json")
    writer.close()
    assert json.loads((tmp_path / "all.json").read_text()) == {
        f"{folder}/m/n/x": [[9.0, 0, 0.0], [9.0, 1, 0.5], [9.0, 2, 1.0]],
        f"{folder}/m/n/y/z": [[9.0, step, 1.0] for step in range(3)],
        f"{folder}/other/x": [[9.0, 0, math.inf]],
    }


@pytest.mark.parametrize("form", ["tf1", "tf2"])
def test_exported_scalars_have_no_values_of_other_kinds(tmp_path, form):
    with SummaryWriter(tmp_path / "run", format=form, scalars_in_one_run=True, clock=lambda: 9.0) as writer:
        writer.add_scalars("m", {"x": 1.0}, 1)
        writer.add_histogram("m/x", [1.0, 2.0], 2)
        writer.add_tensor("m/x", [1.0, 2.0, 3.0], 3)
        writer.add_tensor("m/x", "words", 4)
        writer.add_audio("m/x", [0.5], 5)
        writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="m/x")]), 6)
        broken = TensorProto(dtype=DataType.DT_FLOAT, float_val=[1.0, 2.0, 3.0])  # a shape of one element
        writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="m/x", tensor=broken)]), 7)
        writer.add_scalar("m/x", 2.0, 8, new_style=True)
        writer.export_scalars_to_json(tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text()) == {f"{tmp_path}/run/m/x": [[9.0, 1, 1.0], [9.0, 8, 2.0]]}


def test_exported_numbers_that_are_not_finite_are_spelled_as_by_tensorboardx(tmp_path):
    peer = pytest.importorskip("tensorboardX", reason="writes the same file")
    texts = []
    for each in (SummaryWriter, peer.SummaryWriter):
        with each(str(tmp_path / "run")) as writer:
            writer.add_scalars("m", {"x": math.nan, "y": math.inf, "z": -math.inf}, 1, 9.0)
            writer.export_scalars_to_json(str(tmp_path / "all.json"))
        texts.append((tmp_path / "all.json").read_text())
    assert texts[0] == texts[1]
    assert "NaN" in texts[0]


def test_exported_scalars_are_those_of_the_current_files(tmp_path):
    with SummaryWriter(tmp_path / "run", flush_secs=1e9, clock=lambda: 9.0) as writer:
        writer.add_scalars("m", {"x": 1.0, "y": 1.0}, 1)
        writer.flush()
        (path,) = (tmp_path / "run" / "m_x").iterdir()
        path.rename(tmp_path / "elsewhere")
        writer.add_scalars("m", {"x": 2.0, "y": 2.0}, 2)
        with pytest.warns(WriterWarning, match="removed or renamed"):
            writer.export_scalars_to_json(tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text()) == {
        f"{tmp_path}/run/m/x": [[9.0, 2, 2.0]],
        f"{tmp_path}/run/m/y": [[9.0, 1, 1.0], [9.0, 2, 2.0]],
    }


def test_a_disabled_writer_exports_nothing(tmp_path):
    writer = SummaryWriter(tmp_path / "run", write_to_disk=False)
    writer.add_scalars("m", {"x": 1.0})
    writer.export_scalars_to_json(tmp_path / "all.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["0.5", b"0.5", " 5e-1 ", np.str_("0.5"), np.array("0.5"), np.array([b"0.5"])])
def test_a_value_may_be_a_number_in_a_string(value):
    assert point_of(value)[2] == 0.5
    writer = MemoryWriter()
    writer.add_scalars("m", {"x": value})
    writer.add_scalar("new", value, new_style=True)
    writer.add_hparams({}, {"metric": value}, run_name="r")
    runs = writer.runs
    series = (runs["m_x"].scalars["m"], runs["."].scalars["new"], runs["r"].scalars["metric"])
    assert [points.last.value for points in series] == [0.5] * 3


@pytest.mark.parametrize("value", ["", "half", "0.5 0.5", b"\xff", np.array(["0.5", "0.5"]), np.array("half")])
def test_a_string_without_a_number_is_refused(value):
    with pytest.raises(TypeError, match="'a': scalar_value: expected a real number"):
        point_of(value)


@pytest.mark.parametrize("step", ["3", b"3", np.array([3]), np.array([[3.9]]), np.array(3), np.ma.array([3])])
def test_a_step_may_be_an_array_of_one_or_an_integer_in_a_string(step):
    assert point_of(1.0, step)[0] == 3


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("three", "a whole number, not 'three'"),
        (b"1.5", "a whole number, not b'1.5'"),
        (np.array(["a"]), "a whole number, not array.*"),
        (math.nan, "a finite number, not nan"),
        (math.inf, "a finite number, not inf"),
    ],
)
def test_a_refused_step_says_what_is_expected(step, expected):
    with pytest.raises(ValueError, match=f"^'a': global_step must be {expected}$"):
        MemoryWriter().add_scalar("a", 1.0, step)


@pytest.mark.parametrize("step", ["3.5", "", "three", np.array([1, 2]), np.array([]), np.ma.masked, [3]])
def test_what_is_no_step_is_refused(step):
    with pytest.raises((TypeError, ValueError), match="'a': global_step must be a"):
        point_of(1.0, step)


@pytest.mark.parametrize("walltime", [np.array([1.5]), np.array([[1.5]]), np.array(1.5), np.float32(1.5)])
def test_a_time_may_be_an_array_of_one(walltime):
    assert point_of(1.0, 1, walltime)[1] == 1.5


@pytest.mark.parametrize("walltime", ["1.5", np.array([1.5, 2.5]), np.ma.masked])
def test_what_is_no_time_is_refused(walltime):
    with pytest.raises((TypeError, ValueError), match="'a': walltime"):
        point_of(1.0, 1, walltime)


class OnGpu:
    """Like CuPy's arrays: makes a float, and refuses to become a numpy array."""

    def __init__(self, number):
        self.number = number

    def __array__(self, *arguments, **options):
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __float__(self):
        return float(self.number)

    def __int__(self):
        return int(self.number)


def test_whatever_makes_a_float_is_a_number():
    assert point_of(OnGpu(0.5), OnGpu(3), OnGpu(1.5)) == (3, 1.5, 0.5)
    with pytest.raises(TypeError, match="'a': scalar_value: cannot make a number of OnGpu: could not convert"):
        point_of(OnGpu("half"))


def test_a_masked_value_is_nan():
    assert math.isnan(point_of(np.ma.masked)[2])
    assert math.isnan(point_of(np.ma.array([5], mask=[True]))[2])
    assert point_of(np.ma.array([5], mask=[False]))[2] == 5
    writer = MemoryWriter()
    writer.add_scalar_columns("c", [1, 2], np.ma.array([7, 8], mask=[True, False]))
    assert [repr(point.value) for point in writer.run.scalars["c"]] == ["nan", "8.0"]


class Distributed:
    """Like torch's DTensor, each process of which holds a part."""

    dtype = "torch.float32"

    def detach(self):
        return self

    cpu = numpy = detach

    def full_tensor(self):
        raise AssertionError("waits for all processes")

    __int__ = __float__ = full_tensor


def test_the_error_for_a_string_without_a_number_shows_it():
    with pytest.raises(TypeError, match=r"^'loss': scalar_value: expected a real number, got str: 'fast'$"):
        MemoryWriter().add_scalar("loss", "fast", 1)


def test_the_error_for_a_dtensor_says_how_to_gather_it():
    with pytest.raises(TypeError, match=r"scalar_value: .*Distributed.*\.full_tensor\(\)"):
        point_of(Distributed())
    with pytest.raises(TypeError, match=r"values: .*\.full_tensor\(\)"):
        MemoryWriter().add_histogram("h", Distributed())
    with pytest.raises(TypeError, match=r"^'loss': global_step: .*\.full_tensor\(\)"):
        MemoryWriter().add_scalar("loss", 1.0, Distributed())
    with pytest.raises(TypeError, match=r"^'loss': walltime: .*\.full_tensor\(\)"):
        MemoryWriter().add_scalar("loss", 1.0, 1, Distributed())
    with pytest.raises(TypeError, match=r"^hparam_dict\['a'\]\['scale'\]: .*\.full_tensor\(\)"):
        MemoryWriter().add_hparams({"a": {"scale": Distributed()}}, {})


# -- hyperparameters -----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Schedule:
    rate: float = 0.1
    names: tuple = ("a", "b")
    unset: object = None


@dataclasses.dataclass
class Settings:
    batch: int = 8
    schedule: Schedule = dataclasses.field(default_factory=Schedule)


NESTED = {"batch": 8, "schedule/rate": 0.1, "schedule/names": "('a', 'b')"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Settings(), NESTED),
        (argparse.Namespace(batch=8, schedule=Schedule()), NESTED),
        (types.SimpleNamespace(batch=8, schedule={"rate": 0.1}), {"batch": 8, "schedule/rate": 0.1}),
        ({"all": Settings()}, {f"all/{name}": value for name, value in NESTED.items()}),
    ],
)
def test_dataclasses_and_namespaces_of_hyperparameters_become_their_fields(tmp_path, given, expected):
    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams(given, {}, run_name="r")
    assert dict(read_logdir(tmp_path)["r"].hparams.parameters) == expected


def test_the_fields_of_a_namespace_can_be_metrics(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"batch": 8}, argparse.Namespace(loss=0.5), run_name="r")
    assert read_logdir(tmp_path)["r"].scalars["loss"].values.tolist() == [0.5]


def test_a_class_is_no_set_of_hyperparameters():
    with pytest.raises(TypeError, match="hparam_dict must be a mapping, not type"):
        MemoryWriter().add_hparams(Settings, {})
