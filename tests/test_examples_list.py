"""Every example is on the page of examples, and in a test."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "examples").rglob("*")
    if path.suffix in (".py", ".ipynb") and "golden_runs" not in path.parts
)


def test_every_example_is_on_the_page():
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    assert len(EXAMPLES) > 25
    for example in [*EXAMPLES, "examples/golden_runs"]:
        assert f"(../{example})" in page, example


def test_every_example_is_in_a_test():
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__).resolve()
    )
    for example in [*EXAMPLES, "examples/golden_runs"]:
        name = Path(example).stem
        # Quoted, or as an attribute of a command: a word in prose is no test.
        assert any(f"{before}{name}" in tests for before in ('"', "'", "/ ", "examples/")), example
