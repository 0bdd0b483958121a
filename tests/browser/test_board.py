"""The board in a browser, while runs are written, grow, restart and go."""

import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.page import points
from browser.test_hostile import HOSTILE, hostile_run
from browser.training import RATES, STEPS
from tbevents import SummaryWriter

pytestmark = pytest.mark.slow  # each test starts a server, and waits for what it pushes


def run_names(page):
    return [item.text for item in page.all("#runs li") if item.is_displayed()]


def seconds_until(condition, most=20.0):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < most
        time.sleep(0.02)
    return time.monotonic() - began


def test_what_a_report_shows_is_shown(training, board):
    page = board(training)
    page.wait(lambda: page.all("#texts"))
    page.wait(lambda: sorted(run_names(page)) == sorted(RATES))  # a session of hyperparameters belongs to its run
    assert page.run("return location.search") == ""
    page.wait(lambda: page.all("#hparams-table tbody tr"))
    for tag in ("train/loss", "accuracy", "lr"):
        page.expect_lines(tag, len(RATES), len(RATES) * STEPS)
    colors = (
        "return [...document.querySelectorAll('#runs li:not([hidden]) .swatch')].map((each) => each.style.background)"
    )
    assert page.run(colors) == ["rgb(72, 120, 208)", "rgb(224, 123, 57)", "rgb(58, 157, 99)"]  # sessions use up none
    assert {(72, 120, 208), (224, 123, 57), (58, 157, 99)} <= set(page.colors(page.chart("accuracy")))
    for section in ("pr_curves", "histograms", "images", "texts"):
        card = page.all(f"#{section} article.card")[0]
        page.run("arguments[0].scrollIntoView({block: 'center'})", card)
        page.wait(lambda section=section: page.all(f"#{section} :is(canvas, img, pre)"))


def test_a_flushed_point_a_new_run_and_a_removed_one_are_seen_within_two_seconds(tmp_path, board):
    with SummaryWriter(tmp_path / "first") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        page = board(tmp_path)
        page.wait(lambda: points(page, "loss") == 1)
        taken = []
        for step in range(1, 6):
            writer.add_scalar("loss", 1.0 / step, step)
            writer.flush()
            taken.append(seconds_until(lambda step=step: points(page, "loss") == step + 1))
        assert sorted(taken)[2] < 2, taken
    with SummaryWriter(tmp_path / "second") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_scalar("new", 1.0, 0)
        writer.flush()
        assert seconds_until(lambda: run_names(page) == ["first", "second"]) < 4
        page.wait(lambda: page.all("article[data-tag=new]"))
        page.wait(lambda: points(page, "loss") == 7)
    shutil.rmtree(tmp_path / "first")
    page.wait(lambda: run_names(page) == ["second"])
    page.wait(lambda: points(page, "loss") == 1)


