"""The methods of `SummaryWriter` that build and log one summary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

from tbevents import summary
from tbevents.proto import Summary
from tbevents.summary.builders import Format
from tbevents.summary.figures import close_figures
from tbevents.summary.histograms import default_edges
from tbevents.writing.checked_points import about
from tbevents.writing.untraced import untraced_methods

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")


@untraced_methods
class SummaryMethods(ABC):
    """Methods that log one summary per call.

    `SummaryWriter` documents `tag`, `global_step` and `walltime`, which all methods have.
    """

    format: Format
    write_to_disk: bool

    @abstractmethod
    def _log(self, step: Any, walltime: Any, build: Callable[P, Summary], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Builds a summary and logs it, unless the writer is disabled."""

    @property
    def default_bins(self) -> list[float]:
        """The edges of the ``"tensorflow"`` bins of `add_histogram`, for ``format="tf1"``."""
        return default_edges()

    def add_tensor(self, tag: str, tensor: Any, global_step: Any = None, walltime: float | None = None) -> None:
        """Logs a tensor of numbers, booleans or strings, of any shape. TensorBoard has no page for it.

        bfloat16 is stored as float32; all other dtypes are kept.
        """
        self._log(global_step, walltime, summary.tensor_proto, tag, tensor)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Logs the distribution of an array's values.

        Values that are not finite are not counted; a `TBEventsWarning` then names the tag.

        Args:
            values: real numbers of any shape, at least one.
            bins: ``"tensorflow"``, the 1,548 bins between `default_bins` (with ``format="tf2"``, 30 of equal width); or
                a number of bins, increasing edges, or the name of a rule of numpy.histogram, such as ``"auto"``.
            max_bins: if there are more bins, neighbours are merged until about this many are left.
        """
        self._log(global_step, walltime, summary.histogram, tag, values, bins, max_bins, format=self.format)

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,  # noqa: A002  # torch's name of it, and so below
        max: Any,  # noqa: A002
        num: Any,
        sum: Any,  # noqa: A002
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs a histogram from its bucket counts.

        Args:
            min: the minimum of the values.
            max: the maximum of the values.
            num: the number of values.
            sum: the sum of the values.
            sum_squares: the sum of the squared values.
            bucket_limits: the right edge of each bucket, shape (k,).
            bucket_counts: the number of values in each bucket, shape (k,).
        """
        self._log(
            global_step,
            walltime,
            summary.histogram_raw,
            tag,
            min,
            max,
            num,
            sum,
            sum_squares,
            bucket_limits,
            bucket_counts,
            format=self.format,
        )

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Logs an image, as PNG. Needs Pillow (extra `image`).

        Args:
            img_tensor: uint8 from 0 to 255, or any other dtype from 0 to 1 (multiplied by 255 and clipped; NaN is
                black). 1 channel (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGBA).
            dataformats: one letter per axis: N image, C channel, H row, W column. Without C, the image is gray.
        """
        self._log(global_step, walltime, summary.image, tag, img_tensor, dataformats=dataformats, format=self.format)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Logs a batch of images: with ``format="tf1"`` as one grid of 8 columns, with ``"tf2"`` one by one.

        Args:
            img_tensor: as in `add_image`; or a list of images, for which `dataformats` may leave out the N.
            dataformats: as in `add_image`.
        """
        letters = str(dataformats)
        if isinstance(img_tensor, (list, tuple)) and len(letters) == 3 and "N" not in letters.upper():
            dataformats = f"N{dataformats}"
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Sequence[str] | str | None = None,
    ) -> None:
        """Logs an image with red boxes on it.

        Args:
            img_tensor: as in `add_image`.
            box_tensor: shape (boxes, 4): x and y of the upper left corner, then of the lower right corner, in pixels.
            rescale: the factor by which the image, including the boxes, is enlarged.
            dataformats: as in `add_image`.
            labels: a label for each box.
        """
        self._log(
            global_step,
            walltime,
            summary.image_boxes,
            tag,
            img_tensor,
            box_tensor,
            rescale=rescale,
            dataformats=dataformats,
            labels=labels,
            format=self.format,
        )

    def add_figure(
        self,
        tag: str,
        figure: Figure | list[Figure],
        global_step: Any = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Logs a matplotlib figure, or a list of figures in a grid, as an image. Needs Pillow, too (extra `image`).

        Args:
            figure: a Figure, or a list of Figures of the same size.
            close: if True, close the figures, so that pyplot does not keep them.
        """
        if not self.write_to_disk:
            if close:
                close_figures(figure)
            return
        try:
            drawn = summary.figure_to_image(figure, close=False)
        except (TypeError, ValueError) as error:
            raise about(tag, error) from None
        self.add_image(tag, drawn, global_step, walltime, "CHW" if drawn.ndim == 3 else "NCHW")
        if close:
            close_figures(figure)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Any = None,
        fps: float = 4,
        walltime: float | None = None,
        dataformats: str = "NTCHW",
    ) -> None:
        """Logs a video as an animated GIF, shown among the images. Needs Pillow (extra `image`).

        Args:
            vid_tensor: pixels as in `add_image`, with 1, 3 or 4 channels. Several videos are shown in a grid.
            fps: frames per second; a GIF shows at most 50.
            dataformats: one letter per axis: N video, T frame, C channel, H row, W column.
        """
        self._log(global_step, walltime, summary.video, tag, vid_tensor, fps, dataformats, format=self.format)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Any = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Logs audio as 16-bit WAV.

        Args:
            snd_tensor: values from -1 to 1, shape (samples,), or (samples, channels) with 1 or 2 channels. Values
                outside are clipped and NaN becomes silence; a `TBEventsWarning` then names the tag. int16 is stored
                unchanged.
            sample_rate: samples per second.
        """
        self._log(global_step, walltime, summary.audio, tag, snd_tensor, sample_rate, format=self.format)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None) -> None:
        """Logs text, which TensorBoard renders as Markdown. ``format="tf1"`` appends ``/text_summary`` to the tag."""
        self._log(global_step, walltime, summary.text, tag, text_string, format=self.format)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs the precision-recall curve of a binary classifier.

        Args:
            labels: the true class of each example, 0 or 1, any shape.
            predictions: the predicted probability of class 1, from 0 to 1, of the same shape.
            num_thresholds: the number of thresholds, at least 1; more than 127 are reduced to 127.
            weights: the weight of each example: a number, or an array of the same shape.
        """
        self._log(global_step, walltime, summary.pr_curve, tag, labels, predictions, num_thresholds, weights)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs a precision-recall curve from its counts, precision and recall at n thresholds from 0 to 1.

        The arrays have shape (n,). `num_thresholds` and `weights` have no effect.
        """
        self._log(
            global_step,
            walltime,
            summary.pr_curve_raw,
            tag,
            true_positive_counts,
            false_positive_counts,
            true_negative_counts,
            false_negative_counts,
            precision,
            recall,
            num_thresholds,
            weights,
        )

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Mapping[str, Any] | None = None,
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Logs meshes, or point clouds if there are no faces.

        Args:
            tag: ``_VERTEX``, ``_FACE`` and ``_COLOR`` are appended to it.
            vertices: coordinates, shape (batch, vertices, 3).
            colors: red, green and blue of each vertex, from 0 to 255, of the same shape.
            faces: the indices of three vertices for each face, shape (batch, faces, 3).
            config_dict: three.js classes and their settings, as accepted by TensorBoard's mesh plugin.
        """
        self._log(global_step, walltime, summary.mesh, tag, vertices, colors, faces, config_dict)
