"""What each documented package shows as public: listed once, the same for type checkers, and imported when used."""

import ast
import copy
import importlib
import pickle
import pydoc
import subprocess
import sys
import types

import pytest

import tbevents
import tbevents.lint
import tbevents.lr_scheduler
import tbevents.proto
import tbevents.summary
import tbevents.testing
import tbevents.tools

LAZY = [tbevents, tbevents.tools]
EAGER = [tbevents.lint, tbevents.lr_scheduler, tbevents.proto, tbevents.summary, tbevents.testing]
PYTHONS_OWN = {"__name__", "__doc__", "__file__", "__all__", "__dir__", "__spec__"}

each = pytest.mark.parametrize("package", LAZY + EAGER, ids=lambda package: package.__name__)


def seen_by_type_checkers(package):
    """Name -> module, from the imports of a package's source: all of them bind a name to itself."""
    seen = {}
    with open(package.__file__, encoding="utf-8") as source:
        for statement in ast.walk(ast.parse(source.read())):
            if isinstance(statement, ast.ImportFrom) and statement.module != "typing":
                for alias in statement.names:
                    if alias.asname:
                        assert alias.asname == alias.name, alias.name
                        seen[alias.name] = statement.module
    return seen


def modules_of(package):
    """The modules that are public themselves."""
    return {name for name in dir(package) if name not in package.__all__ and not name.startswith("__")}


@each
def test_type_checkers_see_what_is_listed_and_nothing_else(package):
    assert seen_by_type_checkers(package).keys() == {*package.__all__, *modules_of(package)}


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_a_name_is_imported_from_where_type_checkers_see_it(package):
    homes = {name: f"{package.__name__}.{home}" for home, names in package._HOMES.items() for name in names}
    seen = seen_by_type_checkers(package)
    assert homes == {name: seen[name] for name in homes}
    assert {name for name, home in seen.items() if home == package.__name__} == modules_of(package)
    for name, home in homes.items():
        assert getattr(package, name) is getattr(importlib.import_module(home), name)


@each
def test_dir_shows_public_names_and_what_python_gives_every_module(package):
    for name in package.__all__:
        getattr(package, name)
    shown = set(dir(package))
    assert PYTHONS_OWN | set(package.__all__) <= shown
    own = {name for name in shown if name.startswith("__") and name.endswith("__")}
    others = shown - own - set(package.__all__)
    assert others == modules_of(package)
    assert all(isinstance(getattr(package, name), types.ModuleType) for name in others)


@each
def test_all_is_sorted_without_repeats_and_has_no_name_of_the_mechanism(package):
    assert package.__all__ == sorted(set(package.__all__))
    assert {"public_names", "typing", "TYPE_CHECKING", "Final"}.isdisjoint(dir(package))


@each
def test_a_star_import_brings_every_name(package):
    namespace = {}
    exec(f"from {package.__name__} import *", namespace)
    assert {name: namespace[name] for name in package.__all__} == {
        name: getattr(package, name) for name in package.__all__
    }
    assert namespace.keys() == {*package.__all__, "__builtins__"}


@each
def test_classes_and_functions_pickle_by_reference_and_have_documentation(package):
    for name in package.__all__:
        value = getattr(package, name)
        if isinstance(value, (type, types.FunctionType)):
            assert pickle.loads(pickle.dumps(value)) is value
            assert copy.deepcopy(value) is value
            assert value.__doc__ or package is tbevents.proto, name  # messages are generated


@each
def test_pydoc_renders_the_package(package):
    text = pydoc.plain(pydoc.render_doc(package))
    missing = [name for name in package.__all__ if name != "__version__" and name not in text]
    assert missing == []


def test_public_modules_are_there_without_an_import_of_their_own():
    code = """
import sys, tbevents
assert not any(name.startswith("tbevents.lr") for name in sys.modules)
print(tbevents.lr_scheduler.StepLR.__name__, tbevents.tools.check.check.__name__)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.split() == ["StepLR", "check"]


def test_the_function_stays_beside_the_module_of_its_name():
    code = """
import tbevents.summary.audio, tbevents.testing.capture
from tbevents import summary, testing
print(summary.audio.__name__, testing.capture.__name__)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.split() == ["audio", "capture"]


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_a_name_that_is_not_there_is_an_attribute_error_that_knows_the_package(package):
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'SumaryWriter'") as caught:
        package.SumaryWriter  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("SumaryWriter", package)


def test_python_suggests_the_name_that_was_meant():
    code = "import tbevents\ntbevents.SumaryWriter"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert "Did you mean: 'SummaryWriter'?" in failed.stderr


def test_threads_that_use_a_name_for_the_first_time_find_one_object():
    code = """
import threading, tbevents
found, together = [], threading.Barrier(8)
def use():
    together.wait()
    found.append((tbevents.SummaryWriter, tbevents.read_run, tbevents.tools.check))
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.split() == ["8", "1"]


def test_a_name_whose_import_failed_is_imported_by_the_next_use(monkeypatch):
    fail = True

    def import_module(name):
        if fail:
            raise KeyboardInterrupt
        return importlib.import_module(name)

    monkeypatch.setattr("tbevents.public_names.import_module", import_module)
    monkeypatch.delitem(vars(tbevents), "Problem", raising=False)
    with pytest.raises(KeyboardInterrupt):
        tbevents.Problem  # noqa: B018
    fail = False
    assert tbevents.Problem.__name__ == "Problem"