def test_a_writer_that_dies_and_a_file_that_is_truncated(tmp_path, board):
    code = (
        "import os, sys; from tbevents import SummaryWriter; writer = SummaryWriter(sys.argv[1])\n"
        "for step in range(50): writer.add_scalar('loss', step, step)\n"
        "writer.flush(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False, timeout=60)
    page = board(tmp_path)
    page.wait(lambda: points(page, "loss") == 50)
    (file,) = (tmp_path / "run").iterdir()
    os.truncate(file, file.stat().st_size // 2)
    page.wait(lambda: 10 < points(page, "loss") < 40)
    page.wait(lambda: "read again" in page.one("#notes").text)
    assert not page.all("#problems")  # all that is there was read
    with SummaryWriter(tmp_path / "run") as writer:  # the job is started again
        writer.add_scalar("loss", 1.0, 100)
        writer.add_scalar("lr", 1.0, 100)
    page.wait(lambda: page.all("article[data-tag=lr]"))


def test_a_zoom_brings_points_that_were_thinned_and_no_spike_is_lost(tmp_path, board):
    values = np.zeros(200_000)
    values[123_456] = 1.0
    with SummaryWriter(tmp_path / "long") as writer:
        writer.add_scalar_columns("loss", np.arange(len(values)), values)
    page = board(tmp_path)
    page.wait(lambda: points(page, "loss") > 0)
    assert 100 < points(page, "loss") < 10_000
    chart = page.chart("loss")
    assert len(page.drawn_rows(chart)) > 150  # the spike is drawn from the bottom to the top
    before = points(page, "loss")
    page.drag(chart, 0.4, 0.5)
    page.wait(lambda: points(page, "loss") > before + 500)


def test_points_of_a_zoom_that_are_of_a_line_that_has_begun_anew_are_not_taken(tmp_path, board):
    with SummaryWriter(tmp_path / "long") as writer:
        writer.add_scalar_columns("loss", np.arange(200_000), np.zeros(200_000), 1.7e9 + np.arange(200_000))
    page = board(tmp_path)
    page.wait(lambda: points(page, "loss") > 0)
    chart = page.chart("loss")
    before = points(page, "loss")
    page.run(
        "const real = window.fetch; window.answered = 0;"
        "window.fetch = async (url, options) => {"
        "  const answer = await real(url, options);"
        "  if (!String(url).includes('from=')) return answer;"
        "  const bytes = new Uint8Array(await answer.arrayBuffer());"
        "  const at = new TextDecoder('latin1').decode(bytes).indexOf('1700000000');"
        "  bytes[at + 6] += 1; setTimeout(() => { window.answered += 1; }, 100);"  # it starts 1000 seconds later
        "  return new Response(bytes);"
        "}"
    )
    page.drag(chart, 0.4, 0.5)
    page.wait(lambda: page.run("return window.answered"))
    page.settle()
    assert points(page, "loss") == before


def test_keys_alone_reach_the_charts_and_the_button_that_saves(training, board):
    page = board(training)
    page.wait(lambda: points(page, "accuracy") > 0)
    chart = page.chart("accuracy")
    page.press(chart, Keys.ARROW_RIGHT)
    assert page.spoken(chart).startswith("a: value")
    page.run("document.body.focus()")
    reached = set()
    for _ in range(60):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.driver.switch_to.active_element.get_attribute("id"))
        if "save-report" in reached:
            break
    assert "save-report" in reached


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_the_board_without_scrolling_sideways(training, board, dark):
    page = board(training, width=360, height=740, dark=dark)
    page.wait(lambda: page.all("article[data-tag=accuracy]"))
    page.expect_lines("accuracy", len(RATES), len(RATES) * STEPS)  # in view: the table above it comes later
    page.run("scrollTo(0, 0)")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.one("#save-report").is_displayed()


def test_hostile_names_and_texts_are_shown_as_text(tmp_path, board):
    hostile_run(tmp_path / "runs" / "run")
    page = board(f"<svg onload>={tmp_path / 'runs'}")
    page.wait(lambda: page.all("#texts"))
    assert run_names(page)[0].startswith("<svg onload>/run")
    titles = [element.get_attribute("textContent") for element in page.all("details[id^=scalars] h3")]
    assert sorted(titles) == sorted(2 * HOSTILE)
    page.run("document.getElementById('texts').scrollIntoView()")
    page.wait(lambda: page.all("#texts pre"))
    texts = [element.get_attribute("textContent") for element in page.all("#texts pre")]
    assert set(texts) <= set(HOSTILE)
    assert page.run("return window.pwned") is None


def test_a_board_groups_runs_and_draws_custom_charts_and_distributions(tmp_path, board):
    rng = np.random.default_rng(1)
    series = {}
    for method in ("adam", "sgd"):
        for seed in range(3):
            name = f"{method}/{seed}"
            series[name] = 1 + rng.random(30)
            with SummaryWriter(tmp_path / name) as writer:
                writer.add_scalar_columns("loss/train", np.arange(30), series[name])
                writer.add_scalar_columns("loss/val", np.arange(30), 2 * series[name])
                for step in (0, 10):
                    writer.add_histogram("weights", rng.normal(size=100), step)
                writer.add_hparams({"method": method}, {}, run_name=".")
                if name == "sgd/0":
                    writer.add_custom_scalars({"both": {"losses": ["Multiline", ["loss/.*"]]}})
    page = board(tmp_path)
    page.wait(lambda: page.all("article[data-tag='both/losses']"))  # the layout comes later
    page.expect_lines("both/losses", 12, 360)
    page.wait(lambda: page.all("#group-by option[value='hparam:method']"))
    field = page.one("#group-by")
    page.run("arguments[0].value = 'hparam:method'; arguments[0].dispatchEvent(new Event('change'))", field)
    page.expect_lines("loss/train", 2, 60)
    chart = page.chart("loss/train")
    page.wait(lambda: chart.get_attribute("aria-busy") == "false")
    page.press(chart, Keys.HOME, Keys.ENTER)
    rows = sorted(row[:2] for row in page.readings(chart))
    expected = {
        f"method={method} (3 runs)": np.mean([np.float32(series[f"{method}/{seed}"][0]) for seed in range(3)])
        for method in ("adam", "sgd")
    }
    assert [name for name, _ in rows] == sorted(expected)
    assert all(float(value) == pytest.approx(expected[name], abs=1e-4) for name, value in rows)
    page.click(page.one("input[name=histograms][value=distribution]"))
    page.wait(lambda: page.chart("weights", "#histograms").find_elements(By.CSS_SELECTOR, ".readout"))
    page.wait(lambda: "group=hparam" in page.run("return location.hash"))
    page.click(page.all("#runs input")[0])
    page.wait(lambda: "off=0" in page.run("return location.hash"))
    page.driver.refresh()  # the choices outlast it, though the runs come later
    page.settle()
    page.expect([False, True], lambda: [box.is_selected() for box in page.all("#runs input")[:2]])
    page.expect_lines("loss/train", 2, 60)


def test_hostile_layouts_are_text_on_a_board(tmp_path, board):
    with SummaryWriter(tmp_path / "run") as writer:
        for text in HOSTILE:
            writer.add_scalar(text, 1.0, 0)
        writer.add_custom_scalars({text: {text: ["Multiline", [text]]} for text in HOSTILE})
    page = board(tmp_path)
    page.wait(lambda: page.all("details[id^=custom] h3"))
    titles = [element.get_attribute("textContent") for element in page.all("details[id^=custom] h3")]
    assert titles == HOSTILE
    assert page.run("return window.pwned") is None


def test_the_board_names_what_it_does_not_draw(tmp_path, board):
    for name in "ab":
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1, 1)
            writer.add_tensor("tensor", np.zeros(3), 0)
            writer.add_graph(b"\n\x03\n\x01a")
    page = board(tmp_path)
    page.wait(lambda: len(page.all("#others li")) == 2)
    assert [item.text.split(":")[0] for item in page.all("#others li")] == ["tensors (1 tag)", "graph (2 runs)"]


DRAWN = """
window.drawn = 0;
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const each of addedNodes) if (each.className === "plot") window.drawn += 1;
}).observe(arguments[0], { childList: true });
"""


def test_a_chart_of_several_tags_is_drawn_once_for_what_was_flushed_together(tmp_path, board):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_custom_scalars({"all": {"losses": ["Multiline", ["loss/.*"]]}})

        def add(step):
            for part in range(8):
                writer.add_scalar(f"loss/{part}", step + part, step)

        add(0)
        writer.flush()
        page = board(tmp_path)
        page.wait(lambda: page.all("article[data-tag='all/losses']"))  # the layout comes later
        page.expect_lines("all/losses", 8, 8)
        page.run(DRAWN, page.chart("all/losses"))
        for step in range(1, 6):
            add(step)
            writer.flush()
            page.expect_lines("all/losses", 8, 8 * (step + 1))
        assert page.run("return window.drawn") <= 7  # one a flush, and what another look at the files has cut in two
