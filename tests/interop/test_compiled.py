"""Steps that torch compiles or traces log what they log when they are run as they are."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tbevents.format.record_decoder import NEED_DATA, RecordDecoder
from tbevents.testing import MemoryWriter
from tbevents.writing.summary_writer import SummaryWriter

torch = pytest.importorskip("torch", reason="compiles and traces steps")

MODULE = torch.nn.Linear(4, 2)
BOX = np.array([[1.0, 1, 3, 3]])


def figure():
    matplotlib = pytest.importorskip("matplotlib", reason="draws figures")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(1, 1))[0]


CALLS = {
    "add_scalar": lambda w, x, i: w.add_scalar("a", x.sum(), i),
    "add_scalar of a float": lambda w, x, i: w.add_scalar("a", 0.5, i, walltime=12.5),
    "add_scalar, new_style": lambda w, x, i: w.add_scalar("a", x.sum(), i, new_style=True),
    "add_scalar, many tags": lambda w, x, i: [w.add_scalar(f"a{k}", x[0], i) for k in range(12)],
    "add_scalars": lambda w, x, i: w.add_scalars("m", {"x": x.sum(), "y": 1.0}, i),
    "add_scalar_columns": lambda w, x, i: w.add_scalar_columns("c", [i, i + 1], x[:2]),
    "add_tensor": lambda w, x, i: w.add_tensor("t", x, i),
    "add_histogram": lambda w, x, i: w.add_histogram("h", x, i),
    "add_histogram_raw": lambda w, x, i: w.add_histogram_raw("h", 0, 3, 4, 5, 6, [1, 2, 3], [1, 1, 2], i),
    "add_image": lambda w, x, i: w.add_image("i", x.reshape(1, 2, 2), i),
    "add_images": lambda w, x, i: w.add_images("i", x.reshape(1, 1, 2, 2), i),
    "add_image_with_boxes": lambda w, x, i: w.add_image_with_boxes("i", np.zeros((3, 9, 9)), BOX, i),
    "add_figure": lambda w, x, i: w.add_figure("f", figure(), i),
    "add_video": lambda w, x, i: w.add_video("v", torch.zeros(1, 2, 3, 4, 4), i),
    "add_audio": lambda w, x, i: w.add_audio("s", x, i),
    "add_text": lambda w, x, i: w.add_text("t", "words", i),
    "add_pr_curve": lambda w, x, i: w.add_pr_curve("p", x > 0.5, x, i),
    "add_pr_curve_raw": lambda w, x, i: w.add_pr_curve_raw("p", *np.arange(54.0).reshape(6, 9), i, num_thresholds=9),
    "add_mesh": lambda w, x, i: w.add_mesh("m", torch.zeros(1, 3, 3), global_step=i),
    "add_embedding": lambda w, x, i: w.add_embedding(x.reshape(2, 2), global_step=i),
    "add_hparams": lambda w, x, i: w.add_hparams({"a": 1}, {"m": x.sum()}, run_name="r", global_step=i),
    "add_graph": lambda w, x, i: w.add_graph(MODULE, torch.zeros(1, 4)),
    "add_custom_scalars": lambda w, x, i: w.add_custom_scalars({"c": {"l": ["Multiline", ["a", "b"]]}}),
    "add_custom_scalars_multilinechart": lambda w, x, i: w.add_custom_scalars_multilinechart(["a"]),
    "add_custom_scalars_marginchart": lambda w, x, i: w.add_custom_scalars_marginchart(["a", "b", "c"]),
    "use_metadata": lambda w, x, i: [w.add_text("t", "words") for _ in [0] if w.use_metadata(global_step=i)],
    "export_scalars_to_json": lambda w, x, i: w.export_scalars_to_json(Path(w.log_dir) / "exported"),
    "flush": lambda w, x, i: w.flush(),
    "close": lambda w, x, i: (w.add_scalar("a", 1.0, i), w.close()),
    "get_logdir": lambda w, x, i: w.get_logdir(),
}
NOT_LOGGING = {"add_onnx_graph"}  # it is the same as add_graph of bytes, once the model is read


def left_in(folder):
    """Relative path -> what is in it: payloads after the first, or bytes. Files of one folder go by their order."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if "tfevents" in path.name:
            decoder = RecordDecoder(path=str(path))
            decoder.feed(path.read_bytes())
            payloads = []
            while (record := decoder.next_record()) is not NEED_DATA:
                payloads.append(bytes(record.payload))
            found.setdefault(path.parent.relative_to(folder).as_posix(), []).extend(payloads[1:])
        elif path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def steps_of(call, writer, run):
    """Four steps of a loop, which `run` may compile."""

    def step(x, i):
        x = x * 2
        call(writer, x, i)
        return x.sum() + i

    step = run(step)
    for i in range(4):
        assert step(torch.full((4,), 0.1 * (i + 1)), i) == pytest.approx(0.8 * (i + 1) + i)


