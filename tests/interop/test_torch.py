"""Files beside those of torch's own SummaryWriter: the same calls, the same bytes after the first record."""

import math
import os
import time
from pathlib import Path

import numpy as np
import pytest

from tbevents import summary
from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.format.tensors import to_array
from tbevents.proto import Event, GraphDef, HParamsPluginData, RunMetadata
from tbevents.writing.summary_writer import SummaryWriter

torch = pytest.importorskip("torch", reason="compares with torch's SummaryWriter")
pytest.importorskip("tensorboard", reason="torch's SummaryWriter needs it")
pytest.importorskip("PIL", reason="torch's SummaryWriter makes PNGs with it")
from torch.utils.tensorboard import SummaryWriter as TorchWriter  # noqa: E402  # after importorskip
from torch.utils.tensorboard import summary as torch_summary  # noqa: E402

NOW = 1700000000.25


def records_below(folder):
    """Relative folder of each event file -> its payloads after the first, which names the writer."""
    found = {}
    for path in sorted(Path(folder).rglob("*tfevents*")):
        decoder = RecordDecoder(path=str(path))
        decoder.feed(path.read_bytes())
        payloads = []
        while (record := decoder.next_record()) is not NEED_DATA:
            payloads.append(bytes(record.payload))
        decoder.end()
        found.setdefault(path.parent.relative_to(folder).as_posix(), []).extend(payloads[1:])
    return found


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Makes a call on both writers, and returns what each left."""
    monkeypatch.setattr(time, "time", lambda: NOW)

    def run(call, **options):
        left = []
        for name, writer_class in (("torch", TorchWriter), ("ours", SummaryWriter)):
            torch.manual_seed(0)
            extra = {"clock": lambda: NOW} if writer_class is SummaryWriter else {}
            with writer_class(tmp_path / name, **options, **extra) as writer:
                call(writer)
            left.append(records_below(tmp_path / name))
        return left

    return run


def rand(*shape):
    return torch.rand(*shape)


BOXES = torch.tensor([[1.0, 2, 30, 40], [5, 5, 20, 45.5]])
LAYOUT = {"c": {"l": ["Multiline", ["a", "b"]], "m": ["Margin", ["a", "b", "c"]]}}
CALLS = {
    "scalar": lambda w: w.add_scalar("a b/ü", torch.tensor(0.1, requires_grad=True), 3, walltime=12.5),
    "scalar without a step": lambda w: w.add_scalar("a", 1),
    "scalars of many steps": lambda w: [w.add_scalar("a", step * 0.1, step * 1000) for step in range(100)],
    "special scalars": lambda w: [w.add_scalar("a", value, 2.9) for value in (math.nan, -math.inf, 1e300, -0.0)],
    "new_style": lambda w: w.add_scalar("a", np.float64(0.1), 1, new_style=True),
    "double_precision": lambda w: w.add_scalar("a", 0.1, -1, new_style=True, double_precision=True),
    "scalars": lambda w: w.add_scalars("main/tag", {"x": 1.0, "y/z": rand(1)}, 5),
    "histogram": lambda w: w.add_histogram("a", torch.randn(1000), 1),
    "histogram of a weight": lambda w: w.add_histogram("a", torch.nn.Linear(10, 10).weight, 1),
    "histogram of halves": lambda w: w.add_histogram("a", torch.randn(50).half(), 1),
    "histogram of integers": lambda w: w.add_histogram("a", torch.arange(50), 1, bins="auto"),
    "histogram of few bins": lambda w: w.add_histogram("a", rand(50), 1, bins=[0.0, 0.3, 1.0], max_bins=1),
    "histogram of max_bins": lambda w: w.add_histogram("a", torch.randn(500), 1, max_bins=100),
    "histogram_raw": lambda w: w.add_histogram_raw("a", 0, 3, 4, 5, 6, [1, 2, 3], [1, 1, 2], 1),
    "image": lambda w: w.add_image("a", rand(3, 20, 30), 1),
    "image out of range": lambda w: w.add_image("a", torch.randn(3, 20, 30), 1),
    "gray image": lambda w: w.add_image("a", rand(20, 30), 1, dataformats="HW"),
    "transparent image": lambda w: w.add_image("a", (rand(5, 6, 4) * 255).byte(), 1, dataformats="HWC"),
    "images": lambda w: w.add_images("a", rand(11, 3, 8, 9), 1),
    "gray images": lambda w: w.add_images("a", (rand(3, 8, 9, 1) * 255).byte(), 1, dataformats="NHWC"),
    "boxes": lambda w: w.add_image_with_boxes("a", rand(3, 60, 60), BOXES, 1, rescale=2, labels=["one", "two"]),
    "boxes without labels": lambda w: w.add_image_with_boxes("a", rand(3, 60, 60), BOXES, 1),
    "audio": lambda w: w.add_audio("a", rand(1, 500) * 2 - 1, 1, sample_rate=8000),
    "text": lambda w: w.add_text("a", "words ü", 1),
    "pr_curve": lambda w: w.add_pr_curve("a", np.arange(9) % 2, np.linspace(0, 1, 9), 1),
    "pr_curve of few": lambda w: w.add_pr_curve("a", rand(99) > 0.5, rand(99), 1, num_thresholds=7, weights=2.0),
    "pr_curve_raw": lambda w: w.add_pr_curve_raw("a", *np.arange(6 * 127.0).reshape(6, 127), 1),
    "custom_scalars": lambda w: w.add_custom_scalars(LAYOUT),
    "multilinechart": lambda w: w.add_custom_scalars_multilinechart(["a", "b"]),
    "marginchart": lambda w: w.add_custom_scalars_marginchart(["a", "b", "c"], "d", "e"),
    "mesh": lambda w: w.add_mesh("a", rand(2, 9, 3), (rand(2, 9, 3) * 255).int(), torch.tensor([[[0, 1, 2]]] * 2)),
    "cloud": lambda w: w.add_mesh("a", rand(1, 9, 3), config_dict={"b": 1, "a": {"c": 2}}, global_step=4),
    "hparams": lambda w: w.add_hparams({"lr": 0.1}, {"acc": 1.0}, {"lr": [0.1, 0.2]}, "run", 3),
    "hparams without a name": lambda w: w.add_hparams({"name": "sgd"}, {}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_same_call_leaves_the_same_bytes(call, both):
    theirs, ours = both(call)
    assert ours == theirs


def test_purging_leaves_the_same_bytes(both):
    theirs, ours = both(lambda w: w.add_scalar("a", 1.0, 9), purge_step=7)
    assert ours == theirs


@pytest.mark.parametrize("count", [1, 3])
def test_figures_leave_the_same_bytes(both, count):
    matplotlib = pytest.importorskip("matplotlib", reason="draws figures")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    def call(writer):
        figures = []
        for _ in range(count):
            figure, axes = plt.subplots(figsize=(2, 1.5))
            axes.plot([1, 3, 2])
            figures.append(figure)
        writer.add_figure("f", figures if count > 1 else figures[0], 3)
        assert plt.get_fignums() == []

    theirs, ours = both(call)
    assert ours == theirs


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "int8", "int16", "int32", "int64", "bool", "complex64", "complex128"]
)
def test_tensors_leave_the_same_bytes(both, dtype):
    theirs, ours = both(lambda w: w.add_tensor("t", (torch.randn(2, 3) * 9).to(getattr(torch, dtype)), 1))
    assert ours == theirs


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "uint8", "uint16"])
def test_tensors_that_torch_writes_in_ways_of_its_own_read_back_right(dtype):
    tensor = torch.tensor([1.5, 200.0]).to(getattr(torch, dtype))
    value = summary.tensor_proto("t", tensor).value[0]
    assert to_array(value.tensor).tolist() == tensor.tolist()


def test_values_of_hyperparameters_are_torchs_but_for_bools(both):
    theirs, ours = both(lambda w: w.add_hparams({"lr": 0.1, "n": 3, "name": "x", "none": None}, {"m": 1}, None, "run"))
    for mine, other in zip(ours["run"], theirs["run"], strict=True):
        mine, other = Event.FromString(mine), Event.FromString(other)
        for event in (mine, other):  # torch serialises the map of values in no particular order
            content = event.summary.value[0].metadata.plugin_data
            message = HParamsPluginData.FromString(content.content)
            content.content = message.SerializeToString(deterministic=True)
        assert mine == other


@pytest.mark.parametrize("shape", [(1,), (64,), (1000,), (3, 5, 7)])
@pytest.mark.parametrize("scale", [1e-13, 1.0, 1e19])
def test_builders_of_histograms_are_the_same_bytes(shape, scale):
    values = torch.randn(shape, dtype=torch.float64) * scale
    edges = summary.histograms.default_edges()
    ours, theirs = summary.histogram("h", values), torch_summary.histogram("h", values, edges)
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_every_builder_of_torchs_has_a_counterpart():
    assert set(torch_summary.__all__) <= set(summary.__all__)


def embedding_files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and "tfevents" not in path.name
    }


@pytest.mark.parametrize("header", [None, ["a", "b"]])
@pytest.mark.parametrize("channels", [1, 3])
def test_embeddings_are_the_same_files(both, tmp_path, header, channels):
    labels = [["x", 1], ["y", 2], ["z", 3]] if header else ["x", "y", "z"]

    def call(writer):
        writer.add_embedding(torch.randn(3, 4), labels, rand(3, channels, 6, 6), 2, "a/b%", header)
        writer.add_embedding(torch.arange(6).reshape(2, 3), tag="plain")

    both(call)
    assert embedding_files(tmp_path / "ours") == embedding_files(tmp_path / "torch")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)
        self.dropout = torch.nn.Dropout()

    def forward(self, values):
        return self.dropout(torch.relu(self.layer(values)))


@pytest.mark.filterwarnings("ignore")  # torch's tracer warns of itself
def test_the_graph_of_a_module_is_torchs(both):
    def call(writer):
        net = Net()
        writer.add_graph(net, torch.zeros(3, 4))
        assert net.training

    theirs, ours = both(call)
    parsed = []
    for payloads in (theirs["."], ours["."]):
        graph, metadata = map(Event.FromString, payloads)
        assert metadata.tagged_run_metadata.tag == "step1"
        parsed.append((GraphDef.FromString(graph.graph_def), metadata))
        assert (graph.wall_time, graph.step) == (NOW, 0)
    assert parsed[0] == parsed[1]
    assert any("Linear" in node.name for node in parsed[1][0].node)
    assert RunMetadata.FromString(parsed[1][1].tagged_run_metadata.run_metadata).step_stats.dev_stats


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int64", "bool"])
def test_tensors_of_torch_are_taken_everywhere(dtype, tmp_path):
    value = torch.ones(1, dtype=getattr(torch, dtype))
    if value.is_floating_point():
        value.requires_grad_()
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("s", value, torch.tensor(4))
        writer.add_scalars("g", {"a": value})
        writer.add_histogram("h", value)
        writer.add_tensor("t", value)
        writer.add_audio("a", value)
        writer.add_pr_curve("p", value, value)
        writer.add_hparams({"h": value}, {"m": value}, run_name="r")
        writer.add_embedding(value.reshape(1, 1))
    events = [Event.FromString(payload) for payload in records_below(tmp_path)["."]]
    assert [event.summary.value[0].tag for event in events] == ["s", "h", "t", "a", "p"]
    assert events[0].step == 4
    assert events[0].summary.value[0].simple_value == 1


def test_onnx_graphs_name_their_nodes(tmp_path):
    onnx = pytest.importorskip("onnx", reason="makes the model")
    helper = onnx.helper
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.INT64, [2, "n"])]
    outputs = [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2, 3])]
    node = helper.make_node("Cast", ["x"], ["y"], to=onnx.TensorProto.FLOAT)
    model = helper.make_model(helper.make_graph([node], "g", inputs, outputs))
    path = os.fspath(tmp_path / "model.onnx")
    onnx.save(model, path)
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_onnx_graph(path)
        writer.add_onnx_graph(model)
    first, second = records_below(tmp_path / "run")["."]
    graph = GraphDef.FromString(Event.FromString(first).graph_def)
    assert graph == GraphDef.FromString(Event.FromString(second).graph_def)
    assert [(node.name, node.op, list(node.input)) for node in graph.node] == [
        ("x", "Variable", []),
        ("y", "Variable", []),
        ("y", "Cast", ["x"]),
    ]
    assert graph.node[0].attr["dtype"].type == 9  # DT_INT64
    assert [dim.size for dim in graph.node[0].attr["shape"].shape.dim] == [2, 0]
    assert graph.node[2].attr["parameters"].s == b"to = 1"
