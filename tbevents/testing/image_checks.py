"""Checks of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from tbevents.format.values import as_float, whole
from tbevents.reading.kinds.image import Image
from tbevents.summary.pixels import to_hwc
from tbevents.testing.finding import ROWS, Finding, FindingTable, finding
from tbevents.testing.point_comparison import COLUMNS, cells, some_differ
from tbevents.testing.subjects import Subject, as_run, point_of
from tbevents.tools.diff import Tolerance
from tbevents.views.safe_text import counted


def check_image_close(
    run: Subject,
    tag: str,
    expected: Image | Any,
    *,
    step: int | None = None,
    sample: int = 0,
    dataformats: str = "CHW",
    atol: float = 0.0,
    share: float = 0.0,
) -> list[Finding]:
    """Checks that an image has the expected pixels.

    Args:
        run: a Run, a path or a writer; a writer is flushed first.
        tag: the tag of an image series.
        expected: the pixels, as `add_image` takes them: uint8 from 0 to 255, or any other dtype from 0 to 1; or an
            `Image`, whose first picture is used.
        step: the step of the image; by default the one written last.
        sample: the index of the picture, if the step has several.
        dataformats: the axes of `expected`, one letter each: N picture, C channel, H row, W column.
        atol: the largest difference allowed in a channel of a pixel, on the scale from 0 to 255.
        share: the fraction of pixels, from 0 to 1, that may differ by more.

    Raises:
        MissingExtraError: if Pillow is not installed.
        PayloadError: if Pillow cannot decode the picture.
        ValueError, TypeError: if an argument has a wrong type or value.
    """
    tolerance, allowed, sample = Tolerance(atol=atol), as_float(share, name="share"), whole("sample", sample)
    if sample < 0:
        raise ValueError(f"sample must be 0 or more, not {sample!r}")
    if not 0 <= allowed <= 1:
        raise ValueError(f"share must be a number from 0 to 1, not {share!r}")
    want = expected.array() if isinstance(expected, Image) else to_hwc(tag, "expected", expected, dataformats)
    run = as_run(run)
    image, findings = point_of(run, "images", tag, step)
    if image is None:
        return findings
    if not 0 <= sample < len(image.samples):
        held = counted(len(image.samples), "picture")
        return [finding(run, tag, "missing", f"step {image.step}: it has {held}, so there is no sample {sample}")]
    got = image.array(sample)
    # Writers store gray as one channel or as three.
    got, want = (np.repeat(each, 3, axis=2) if each.shape[2] == 1 else each for each in (got, want))
    if got.shape != want.shape:
        sizes = [f"{h} x {w} pixels of {c} channels" for h, w, c in (got.shape, want.shape)]
        taken = "" if isinstance(expected, Image) else f"; expected was read as {dataformats}"
        return [finding(run, tag, "shape", f"step {image.step}: it has {sizes[0]}, not {sizes[1]}{taken}")]
    near = tolerance.near(got.astype(np.float64), want.astype(np.float64))
    off = ~near.all(axis=2)
    count = int(off.sum())
    if count <= allowed * off.size:
        return []
    rows = [
        [str(y), str(x), str(c), *cells(float(got[y, x, c]), float(want[y, x, c]), tolerance, np.float64)]
        for y, x, c in np.argwhere(~near)[:ROWS].tolist()
    ]
    table = FindingTable.of(("row", "column", "channel", *COLUMNS), rows, int((~near).sum()))
    summary = (
        f"step {image.step}: {some_differ(count, off.size, 'pixels')} (atol {tolerance.atol:g}, share {allowed:g})"
    )
    return [finding(run, tag, "values", summary, table)]
