"""The methods of `SummaryWriter` that describe the run as a whole."""

from __future__ import annotations

import contextlib
import os
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from tbevents import files, remote, summary
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.values import as_float
from tbevents.proto import Event, Summary, TaggedRunMetadata
from tbevents.summary.embeddings import EmbeddingFiles
from tbevents.summary.hparams import fields_of
from tbevents.summary.layouts import Charts, merged
from tbevents.writing.checked_points import about, as_step
from tbevents.writing.failures import Failures
from tbevents.writing.latest_event import LatestEvent
from tbevents.writing.projector_files import write_embedding
from tbevents.writing.sink import Sink
from tbevents.writing.summary_methods import SummaryMethods
from tbevents.writing.untraced import untraced_methods


@untraced_methods
class RunMethods(SummaryMethods):
    """Hyperparameters, graphs, embeddings and the layout of the Custom Scalars page."""

    log_dir: str
    _charts: Charts
    _layout: LatestEvent | None
    _clock: Callable[[], float]
    _failures: Failures
    _form: ScalarForm
    _lock: threading.RLock
    _default_metadata: Mapping[str, Any]

    @abstractmethod
    def _with_file_writer(self, add: Callable[[Sink], None]) -> None:
        """Calls `add` with the writer of the run's own file."""

    @abstractmethod
    def _open(self, folder: str) -> Sink:
        """Opens a file in a folder."""

    @abstractmethod
    def _anchored(self, folder: str) -> str:
        """Returns a folder relative to the working directory at the time the writer was made."""

    def _step_of(self, global_step: Any) -> int:
        """Returns the given step, or that of `use_metadata`, as an int."""
        return as_step(self._default_metadata.get("global_step") if global_step is None else global_step)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
        run_name: files.StrPath | None = None,
        global_step: Any = None,
        *,
        name: files.StrPath | None = None,
        group_name: str = "",
        start_time_secs: float | None = None,
        end_time_secs: float | None = None,
    ) -> None:
        """Logs a session of TensorBoard's HParams page: the hyperparameters and the resulting metrics.

        Each session is a separate run, in a folder below `log_dir`.

        Args:
            hparam_dict: name -> value, or a dataclass or namespace (of argparse) with these fields. Booleans, numbers
                (or arrays of one element) and strings are stored as they are. None is left out. A mapping, dataclass or
                namespace becomes names with slashes. A function is stored by name. Anything else, including lists and
                numbers that are not finite, is stored as text.
            metric_dict: tag -> number, logged as a scalar; a mapping, dataclass or namespace. May be empty.
            hparam_domain_discrete: name -> list of all possible values, of the same type as the hyperparameter.
            run_name: the folder, by default ``str(time.time())``; ``"."`` is `log_dir` itself. As in torch, an absolute
                path, or a URL, may be anywhere.
            global_step: the step of the metrics, as in `add_scalar`.
            name: tensorboardX's name for `run_name`.
            group_name: TensorBoard shows sessions with the same group name as one.
            start_time_secs: the start of the session, in seconds since 1970.
            end_time_secs: the end of the session, in seconds since 1970.

        Raises:
            TypeError, ValueError: if an argument has the wrong type or value; the message names it. Nothing was logged.
            OSError: if a file cannot be written.
        """
        if not self.write_to_disk:
            return
        if run_name is not None and name is not None:
            raise ValueError(f"run_name and name are the same argument, but both are given: {run_name!r}, {name!r}")
        summaries = summary.hparams(
            hparam_dict,
            metric_dict,
            hparam_domain_discrete,
            group_name=group_name,
            start_time_secs=start_time_secs,
            end_time_secs=end_time_secs,
        )
        metrics = {
            tag: as_float(value, name=f"metric_dict[{tag!r}]", text=True)
            for tag, value in fields_of(metric_dict).items()
        }
        step = self._step_of(global_step)
        given = run_name if run_name is not None else name
        folder = files.path_string(given, "run_name") if given else str(self._clock())
        if not (os.path.isabs(folder) or remote.is_url(folder)):
            folder = files.subfolder(self.log_dir, folder, "run_name")
        with contextlib.closing(self._open(folder)) as sink:
            sink.default_metadata = self._default_metadata
            for message in summaries:
                sink.add_summary(message, step)
            for tag, value in metrics.items():
                sink.add_scalar(tag, value, step, None, self._form)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: Any = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Writes an embedding for TensorBoard's projector. It consists of files in `log_dir`; no event is logged.

        Args:
            mat: the points, shape (points, dimensions).
            metadata: a label for each point; with `metadata_header`, a list of labels for each point.
            label_img: an image for each point, shape (points, channels, height, width) with 1 or 3 channels. Needs
                Pillow (extra `image`).
            global_step: as in `add_scalar`.
            tag: the name of the embedding.
            metadata_header: the names of the label columns.

        Raises:
            TypeError, ValueError: if an argument has the wrong type or value; the message names it. No file is written.
            OSError: if a file cannot be written.
        """
        if self.write_to_disk:
            points = summary.embedding(tag, mat, metadata, label_img, metadata_header)
            try:
                step = self._step_of(global_step)
            except (TypeError, ValueError) as error:
                raise about(tag, error) from None
            self._write_embedding(tag, step, points)

    def _write_embedding(self, tag: str, step: int, points: EmbeddingFiles) -> None:
        try:
            write_embedding(self._anchored(self.log_dir), tag, step, points)
        except OSError as error:
            self._failures.lose(1)
            if self._failures.on_error == "raise":
                raise
            self._failures.warn_of(error)

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """Logs a model's graph.

        Args:
            model: a GraphDef message of any library or its serialised bytes, written unchanged; or a torch module,
                which torch traces in evaluation mode. For a module compiled by torch.compile, the original is traced.
            input_to_model: the arguments of the module: a tensor or a tuple of tensors. A module needs them, unless
                torch.jit has traced or scripted it before.
            verbose: if True, print the traced graph.
            use_strict_trace: the `strict` argument of torch.jit.trace; False allows outputs that are lists or dicts.

        Raises:
            ImportError: if the model is a module and torch is not installed.
            TypeError, ValueError: if `model` is not a graph or module, or a module has no `input_to_model`. Exceptions
                from tracing are passed on.
            OSError: if an earlier batch could not be written.
        """
        if not self.write_to_disk:
            return
        definition, metadata = summary.graph(model, input_to_model, verbose, use_strict_trace)
        self._with_file_writer(lambda sink: sink.add_event(Event(graph_def=definition)))
        if metadata is not None:
            event = Event(tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=metadata))
            self._with_file_writer(lambda sink: sink.add_event(event))

    def add_onnx_graph(self, prototxt: Any) -> None:
        """Logs the graph of an ONNX model, given as a path or a loaded ModelProto. Needs the onnx package."""
        if self.write_to_disk:
            graph = Event(graph_def=summary.onnx_graph(prototxt))
            self._with_file_writer(lambda sink: sink.add_event(graph))

    def add_custom_scalars(self, layout: Charts) -> None:
        """Sets which series TensorBoard's Custom Scalars page draws together.

        Charts of earlier calls are kept; a chart with the same category and title is replaced. All layouts of the calls
        before a flush are written as one.

        Args:
            layout: category -> title -> ``["Multiline", tags]``, or ``["Margin", tags]`` with three tags: the value,
                its lower bound and its upper bound. TensorBoard reads each tag as a regular expression.

        Raises:
            TypeError, ValueError: if the layout has another form.
        """
        if not self.write_to_disk:
            return
        summary.custom_scalars(layout)  # raises if the layout is invalid, before it is added to the charts
        with self._lock:
            while True:
                earlier = self._charts
                charts = merged(earlier, layout)
                self._with_file_writer(partial(self._replace_layout, summary.custom_scalars(charts)))
                # No call, so that nothing comes in between: a signal handler may have added charts.
                if self._charts is earlier:
                    self._charts = charts
                    return
                self._layout = None  # the layout of all charts must be the last in the file

    def _replace_layout(self, message: Summary, sink: Sink) -> None:
        """Writes a layout; once only for all layouts that are logged until it is written."""
        self._layout = sink.add_latest_summary(message, self._layout)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Adds a chart with several series to the Custom Scalars page; see `add_custom_scalars`."""
        if self.write_to_disk:
            self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Adds a chart of a series with its bounds to the Custom Scalars page; see `add_custom_scalars`."""
        if self.write_to_disk:
            self.add_custom_scalars({category: {title: ["Margin", tags]}})
