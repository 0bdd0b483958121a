"""The examples of a bucket and of Dask run as scripts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tbevents

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run_example(name, *arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(EXAMPLES.parent), *filter(None, sys.path)])}
    command = [sys.executable, EXAMPLES / name, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=150)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_runs_are_written_to_a_bucket_and_read_there(bucket):
    pytest.importorskip("pandas")
    first, *lines = run_example("s3_bucket.py", bucket)
    (url,) = re.findall(rf"^Below ({bucket}/s3_example_\S+):$", first)
    loss = {rate: (1 - rate) ** 100 for rate in (0.1, 0.01, 0.001)}
    assert lines == [f"lr={rate}: {value:.4g}" for rate, value in loss.items()]
    logdir = tbevents.read_logdir(url)
    assert {name: len(run.scalars["loss"]) for name, run in logdir.items()} == {f"lr={rate}": 100 for rate in loss}


def test_without_a_bucket_a_server_is_started():
    pytest.importorskip("pandas")
    pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    assert [line.partition(":")[0] for line in run_example("s3_bucket.py")[1:]] == ["lr=0.1", "lr=0.01", "lr=0.001"]


def test_dask_finds_the_best_runs_and_the_spread_over_seeds(tmp_path):
    pytest.importorskip("dask.dataframe", reason="dask is not installed")
    with tbevents.SummaryWriter(tmp_path / "alone") as writer:
        writer.add_scalar("loss", 8.0, 0)
    for experiment, offset in (("a", 0.0), ("b", 0.5)):
        for seed in (0, 1):
            with tbevents.SummaryWriter(tmp_path / experiment / f"seed{seed}") as writer:
                for step in range(4):
                    writer.add_scalar("loss", offset + (1 + seed) / 2**step, step)
    assert run_example("dask_scalars.py", tmp_path, "loss") == [
        "a/seed0: 0.125",
        "a/seed1: 0.25",
        "b/seed0: 0.625",
        "b/seed1: 0.75",
        "alone: 8",
        "a: 0.1875 on average over 2 seeds, from 0.125 to 0.25",
        "alone: 8 on average over 1 seed, from 8 to 8",
        "b: 0.6875 on average over 2 seeds, from 0.625 to 0.75",
    ]
