"""TensorBoard's web server on a free port of this machine, for tests that ask it what it shows."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


class Server:
    """A running server.

    Attributes:
        address: its root.
        fast: whether it loads with the loader in Rust.
    """

    def __init__(self, address: str, fast: bool) -> None:
        self.address = address
        self.fast = fast

    def get_bytes(self, route: str, **query: Any) -> bytes:
        """The answer to a GET below ``/data``."""
        url = f"{self.address}data/{route}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        return self._ask(urllib.request.Request(url))

    def get(self, route: str, **query: Any) -> Any:
        """The same, as JSON."""
        return json.loads(self.get_bytes(route, **query))

    def post(self, route: str, body: Any) -> Any:
        """The answer to a POST of JSON, as JSON."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}data/{route}", json.dumps(body).encode(), headers)
        return json.loads(self._ask(request))

    def _ask(self, request: urllib.request.Request) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{request.full_url}: {error.code}: {error.read()[:500]!r}") from None

    def until(self, ask: Callable[[], Any], seconds: float = 30) -> Any:
        """The first answer that is not empty; the server loads in the background."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = ask()
            except AssertionError:
                answer = None
                if time.monotonic() > deadline:
                    raise
            if answer or time.monotonic() > deadline:
                return answer
            time.sleep(0.1)


@contextlib.contextmanager
def serving(logdir: str | Path, *, fast: bool) -> Iterator[Server]:
    """Runs a server for a folder, and waits until it shows runs.

    Args:
        logdir: the folder.
        fast: with the loader in Rust, or else with the one in Python.
    """
    arguments = ["--logdir", str(logdir), "--host", "127.0.0.1", "--port", "0", "--reload_interval", "1"]
    command = [sys.executable, "-m", "tensorboard.main", *arguments, f"--load_fast={'true' if fast else 'false'}"]
    own_group = {"start_new_session": True} if os.name == "posix" else {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **own_group)
    said: list[str] = []
    address: list[str] = []
    known = threading.Event()

    def listen() -> None:
        for line in process.stderr:
            said.append(line)
            if not address and (match := _ADDRESS.search(line)):
                address.append(match[0])
                known.set()
        known.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        known.wait(60)
        assert address, "".join(said)
        server = Server(address[0], fast)
        assert server.until(lambda: server.get("runs")), "".join(said)
        yield server
    finally:
        if own_group:
            os.killpg(process.pid, signal.SIGTERM)  # the loader in Rust is a process of its own
        else:
            process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(10)
        process.stderr.close()
