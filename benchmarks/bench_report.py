"""What the report page costs: making it, its size, and how soon a browser shows the first chart and answers.

    python benchmarks/bench_report.py [--quick]

Needs selenium, and Chromium with its driver. Times in the browser are wall time since the navigation began, without
a graphics card; the page has answered when a click on a setting, made right after loading, has changed all charts.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import browser, main, once, table, worker

from tbevents import SummaryWriter
from tbevents.tools.report import ReportLimits, report

CASES = {
    "50 runs x 10 tags x 1,000 points": (50, 10, 1_000),
    "1M points: 50 runs x 20 tags x 1,000": (50, 20, 1_000),
    "1M points: 10 runs x 1 tag x 100,000 (thinned)": (10, 1, 100_000),
    "200 runs x 5 tags x 1,000": (200, 5, 1_000),
}

FIRST_CHART = """
new MutationObserver((_, observer) => {
  if (document.querySelector("canvas") === null) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.firstChart = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""

ANSWER = """
const done = arguments[0];
const asked = performance.now();
document.querySelector("input[name=x][value=relative]").click();
const main = document.getElementById("main");
const wait = () => {
  if (window.firstChart === undefined || main.getAttribute("aria-busy") === "true") requestAnimationFrame(wait);
  else done([asked, performance.now()]);
};
requestAnimationFrame(wait);
"""


def write(folder, runs, tags, points):
    rng = np.random.default_rng(0)
    for run in range(runs):
        with SummaryWriter(folder / f"run{run:03}") as writer:
            times = 1.7e9 + 100 * run + np.cumsum(rng.random(points))
            for tag in range(tags):
                values = np.exp(-np.arange(points) / points * (run + 1) / 10) + rng.normal(0, 0.05, points)
                writer.add_scalar_columns(
                    f"{'train' if tag % 2 else 'val'}/metric{tag}", np.arange(points), values, times
                )


@worker
def make(folder, out):
    def work():
        made = report(folder, out, limits=ReportLimits())
        return {"size": made.size, "drawn": made.drawn}

    return 1, work


def show(driver, page):
    """Seconds until the first chart is drawn, and until the page has answered."""
    driver.get("about:blank")
    driver.get(page.as_uri())
    _, answered = driver.execute_async_script(ANSWER)
    return driver.execute_script("return window.firstChart") / 1000, answered / 1000


def benchmark():
    driver = browser(1400, 1000)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FIRST_CHART})
    rows = []
    try:
        for name, shape in CASES.items():
            with tempfile.TemporaryDirectory() as folder:
                write(Path(folder, "runs"), *shape)
                page = Path(folder, "report.html")
                made = once("make", Path(folder, "runs"), page)
                shown = [show(driver, page) for _ in range(1 if "--quick" in sys.argv else 5)]
                first, answered = (statistics.median(each) for each in zip(*shown, strict=True))
                rows.append(
                    [name, f"{made['cpu']:.2f}", f"{made['size'] / 1e6:.1f}", f"{first:.2f}", f"{answered:.2f}"]
                )
    finally:
        driver.quit()
    table(["runs", "making it, CPU s", "MB", "first chart after s", "answers after s"], rows)


if __name__ == "__main__":
    main(benchmark)
