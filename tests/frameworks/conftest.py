"""The tests beside frameworks: only where those are installed, and neither tensorboard nor tensorboardX is."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tbevents

FOLDER = Path(__file__).resolve().parent
EXAMPLES = FOLDER.parent.parent / "examples" / "frameworks"


def pytest_collection_modifyitems(items):
    reason = "tensorboard or tensorboardX is installed, which the drop-in stands for"
    with_them = find_spec("tensorboard") is not None or find_spec("tensorboardX") is not None
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker("frameworks")
            if with_them:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def train(tmp_path):
    """Runs an example, or code, with or without the drop-in, and reads back what it logged; `said` is its output."""

    def train(example, framework, *, dropin=True, fails=False, arguments=(), **environment):
        pytest.importorskip(framework, reason=f"{framework} is not installed")
        if example.isidentifier():
            script = EXAMPLES / f"{example}.py"
        else:
            script = tmp_path / "script.py"
            script.write_text(example)
        offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": ""}
        under = ["-m", "tbevents.dropin", *arguments] if dropin else []
        done = subprocess.run(
            [sys.executable, *under, script, tmp_path / "logs"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=os.environ | offline | environment,
        )
        train.said = done.stdout + done.stderr
        assert bool(done.returncode) == fails, train.said
        logdir = tbevents.read_logdir(tmp_path / "logs") if (tmp_path / "logs").exists() else {}
        assert not any(run.problems for run in logdir.values())
        return logdir

    return train
