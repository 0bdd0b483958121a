"""What a person waits for: from the command to charts painted in Chromium, beside TensorBoard, tuff-bird and tb-like.

    python benchmarks/bench_board_browser.py [--quick] [--peers FOLDER] [--repeat N]

The browser is open before the command is started, as a person's is; it has no graphics card, and a window in which all
charts of a case have room. Painted is a chart whose picture is there. Needs selenium, Chromium and its driver.

TensorBoard runs with the loader that it chooses itself (the Rust one, where `tensorboard-data-server` is installed) and
with `--load_fast=false`; its page is given the filter that shows all charts at once. It selects no runs where there are
more than 40, so that all are selected here as soon as they are listed. tuff-bird and tb-like are measured if their
commands are in `FOLDER` (the ``bin`` of an environment); tb-like draws nothing until runs and tags are selected, which
is done here as soon as it lists them.
"""

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_board import used, write
from harness import browser, environment, machine, table
from selenium.common.exceptions import WebDriverException

MOST = 200
"""Seconds after which a server is given up."""

OURS = """
const figures = [...document.querySelectorAll("figure.chart[data-points]")];
const there = document.getElementById("live")?.textContent;
const done = figures.filter((figure) => figure.querySelector("canvas")).length;
return [document.querySelectorAll("#runs li").length, there === "Live" ? done : 0, done];
"""
TENSORBOARD = """
const rows = document.querySelectorAll("tb-data-table-content-row").length;
if (arguments[0] > 40 && rows && !window.asked) {
  const all = document.querySelector("tb-data-table-header-cell input[type=checkbox]");
  if (all) { window.asked = true; all.click(); }
}
const cards = [...document.querySelectorAll("scalar-card")];
const done = cards.filter((card) =>
  card.querySelector("line-chart canvas") && !card.querySelector("mat-spinner")
  && card.querySelectorAll("line-chart-axis text").length);
return [rows, done.length, done.length];
"""
TUFF_BIRD = """
const charts = [...document.querySelectorAll("article.card .tx-chart")];
const done = charts.filter((chart) => chart.querySelector("svg path[d], canvas"));
return [document.querySelectorAll(".runs__item").length, done.length, done.length];
"""
TB_LIKE = """
const runs = document.querySelectorAll("#run-list .item").length;
if (runs >= arguments[0] && !window.asked && document.querySelector("#tag-list input[type=checkbox]")) {
  window.asked = true;
  document.getElementById("runs-all").click();
  document.querySelectorAll("#tag-list input[type=checkbox]").forEach((box) => box.click());
}
const done = [...document.querySelectorAll(".chart .main-svg")].map((svg) => svg.closest(".chart"));
return [runs, new Set(done).size, new Set(done).size];
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def measured(command, path, script, runs, charts):
    """Seconds to the list of runs, the first chart and all charts; CPU seconds and MB of the server."""
    driver = browser(1400, 3600)
    driver.set_page_load_timeout(MOST)
    driver.get("about:blank")
    port = free_port()
    began = time.perf_counter()
    command = [str(port) if part == "PORT" else part for part in command]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
    times = [None, None, None]
    try:
        url = process.stdout.readline().strip() if path is None else f"http://127.0.0.1:{port}{path}"
        while path is not None and time.perf_counter() - began < MOST:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.02)
        driver.get(url)
        while None in times and time.perf_counter() - began < MOST:
            listed, all_of, first = driver.execute_script(script, runs)
            now = time.perf_counter() - began
            for place, reached in enumerate((listed >= min(runs, 10), first >= 1, all_of >= charts)):
                if reached and times[place] is None:
                    times[place] = now
            time.sleep(0.02)
    except WebDriverException as error:
        print(f"{command[0]}: {error.msg}", file=sys.stderr)
    finally:
        cpu, peak = used(process.pid)
        driver.quit()
        process.terminate()
        process.wait(30)
        process.stdout.close()
    return [MOST if each is None else each for each in times] + [cpu, peak]


def servers(folder, peers, cache):
    python = sys.executable
    found = {
        "tbevents": ([python, "-m", "tbevents.cli", "board", folder, "--no-open", "--port", "PORT"], None, OURS),
    }
    page = "/?tagFilter=metric#timeseries"
    for name, more in (("TensorBoard", ()), ("TensorBoard, --load_fast=false", ("--load_fast=false",))):
        command = [python, "-m", "tensorboard.main", "--logdir", folder, "--port", "PORT", *more]
        found[name] = (command, page, TENSORBOARD)
    if peers is not None and (peers / "tuff-bird").exists():
        command = [str(peers / "tuff-bird"), "board", folder, "--no-browser", "--port", "PORT"]
        found["tuff-bird"] = (command, "/", TUFF_BIRD)
    if peers is not None and (peers / "tblike").exists():
        command = [str(peers / "tblike"), folder, "--cache-dir", cache, "--port", "PORT"]
        found["tb-like"] = (command, "/", TB_LIKE)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    print(machine() + "\n")
    runs, tags, points = (20, 12, 200) if options.quick else (200, 12, 1_000)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "runs", runs, tags, points)
        taken = {}
        for number in range(options.repeat):
            for name, case in servers(f"{folder}/runs", options.peers, f"{folder}/cache{number}").items():
                if options.only and name not in options.only:
                    continue
                taken.setdefault(name, []).append(measured(*case, runs, tags))
                print(name, taken[name][-1], flush=True)
    ours = [statistics.median(column) for column in zip(*taken.get("tbevents", [[1] * 5]), strict=True)]
    for name, all_of in taken.items():
        medians = [statistics.median(column) for column in zip(*all_of, strict=True)]
        rows.append([name, *(f"{each:.2f}" for each in medians), f"{medians[2] / ours[2]:.1f}"])
    print(f"\n{runs} runs x {tags} tags x {points:,} points\n")
    table(
        ["server", "runs listed s", "first chart s", "all charts s", "CPU s", "peak MB", "times as long as tbevents"],
        rows,
    )


if __name__ == "__main__":
    main()
