"""The board in a browser, while runs are written, grow, restart and go."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.page import Page
from browser.test_hostile import HOSTILE, hostile_run
from browser.training import RATES, STEPS
from tbevents import SummaryWriter

pytestmark = pytest.mark.slow  # each test starts a server, and waits for what it pushes


class Address:
    """What `Page.open` opens: a URL in place of a file."""

    def __init__(self, url):
        self.url = url

    def as_uri(self):
        return self.url


@pytest.fixture
def board(driver):
    """Starts a board; returns its page, which is open. Nothing may be asked of other servers, or have gone wrong."""
    pytest.importorskip("click", reason="the command line needs click")
    started = []
    page = Page(driver)

    def start(*arguments, **size):
        command = [sys.executable, "-m", "tbevents.cli", "board", *map(str, arguments), "--no-open", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.stderr.read()
        page.open(Address(url), **size)
        page.process = process
        page.url = url
        return page

    yield start
    page.check_console()
    driver.get("about:blank")
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
            assert (process.returncode, out, err) == (0, "", "Ctrl-C ends it\n")


def run_names(page):
    return [item.text for item in page.all("#runs li") if item.is_displayed()]


def points(page, tag):
    for figure in page.all(f"details[id^=scalars] article[data-tag='{tag}'] figure.chart"):
        if figure.get_attribute("data-points"):
            return int(figure.get_attribute("data-points"))
    return 0


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


def test_the_parameter_that_gives_colours_outlasts_a_reload(training, board):
    page = board(training)

    def colors():
        return page.run(
            "return [...document.querySelectorAll('#runs li:not([hidden]) .swatch')].map((it) => it.style.background)"
        )

    page.wait(lambda: page.all("#hparams-table tbody tr"))
    before = colors()
    page.choose("#color-by", "rate")
    chosen = colors()
    assert chosen != before
    page.expect("#color=rate", lambda: page.run("return location.hash"))
    page.run("location.reload()")
    page.expect(chosen, colors)
    page.put("#smoothing", 0.5)  # the address is written again
    page.expect("#color=rate&smoothing=0.5", lambda: page.run("return location.hash"))
    assert page.one("#color-by option:checked").text == "rate"


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


def resets(page, selector):
    return [each.is_displayed() for each in page.all(f"{selector} .reset")]


def put_away_and_back(page, selector):
    """Scrolls a card out of view and in again."""
    page.run("document.body.style.paddingTop = '4000px'; scrollTo(0, 0)")
    page.wait(lambda: not page.all(f"{selector} :is(canvas, img)"))
    page.run("document.body.style.paddingTop = ''; arguments[0].scrollIntoView({block: 'center'})", page.one(selector))
    page.wait(lambda: page.all(f"{selector} :is(canvas, img)"))


def write_step(writer, step):
    writer.add_image("picture", np.full((3, 8, 8), step / 20), step)
    writer.add_histogram("weights", np.random.default_rng(step).normal(step, 1, 500), step)
    writer.add_pr_curve("quality", np.arange(100) % 2, np.arange(100) / 100, step)
    writer.flush()


def test_choices_in_a_card_outlast_new_data_and_scrolling(tmp_path, board):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(6):
            write_step(writer, step)
        page = board(tmp_path)
        for section in ("images", "histograms", "pr_curves"):
            page.wait(lambda section=section: page.all(f"#{section} article"))
            page.run("arguments[0].scrollIntoView({block: 'center'})", page.one(f"#{section} article"))
            page.wait(lambda section=section: page.all(f"#{section} :is(canvas, img)"))
        slider = page.one("#images .slider input")
        page.run("arguments[0].focus()", slider)
        slider.send_keys(*[Keys.ARROW_LEFT] * 3)
        page.expect_text("#images output", "step 2")
        page.put("#pr_curves .slider input", 1)
        page.drag(page.chart("weights", "#histograms"), 0.25, 0.5)
        page.run("arguments[0].focus()", slider)
        for step in range(6, 9):
            write_step(writer, step)
        for section in ("images", "pr_curves"):
            page.run("arguments[0].scrollIntoView({block: 'center'})", page.one(f"#{section} article"))
            page.expect("8", lambda section=section: page.one(f"#{section} .slider input").get_attribute("max"))
        page.expect("9", lambda: page.chart("weights", "#histograms").get_attribute("data-rows"))
        assert page.run("return document.activeElement === document.querySelector('#images .slider input')")
        for _ in range(2):
            assert page.one("#images output").text == "step 2"
            assert page.one("#images .who").text.startswith("run step 2")
            assert page.one("#pr_curves output").text == "step 1"
            assert resets(page, "#histograms") == [True]
            for section in ("images", "histograms", "pr_curves"):
                put_away_and_back(page, f"#{section} article")
        page.put("#images .slider input", 8)  # at its end, the slider follows what comes
        write_step(writer, 9)
        page.run("arguments[0].scrollIntoView({block: 'center'})", page.one("#images article"))
        page.expect_text("#images output", "step 9")
        page.expect("run step 9", lambda: page.one("#images .who").text.split(",")[0])


def test_a_table_stays_sorted_when_there_are_more_rows_and_columns(tmp_path, board):
    def write(name, **parameters):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, 0)
            writer.add_hparams(parameters, {"score": parameters["rate"] * 2}, run_name=".")

    def column(title):
        place = [head.text.split(" ")[0] for head in page.all("#hparams-table thead th")].index(title)
        return [row.find_elements(By.CSS_SELECTOR, "th, td")[place].text for row in page.all("#hparams-table tbody tr")]

    write("a", rate=0.1)
    write("b", rate=0.3)
    page = board(tmp_path)
    page.wait(lambda: len(page.all("#hparams-table tbody tr")) == 2)
    (button,) = (each for each in page.all("#hparams-table thead button") if each.text == "rate")
    page.click(button)
    page.click(button)
    assert column("rate") == ["0.3", "0.1"]
    choice = "const field = document.getElementById('scatter-x'); field.value = arguments[0];"
    page.run(choice + "field.dispatchEvent(new Event('change'))", "0")
    write("c", rate=0.2, depth=3)
    page.wait(lambda: len(page.all("#hparams-table tbody tr")) == 3)
    assert column("rate") == ["0.3", "0.2", "0.1"]
    assert column("depth") == ["\u2013", "3", "\u2013"]
    chosen = "const field = document.getElementById('scatter-x'); return field.selectedOptions[0].textContent"
    assert page.run(chosen) == "rate"
    assert page.run("return arguments[0].isConnected", button)
    assert [head.get_attribute("aria-sort") for head in page.all("#hparams-table thead th")].count("descending") == 1


def test_a_zoom_of_relative_time_stays_where_it_is_as_a_run_grows(tmp_path, board):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(150):
            writer.add_scalar("loss", step % 7, step, walltime=1.7e9 + step)
        writer.flush()
        page = board(tmp_path)
        page.wait(lambda: points(page, "loss") == 150)
        page.click(page.one("input[name=x][value=relative]"))
        page.drag(page.chart("loss"), 0.4, 0.6)
        page.hover(page.chart("loss"), 0.5)
        cell = "return document.querySelector('.tip tbody td:nth-child(3)').textContent"
        before = int(page.run(cell))
        assert abs(before - 75) < 4
        for step in range(150, 400):
            writer.add_scalar("loss", step % 7, step, walltime=1.7e9 + step)
        writer.flush()
        page.wait(lambda: points(page, "loss") == 400)
        note = page.chart("loss").find_element(By.XPATH, "ancestor::article").find_element(By.CSS_SELECTOR, ".note")
        page.expect(True, lambda: note.text.startswith("in minutes"))
        page.hover(page.chart("loss"), 0.5, 0.4)
        page.expect(True, lambda: abs(int(page.run(cell)) - before) <= 1)


def crosshair(page):
    """The first row of the table at the crosshair; None where it is hidden."""
    return page.run(
        "const tip = document.querySelector('details[id^=scalars] .tip');"
        "return tip && !tip.hidden ? [...tip.querySelectorAll('tbody td')].map((each) => each.textContent) : null"
    )


def test_the_table_at_the_crosshair_stays_when_points_come(tmp_path, board):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(11):
            writer.add_scalar("loss", step * 3, step)
        writer.flush()
        page = board(tmp_path)
        page.wait(lambda: points(page, "loss") == 11)
        page.hover(page.chart("loss"), 0.5)
        page.expect(["15", "5"], lambda: crosshair(page)[:2])
        for last in (12, 14):
            for step in (last - 1, last):
                writer.add_scalar("loss", step * 3, step)
            writer.flush()
            page.wait(lambda last=last: points(page, "loss") == last + 1)
            time.sleep(0.3)
            page.settle()
            assert crosshair(page)[1] == str(last // 2)  # the pointer is where it was, in the middle
        page.hover(page.chart("loss"), 0.1)
        ActionChains(page.driver).move_to_element(page.one("h1")).perform()
        page.expect(None, lambda: crosshair(page))
        writer.add_scalar("loss", 45, 15)
        writer.flush()
        page.wait(lambda: points(page, "loss") == 16)
        time.sleep(0.3)
        assert crosshair(page) is None


def test_keys_go_on_from_their_point_when_points_come(tmp_path, board):
    with SummaryWriter(tmp_path / "a") as other, SummaryWriter(tmp_path / "b") as writer:
        for step in range(11):
            other.add_scalar("loss", 0.5, step)
            writer.add_scalar("loss", step * 3, step)
        other.flush()
        writer.flush()
        page = board(tmp_path)
        page.wait(lambda: points(page, "loss") == 22)
        chart = page.chart("loss")
        page.press(chart, Keys.ARROW_DOWN, *[Keys.ARROW_RIGHT] * 4)
        page.expect("b: value 12, step 4", lambda: page.spoken(chart).split(", time")[0])
        writer.add_scalar("loss", 33, 11)
        writer.flush()
        page.wait(lambda: points(page, "loss") == 23)
        page.expect(["12", "4"], lambda: crosshair(page)[:2])
        page.press(page.chart("loss"), Keys.ARROW_RIGHT)
        page.expect("b: value 15, step 5", lambda: page.spoken(page.chart("loss")).split(", time")[0])
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        writer.add_scalar("loss", 36, 12)
        writer.flush()
        page.wait(lambda: points(page, "loss") == 24)
        time.sleep(0.3)
        assert crosshair(page) is None  # the focus is elsewhere


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


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a board; or answers all with an error, 502 as where the board is gone."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), _Forward)
        self.board_port = port
        self.down = False
        self.asked = []
        self.open = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def fail(self, status=502):
        self.down, self.status = True, status
        for connection in self.open:
            connection.sock.shutdown(socket.SHUT_RDWR)


class _Forward(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.down:
            self.send_error(self.server.status)
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.server.board_port, timeout=60)
        connection.request(self.command, self.path, headers=dict(self.headers))
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        self.end_headers()
        if "event-stream" in answer.getheader("content-type", ""):
            self.server.open.append(connection)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while data := answer.read1():
                self.wfile.write(data)

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def proxy():
    """Opens the board of a page through a proxy of its own, which is returned."""
    made = []

    def between(page):
        port = urlsplit(page.url).port
        made.append(Proxy(port))
        page.open(Address(page.url.replace(str(port), str(made[-1].server_port))))
        return made[-1]

    yield between
    for each in made:
        each.shutdown()
        each.server_close()


def test_a_board_that_has_not_heard_of_its_runs_yet_says_that_they_are_listed(tmp_path, board, proxy, monkeypatch):
    told = threading.Event()
    forward = _Forward.do_GET

    def do_get(self):
        if "api/events" in self.path:
            told.wait(60)
        forward(self)

    page = board(tmp_path)
    monkeypatch.setattr(_Forward, "do_GET", do_get)
    proxy(page)
    page.expect_text("main p:not(#nothing)", "The runs are being listed.")
    told.set()
    page.expect_text("main p:not(#nothing)", "Nothing has been logged yet that this page shows.")


def test_a_board_behind_a_proxy_that_fails_is_followed_again(tmp_path, board, proxy):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        page = board(tmp_path)
        between = proxy(page)
        page.wait(lambda: points(page, "loss") == 1)
        between.fail()
        page.wait(lambda: "does not answer; trying again in" in page.one("#live").text)
        between.asked.clear()
        page.wait(lambda: sum("api/events" in path for path in between.asked) >= 2)
        page.wait(lambda: "trying again in 4 s" in page.one("#live").text)  # less and less often
        between.down = False
        writer.add_scalar("loss", 2.0, 1)
        writer.flush()
        page.wait(lambda: page.one("#live").text == "Live")
        page.wait(lambda: points(page, "loss") == 2)
        page.driver.get_log("browser")  # the browser's own words about the failures


def test_a_page_of_a_board_that_was_started_again_says_that_there_is_a_new_url(tmp_path, board, proxy):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    page = board(tmp_path)
    between = proxy(page)
    page.wait(lambda: points(page, "loss") == 1)
    page.run(
        "window.said = []; const live = document.getElementById('live');"
        "new MutationObserver(() => window.said.push(live.textContent))"
        ".observe(live, {childList: true, characterData: true, subtree: true})"
    )
    between.asked.clear()
    between.fail(401)
    page.wait(lambda: sum("api/events" in path for path in between.asked) >= 2)
    page.wait(lambda: page.run("return window.said.length"))
    assert set(page.run("return window.said")) == {"The board was started again: open the new URL that it printed."}
    page.driver.get_log("browser")  # the browser's own words about the failures


def test_a_sound_plays_on_while_new_data_come(tmp_path, board):
    with SummaryWriter(tmp_path / "a") as first, SummaryWriter(tmp_path / "b") as second:
        for writer in (first, second):
            writer.add_audio("tone", np.sin(np.arange(60 * 8000) / 9), 0, sample_rate=8000)
            writer.flush()
        page = board(tmp_path)
        page.wait(lambda: page.all("#audio audio"))
        page.run("document.getElementById('audio').scrollIntoView()")
        page.wait(lambda: len(page.all("#audio audio")) == 2)
        page.one("h1").click()  # a page plays nothing before
        play = "const sound = document.querySelectorAll('audio')[1]; sound.muted = true;"
        page.driver.execute_async_script(f"{play} sound.play().then(arguments[0])")
        first.add_audio("tone", np.sin(np.arange(8000) / 5), 1, sample_rate=8000)
        first.flush()
        page.wait(lambda: page.all("#audio .who")[0].text.startswith("a step 1"))
        assert page.run("return document.querySelectorAll('audio')[1].paused") is False


def test_a_page_says_that_its_board_has_ended_and_tries_again(training, board):
    page = board(training)
    page.wait(lambda: page.one("#live").text.startswith("Live"))
    page.process.send_signal(signal.SIGINT)
    page.process.communicate(timeout=20)
    page.wait(lambda: "does not answer; trying again in 4 s" in page.one("#live").text)
    page.driver.get_log("browser")
