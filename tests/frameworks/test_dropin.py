"""The drop-in beside real frameworks: the order of imports, processes of their own, and what they raise themselves."""

import pytest

IMPORTS = [
    ("stable_baselines3", "stable_baselines3.common.logger"),
    ("accelerate", "accelerate.tracking"),
    ("lightning.pytorch", "lightning.fabric.loggers.tensorboard"),
]


@pytest.mark.parametrize(("framework", "named"), IMPORTS)
def test_a_framework_that_found_nothing_before_is_named(train, framework, named):
    code = f"""
import {framework}
if "lightning" in {framework!r}:
    try:
        __import__("lightning.pytorch.loggers").pytorch.loggers.TensorBoardLogger(".")
    except ModuleNotFoundError:
        pass
import tbevents.dropin
tbevents.dropin.install()
"""
    train(code, framework.partition(".")[0], dropin=False)
    assert f"{named}" in train.said
    assert "was already imported and has recorded that there is no SummaryWriter" in train.said


@pytest.mark.parametrize("framework", ["transformers", "ignite", "mmengine"])
def test_a_framework_that_looks_later_may_be_imported_before(train, framework):
    code = f"import {framework}, tbevents.dropin; print(tbevents.dropin.install())"
    train(code, framework, dropin=False)
    assert "<Installation: replaced torch.utils.tensorboard, tensorboardX>" in train.said
    assert "keeps" not in train.said


def test_the_frameworks_raise_their_own_errors_without_it(train):
    train("stable_baselines", "stable_baselines3", dropin=False, fails=True)
    assert "tensorboard is not installed" in train.said
    train("import no_such_framework", "torch", fails=True)
    assert "No module named 'no_such_framework'" in train.said


def test_workers_and_torchrun_have_it(train):
    code = """
import os, sys
import torch
from torch.utils.tensorboard import SummaryWriter

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        from tensorboardX import SummaryWriter

        with SummaryWriter(os.path.join(sys.argv[-1], "worker")) as writer:
            writer.add_scalar("index", index, index)
        return index

if __name__ == "__main__":
    with SummaryWriter(os.path.join(sys.argv[-1], "rank" + os.environ["RANK"])) as writer:
        writer.add_scalar("rank", int(os.environ["RANK"]))
    if os.environ["RANK"] == "0":
        list(torch.utils.data.DataLoader(Data(), num_workers=1, multiprocessing_context="spawn"))
"""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    runs = train(code, "torch", arguments=torchrun)
    assert sorted(runs) == ["rank0", "rank1", "worker"]
    assert sorted(runs["worker"].scalars["index"].steps.tolist()) == [0, 1]


def test_lightning_logs_the_graph_too(train):
    code = """
import sys
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger

model = BoringModel()
model.example_input_array = torch.zeros(1, 32)
logger = TensorBoardLogger(sys.argv[1], name="lightning", version="", log_graph=True)
Trainer(fast_dev_run=False, max_steps=1, accelerator="cpu", logger=logger, enable_checkpointing=False).fit(model)
"""
    run = train(code, "lightning")["lightning"]
    assert any("Linear" in node.name for node in run.graph.nodes)
