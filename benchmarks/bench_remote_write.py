"""What logging to object storage uploads: bytes, requests and objects of 10,000 scalars with 20 flushes, by writer.

    python benchmarks/bench_remote_write.py

Each writes to a server of S3's protocol on this machine (moto), which counts what arrives. It needs ``moto[server,s3]``
and s3fs, and boto3 for tensorboard and tensorboardX, which are left out where they are not installed. torch's writer is
TensorBoard's `EventFileWriter`.
"""

import importlib.util
import os

from harness import main, once, table, worker

SCALARS, FLUSHES = 10_000, 20


def counting_server():
    """Starts a server; returns its address and the list to which it appends (method, bytes) of each request."""
    from moto import server

    requests = []
    answer = server.DomainDispatcherApplication.__call__

    def counting(self, environ, start_response):
        requests.append((environ["REQUEST_METHOD"], int(environ.get("CONTENT_LENGTH") or 0)))
        return answer(self, environ, start_response)

    server.DomainDispatcherApplication.__call__ = counting
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    return "http://{}:{}".format(*running.get_host_and_port()), requests


def measured(log):
    """Returns the work of a worker: logging, and what the server got meanwhile."""
    address, requests = counting_server()
    settings = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    # The second is tensorboardX's name, the others take the first.
    os.environ.update(settings, AWS_ENDPOINT_URL=address, S3_ENDPOINT=address)
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")

    def work():
        del requests[:]
        log("s3://bucket/runs/demo")
        sent = sum(size for method, size in requests if method in ("PUT", "POST"))
        count = len(requests)
        objects = client.list_objects_v2(Bucket="bucket")["Contents"]
        return {"sent": sent, "requests": count, "objects": len(objects), "stored": sum(o["Size"] for o in objects)}

    return SCALARS, work


def logged(writer):
    """Logs the scalars with a writer that has the methods of a SummaryWriter."""
    for step in range(SCALARS):
        writer.add_scalar("loss", 1 / (step + 1), step)
        if (step + 1) % (SCALARS // FLUSHES) == 0:
            writer.flush()
    writer.close()


@worker
def with_tbevents():
    from tbevents import SummaryWriter

    return measured(lambda url: logged(SummaryWriter(url)))


@worker
def with_tensorboardx():
    from tensorboardX import SummaryWriter

    return measured(lambda url: logged(SummaryWriter(url, flush_secs=1_000_000)))


@worker
def with_tensorboard():
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    class Writer:
        def __init__(self, url):
            self._writer = EventFileWriter(url, flush_secs=1_000_000)
            self.flush, self.close = self._writer.flush, self._writer.close

        def add_scalar(self, tag, value, step):
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            self._writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=summary))

    return measured(lambda url: logged(Writer(url)))


def benchmark():
    rows = []
    for name, package in [
        ("tbevents", "tbevents"),
        ("TensorBoard's EventFileWriter, which torch's writer uses", "tensorboard"),
        ("tensorboardX", "tensorboardX"),
    ]:
        if importlib.util.find_spec(package) is None:
            print(f"Left out, since it is not installed: {package}")
            continue
        worker_name = f"with_{package.lower()}"
        found = once(worker_name)
        sizes = [f"{found[key] / 1e6:.2f}" for key in ("sent", "stored")]
        rows.append([name, *sizes, str(found["requests"]), str(found["objects"])])
    table([f"{SCALARS:,} scalars, {FLUSHES} flushes", "MB sent", "MB stored", "requests", "objects"], rows)


if __name__ == "__main__":
    main(benchmark)
