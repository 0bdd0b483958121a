"""docs/migrating.md: its table has every example, all of which are run; the code for Weights & Biases uploads all."""

import contextlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from tbevents import SummaryWriter

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")


def test_the_table_has_every_example_and_each_is_run():
    examples = sorted(path.stem for path in (ROOT / "examples" / "frameworks").glob("*.py"))
    assert sorted(re.findall(r"^\|.*\(\.\./examples/frameworks/(\w+)\.py\) \|$", TEXT, re.MULTILINE)) == examples
    tests = (ROOT / "tests" / "frameworks" / "test_examples.py").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^def test_(\w+)\(train", tests, re.MULTILINE)) == examples


def test_what_a_run_logged_is_uploaded(tmp_path, monkeypatch):
    (code,) = (code for code in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) if "wandb" in code)
    logged = []

    @contextlib.contextmanager
    def init(project):
        yield SimpleNamespace(log=logged.append, define_metric=lambda name, step_metric: None)

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    monkeypatch.chdir(tmp_path)
    with SummaryWriter("runs/a") as writer:
        writer.add_scalar("loss", 0.5, 3)
        writer.add_scalar("rate", 0.25, 4)
    exec(compile(code, "migrating.md", "exec"), {})
    assert logged == [{"loss": 0.5, "global_step": 3}, {"rate": 0.25, "global_step": 4}]
