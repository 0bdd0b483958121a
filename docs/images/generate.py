"""Draws the images of the docs: runs examples and keeps their plots, in few colours and so in few bytes.

    python docs/images/generate.py

Needs ``tbevents[plot]``, and Chromium for the picture of a page.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image  # which matplotlib brings

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"

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
            run(EXAMPLES / "schedules" / example, folder)
            (plot,) = Path(folder).glob("*.png")
            keep(plot, image)
    with tempfile.TemporaryDirectory() as folder:
        run(EXAMPLES / "report_page.py", folder)
        (page,) = Path(folder).glob("*.html")
        keep(photograph(page), "report.png")


def run(script: Path, folder: str) -> None:
    """Runs an example."""
    subprocess.run([sys.executable, script, folder], check=True, stdout=subprocess.DEVNULL)


def photograph(page: Path) -> Path:
    """A picture of the top of a page, as Chromium shows it."""
    chromium = shutil.which("chromium") or "google-chrome"
    picture = page.with_suffix(".png")
    options = ["headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", "window-size=1200,800"]
    options += ["virtual-time-budget=4000", f"screenshot={picture}"]
    command = [chromium, *(f"--{option}" for option in options), page.as_uri()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return picture


def keep(picture: Path, image: str) -> None:
    """Puts a picture beside this file."""
    with Image.open(picture) as opened:
        opened.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(HERE / image, optimize=True)
    sys.stdout.write(f"{image}: {(HERE / image).stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
