"""Draws the images of the docs: runs examples and keeps their plots, in few colours and so in few bytes.

    python docs/images/generate.py

Needs ``tbevents[plot]``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image  # which matplotlib brings

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples" / "schedules"

IMAGES = {
    "schedules.png": "all_schedules.py",
    "step_lr.png": "step_lr.py",
    "adam_warmup_cosine.png": "adam_warmup_cosine.py",
    "range_test.png": "range_test.py",
}
COLOURS = 96


def main() -> None:
    """Writes the images beside this file."""
    for image, example in IMAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, EXAMPLES / example, folder], check=True, stdout=subprocess.DEVNULL)
            (plot,) = Path(folder).glob("*.png")
            with Image.open(plot) as picture:
                picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(HERE / image, optimize=True)
        sys.stdout.write(f"{image}: {(HERE / image).stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
