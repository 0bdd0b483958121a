"""The methods of `SummaryWriter`: each logs what its builder makes, and says what it lacks or refuses."""

import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tbevents import summary
from tbevents.errors import MissingExtraError
from tbevents.proto import Event, GraphDef, NodeDef
from tbevents.writing.summary_writer import SummaryWriter

from .logged import NEVER, events_in, last, values_in


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path, flush_secs=NEVER, clock=lambda: 1234.5) as writer:
        yield writer


# -- one summary a call --------------------------------------------------------------------------------------------

CALLS = {  # method -> what it is called with, the builder's name, what that is called with
    "add_tensor": (([1, 2],), "tensor_proto", ([1, 2],), {}),
    "add_histogram": (([1.0, 2.0],), "histogram", ([1.0, 2.0],), {}),
    "add_histogram_raw": ((0, 1, 2, 3, 4, [1], [2]), "histogram_raw", (0, 1, 2, 3, 4, [1], [2]), {}),
    "add_audio": (([0.5],), "audio", ([0.5],), {}),
    "add_text": (("words",), "text", ("words",), {}),
    "add_pr_curve": (([0, 1], [0.5, 0.5]), "pr_curve", ([0, 1], [0.5, 0.5]), {}),
    "add_pr_curve_raw": (([1],) * 6, "pr_curve_raw", ([1],) * 6, {}),
    "add_mesh": (([[[1, 2, 3]]],), "mesh", ([[[1, 2, 3]]],), {}),
    "add_image": ((np.ones((3, 2, 2)),), "image", (np.ones((3, 2, 2)),), {"dataformats": "CHW"}),
    "add_images": ((np.ones((2, 3, 2, 2)),), "image", (np.ones((2, 3, 2, 2)),), {}),
    "add_image_with_boxes": (
        (np.ones((3, 9, 9)), [[1, 1, 5, 5]]),
        "image_boxes",
        (np.ones((3, 9, 9)), [[1, 1, 5, 5]]),
        {},
    ),
    "add_video": ((np.ones((1, 2, 3, 4, 4)),), "video", (np.ones((1, 2, 3, 4, 4)),), {}),
}
OF_TWO_FORMS = {"histogram", "histogram_raw", "audio", "text", "image", "image_boxes", "video"}
OF_PILLOW = {"image", "image_boxes", "video"}


@pytest.mark.parametrize("form", ["tf1", "tf2"])
@pytest.mark.parametrize("method", CALLS)
def test_each_method_logs_its_builders_summary(method, form, tmp_path):
    arguments, builder, given, options = CALLS[method]
    if builder in OF_PILLOW:
        pytest.importorskip("PIL", reason="makes pictures")
    if builder in OF_TWO_FORMS:
        options = {**options, "format": form}
    with SummaryWriter(tmp_path, format=form) as writer:
        getattr(writer, method)("tag/of it", *arguments, global_step=7, walltime=12.5)
    (event,) = events_in(tmp_path)
    expected = getattr(summary, builder)("tag/of it", *given, **options)
    assert event == Event(wall_time=12.5, step=7, summary=expected)


@pytest.mark.parametrize("method", CALLS)
def test_a_tag_that_is_none_logs_nothing(method, writer):
    arguments, builder, _, _ = CALLS[method]
    if builder in OF_PILLOW:
        pytest.importorskip("PIL", reason="makes pictures")
    for tag in (None, 3, "\ud800"):
        with pytest.raises((TypeError, ValueError), match="tag"):
            getattr(writer, method)(tag, *arguments)
    writer.flush()
    assert events_in(writer.log_dir) == []


class NoNumber:
    """Raises what torch does for a tensor without data, or a complex one."""

    def __float__(self):
        raise RuntimeError("cannot be converted")

    __int__ = __float__


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"global_step": "x"},
        {"global_step": 2**63},
        {"global_step": NoNumber()},
        {"walltime": "x"},
        {"walltime": NoNumber()},
    ],
    ids=lambda wrong: " ".join(f"{key} {type(value).__name__}" for key, value in wrong.items()),
)
def test_a_wrong_step_or_time_logs_nothing(method, wrong, writer):
    arguments, builder, _, _ = CALLS[method]
    if builder in OF_PILLOW:
        pytest.importorskip("PIL", reason="makes pictures")
    with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
        getattr(writer, method)("t", *arguments, **wrong)
    writer.flush()
    assert events_in(writer.log_dir) == []


