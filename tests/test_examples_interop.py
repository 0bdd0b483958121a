"""The examples beside torch: the one that uses it, and the optimizers written out by hand against torch's."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tbevents

pytest.importorskip("matplotlib", reason="matplotlib is not installed, and the examples plot")
torch = pytest.importorskip("torch", reason="torch is not installed")

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "schedules"


@pytest.fixture
def example(monkeypatch):
    """Imports a script as a module, and forgets it afterwards."""
    monkeypatch.syspath_prepend(EXAMPLES)
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == EXAMPLES:
            del sys.modules[name]


def test_torchs_scheduler_and_ours_leave_equal_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLES / "torch_optimizer.py", tmp_path],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    (plot,) = tmp_path.glob("*.png")
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert done.stdout.count("201 points read back, all as expected") == 2
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    logdir = tbevents.read_logdir(folder)
    assert sorted(logdir) == ["ours", "torchs"]
    for run in logdir.values():
        lr, loss = run.scalars["lr"], run.scalars["excess_loss"]
        assert lr.steps.tolist() == list(range(201))
        landmarks = {0: 0.1, 25: 0.05, 50: 0, 75: 0.05, 100: 0.1, 150: 0, 200: 0.1}
        assert {epoch: lr.at(epoch).value for epoch in landmarks} == pytest.approx(landmarks, rel=1e-6, abs=1e-12)
        assert loss.values.min() < loss.first.value / 100


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_an_optimizer_written_out_by_hand_moves_as_torchs_does(example, name):
    random = np.random.default_rng(0)
    arrays = [random.normal(size=(3, 2)), random.normal(size=2)]
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    if name == "SGD":
        ours = example("common").SGD([{"params": arrays[:1]}, {"params": arrays[1:], "lr": 0.02}], lr=0.1, momentum=0.9)
        groups = [{"params": tensors[:1]}, {"params": tensors[1:], "lr": 0.02}]
        theirs = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    else:
        ours = example("adam_warmup_cosine").Adam(arrays, lr=0.01)
        theirs = torch.optim.Adam(tensors, lr=0.01)
    for step in range(30):
        gradients = [random.normal(size=array.shape) for array in arrays]
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(gradient)
        if step == 15:
            for group in [*ours.param_groups, *theirs.param_groups]:
                group["lr"] /= 10
        ours.step(gradients)
        theirs.step()
        for array, tensor in zip(arrays, tensors, strict=True):
            np.testing.assert_allclose(array, tensor.detach().numpy(), rtol=1e-12)


def test_the_gradients_of_the_network_are_torchs(example):
    network = example("adam_warmup_cosine").Network()
    batch = network.batches()[0]
    tensors = [torch.tensor(array, requires_grad=True) for array in network.parameters]
    x, y = torch.tensor(network.x[batch]), torch.tensor(network.y[batch])
    output = torch.tanh(x @ tensors[0] + tensors[1]) @ tensors[2] + tensors[3]
    torch.nn.functional.mse_loss(output, y).backward()
    for ours, tensor in zip(network.gradients(batch), tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-10, atol=1e-14)
