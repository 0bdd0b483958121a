"""The example of a page: it runs as a script, and its page holds the six schedules and the first run's curves."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tools.report.pages import content, curve

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "report_page.py"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    pytest.importorskip("matplotlib", reason="the schedules' examples plot")
    folder = tmp_path_factory.mktemp("page")
    done = subprocess.run([sys.executable, EXAMPLE, folder], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (page,) = folder.glob("*.html")
    assert str(page) in done.stdout
    return content(page)


@pytest.mark.parametrize(
    ("run", "rate"),
    [
        ("StepLR", lambda epoch: 0.1 * 0.1 ** (epoch // 50)),
        ("MultiStepLR", lambda epoch: 0.1 * 0.1 ** sum(epoch >= milestone for milestone in (50, 125, 160))),
        ("ExponentialLR", lambda epoch: 0.1 * 0.95**epoch),
        ("CosineAnnealingLR", lambda epoch: 0.05 * (1 + math.cos(math.pi * epoch / 50))),
    ],
)
def test_the_rates_are_in_the_page(page, run, rate):
    steps, values, _ = curve(page, "lr", run)
    np.testing.assert_allclose(values, [rate(epoch) for epoch in steps.tolist()], rtol=1e-6, atol=1e-9)
    assert len(steps) == 201


def test_the_rates_stand_beside_the_loss(page):
    (beside,) = page["rates"]
    assert [page["scalars"][place]["tag"] for place in beside["rates"]] == ["lr", "lr/bias", "lr/weights"]
    assert page["scalars"][beside["loss"]]["tag"] == "excess_loss"


def test_the_first_run_is_in_the_page(page):
    steps, values, _ = curve(page, "y=2x", "first_run")
    np.testing.assert_array_equal(values, 2 * steps)
    steps, values, _ = curve(page, "data/scalar_group", "first_run/data_scalar_group_arctanx")
    np.testing.assert_allclose(values, np.arctan(steps), rtol=1e-6)
