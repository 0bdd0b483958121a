"""Opens pages in the browser, on machines that have a screen for one."""

from __future__ import annotations

import os
import sys
from typing import Final

import click

_SCREENS: Final = "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"


def open_page(url: str) -> bool:
    """Opens a page in the browser.

    Returns:
        False if there is no screen for one, as the variables of systems other than Windows and macOS say. Nothing is
        started then, as the opener's errors would fill the terminal.
    """
    if sys.platform not in ("win32", "cygwin", "darwin") and not any(map(os.environ.get, _SCREENS)):
        return False
    click.launch(url)
    return True
