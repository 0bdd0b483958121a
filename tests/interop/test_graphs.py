"""Graphs of torch modules beside those of torch's own writer: the same nodes, to the byte of each attribute."""

import subprocess
import sys

import pytest

from tbevents import summary
from tbevents.proto import GraphDef, RunMetadata

torch = pytest.importorskip("torch", reason="traces modules")
from torch import nn  # noqa: E402  # after importorskip

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's tracer warns of itself


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.norm = nn.BatchNorm1d(2)
        self.stack = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.Dropout()))
        self.register_buffer("shift", torch.ones(2))
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, values, more=None):
        output = torch.relu(self.layer(values))
        for _ in range(2):  # a module that is called twice, and values with the name of an output
            output = self.stack(self.norm(output)) * self.scale + self.shift
        return output if more is None else output + more


class WithDict(Net):
    def forward(self, values):
        return {"out": super().forward(values), "in": values}


class WithTuple(Net):
    def forward(self, values):
        out = super().forward(values)
        return out, values, (out, values.size(0))


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.count: int = 3
        self._name: str = "a scripted module's own attribute"

    def forward(self, values):
        if values.sum() > 0:
            values = self.layer(values)
        for number in range(self.count):
            values = values + number
        return values


class Constant(nn.Module):
    def forward(self, values):
        return torch.tensor([1.5]) + torch.ones(3)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 4)
        self.cell = nn.LSTM(4, 3, 2)

    def forward(self, words):
        return self.cell(self.embed(words))


VALUES = torch.zeros(3, 4)
MODELS = {
    "module": lambda: (Net(), VALUES),
    "two inputs": lambda: (Net(), (VALUES, torch.ones(2))),
    "dict": lambda: (WithDict(), VALUES, False, False),
    "tuple": lambda: (WithTuple(), VALUES),
    "traced": lambda: (torch.jit.trace(Branches(), VALUES), VALUES),
    "scripted": lambda: (torch.jit.script(Branches()), VALUES),
    "branches": lambda: (Branches(), VALUES),
    "constant": lambda: (Constant(), VALUES),
    "identity": lambda: (nn.Identity(), VALUES),
    "recurrent": lambda: (Recurrent(), torch.zeros(2, 2, dtype=torch.long)),
    "transformer": lambda: (nn.TransformerEncoderLayer(4, 2), torch.zeros(2, 1, 4)),
    "convolution": lambda: (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()), torch.zeros(1, 1, 5, 5)),
    "DataParallel": lambda: (nn.DataParallel(Net()), VALUES),
}


@pytest.fixture
def theirs():
    pytest.importorskip("tensorboard", reason="torch's converter needs it")
    from torch.utils.tensorboard._pytorch_graph import graph

    return graph


def check_same(theirs, model, *arguments):
    definition, metadata = theirs(model, *arguments)
    ours, our_metadata = summary.graph(model, *arguments)
    ours, expected = GraphDef.FromString(ours), GraphDef.FromString(definition.SerializeToString())
    for mine, other in zip(ours.node, expected.node, strict=True):
        assert mine == other
    assert ours == expected
    assert RunMetadata.FromString(our_metadata) == RunMetadata.FromString(metadata.SerializeToString())


@pytest.mark.parametrize("name", MODELS)
def test_the_nodes_are_torchs(name, theirs):
    check_same(theirs, *MODELS[name]())


def test_the_nodes_of_a_hugging_face_model_are_torchs(theirs, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers", reason="makes a model from its configuration")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = transformers.BertModel(transformers.BertConfig(vocab_size=20, **sizes))
    check_same(theirs, model, torch.zeros(1, 5, dtype=torch.long), False, False)


def test_a_dict_is_refused_by_a_strict_trace():
    with pytest.raises(RuntimeError, match="strict=False"):
        summary.graph(WithDict(), VALUES)


def test_a_function_of_torch_jit_and_a_compiled_module_have_graphs_too():
    function = torch.jit.trace(lambda values: values * 2, VALUES)
    nodes = GraphDef.FromString(summary.graph(function, VALUES)[0]).node
    assert "aten::mul" in {node.op for node in nodes}
    compiled = torch.compile(nn.Linear(4, 2), backend="eager")
    assert summary.graph(compiled, VALUES) == summary.graph(compiled._orig_mod, VALUES)


def test_each_submodule_keeps_its_mode():
    net = Net()
    net.norm.eval()
    before = [module.training for module in net.modules()]
    summary.graph(net, VALUES)
    with pytest.raises(RuntimeError):
        summary.graph(net, torch.zeros(3, 5))
    assert [module.training for module in net.modules()] == before
    assert len(set(before)) == 2


def test_a_module_without_its_arguments_is_a_type_error_that_names_them():
    with pytest.raises(TypeError, match=r"input_to_model must be .* the arguments of Net, not None"):
        summary.graph(Net())


def test_verbose_prints_the_traced_graph(capsys):
    summary.graph(nn.Linear(4, 2), VALUES, True)
    assert "aten::linear" in capsys.readouterr().out


def test_a_graph_needs_neither_tensorboard_nor_tensorboardx(tmp_path):
    script = f"""
import sys
sys.modules["tensorboard"] = sys.modules["tensorboardX"] = sys.modules["tensorflow"] = None
import torch, tbevents
with tbevents.SummaryWriter({str(tmp_path)!r}) as writer:
    writer.add_graph(torch.nn.Linear(4, 2), torch.zeros(1, 4))
print(len(tbevents.read_run({str(tmp_path)!r}).graph.nodes))
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert out.returncode == 0, out.stderr
    assert int(out.stdout) == 5
