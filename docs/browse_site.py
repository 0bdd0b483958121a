"""Opens each page of the built documentation in Chromium: ``python docs/browse_site.py SITE``.

On a phone and on a desktop, no page scrolls sideways and every picture is shown. In light and in dark mode, text has
the contrast that WCAG 2 asks for (AA: 4.5, and 3 for large text). The Tab key reaches the content, and what has the
focus is seen. Prints what is wrong, and exits with 1 if anything is. Needs selenium, chromium and chromedriver.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

PHONE, DESKTOP = (375, 800), (1280, 900)
ACCEPTED = {"search.html", "genindex.html", "py-modindex.html"}
"""Pages without a heading of their own text, which Sphinx makes."""

LAYOUT = """
const page = document.scrollingElement, wide = [];
if (page.scrollWidth > page.clientWidth + 1)
    for (const each of document.querySelectorAll("main *, article *, .content *")) {
        const box = each.getBoundingClientRect();
        let inside = each.parentElement, scrolls = false;
        for (; inside; inside = inside.parentElement)
            scrolls = scrolls || (inside !== page && inside !== document.body
                && ["auto", "scroll", "hidden"].includes(getComputedStyle(inside).overflowX));
        if (box.right > page.clientWidth + 1 && !scrolls) wide.push(each.tagName + " " + each.textContent.slice(0, 40));
    }
const unseen = [...document.images].filter(each => each.src && !each.getAttribute("src").startsWith("#")
    && each.complete && !each.naturalWidth && each.offsetParent);
return {
    scrolls: page.scrollWidth > page.clientWidth + 1 ? page.scrollWidth : 0, wide: wide.slice(0, 3),
    unseen: unseen.map(each => each.getAttribute("src")),
    headings: document.querySelectorAll("h1").length, language: document.documentElement.lang,
};
"""

CONTRAST = """
document.body.dataset.theme = arguments[0];
const numbers = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
const light = rgb => { const [r, g, b] = rgb.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = each => {
    const layers = [];
    for (let e = each; e; e = e.parentElement) layers.push(numbers(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const found = {};
for (const each of document.querySelectorAll("body *")) {
    const own = [...each.childNodes].filter(n => n.nodeType === 3 && n.textContent.trim());
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    if (!own.length || !box.width || !box.height || style.visibility === "hidden" || +style.opacity === 0) continue;
    if (each.closest("svg, [hidden], .visually-hidden, .skip-to-content")) continue;
    const ground = behind(each), ink = over(numbers(style.color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5) - 0.05) {
        const what = `${each.tagName.toLowerCase()}.${each.className || each.parentElement.className}`;
        found[what] = found[what] || `${ratio.toFixed(2)}, ${style.color} on ${ground.map(Math.round)}: `
            + own[0].textContent.trim().slice(0, 30);
    }
}
return found;
"""

FOCUSED = """
const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
return {
    tag: each.tagName, text: each.textContent.trim().slice(0, 30), inside: !!each.closest("article"),
    seen: box.width > 0 && box.height > 0 && style.visibility !== "hidden",
    ring: style.outlineStyle !== "none" || style.boxShadow !== "none",
};
"""


def chromium() -> Any:
    """Starts Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for option in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{option}")
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def faults(site: Path) -> list[str]:
    """What is wrong with the pages of a site."""
    pages = sorted(path for path in site.rglob("*.html") if path.name != "404.html")
    wrong = []
    driver = chromium()
    try:
        for size in (PHONE, DESKTOP):
            # A window has a least width, and a phone less: the page is told a size of its own.
            metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            for page in pages:
                name = f"{page.relative_to(site)}, {size[0]} pixels wide"
                driver.get(page.as_uri())
                layout = driver.execute_script(LAYOUT)
                if layout["scrolls"]:
                    wrong.append(f"{name}: scrolls sideways, to {layout['scrolls']}: {'; '.join(layout['wide'])}")
                wrong += [f"{name}: the picture {picture} is not shown" for picture in layout["unseen"]]
                if page.name not in ACCEPTED and (layout["headings"] != 1 or not layout["language"]):
                    wrong.append(f"{name}: {layout['headings']} main headings, language {layout['language']!r}")
                if size == DESKTOP:
                    for theme in ("light", "dark"):
                        low = driver.execute_script(CONTRAST, theme)
                        wrong += [f"{name}, {theme}: low contrast of {what}: {how}" for what, how in low.items()]
        driver.get((site / "index.html").as_uri())
        wrong += keyboard(driver)
    finally:
        driver.quit()
    return wrong


def keyboard(driver: Any) -> list[str]:
    """What is wrong with the way of the Tab key through the page that is open."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    wrong = []
    for presses in range(150):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        focused = driver.execute_script(FOCUSED)
        if not focused["ring"] or not focused["seen"]:
            wrong.append(f"focus {presses + 1} is not seen: {focused['tag']} {focused['text']!r}")
        if focused["inside"]:
            return wrong
    return [*wrong, "the Tab key does not reach the content in 150 presses"]


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]).resolve())
    print("\n".join(found) or "The pages fit a phone, have contrast, and follow the keyboard.")
    sys.exit(bool(found))
