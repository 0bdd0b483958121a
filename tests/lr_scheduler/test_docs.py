"""docs/schedulers.md: its code runs as it stands, it names all there is, and its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

from tbevents import lr_scheduler, read_run

from .test_range_test import Parabola

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "schedulers.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_code_runs_from_the_first_block_to_the_last(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="the code plots")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    names = {}
    for block in blocks[:2]:
        exec(compile(block, PAGE, "exec"), names)
    series = read_run("runs/demo").scalars["lr"]
    np.testing.assert_allclose(series.values, names["scheduler"].schedule(range(101))[:, 0], rtol=1e-6, atol=1e-12)
    assert len(names["rates"]) == 1_000_000
    problem = Parabola()
    names |= {"optimizer": problem.optimizer, "train_step": problem, "reset_weights": problem.reset}
    exec(compile(blocks[2], PAGE, "exec"), names)
    assert problem.weight == 1.0
    assert {path.name for path in tmp_path.glob("*.png")} == {"schedule.png", "logged.png", "range_test.png"}


# What the text has no need to name: protocols, and what others return.
@pytest.mark.parametrize("name", sorted({*lr_scheduler.__all__} - {"OptimizerLike", "ScalarWriter", "LRRangeResult"}))
def test_every_public_name_is_there(name):
    assert re.search(rf"\b{name}\b", TEXT)


def test_every_image_and_example_is_there():
    for image in re.findall(r"\]\((images/[^)]+)\)", TEXT):
        assert (PAGE.parent / image).is_file()
    scripts = re.findall(r"^\| `(\w+\.py)` \|", TEXT, re.MULTILINE)
    examples = {path.name for path in (PAGE.parent.parent / "examples" / "schedules").glob("*.py")}
    assert {*scripts} == examples - {"common.py", "all_schedules.py"}
