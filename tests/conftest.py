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


# Files of many tests that are quick one by one: together they take half of the time of what is not marked slow.
LONG = (
    "tests/format/test_record_search.py",
    "tests/mcp_server/test_tools.py",
    "tests/mcp_server/test_untrusted.py",
    "tests/reading/test_against_loaders.py",
    "tests/reading/test_plot.py",
    "tests/reading/test_plot_kinds.py",
    "tests/reading/test_reload_fuzz.py",
    "tests/reading/test_remote.py",
    "tests/reading/test_remote_http.py",
    "tests/reading/test_s3.py",
    "tests/reading/test_scalar_repeats.py",
    "tests/reading/test_worker_processes.py",
    "tests/test_dropin.py",
    "tests/test_pages.py",
    "tests/testing/test_plugin.py",
    "tests/tools/test_sync.py",
    "tests/writing/test_object_storage.py",
    "tests/writing/test_object_storage_failures.py",
    "tests/writing/test_object_storage_survival.py",
    "tests/writing/test_summary_writer_survival.py",
    "tests/writing/test_summary_writer_tensorboard.py",
)


def pytest_collection_modifyitems(items):
    for item in items:
        path = item.path.relative_to(ROOT).as_posix()
        if "interop" in path:
            item.add_marker("interop")
        if path.startswith("tests/browser/"):
            item.add_marker("slow")  # each waits for what Chromium draws
        if path in LONG:
            if not item.get_closest_marker("slow"):
                item.add_marker("long")  # a part of these is run on each Python all the same
            item.add_marker("slow")
        if path.startswith("tests/engines/"):
            item.add_marker("slow")  # they start servers and workers
