"""Hooking imports: hooks stack, leave other modules alone and go without a trace."""

import importlib
import sys

import pytest

from tbevents.module_hook import ModuleHook, after_import


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "hooked_module.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "hooked_module", raising=False)
    before = list(sys.meta_path)
    yield "hooked_module"
    sys.modules.pop("hooked_module", None)
    assert sys.meta_path == before


def test_hooks_stack_and_each_sees_the_module_when_it_is_imported(module):
    seen = []
    hooks = [after_import([module], lambda loaded, n=n: seen.append((n, loaded.value))) for n in range(2)]
    for hook in hooks:
        hook.install()
    importlib.import_module(module)
    assert seen == [(0, 1), (1, 1)]
    for hook in hooks:
        hook.remove()
        hook.remove()  # once more does nothing


def test_a_hook_may_answer_with_another_spec_and_is_asked_for_its_modules_only(module):
    asked = []

    def answer(name, find_next):
        asked.append(name)
        return importlib.util.spec_from_file_location(name, find_next().origin.replace("hooked_module", "other"))

    hook = ModuleHook([module], answer)
    hook.install()
    (importlib.import_module("pathlib").Path(sys.path[0]) / "other.py").write_text("value = 2\n")
    assert importlib.import_module(module).value == 2
    assert importlib.util.find_spec("colorsys").name == "colorsys"
    assert asked == [module]
    hook.remove()


def test_a_module_that_is_not_there_stays_an_import_error():
    hook = after_import(["no_such_module_at_all"], print)
    hook.install()
    try:
        with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
            importlib.import_module("no_such_module_at_all")
    finally:
        hook.remove()
