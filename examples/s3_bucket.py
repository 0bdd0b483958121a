"""Runs in a bucket: logs them, reads them back, and makes a table of them.

    pip install '.[remote,pandas]' s3fs
    python examples/s3_bucket.py s3://bucket/runs

Without a URL, it starts an S3 server on this machine, which needs ``moto[server,s3]``. s3fs takes the credentials and
the endpoint from the environment, from ~/.aws or from the machine's role. ``gs://`` and ``az://`` work the same way,
with gcsfs and adlfs.
"""

import logging
import os
import sys
from datetime import datetime

import tbevents

try:
    import pandas as pd  # noqa: F401  # the table is one of pandas
except ImportError:
    sys.exit("The table needs pandas: pip install 'tbevents[pandas]'")


def log(url, lr, steps=100):
    """Logs a curve. Events are uploaded in the background; the end of the `with` block waits until all are there."""
    with tbevents.SummaryWriter(url) as writer:
        loss = 1.0
        for step in range(steps):
            loss -= lr * loss
            writer.add_scalar("loss", loss, step)


def read(url):
    """Prints a line for each run, the best first."""
    table = tbevents.read_logdir(url).scalars("loss").to_pandas()
    last = table.sort_values("step").groupby("run", observed=True)["value"].last().sort_values()
    for run, loss in last.items():
        print(f"{run}: {loss:.4g}")


def use(bucket):
    url = f"{bucket}/s3_example_{datetime.now():%b%d_%H-%M-%S-%f}"  # a new folder each time
    for lr in (0.001, 0.01, 0.1):
        log(f"{url}/lr={lr}", lr)
    print(f"Below {url}:")
    read(url)


def main():
    if len(sys.argv) > 1:
        try:
            return use(sys.argv[1].rstrip("/"))
        except tbevents.MissingExtraError as error:
            sys.exit(str(error))

    try:
        import s3fs
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        sys.exit(f"{error}\nName a bucket, or install what a server on this machine needs: s3fs 'moto[server,s3]'")

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would print each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        s3fs.S3FileSystem().mkdir("bucket")
        return use("s3://bucket")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
