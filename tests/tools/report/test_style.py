"""The page's colours: text stands out from what is behind it."""

import re
from importlib import resources

import pytest

STYLE = resources.files("tbevents.tools.report").joinpath("assets", "style.css").read_text("utf-8")


def theme(selector):
    """The colours of a theme, by their names; each in hexadecimal."""
    (body,) = re.findall(re.escape(selector) + r" \{(.*?)\}", STYLE)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", body))


def luminance(color):
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """As WCAG 2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("selector", [":root", ':root[data-theme="dark"]'])
@pytest.mark.parametrize(
    ("text", "behind"),
    [
        *((text, behind) for text in ("ink", "muted", "accent") for behind in ("page", "card")),
        ("card", "accent"),
        ("warn", "warn-page"),
        ("warn", "card"),
    ],
)
def test_text_can_be_read(selector, text, behind):
    colors = theme(selector)
    assert contrast(colors[text], colors[behind]) >= 4.5


@pytest.mark.parametrize("selector", [":root", ':root[data-theme="dark"]'])
def test_controls_can_be_seen(selector):
    colors = theme(selector)
    assert min(contrast(colors["edge"], colors["card"]), contrast(colors["edge"], colors["page"])) >= 3  # WCAG 1.4.11


def test_dark_by_the_system_is_dark_by_choice():
    assert theme(':root[data-theme="auto"]') == theme(':root[data-theme="dark"]')
