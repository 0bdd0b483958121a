"""A bucket on a server of this test run, on loopback, and a logdir in it."""

import contextlib
import socket
import subprocess
import sys
import time

import pytest
from event_files import scalar_event, version_event, write_events

import tbevents

NAME = "events.out.tfevents.1700000000.h.1.0"


@pytest.fixture(scope="session")
def bucket(tmp_path_factory):
    """The URL of an empty bucket; what this process and its children need to reach it is in the environment."""
    pytest.importorskip("moto.server", reason="runs an S3 server")
    pytest.importorskip("s3fs", reason="reads from an S3 server")
    import fsspec

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # A process of its own: deltalake waits for answers without letting other threads of Python run.
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.1)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",  # for deltalake
            "AWS_CONFIG_FILE": str(tmp_path_factory.mktemp("aws") / "none"),
            "NO_PROXY": "127.0.0.1",
        }.items():
            patch.setenv(name, value)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bucket")
        yield "s3://bucket"
    server.kill()
    server.wait(30)


@pytest.fixture(scope="session")
def local_runs(tmp_path_factory):
    """Twenty runs of 60 points; run 7 ends in the middle of a record."""
    folder = tmp_path_factory.mktemp("local") / "runs"
    for number in range(20):
        events = [scalar_event(tag, step, number + step / 7, step) for step in range(30) for tag in ("loss", "acc")]
        write_events(folder / f"group{number % 2}" / f"r{number:02}" / NAME, [version_event(), *events])
    damaged = folder / "group1" / "r07" / NAME
    damaged.write_bytes(damaged.read_bytes()[:-2])
    return folder


@pytest.fixture(scope="session")
def remote_runs(bucket, local_runs):
    """The same runs in the bucket."""
    import fsspec

    fs = fsspec.filesystem("s3", skip_instance_cache=True)
    fs.put(str(local_runs), f"{bucket}/", recursive=True)
    assert len(fs.find(f"{bucket}/runs")) == 20
    return f"{bucket}/runs"


@pytest.fixture(scope="session")
def rows(local_runs):
    """The rows of the runs, sorted, as `Run` has them: run, tag, step, wall_time, value."""
    with pytest.warns(tbevents.DamageWarning):
        found = {name: run.scalars for name, run in tbevents.read_logdir(local_runs).items()}
    return sorted(
        (name, tag, point.step, point.wall_time, point.value)
        for name, scalars in found.items()
        for tag, series in scalars.items()
        for point in series
    )
