"""Runs for the tests of checks, and the kinds of what the checks find."""

import numpy as np
import pytest

from tbevents.testing import MemoryWriter

VALUES = np.random.default_rng(0).normal(size=1000)
PICTURE = np.random.default_rng(0).integers(0, 255, (4, 5, 3), np.uint8)


def run_of(**series):
    """A run of scalar series, each a list of values (steps 0, 1, 2 ...) or of (step, value) pairs."""
    writer = MemoryWriter(clock=lambda: 1000.0)
    for tag, points in series.items():
        for place, point in enumerate(points):
            step, value = point if isinstance(point, tuple) else (place, point)
            writer.add_scalar(tag, value, step)
    return writer.run


def everything(writer):
    """Logs a value of each kind; needs Pillow."""
    pytest.importorskip("PIL", reason="makes pictures")
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step)
    writer.add_scalars("group", {"a": 1.0, "b": 2.0}, 0)
    writer.add_hparams({"lr": 0.1}, {"acc": 1.0}, run_name="session")
    writer.add_histogram("histogram", VALUES, 1)
    writer.add_image("image", PICTURE, 1, dataformats="HWC")
    writer.add_audio("audio", np.linspace(-1, 1, 100), 1)
    writer.add_text("text", "words", 1)
    writer.add_pr_curve("curve", [0, 1, 1], [0.1, 0.6, 0.9], 1)
    writer.add_mesh("mesh", np.ones((1, 4, 3)), faces=np.array([[[0, 1, 2]]]), global_step=1)
    writer.add_tensor("tensor", np.arange(6.0).reshape(2, 3), 1)
    writer.add_tensor("words", np.array(["a", "b"], object), 1)
    writer.add_tensor("complex", np.array([1 + 2j]), 1)
    writer.add_custom_scalars({"c": {"t": ["Multiline", ["loss"]]}})
    return writer


def kinds(findings):
    """The kinds of findings, in their order."""
    return [finding.kind for finding in findings]
