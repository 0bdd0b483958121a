"""Builders: functions that return a `Summary` message, with the names of torch.utils.tensorboard.summary.

Builders do not write: `SummaryWriter` does, or `file_writer.add_summary(summary, step)`. Errors name arguments as the
methods of `SummaryWriter` do. Importing this package does not import Pillow, matplotlib or torch.
"""

from tbevents.summary.audio import audio
from tbevents.summary.embeddings import Embedding, embedding
from tbevents.summary.figures import figure_to_image
from tbevents.summary.graphs import graph, onnx_graph
from tbevents.summary.histograms import histogram, histogram_raw, make_histogram
from tbevents.summary.hparams import hparams
from tbevents.summary.images import draw_boxes, image, image_boxes, make_image
from tbevents.summary.layouts import custom_scalars
from tbevents.summary.meshes import mesh
from tbevents.summary.pr_curves import compute_curve, pr_curve, pr_curve_raw
from tbevents.summary.scalars import scalar
from tbevents.summary.tensors import half_to_int, int_to_half, tensor_proto
from tbevents.summary.texts import text
from tbevents.summary.videos import make_video, video

__all__ = [
    "Embedding",
    "audio",
    "compute_curve",
    "custom_scalars",
    "draw_boxes",
    "embedding",
    "figure_to_image",
    "graph",
    "half_to_int",
    "histogram",
    "histogram_raw",
    "hparams",
    "image",
    "image_boxes",
    "int_to_half",
    "make_histogram",
    "make_image",
    "make_video",
    "mesh",
    "onnx_graph",
    "pr_curve",
    "pr_curve_raw",
    "scalar",
    "tensor_proto",
    "text",
    "video",
]
