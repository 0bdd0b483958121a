"""Writers whose folder is on S3, with a server on this machine."""

import contextlib
import os

import numpy as np
import pytest

import tbevents
from tbevents import SummaryWriter, UploadError

from .stored import log, run, steps

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


@pytest.fixture(scope="module")
def s3():
    """Gives the address of a server of S3's protocol on this machine."""
    servers = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = servers.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in credentials(f"http://{host}:{port}").items():
            patch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()  # one of another module's server
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        fs.mkdir("bucket")
        yield f"http://localhost:{port}"
    server.stop()
    with contextlib.suppress(KeyError):
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def credentials(address):
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@pytest.mark.slow  # starts a server
def test_a_run_on_s3_is_read_back(s3, tmp_path):
    url = "s3://bucket/runs/demo"
    with SummaryWriter(url) as writer:
        for step in range(4000):
            log(writer, step)
            if step % 500 == 499:
                writer.flush()
        writer.add_scalars("group", {"a": 1.0}, 0)
        writer.add_embedding(np.eye(2), tag="points")
    assert steps(url) == list(range(4000))
    assert list(tbevents.read_logdir("s3://bucket/runs")) == ["demo", "demo/group_a"]
    fs = fsspec.filesystem("s3")
    fs.invalidate_cache()
    fs.get("bucket/runs/demo/", str(tmp_path / "copy"), recursive=True)
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    copy = accumulators.EventAccumulator(str(tmp_path / "copy"), {accumulators.SCALARS: 0})
    copy.Reload()
    assert [event.step for event in copy.Scalars("loss")] == list(range(4000))


@pytest.mark.slow  # starts a server
def test_a_missing_bucket_is_an_error_when_the_writer_is_made_and_is_not_created(s3):
    with pytest.raises(UploadError, match=r"^s3://nowhere/runs/demo/events\S+: .*bucket does not exist"):
        SummaryWriter("s3://nowhere/runs/demo")
    assert not fsspec.filesystem("s3", skip_instance_cache=True).exists("nowhere")


def test_a_url_without_a_bucket_is_refused():
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    with pytest.raises(ValueError, match=r"^s3://: a bucket is missing in the URL"):
        SummaryWriter("s3://")


@pytest.mark.slow  # starts a server
def test_missing_credentials_are_an_error_when_the_writer_is_made(s3, tmp_path):
    script = "SummaryWriter(url)"
    blank = {name: "" for name in credentials("") if name.startswith("AWS_")}
    printed = run(
        script,
        "s3://bucket/runs/none",
        fails=True,
        **blank,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert "UploadError" in printed.splitlines()[-1]
    assert "s3://bucket/runs/none/events" in printed.splitlines()[-1]


@pytest.mark.slow  # starts a server
@pytest.mark.parametrize("fork", [False, True])
def test_a_script_that_ends_without_close_uploads_to_s3_by_host_name(s3, fork):
    url = f"s3://bucket/runs/exit{int(fork)}"
    script = """
writer = SummaryWriter(url, upload_secs=1e9)
log(writer, 0)
"""
    if fork:
        script += """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=log, args=(writer, 1))
child.start()
child.join(50)
assert child.exitcode == 0
"""
    script += """
import asyncio, fsspec
fs = fsspec.filesystem("s3")
fs.clear_instance_cache()  # the next put makes a connection, and asks for the host by name
"""
    run(script, url, **credentials(s3))
    assert sorted(steps(url)) == ([0, 1] if fork else [0])
