"""An S3 server on loopback: counts requests, delays them, and lets one fail."""

import threading
import time
import urllib.request
from contextlib import contextmanager

import pytest

moto_server = pytest.importorskip("moto.server", reason="moto is not installed")
pytest.importorskip("s3fs", reason="s3fs is not installed")

BUCKET = "bucket"


class S3:
    """A server with one bucket.

    Attributes:
        endpoint: its address.
        requests: method, path and query of each request, in order.
        delay: seconds by which each request is delayed.
        most: the most requests that were in flight at once.
        before: called with method and path before each request; returns a status to fail with, or None.
    """

    def __init__(self):
        self.requests = []
        self.delay = 0.0
        self.most = 0
        self.before = lambda method, path: None
        self._lock = threading.Lock()
        self._flying = 0
        self._server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        inner = self._server._server.app
        self._server._server.app = lambda environ, start: self._serve(inner, environ, start)

    def _serve(self, inner, environ, start):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            self.requests.append((method, path, environ.get("QUERY_STRING", "")))
            self._flying += 1
            self.most = max(self.most, self._flying)
        try:
            status = self.before(method, path)
            time.sleep(self.delay)
            if status is None:
                return inner(environ, start)
            start(f"{status} Failed", [("Content-Length", "0")])
            return [b""]
        finally:
            with self._lock:
                self._flying -= 1

    @property
    def gets(self):
        """The keys of the objects that were read."""
        return [path for method, path, query in self.requests if method == "GET" and "list-type" not in query]

    @property
    def listings(self):
        return [path for _, path, query in self.requests if "list-type" in query]

    def clear(self):
        self.requests.clear()
        self.most = 0

    def restore(self):
        """Delays nothing, and lets nothing fail."""
        self.before, self.delay = lambda method, path: None, 0.0

    def stop(self):
        """Stops the server, and drops its buckets, which moto would keep for the next one of the process."""
        self.restore()
        reset = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset, timeout=10).close()
        self._server.stop()


@contextmanager
def s3_server(monkeypatch):
    """Runs a server, and configures fsspec and boto for it."""
    import fsspec.config
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = S3()
    monkeypatch.setitem(fsspec.config.conf, "s3", {"endpoint_url": server.endpoint})
    try:
        s3fs.S3FileSystem(endpoint_url=server.endpoint).mkdir(BUCKET)
        server.clear()
        yield server
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()