def test_every_method_is_tried():
    public = {name for name in vars(SummaryWriter) | _inherited() if name.startswith(("add_", "export", "use"))}
    assert public <= {name.partition(",")[0].partition(" ")[0] for name in CALLS} | NOT_LOGGING


def _inherited():
    return {name: None for parent in SummaryWriter.__mro__ for name in vars(parent)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's, of jit.trace
@pytest.mark.parametrize("name", CALLS)
def test_a_compiled_step_leaves_the_same_files(name, tmp_path):
    for folder, run in (("plain", lambda step: step), ("compiled", lambda s: torch.compile(s, backend="eager"))):
        torch._dynamo.reset()
        (tmp_path / folder).mkdir()
        clock = itertools.count(1_700_000_000.0).__next__  # the names of the files in their order
        with SummaryWriter(tmp_path / folder, clock=clock if name == "close" else lambda: 1.7e9) as writer:
            steps_of(CALLS[name], writer, run)
    ours, plain = left_in(tmp_path / "compiled"), left_in(tmp_path / "plain")
    assert ours == {path: _moved(content) for path, content in plain.items()}
    assert any(plain.values()) or name in ("get_logdir", "flush", "export_scalars_to_json")


def _moved(content):
    return content.replace(b"/plain", b"/compiled") if isinstance(content, bytes) else content


@pytest.mark.filterwarnings("ignore")  # torch's tracer warns of itself, and of numbers that it takes for constants
@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"add_graph"}))  # a trace inside a trace: torch refuses it
def test_a_traced_step_leaves_the_same_files(name, tmp_path):
    def trace(step, x):
        return torch.jit.trace(step, x, check_trace=False)

    for folder, run in (("plain", lambda step, x: step(x)), ("traced", trace)):
        with SummaryWriter(tmp_path / folder, clock=lambda: 1.7e9) as writer:

            def step(x):
                CALLS[name](writer, x * 2, 3)
                return x.sum()

            run(step, torch.full((4,), 0.1))
    ours, plain = left_in(tmp_path / "traced"), left_in(tmp_path / "plain")
    assert ours.keys() == plain.keys()
    assert ours == plain


def test_a_compiled_step_logs_to_memory_too():
    torch._dynamo.reset()
    writer = MemoryWriter()
    steps_of(CALLS["add_scalar"], writer, lambda step: torch.compile(step, backend="eager"))
    assert [point.step for point in writer.run.scalars["a"]] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["add_scalar", "add_histogram", "flush"])
def test_a_step_of_one_graph_is_refused_with_the_reason(name):
    torch._dynamo.reset()
    writer = MemoryWriter()
    step = torch.compile(lambda x: CALLS[name](writer, x, 1), backend="eager", fullgraph=True)
    with pytest.raises(Exception, match="tbevents logs with actual numbers, outside the graph"):
        step(torch.zeros(4))


@pytest.mark.parametrize("eager_first", [False, True])
def test_a_writer_that_was_there_before_torch_is_left_alone_too(tmp_path, eager_first):
    """Nothing but the user's own step is compiled, and nothing is warned of."""
    script = f"""
import sys, warnings
warnings.simplefilter("error")
from tbevents import SummaryWriter
writer = SummaryWriter({str(tmp_path)!r})
assert "torch" not in sys.modules
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    import torch._dynamo.utils as dynamo
def step(x, i):
    for name in "abcdefghijkl":
        writer.add_scalar(name, x.sum(), i)
        writer.add_histogram("h" + name, x, i)
    return x.sum()
if {eager_first}:
    step(torch.zeros(4), 0)
compiled = torch.compile(step, backend="eager")
for i in range(1, 6):
    compiled(torch.full((4,), float(i)), i)
writer.close()
names = {{metrics.co_name for metrics in dynamo.get_compilation_metrics() if metrics.fail_reason is None}}
print(sorted(name for name in names if "step" not in name))
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert out.returncode == 0, out.stderr
    assert "recompile_limit" not in out.stderr
    assert out.stdout.strip() in ("[]", "['add_scalar']")  # the first call of all, which shows that dynamo is there
