"""What all tests share: where the data is, and the marks that go by path."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# For runs on many Pythons: the properties are tried in full once.
# A busy machine is no failure.
settings.register_profile("quick", max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("full")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shared():
    """The folder of large test data that stands beside the checkout; the tests that need it are skipped without."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder 'shared', with recorded data, is not beside this checkout")
    return folder


def pytest_collection_modifyitems(items):
    for item in items:
        path = item.path.relative_to(ROOT).as_posix()
        if "interop" in path:
            item.add_marker("interop")
        if path.startswith("tests/browser/"):
            item.add_marker("slow")  # each waits for what Chromium draws
        if path.startswith("tests/engines/"):
            item.add_marker("slow")  # they start servers and workers