def test_a_list_of_pictures_is_a_batch(writer):
    pytest.importorskip("PIL", reason="makes pictures")
    pictures = [np.zeros((3, 2, 4)), np.ones((3, 2, 4))]
    writer.add_images("i", pictures, dataformats="CHW")
    assert last(writer)[2].image == summary.image("i", np.stack(pictures)).value[0].image
    writer.add_images("i", pictures)
    assert last(writer)[2].image.width == 8


def test_default_bins_are_the_edges_of_the_default_histogram(writer):
    values = np.random.default_rng(0).normal(size=100)
    writer.add_histogram("h", values)
    default = last(writer)[2]
    writer.add_histogram("h", values, bins=writer.default_bins)
    assert last(writer)[2] == default


# -- graphs --------------------------------------------------------------------------------------------------------

GRAPH = GraphDef(node=[NodeDef(name="x", op="Const")])


@pytest.mark.parametrize("graph", [GRAPH, GRAPH.SerializeToString(), bytearray(GRAPH.SerializeToString())])
def test_a_ready_graph_is_written_as_it_is(graph, writer, tmp_path):
    writer.add_graph(graph)
    writer.flush()
    (event,) = events_in(tmp_path)
    assert event == Event(wall_time=1234.5, graph_def=GRAPH.SerializeToString())


@pytest.mark.parametrize(("graph", "error"), [(b"\xff\xff", ValueError), (None, TypeError), ("text", TypeError)])
def test_what_is_no_graph_is_refused(graph, error, writer, tmp_path):
    with pytest.raises(error, match="model"):
        writer.add_graph(graph)
    writer.flush()
    assert events_in(tmp_path) == []


# -- figures -------------------------------------------------------------------------------------------------------


def test_a_figure_is_drawn_as_it_is_and_closed(pyplot, writer):
    figure = pyplot.figure(figsize=(2, 1), dpi=50, facecolor="lime")
    writer.add_figure("f", figure, 3)
    tag, step, value = last(writer)
    assert (tag, step, value.image.width, value.image.height, value.image.colorspace) == ("f", 3, 100, 50, 3)
    lime = np.broadcast_to(np.array([[[0]], [[255]], [[0]]], np.uint8), (3, 50, 100))
    assert value.image == summary.image("f", lime, dataformats="CHW").value[0].image
    assert pyplot.get_fignums() == []


def test_figures_may_stay_open_and_come_in_a_list(pyplot, writer):
    figures = [pyplot.figure(figsize=(1, 1), dpi=20) for _ in range(3)]
    canvas = figures[0].canvas
    writer.add_figure("f", figures, close=False)
    assert figures[0].canvas is canvas
    assert last(writer)[2].image.width == 60
    assert len(pyplot.get_fignums()) == 3
    writer.add_figure("f", figures)
    assert pyplot.get_fignums() == []


def test_figures_that_do_not_fit_are_refused_and_stay_open(pyplot, writer, tmp_path):
    figures = [pyplot.figure(figsize=(size, 1), dpi=20) for size in (1, 2)]
    with pytest.raises(ValueError, match="the same size"):
        writer.add_figure("f", figures)
    with pytest.raises(TypeError, match="figure"):
        writer.add_figure("f", "no figure")
    writer.flush()
    assert events_in(tmp_path) == []
    assert len(pyplot.get_fignums()) == 2


