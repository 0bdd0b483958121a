"""docs/architecture.md names modules, functions and methods that exist."""

import importlib
import inspect
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import tbevents

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(tbevents.__file__).parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```", "", PAGE, flags=re.S)
NAMED = re.findall(r"`([\w/]+\.py)`: `([\w.]+)`", PROSE)
FOLDERS_AND_FILES = sorted(set(re.findall(r"`([\w/]+(?:\.py|/))`", PROSE)) - {"tbevents/"})
NEEDED = {"cli/": "click", "live_page/": "starlette", "mcp_server/": "mcp", "integrations/": "dask"}
METHODS = sorted(set(re.findall(r"`([A-Z]\w+\.\w+)`", PROSE)))


def module_of(path):
    for folder, package in NEEDED.items():
        if path.startswith(folder):
            pytest.importorskip(package)
    return importlib.import_module("tbevents." + path.removesuffix(".py").replace("/", "."))


@pytest.mark.parametrize("path", FOLDERS_AND_FILES)
def test_every_module_and_folder_exists(path):
    assert len(FOLDERS_AND_FILES) > 30
    assert (ROOT / path if path.startswith("tests/") else PACKAGE / path).exists()


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_function_is_in_the_module_named_before_it(path, name):
    assert len(NAMED) > 20
    value = module_of(path)
    for part in name.split("."):
        value = getattr(value, part)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_of_a_class_in_a_module_that_the_page_names(name):
    kind, method = name.split(".")
    without = tuple(folder for folder, package in NEEDED.items() if find_spec(package) is None)
    modules = [
        module_of(path)
        for path in FOLDERS_AND_FILES
        if re.fullmatch(r"(?!tests/|cli/)[a-z_/]*[a-z]_?\.py", path) and not path.startswith(without)
    ]
    if without and not any(kind in vars(module) for module in modules):
        pytest.skip(f"it may be in a module of {', '.join(without)}")
    classes = [vars(module)[kind] for module in modules if inspect.isclass(vars(module).get(kind))]
    assert classes
    assert all(hasattr(found, method) for found in classes)


def test_layers_in_the_diagram_are_those_that_are_checked():
    (diagram,) = re.findall(r"```text\n(.*?)```", PAGE, re.S)
    (layers,) = re.findall(
        r'containers = \["tbevents"\]\nlayers = \[(.*?)\n\]', (ROOT / "pyproject.toml").read_text(), re.S
    )
    for name in re.findall(r"\w+", layers):
        assert re.search(rf"\b{name}\b", diagram), name
