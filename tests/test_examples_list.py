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


def run_script(arguments, folder):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120)


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
        pytest.importorskip("pyarrow")
    done = run_script([ROOT / "examples" / f"{example}.py"], ROOT)
    assert done.returncode == 1
    assert f"python examples/{example}.py" in done.stderr
    assert "Traceback" not in done.stderr


OPTIONAL = {
    *("PIL", "dask", "deltalake", "distributed", "duckdb", "fsspec", "matplotlib"),
    *("moto", "pandas", "polars", "pyarrow", "pyspark", "s3fs", "torch"),
}
BARE = f"""
import os, runpy, sys
sys.modules.update(dict.fromkeys({OPTIONAL}))
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SCRIPTS = [
    each
    for each in EXAMPLES
    if each.endswith(".py") and not each.startswith(("examples/frameworks/", "examples/test_training"))
]
CORE = ["examples/first_run.py", "examples/sweep.py"]


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted({*SCRIPTS} - {*CORE}))
def test_an_example_without_its_packages_names_them_in_a_line(tmp_path, example):
    arguments = ["runs", "loss"] if "FOLDER" not in (ROOT / example).read_text(encoding="utf-8") else ["runs"]
    if example.endswith("s3_bucket.py"):
        arguments = ["s3://bucket/runs"]
    done = run_script(["-c", BARE, ROOT / example, *arguments], tmp_path)
    assert done.returncode == 1
    assert "pip install" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("example", [each for each in SCRIPTS if "[FOLDER]" in (ROOT / each).read_text("utf-8")])
def test_an_example_that_is_given_an_option_says_how_it_is_called(tmp_path, example):
    if example not in CORE:
        pytest.importorskip("matplotlib")
        pytest.importorskip("PIL")
    if "torch" in example:
        pytest.importorskip("torch")
    done = run_script([ROOT / example, "-h"], tmp_path)
    assert done.returncode == 1
    assert f"python {example} [FOLDER]" in done.stderr
    assert list(tmp_path.iterdir()) == []
