"""What a reader makes of a chart: its labels, crosshair, marks and lists; and the help for mouse, keys and fingers."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")

from browser.test_charts import SVG
from tbevents.testing import MemoryWriter
from tbevents.tools.report import report

pytestmark = pytest.mark.slow  # each test opens a page and waits for what it draws


@pytest.fixture(scope="module")
def made(training, tmp_path_factory):
    out = tmp_path_factory.mktemp("readability") / "report.html"
    report(training, out)
    return out


@pytest.fixture
def spiky(tmp_path):
    """A curve between 0.2 and 2 with one value of a million."""
    writer = MemoryWriter()
    for step in range(300):
        writer.add_scalar("loss", 1e6 if step == 150 else 0.2 + 2 * np.exp(-step / 50), step)
    report({"run": writer.run}, tmp_path / "report.html")
    return tmp_path / "report.html"


@pytest.fixture
def fingers(page):
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    yield page
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_each_label_of_a_logarithmic_axis_has_the_unit_of_its_size(spiky, page, tmp_path):
    page.driver.get("about:blank")
    page.open(spiky)
    page.click(page.one("#log-y"))
    page.click(page.one("#outliers"))
    root = ET.parse(page.saved(page.chart("loss"), "SVG", tmp_path)).getroot()
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert {"1M", "100k", "10k", "1000", "100", "10", "1"} <= set(texts)
    assert not [text for text in texts if re.search(r"0\.\d+[kMG]|e-\d+[kMG]", text)]
