"""Every public name of tbevents.summary with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

from tbevents import summary
from tbevents.proto import HistogramProto, Summary

ZEROS = np.zeros((1, 3, 8, 8), np.uint8)


def messages() -> None:
    assert_type(summary.scalar("loss", 0.5), Summary)
    assert_type(summary.histogram("weights", [1, 2, 3], bins="auto"), Summary)
    assert_type(summary.histogram_raw("weights", 0, 1, 2, 3, 4, [1], [2]), Summary)
    assert_type(summary.image("digits", ZEROS, format="tf2"), Summary)
    assert_type(summary.image_boxes("digits", ZEROS[0], [[0, 0, 1, 1]]), Summary)
    assert_type(summary.video("clip", ZEROS[None], fps=4), Summary)
    assert_type(summary.audio("sound", np.zeros(8), 44100), Summary)
    assert_type(summary.text("note", "text"), Summary)
    assert_type(summary.mesh("mesh", np.zeros((1, 3, 3))), Summary)
    assert_type(summary.pr_curve("pr", [0, 1], [0.2, 0.8]), Summary)
    assert_type(summary.pr_curve_raw("pr", [1], [1], [1], [1], [1], [1]), Summary)
    assert_type(summary.tensor_proto("tensor", np.zeros(3)), Summary)
    assert_type(summary.custom_scalars({"page": {"chart": ["Multiline", ["loss"]]}}), Summary)
    assert_type(summary.hparams({"lr": 0.1}, {"loss": 0.5}), tuple[Summary, Summary, Summary])


def parts_of_messages() -> None:
    assert_type(summary.make_histogram([1, 2, 3]), HistogramProto)
    assert_type(summary.make_image(ZEROS[0]), Summary.Image)
    assert_type(summary.make_video(ZEROS, 4), Summary.Image)
    assert_type(summary.compute_curve([0, 1], [0.2, 0.8]), NDArray[np.float64])
    assert_type(summary.half_to_int(0.5), int)
    assert_type(summary.int_to_half(14336), float)
    assert_type(summary.graph(None), tuple[bytes, bytes | None])
    assert_type(summary.onnx_graph("model.onnx"), bytes)
    embedding = summary.embedding("words", np.zeros((3, 2)))
    assert_type(embedding, summary.Embedding)
    assert_type(embedding.files, dict[str, bytes])


def pictures() -> None:
    from matplotlib.figure import Figure
    from PIL import Image

    assert_type(summary.figure_to_image(Figure()), NDArray[np.uint8])
    assert_type(summary.draw_boxes(Image.new("RGB", (8, 8)), [[0, 0, 1, 1]]), Image.Image)