WRONG = {
    "step": lambda writer: writer.add_histogram("of this", [1.0], "x"),
    "walltime": lambda writer: writer.add_text("of this", "words", 0, math.nan),
    "step of scalars": lambda writer: writer.add_scalars("of this", {"a": 1.0}, "x"),
    "walltime of scalars": lambda writer: writer.add_scalars("of this", {"a": 1.0}, 0, math.nan),
    "value of scalars": lambda writer: writer.add_scalars("of this", {"a": "x"}),
    "key of scalars": lambda writer: writer.add_scalars("of this", {3: 1.0}),
    "folder of scalars": lambda writer: writer.add_scalars("of this", {"../../..": 1.0}),
    "mapping": lambda writer: writer.add_scalars("of this", [1.0]),
    "step of an embedding": lambda writer: writer.add_embedding([[1.0]], tag="of this", global_step="x"),
    "images": lambda writer: writer.add_images("of this", [[[1]]], 0, None, 3),
}


@pytest.mark.parametrize("log", WRONG.values(), ids=WRONG)
def test_a_wrong_argument_of_any_method_is_named_together_with_the_tag(writer, log):
    arguments = "global_step|walltime|tag_scalar_dict|dataformats"
    with pytest.raises((TypeError, ValueError), match=f"^'of this': .*({arguments})"):
        log(writer)


def test_what_is_no_figure_is_named_together_with_the_tag(writer, pyplot):
    with pytest.raises(TypeError, match=r"^'of this': figure must be"):
        writer.add_figure("of this", 3)


# -- packages that are not there -----------------------------------------------------------------------------------


def hide(monkeypatch, *packages):
    for package in packages:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize("method", [method for method, call in CALLS.items() if call[1] in OF_PILLOW])
def test_without_pillow_the_extra_is_named(method, writer, monkeypatch, tmp_path):
    hide(monkeypatch, "PIL")
    with pytest.raises(MissingExtraError, match=r"Pillow: pip install 'tbevents\[image\]'") as caught:
        getattr(writer, method)("t", *CALLS[method][0])
    assert caught.value.__cause__ is None  # the import that failed says no more
    assert caught.value.__suppress_context__
    writer.flush()
    assert events_in(tmp_path) == []


def test_without_matplotlib_the_extra_is_named(writer, monkeypatch):
    hide(monkeypatch, "matplotlib")
    with pytest.raises(MissingExtraError, match=r"matplotlib: pip install 'tbevents\[plot\]'"):
        writer.add_figure("f", object())


def test_without_torch_the_error_says_what_the_graph_of_a_module_needs(writer, monkeypatch):
    class Module:
        def forward(self):
            pass

    hide(monkeypatch, "torch")
    with pytest.raises(ImportError, match="logging the graph of a torch module needs torch"):
        writer.add_graph(Module())


def test_a_module_without_its_arguments_is_a_type_error_that_names_them(writer, monkeypatch):
    class Module:
        def forward(self, values):
            return values

    class Net(Module):
        pass

    class Scripted(Module):
        pass

    def trace(*_, **__):
        raise InterruptedError("torch traces")

    jit = SimpleNamespace(ScriptModule=Scripted, trace=trace)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(nn=SimpleNamespace(Module=Module), jit=jit))
    with pytest.raises(TypeError, match=r"input_to_model must be .* the arguments of Net, not None"):
        writer.add_graph(Net())
    for model, arguments in ((Net(), ()), (Net(), 1.0), (Scripted(), None)):
        with pytest.raises(InterruptedError):
            writer.add_graph(model, arguments)


def test_importing_and_logging_need_no_optional_package(tmp_path):
    code = f"""
import sys
for package in ("PIL", "matplotlib", "torch", "tensorboard", "tensorflow", "onnx", "jax"):
    sys.modules[package] = None
import tbevents.summary
from tbevents.writing.summary_writer import SummaryWriter
with SummaryWriter({str(tmp_path)!r}) as writer:
    writer.add_histogram("h", [1, 2]); writer.add_text("t", "x"); writer.add_audio("a", [0.0])
    writer.add_pr_curve("p", [1], [0.5]); writer.add_mesh("m", [[[1, 2, 3]]]); writer.add_tensor("x", [1])
    writer.add_hparams({{"lr": 1}}, {{}}); writer.add_embedding([[1, 2]], ["a"]); writer.add_scalars("s", {{"a": 1}})
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert len(values_in(tmp_path)) == 6
