"""No circle of imports (type-only and lazy ones included), and no class name twice, in the package."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import tbevents

PACKAGE = Path(tbevents.__file__).parent


def sources(package):
    """Returns the path of each module by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(package):
    """Returns which modules of the package each module imports, wherever in the module it does so."""
    paths = sources(package)
    graph = {}
    for name, path in paths.items():
        found = graph[name] = set()
        own_package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = own_package.split(".")[: 1 - node.level or None]
                    base = ".".join([*above, *([base] if base else [])])
                found.update(full if (full := f"{base}.{alias.name}") in paths else base for alias in node.names)
        found &= paths.keys()
    return graph


def test_no_module_imports_itself_by_way_of_others():
    graph = imports(PACKAGE)
    assert sum(map(len, graph.values())) > 500
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "back",
    [
        "import made_up.low",
        "from made_up import low",
        "from . import low",
        "from .low import name",
        "if TYPE_CHECKING:\n    from made_up.low import name",
        "def later():\n    from made_up.low import name",
    ],
)
def test_a_circle_is_found_whatever_its_imports_look_like(tmp_path, back):
    package = tmp_path / "made_up"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "low.py").write_text("import json\n\nfrom made_up.high import name\n")
    (package / "high.py").write_text(f"{back}\n")
    with pytest.raises(CycleError):
        TopologicalSorter(imports(package)).prepare()


def test_a_circle_through_a_packages_own_file_is_found(tmp_path):
    package = tmp_path / "made_up"
    package.mkdir()
    (package / "__init__.py").write_text("def main():\n    from made_up.group import run\n")
    (package / "group.py").write_text("from made_up import main\n")
    with pytest.raises(CycleError):
        TopologicalSorter(imports(package)).prepare()


def test_no_two_classes_have_the_same_name():
    homes = {}
    for name, path in sources(PACKAGE).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name)
    assert len(homes) > 200
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}
