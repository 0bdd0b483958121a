"""A report in headless Chromium. The tests are skipped where there is no browser, unless one is promised."""

import os
import shutil
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
