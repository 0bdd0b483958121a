"""The `TensorBoard` callback of Keras 3 without TensorFlow, for any backend."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import MissingExtraError
from tbevents.files import StrPath
from tbevents.writing.summary_writer import SummaryWriter

try:
    import keras
except ModuleNotFoundError as error:
    if error.name != "keras":  # its backend, for instance
        raise
    raise MissingExtraError("keras", "", "tbevents.integrations.keras", hint="pip install keras") from None

__all__ = ["TensorBoard"]

_MAX_IMAGES = 3
"""The number of images logged for one weight, as in Keras (the default of tf.summary.image)."""


class TensorBoard(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Logs metrics, learning rates and weights, to the same runs and tags as Keras' `TensorBoard` callback.

    ::

        model.fit(x, y, epochs=3, validation_split=0.1, callbacks=[TensorBoard("logs")])

    The runs are ``train`` and ``validation`` below `log_dir`, the tags ``epoch_loss``, ``epoch_learning_rate``,
    ``batch_loss`` and ``evaluation_loss_vs_iterations``. The files have TensorFlow 2's form. Every fit and evaluate
    closes its files at the end; the next one continues in new files. A callback can be used by one fit at a time.

    Args:
        log_dir: the folder of the runs.
        histogram_freq: the number of epochs between histograms of each weight; 0 means never.
        write_graph: must be False, since the graph needs TensorFlow. (Keras' default is True.)
        write_images: if True, log weights as images together with their histograms; needs the extra ``image``.
        write_steps_per_second: if True, log the training steps per second for each epoch and, if batches are logged,
            for each batch.
        update_freq: how often to log metrics within an epoch: ``"epoch"`` for never, ``"batch"`` for every batch, or
            the number of batches in between.
        profile_batch: must be 0, since the profiler needs TensorFlow.
        embeddings_freq: must be 0, since the checkpoints need TensorFlow. Use `SummaryWriter.add_embedding`.
        embeddings_metadata: must be None.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value, or needs TensorFlow; the message names it.
    """

    def __init__(
        self,
        log_dir: StrPath = "logs",
        histogram_freq: int = 0,
        write_graph: bool = False,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | Literal["epoch", "batch"] = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        unsupported = {
            "write_graph": (write_graph, "it is TensorFlow's graph"),
            "profile_batch": (profile_batch, "the profiler is TensorFlow's"),
            "embeddings_freq": (embeddings_freq, "use SummaryWriter.add_embedding"),
            "embeddings_metadata": (embeddings_metadata, "use SummaryWriter.add_embedding"),
        }
        for name, (value, why) in unsupported.items():
            if value:
                raise ValueError(f"{name}={value!r} is not supported without TensorFlow ({why}); leave it out")
        self.log_dir: str = os.fspath(log_dir)
        self.histogram_freq: int = _count("histogram_freq", histogram_freq, least=0)
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        if update_freq == "batch":
            update_freq = 1
        elif update_freq != "epoch":
            update_freq = _count("update_freq", update_freq, least=1, other='"epoch", "batch" or ')
        self.update_freq = update_freq
        self._writers: dict[str, SummaryWriter] = {}
        self._fitting = False
        self._batch = 0  # the number of the current batch in this fit, from 1

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Starts counting batches."""
        self._fitting = True
        self._batch = 0

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Closes the files."""
        self._fitting = False
        self._close()

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Starts timing the batch."""
        self._batch += 1
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the batch's metrics, depending on `update_freq`."""
        if isinstance(self.update_freq, str) or self._batch % self.update_freq:
            return
        values = dict(logs or {})
        if self.write_steps_per_second:
            values["steps_per_second"] = 1 / max(time.perf_counter() - self._batch_began, 1e-9)
        self._log("train", "batch_{}", values, self._batch)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Starts timing the epoch."""
        self._epoch_began = time.perf_counter(), self._batch

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch's metrics and learning rates, and the weights, depending on `histogram_freq`."""
        logs = logs or {}
        train = {name: value for name, value in logs.items() if not name.startswith("val_")}
        train |= self._learning_rates()
        if self.write_steps_per_second:
            began, batch = self._epoch_began
            train["steps_per_second"] = (self._batch - batch) / max(time.perf_counter() - began, 1e-9)
        self._log("train", "epoch_{}", train, epoch)
        validation = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        self._log("validation", "epoch_{}", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._log_weights(epoch)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the metrics of an evaluation, with the optimizer's iterations as the step."""
        iterations = getattr(self.model.optimizer, "iterations", None)
        if iterations is not None:
            self._log("validation", "evaluation_{}_vs_iterations", logs or {}, int(_as_numpy(iterations)))
        if not self._fitting:
            self._close()

    def _learning_rates(self) -> dict[str, float]:
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of a LossScaleOptimizer
        several = getattr(optimizer, "optimizers", None)
        if several is not None:
            return {f"learning_rate_{each.name}": float(_as_numpy(each.learning_rate)) for each in several}
        rate = getattr(optimizer, "learning_rate", None)
        return {} if rate is None else {"learning_rate": float(_as_numpy(rate))}

    def _log(self, run: str, tags: str, values: Mapping[str, Any], step: int) -> None:
        for name, value in values.items():
            self._writer(run).add_scalar(tags.format(name), value, step)

    def _log_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                name = weight.path.replace(":", "_")
                values = _as_numpy(weight)
                writer.add_histogram(f"{name}/histogram", values, epoch)
                images = _as_images(values) if self.write_images else None
                if images is not None:
                    writer.add_images(f"{name}/image", images[:_MAX_IMAGES], epoch, dataformats="NHWC")
        writer.flush()

    def _writer(self, run: str) -> SummaryWriter:
        if run not in self._writers:
            self._writers[run] = SummaryWriter(os.path.join(self.log_dir, run), format="tf2")
        return self._writers[run]

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()


def _count(name: str, value: Any, *, least: int, other: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be {other}an int >= {least}, not {value!r}")
    return int(value)


def _as_numpy(value: Any) -> NDArray[Any]:
    return np.asarray(keras.ops.convert_to_numpy(value))


def _as_images(weight: NDArray[Any]) -> NDArray[Any] | None:
    """Returns a weight as NHWC images, laid out as in Keras' callback; None if its shape does not allow it."""
    weight = weight.squeeze()
    if weight.ndim == 1:  # a bias: one column
        return weight.reshape(1, -1, 1, 1)
    if weight.ndim == 2:  # a dense layer's kernel: wider than high
        return (weight.T if weight.shape[0] > weight.shape[1] else weight)[None, :, :, None]
    if weight.ndim == 3:
        if keras.config.image_data_format() == "channels_last":
            weight = weight.transpose(2, 0, 1)
        return weight[..., None]
    return weight if weight.ndim == 4 and weight.shape[-1] in (1, 3, 4) else None
