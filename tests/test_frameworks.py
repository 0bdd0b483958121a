"""docs/frameworks.md: its table has every example, all of which are run, and its code is theirs, or runs here."""

import ast
import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tbevents import SummaryWriter

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
EXAMPLES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "examples" / "frameworks").glob("*.py")}
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
UPLOAD, INSTALL = (next(code for code in BLOCKS if word in code) for word in ("wandb", "dropin.install()"))
SNIPPETS = [code for code in BLOCKS if code not in (UPLOAD, INSTALL)]


def test_the_table_has_every_example_and_each_is_run():
    assert sorted(re.findall(r"^\|.*\(\.\./examples/frameworks/(\w+)\.py\) \|$", TEXT, re.MULTILINE)) == sorted(
        EXAMPLES
    )
    tests = (ROOT / "tests" / "frameworks" / "test_examples.py").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^def test_(\w+)\(train", tests, re.MULTILINE)) == sorted(EXAMPLES)


def is_dots(node):
    return isinstance(node, ast.Constant) and node.value is ...


def is_same(part, whole):
    """Whether the syntax is the same. Dots in the part stand for any statements, or for other arguments of a call."""
    if isinstance(part, ast.Call) and isinstance(whole, ast.Call) and any(map(is_dots, part.args)):
        keywords = [any(is_same(each, other) for other in whole.keywords) for each in part.keywords]
        return all(keywords) and is_same(part.func, whole.func)
    if isinstance(part, ast.AST):
        return type(part) is type(whole) and all(
            is_same(getattr(part, name), getattr(whole, name)) for name in part._fields
        )
    if not isinstance(part, list):
        return part == whole
    if part and isinstance(part[0], ast.Expr) and is_dots(part[0].value):
        return any(is_same(part[1:], whole[at:]) for at in range(len(whole) + 1))
    if not (part and whole):
        return part == whole
    return is_same(part[0], whole[0]) and is_same(part[1:], whole[1:])


def appears_in(snippet, example):
    """Whether the statements of the snippet stand in the example, next to each other but for what dots leave out."""
    dots = ast.parse("...").body
    wanted = [*dots, *ast.parse(snippet).body, *dots]
    blocks = (getattr(node, "body", None) for node in ast.walk(ast.parse(example)))
    return any(isinstance(block, list) and is_same(wanted, block) for block in blocks)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet[:30])
def test_a_snippet_is_of_an_example(snippet):
    assert [name for name, example in EXAMPLES.items() if appears_in(snippet, example)]


def test_every_example_has_a_snippet():
    assert len(SNIPPETS) == len(EXAMPLES)
    for name, example in EXAMPLES.items():
        assert any(appears_in(snippet, example) for snippet in SNIPPETS), name


def test_the_drop_in_is_installed_as_the_page_says():
    code = INSTALL + "import tensorboardX\nprint(tensorboardX.SummaryWriter.__module__)\n"
    code = code.replace("install()", "install(force=True)")  # where tensorboardX is installed, it would stay
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.stdout.startswith("tbevents."), done.stderr


def test_what_a_run_logged_is_uploaded(tmp_path, monkeypatch):
    logged = []

    @contextlib.contextmanager
    def init(project):
        yield SimpleNamespace(log=logged.append, define_metric=lambda name, step_metric: None)

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    monkeypatch.chdir(tmp_path)
    with SummaryWriter("runs/a") as writer:
        writer.add_scalar("loss", 0.5, 3)
        writer.add_scalar("rate", 0.25, 4)
    exec(compile(UPLOAD, "frameworks.md", "exec"), {})
    assert logged == [{"loss": 0.5, "global_step": 3}, {"rate": 0.25, "global_step": 4}]
