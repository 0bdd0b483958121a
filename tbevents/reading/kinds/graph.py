"""Graphs: those of graph_def events, the statistics of their runs, and the graphs that TF2 logs under tags."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from tbevents.errors import PayloadError
from tbevents.format.event import parse_payload
from tbevents.format.tensors import to_array
from tbevents.proto import GraphDef, RunMetadata, Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import is_strings
from tbevents.reading.payloads import Payload, PayloadReader
from tbevents.reading.series import LazySeries


class GraphNode(NamedTuple):
    """One node of a graph.

    Attributes:
        name: the node's path; slashes separate scopes.
        op: the type of the operation.
        inputs: names of the input nodes. A leading ``^`` marks a control dependency, a trailing ``:1`` selects the
            node's second output.
        device: the device the node runs on; usually empty.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A graph. Its contents are read from the file on each access.

    Attributes:
        step: the step of its event, usually 0.
        wall_time: when it was logged, in seconds since 1970.
    """

    step: int
    wall_time: float
    _payload: Payload
    _reader: PayloadReader
    _where: str

    @property
    def encoded(self) -> bytes:
        """The serialized GraphDef, as stored in the file."""
        return self._reader.event(self._payload).graph_def

    @property
    def message(self) -> GraphDef:
        """The parsed GraphDef. Fields that `tbevents.proto` does not define are preserved.

        Raises:
            PayloadError: if it cannot be parsed.
        """
        return parse_payload(GraphDef, self.encoded, f"{self._where}: the graph is not a GraphDef")

    @property
    def nodes(self) -> tuple[GraphNode, ...]:
        """The nodes, in file order."""
        return tuple(GraphNode(node.name, node.op, tuple(node.input), node.device) for node in self.message.node)

    def __repr__(self) -> str:
        return f"Graph(step={self.step}, wall_time={self.wall_time})"


@dataclass(frozen=True, slots=True, eq=False)
class RunStatistics:
    """The content of a tagged_run_metadata event: timings of one execution of the graph.

    Attributes:
        tag: the name it was logged under, such as "step1".
        step: the step of its event.
        wall_time: when it was logged, in seconds since 1970.
    """

    tag: str
    step: int
    wall_time: float
    _payload: Payload
    _reader: PayloadReader
    _where: str

    @property
    def encoded(self) -> bytes:
        """The serialized RunMetadata, as stored in the file."""
        return self._reader.event(self._payload).tagged_run_metadata.run_metadata

    @property
    def message(self) -> RunMetadata:
        """The parsed RunMetadata.

        Raises:
            PayloadError: if it cannot be parsed.
        """
        problem = f"{self._where}: run metadata {self.tag!r} is not a RunMetadata"
        return parse_payload(RunMetadata, self.encoded, problem)

    def __repr__(self) -> str:
        return f"RunStatistics({self.tag!r}, step={self.step}, wall_time={self.wall_time})"


@dataclass(frozen=True, slots=True)
class LoggedGraph:
    """A graph that TF2 logged under a tag.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        encoded: plugin "graph_keras_model": the JSON of a Keras model; "graph_run_metadata" and
            "graph_run_metadata_graph": a serialized RunMetadata with graphs in it.
    """

    step: int
    wall_time: float
    encoded: bytes

    @property
    def json(self) -> Any:
        """A Keras model's configuration.

        Raises:
            PayloadError: if the graph is not JSON.
        """
        try:
            return json.loads(self.encoded)
        except (ValueError, RecursionError) as error:  # lists nested too deep
            raise PayloadError(f"step {self.step}: the graph is not JSON: {error}") from error


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LoggedGraphSeries(LazySeries[LoggedGraph]):
    """The graphs of one tag in one run."""

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> LoggedGraph:
        strings = to_array(value.tensor)
        if strings.size != 1 or strings.dtype != object:
            raise PayloadError(f"a graph is one string, not an array of shape {strings.shape} of {strings.dtype}")
        return LoggedGraph(step, wall_time, strings.item())


register(
    Kind(
        name="graphs",
        noun="graph tag",
        order=80,
        plugins=("graph_run_metadata", "graph_run_metadata_graph", "graph_keras_model"),
        fits=is_strings,
        data_class="BLOB_SEQUENCE",
        series=LoggedGraphSeries,
    )
)
