"""docs/testing.md: its code runs as it stands, and it names all there is."""

import re
from pathlib import Path

import pytest

import tbevents.pytest_plugin
from tbevents import testing

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=[re.search(r"def (test_\w+)", code)[1] for code in BLOCKS])
def test_the_code_passes(code, pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\n")
    pytester.path.joinpath("test_it.py").write_text(code)
    arguments = ["-p", "tbevents.pytest_plugin", "-p", "no:cacheprovider"]
    if "tb_regression" in code:
        pytester.runpytest(*arguments, "--tb-update").assert_outcomes(passed=1)
    pytester.runpytest(*arguments).assert_outcomes(passed=1)


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_is_there(name):
    assert re.search(rf"\b{name}\b", TEXT)


def test_every_fixture_and_option_is_there():
    source = Path(tbevents.pytest_plugin.__file__).read_text(encoding="utf-8")
    names = re.findall(r"^def (tb_\w+)", source, re.MULTILINE) + re.findall(r'"(--tb-\w+)"', source)
    assert len(names) >= 7
    for name in names:
        assert name in TEXT


@pytest.mark.parametrize("name", [name for name in testing.__all__ if name.startswith("assert_")])
def test_every_argument_of_an_assertion_is_in_its_row(name):
    import inspect

    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}("))
    signature = row.split("`")[1]
    if "..." not in signature:
        for argument in inspect.signature(getattr(testing, name)).parameters:
            assert argument in signature
