"""What was chosen on a board, and how it lasts while new data come."""

import time

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.page import points
from tbevents import SummaryWriter


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
