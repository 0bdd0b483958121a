"""Takes the pictures of the board in the docs: runs are written while Chromium looks at them.

    python docs/images/board.py

Needs ``tbevents[board]``, selenium, and Chromium with its driver.
"""

from __future__ import annotations

import math
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from generate import keep
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tbevents import SummaryWriter
from tbevents.live_page import Address, Board, BoardServer

STEPS = 600
RATES = (0.1, 0.03, 0.01)
BATCHES = (32, 256)


def main() -> None:
    """Writes the pictures beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "sweep"
        trainings = [Training(runs, rate, batch) for rate in RATES for batch in BATCHES]
        for training in trainings[:-1]:
            training.go_on(STEPS)
        trainings[-1].go_on(STEPS // 2)
        board = Board({"": str(runs)})
        server = BoardServer(board, Address(port=0))
        server.start()
        driver = browser()
        try:
            driver.get(server.url)
            until(lambda: len(drawn(driver)) >= 2)
            trainings[-1].go_on(STEPS // 4)  # and the page follows
            until(lambda: f"{board_points(trainings):,} points" in driver.find_element(By.ID, "counts").text)
            take(driver, "board_live.png")
            driver.execute_script("document.getElementById('hparams').scrollIntoView()")
            until(lambda: driver.find_elements(By.CSS_SELECTOR, "#hparams-table tbody tr"))
            take(driver, "board_hparams.png")
            driver.execute_script("document.querySelector('input[name=theme][value=dark]').click()")
            chart = driver.find_element(By.CSS_SELECTOR, "article[data-tag='train/loss'] .u-over")
            driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
            until(lambda: driver.find_elements(By.CSS_SELECTOR, "article[data-tag='train/loss'] canvas"))
            chart = driver.find_element(By.CSS_SELECTOR, "article[data-tag='train/loss'] .u-over")
            drag = ActionChains(driver).move_to_element_with_offset(chart, -100, 0).click_and_hold()
            drag.move_by_offset(120, 0).release().perform()
            time.sleep(1)
            chart = driver.find_element(By.CSS_SELECTOR, "article[data-tag='train/loss'] .u-over")
            ActionChains(driver).move_to_element(chart).perform()
            take(driver, "board_zoom.png")
        finally:
            driver.quit()
            server.stop()
            for training in trainings:
                training.close()


class Training:
    """A training that is logged, some steps at a time."""

    def __init__(self, folder: Path, rate: float, batch: int) -> None:
        name = f"resnet/lr_{rate}/batch_{batch}"
        self.step = 0
        self._rate, self._batch = rate, batch
        self._random = random.Random(name)
        self._writer = SummaryWriter(folder / name)
        self._writer.add_hparams({"lr": rate, "batch": batch}, {"accuracy": 0.9 - rate / 2}, run_name="hparams")

    def go_on(self, steps: int) -> None:
        """Logs more steps."""
        for step in range(self.step, self.step + steps):
            noise = self._random.gauss(0, 0.5 / math.sqrt(self._batch))
            loss = 0.25 + 4 * self._rate**1.5 + 2 * math.exp(-step * self._rate / 5) + noise
            time_of_step = 1.7e9 + 2 * step
            self._writer.add_scalar("train/loss", loss, step, walltime=time_of_step)
            self._writer.add_scalar(
                "train/lr", self._rate * (1 + math.cos(math.pi * step / STEPS)) / 2, step, walltime=time_of_step
            )
            if step % 10 == 0:
                accuracy = 0.9 - self._rate / 2 - math.exp(-step * self._rate / 8) / 2 + noise / 8
                self._writer.add_scalar("eval/accuracy", accuracy, step, walltime=time_of_step)
                self._writer.add_scalar("eval/loss", loss + 0.1 + noise / 4, step, walltime=time_of_step)
        self.step += steps
        self._writer.flush()

    def close(self) -> None:
        """Ends it."""
        self._writer.close()


def board_points(trainings: list[Training]) -> int:
    """How many points the page counts."""
    return sum(2 * training.step + 2 * -(-training.step // 10) for training in trainings)


def browser() -> webdriver.Chrome:
    """Chromium without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", "window-size=1200,900"):
        options.add_argument(f"--{argument}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def drawn(driver: webdriver.Chrome) -> list[object]:
    """The charts that are drawn."""
    return driver.find_elements(By.CSS_SELECTOR, "figure.chart canvas")


def until(condition: Callable[[], object], most: float = 60.0) -> None:
    """Waits for something, for a minute at most."""
    end = time.monotonic() + most
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the board does not show what is waited for")
        time.sleep(0.1)


def take(driver: webdriver.Chrome, image: str) -> None:
    """Takes a picture of the window, and keeps it beside this file."""
    time.sleep(1.5)  # what is still drawn
    picture = Path(tempfile.gettempdir()) / image
    driver.save_screenshot(str(picture))
    keep(picture, image)
    picture.unlink()


if __name__ == "__main__":
    main()
