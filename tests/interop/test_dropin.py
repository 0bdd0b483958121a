"""The drop-in where torch, tensorboard and tensorboardX are installed."""

import subprocess
import sys

import pytest

import tbevents

pytest.importorskip("torch.utils.tensorboard", reason="replaces torch's writer")
pytest.importorskip("tensorboardX", reason="replaces its writer")

CODE = """
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams
import tensorboardX
print(SummaryWriter.__module__, hparams.__module__.partition(".")[0], tensorboardX.SummaryWriter.__module__)
import tbevents.dropin
tbevents.dropin.uninstall()
import torch.utils.tensorboard
import tensorboardX
print(torch.utils.tensorboard.SummaryWriter.__module__, tensorboardX.SummaryWriter.__module__)
"""


@pytest.mark.parametrize("force", [False, True])
def test_the_installed_packages_are_replaced_only_by_force(tmp_path, force):
    (tmp_path / "script.py").write_text(CODE)
    options = ["--force"] if force else []
    command = [sys.executable, "-m", "tbevents.dropin", *options, tmp_path / "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    theirs = "torch.utils.tensorboard.writer tensorboardX.writer"
    ours = f"{tbevents.SummaryWriter.__module__} tbevents {tbevents.SummaryWriter.__module__}"
    before = "torch.utils.tensorboard.writer torch tensorboardX.writer"
    assert done.stdout.splitlines() == [ours if force else before, theirs]
    assert ("torch.utils.tensorboard is not replaced, since it is installed" in done.stderr) == (not force)
