"""The package as a whole: what importing it costs."""

import importlib
import subprocess
import sys

import pytest

import tbevents


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("module", ["tbevents", "tbevents.errors", "tbevents.pytest_plugin"])
def test_importing_it_loads_neither_numpy_nor_protobuf(module):
    loaded = run_python(f"import {module}, sys; print([m for m in ('numpy', 'google.protobuf') if m in sys.modules])")
    assert loaded.strip() == "[]"


@pytest.mark.parametrize(
    "package",
    ["torch", "tensorflow", "tensorboard", "tensorboardX", "matplotlib", "PIL", "pandas", "click", "rich", "pytest"],
)
def test_writing_and_reading_import_no_optional_package(package, tmp_path):
    code = f"""
import sys, tbevents
with tbevents.SummaryWriter({str(tmp_path)!r}) as writer:
    writer.add_scalar("loss", 1.0, 1)
print(len(tbevents.read_run({str(tmp_path)!r}).scalars["loss"]), {package!r} in sys.modules)
"""
    assert run_python(code).split() == ["1", "False"]


def test_without_keras_its_adapter_names_keras(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.delitem(sys.modules, "tbevents.integrations.keras", raising=False)
    with pytest.raises(
        tbevents.MissingExtraError, match=r"^tbevents.integrations.keras needs keras: pip install keras$"
    ):
        importlib.import_module("tbevents.integrations.keras")
