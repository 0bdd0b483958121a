"""What `tbevents.tools` itself offers, and that it is imported when it is used."""

import subprocess
import sys
import types

import pytest

import tbevents.tools


@pytest.mark.parametrize("name", tbevents.tools.__all__)
def test_what_is_offered_is_there(name):
    found = getattr(tbevents.tools, name)
    assert found.__name__ == name
    assert found.__module__.startswith("tbevents.tools.")
    assert name in dir(tbevents.tools)


def test_a_module_is_a_module_whatever_was_imported_before():
    program = """
import sys, tbevents.tools
assert not any(name.startswith("tbevents.tools.") for name in sys.modules)
first = tbevents.tools.check
from tbevents.tools import check, export_table
from tbevents.tools.check import check as function
assert first is check and check.check is function, first
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    for name in ("check", "diff", "edit", "merge", "plot", "reduce", "repair", "schedule", "split"):
        assert isinstance(getattr(tbevents.tools, name), types.ModuleType)


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = tbevents.tools.nosuch
