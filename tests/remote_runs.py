"""A logdir of which tests read a copy behind a URL, and a server of it that notes what is asked for."""

import functools
import http.server
import os
import re
import urllib.parse

import numpy as np
from event_files import scalar_event, version_event, write_events

from tbevents.proto import Event, Summary

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"


def image_event(step, size=200_000):
    picture = np.random.default_rng(step).bytes(size)
    return Event(step=step, summary=Summary(value=[Summary.Value(tag="x", image={"encoded_image_string": picture})]))


def some_events(count=2000):
    yield version_event()
    for step in range(count):
        yield scalar_event("loss", step, step / 7)
        yield scalar_event("accuracy", step, step / 9)
        if step % 500 == 0:
            yield image_event(step)


def write_logdir(root):
    """A logdir with a run of two files, one below it, one with a config, and files that are none of ours."""
    write_events(root / "a" / NAME, some_events())
    write_events(root / "a" / LATER, [scalar_event("loss", 9000, 1.0)])
    write_events(root / "a" / "deep" / "er" / NAME, some_events(30))
    write_events(root / "b" / NAME, some_events(60))
    (root / "b" / "projector_config.pbtxt").write_text('embeddings { tensor_name: "t" tensor_path: "t.tsv" }\n')
    (root / "b" / "t.tsv").write_text("1\t2\n3\t4\n")
    (root / "b" / "notes.txt").write_text("none of ours")
    (root / "b" / "tfevents").mkdir()  # by its name an event file
    (root / "b" / "tfevents" / "notes.txt").write_text("none of ours")
    return root


def everything(run):
    found = [run.tags, run.counts(), [name.rpartition("/")[2] for name in run.files], run.name]
    for series in run.scalars.values():
        found += [series.steps.tolist(), series.values.tolist(), series.wall_times.tolist()]
    return [*found, [(image.step, image.encoded) for series in run.images.values() for image in series]]


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder on loopback, in ranges, and notes which bytes of which file it has sent."""

    daemon_threads = True
    ranges = True  # whether it knows them

    def __init__(self, folder):
        self.sent = []  # name, first byte, byte behind the last
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def bytes_of(self, name=NAME):
        return sum(stop - start for path, start, stop in self.sent if path.endswith(name))

    def assert_nothing_twice(self):
        seen = {}
        for path, start, stop in self.sent:
            for first, last in seen.setdefault(path, []):
                assert stop <= first or last <= start, (path, start, stop)
            seen[path].append((start, stop))


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            return super().do_GET()  # an index page, or 404
        with open(path, "rb") as file:
            data = file.read()
        size, start, stop = len(data), 0, len(data)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if self.server.ranges else None
        if wanted:
            start, stop = int(wanted[1]), min(size, int(wanted[2] or size) + 1)
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(stop - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.end_headers()
        self.server.sent.append((urllib.parse.unquote(self.path), start, stop))
        self.wfile.write(data[start:stop])
        return None
