"""A report in headless Chromium. The tests are skipped where there is no browser, unless one is promised."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REQUIRED = os.environ.get("TBEVENTS_TEST_BROWSER") == "required"


def missing(what):
    if REQUIRED:
        pytest.fail(f"{what} is missing, and TBEVENTS_TEST_BROWSER says that it is required")
    pytest.skip(f"{what} is not on this machine")


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    try:
        from selenium import webdriver
    except ImportError:
        missing("selenium")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        missing("Chromium with its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-dev-shm-usage",
        "hide-scrollbars",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def page(driver):
    """A page in the browser; at the end, nothing may have been fetched and nothing have gone wrong."""
    from browser.page import Page

    page = Page(driver)
    yield page
    page.check_requests()
    page.check_console()
    driver.get("about:blank")


@pytest.fixture
def board(driver):
    """Starts a board; returns its page, which is open. Nothing may be asked of other servers, or have gone wrong."""
    from browser.page import Address, Page

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


@pytest.fixture(scope="session")
def training(tmp_path_factory):
    """Three trainings: curves of known values, hyperparameters, histograms, images, texts, precision and recall."""
    from browser.training import write_training

    folder = Path(tmp_path_factory.mktemp("training")) / "runs"
    write_training(folder)
    return folder


@pytest.fixture(scope="session")
def made(training, tmp_path_factory):
    """A report about the trainings."""
    pytest.importorskip("PIL", reason="shows pictures")
    from tbevents.tools.report import report

    out = tmp_path_factory.mktemp("page") / "report.html"
    report(training, out)
    return out
