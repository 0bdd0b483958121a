"""The package as a whole: its public names, what importing it costs, and what its README says."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import tbevents


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


def test_every_public_name_is_there_and_listed_three_times_alike():
    tree = ast.parse(Path(tbevents.__file__).read_text())
    for_types = {
        (node.module, alias.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert for_types == {(home, name) for name, home in tbevents._HOME_OF.items()}
    assert set(tbevents.__all__) == {"__version__", *tbevents._HOME_OF}
    for name, home in tbevents._HOME_OF.items():
        assert getattr(tbevents, name) is getattr(importlib.import_module(home), name)
        assert name in dir(tbevents)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tbevents' has no attribute 'SumaryWriter'"):
        tbevents.SumaryWriter  # noqa: B018


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
