"""Every example is on the page of examples, or on that of frameworks, and in a test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "examples").rglob("*")
    if path.suffix in (".py", ".ipynb") and "golden_runs" not in path.parts
)


def test_every_example_is_on_its_page():
    pages = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("examples", "frameworks")}
    assert len(EXAMPLES) > 25
    for example in [*EXAMPLES, "examples/golden_runs"]:
        page = pages["frameworks" if example.startswith("examples/frameworks/") else "examples"]
        assert f"(../{example})" in page, example


def test_every_example_is_in_a_test():
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__).resolve()
    )
    for example in [*EXAMPLES, "examples/golden_runs"]:
        name = Path(example).stem
        # Quoted, or as an attribute of a command: a word in prose is no test.
        assert any(f"{before}{name}" in tests for before in ('"', "'", "/ ", "examples/")), example


@pytest.mark.parametrize("example", ["dask_scalars", "lake_duckdb", "lake_polars", "spark_scalars"])
def test_an_example_that_needs_arguments_says_how_it_is_called(example):
    packages = {"dask_scalars": "dask", "lake_duckdb": "duckdb", "lake_polars": "polars", "spark_scalars": "pyspark"}
    pytest.importorskip(packages[example])
    if example == "lake_duckdb":
        pytest.importorskip("deltalake")
    if example == "spark_scalars":
        pytest.importorskip("cloudpickle")
        pytest.importorskip("pyarrow")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    command = [sys.executable, ROOT / "examples" / f"{example}.py"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 1
    assert f"python examples/{example}.py" in done.stderr
    assert "Traceback" not in done.stderr
