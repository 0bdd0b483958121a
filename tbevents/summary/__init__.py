"""Builders: functions that return a `Summary` message, with the names of torch.utils.tensorboard.summary.

Builders do not write: `SummaryWriter` does, or `file_writer.add_summary(summary, step)`. Errors name arguments as the
methods of `SummaryWriter` do. Importing this package does not import Pillow, matplotlib or torch.
"""

import typing

from tbevents import public_names
from tbevents.summary.audio import audio as audio
from tbevents.summary.embeddings import Embedding as Embedding
from tbevents.summary.embeddings import embedding as embedding
from tbevents.summary.figures import figure_to_image as figure_to_image
from tbevents.summary.graphs import graph as graph
from tbevents.summary.graphs import onnx_graph as onnx_graph
from tbevents.summary.histograms import histogram as histogram
from tbevents.summary.histograms import histogram_raw as histogram_raw
from tbevents.summary.histograms import make_histogram as make_histogram
from tbevents.summary.hparams import hparams as hparams
from tbevents.summary.images import draw_boxes as draw_boxes
from tbevents.summary.images import image as image
from tbevents.summary.images import image_boxes as image_boxes
from tbevents.summary.images import make_image as make_image
from tbevents.summary.layouts import custom_scalars as custom_scalars
from tbevents.summary.meshes import mesh as mesh
from tbevents.summary.pr_curves import compute_curve as compute_curve
from tbevents.summary.pr_curves import pr_curve as pr_curve
from tbevents.summary.pr_curves import pr_curve_raw as pr_curve_raw
from tbevents.summary.scalars import scalar as scalar
from tbevents.summary.tensors import half_to_int as half_to_int
from tbevents.summary.tensors import int_to_half as int_to_half
from tbevents.summary.tensors import tensor_proto as tensor_proto
from tbevents.summary.texts import text as text
from tbevents.summary.videos import make_video as make_video
from tbevents.summary.videos import video as video

if not typing.TYPE_CHECKING:
    __all__, __dir__ = public_names.eager_package(__name__)
