"""Events from payloads, with each implementation of protobuf."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import pathlib, sys, warnings
from event_files import scalar_event, version_event, write_events
import tbevents
from tbevents.proto import Event, Summary

warnings.simplefilter("ignore")
good = [scalar_event("loss", step, 1.0).SerializeToString() for step in range(3)]
bad = good[1].replace(b"loss", b"los\\x80")
hparams = Event(summary=Summary(value=[Summary.Value(tag="_hparams_/session_start_info")])).summary.value[0]
hparams.metadata.plugin_data.plugin_name = "hparams"
hparams.metadata.plugin_data.content = b"\\x12\\x05\\x22\\x03a\\x80b"  # group_name is not UTF-8
layout = Summary.Value(tag="custom_scalars__config__")
layout.metadata.plugin_data.plugin_name = "custom_scalars"
layout.tensor.dtype = 7
layout.tensor.string_val.append(b"\\x12\\x03\\x0a\\x01\\x80")  # a category, whose title is not UTF-8
graph = Event(graph_def=b"\\x0a\\x03\\x0a\\x01\\x80")  # a node, whose name is not UTF-8
nested = b"\\x83\\x7d" * 3000 + b"\\x84\\x7d" * 3000  # groups within groups, of a field that no message has
statistics = Event()
statistics.tagged_run_metadata.tag = "step"
statistics.tagged_run_metadata.run_metadata = nested
both = [Event(summary=Summary(value=[value])) for value in (hparams, layout)]
events = [version_event(), good[0], bad, good[1] + nested, *both, graph, statistics, good[2]]
write_events(pathlib.Path(sys.argv[1]), events)
run = tbevents.read_run(sys.argv[1])
print(run.scalars["loss"].steps.tolist(), [problem.kind for problem in run.problems])
reads = [lambda: run.hparams.group_name, lambda: run.layout, lambda: run.graph.nodes]
for read in (*reads, lambda: run.run_metadata["step"].message):
    try:
        read()
    except tbevents.TBEventsError as error:
        print(type(error).__name__, "events.out" in str(error))
with tbevents.SummaryWriter(sys.argv[2]) as writer:
    try:
        writer.file_writer.add_event(bad)
    except ValueError as error:
        print("not a valid Event" in str(error))
"""


@pytest.mark.parametrize("implementation", ["python", "upb", "cpp"])
def test_bytes_that_protobuf_refuses_are_an_error_of_ours(implementation, tmp_path):
    env = {
        **os.environ,
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": implementation,
        "PYTHONPATH": os.pathsep.join([os.path.dirname(os.path.dirname(__file__)), *sys.path]),
    }
    file = tmp_path / "run" / "events.out.tfevents.1.h"
    command = [sys.executable, "-c", SCRIPT, str(file), str(tmp_path / "written")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)
    if "implementation" in done.stderr or "cannot import name '_message'" in done.stderr:
        pytest.skip(f"this protobuf has no implementation {implementation}")
    # protobuf 3 in C++ prints a line of its own for each such string, beside the error it raises.
    assert [line for line in done.stderr.splitlines() if not line.startswith("[libprotobuf ERROR")] == []
    assert done.stdout.splitlines() == [
        "[0, 2] ['undecodable', 'undecodable', 'bad_value']",
        *["PayloadError True"] * 4,
        "True",
    ]
