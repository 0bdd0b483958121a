"""What PyPI and GitHub show: links that lead somewhere, and one place for the repository's address."""

import re
import subprocess
from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).resolve().parent.parent

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def hatch_build():
    return load_script(ROOT / "hatch_build.py")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a page](docs/cli.md)", "[a page](https://host/me/blob/v1/docs/cli.md)"),
        ("[a heading](docs/cli.md#ls)", "[a heading](https://host/me/blob/v1/docs/cli.md#ls)"),
        ("![a picture](docs/images/a.png)", "![a picture](https://host/me/raw/v1/docs/images/a.png)"),
        ("[elsewhere](https://semver.org)", "[elsewhere](https://semver.org)"),
        ("[to write](mailto:me@host)", "[to write](mailto:me@host)"),
        ("[below](#write)", "[below](#write)"),
    ],
)
def test_relative_links_lead_to_the_tag(hatch_build, text, expected):
    assert hatch_build.with_absolute_links(text, "https://host/me", "v1") == expected


def test_the_readme_on_pypi_has_no_relative_link(hatch_build):
    class Hook(hatch_build.ReadmeHook):
        root = str(ROOT)

        def __init__(self):
            pass

    metadata = {"urls": {"Repository": "https://host/me"}}
    Hook().update(metadata)
    text = metadata["readme"]["text"]
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) > 10
    assert "git clone https://host/me tbevents && cd tbevents" in text
    assert [target for target in targets if not re.match(r"https?://|#", target)] == []
    for path in re.findall(r"https://host/me/(?:raw|blob)/v[^/]+/([^)#\s]+)", text):
        assert (ROOT / path).exists(), path


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of git")
def test_the_address_of_the_repository_stands_once():
    listed = subprocess.run(
        ["git", "grep", "-lF", "github.com/OWNER"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    naming = set(listed.stdout.split())
    assert "pyproject.toml" in naming
    # The session that refuses the placeholder names it, and so does this test; the guide to releasing explains it.
    assert naming <= {"pyproject.toml", "noxfile.py", "tests/test_distribution.py", "CONTRIBUTING.md"}
    assert (ROOT / "pyproject.toml").read_text(encoding="utf-8").count("github.com/OWNER") == 1


def test_no_block_of_code_installs_what_has_the_name_on_pypi():
    """It is another project there. Prose may say so, or how an extra is added where tbevents is installed."""
    blocks = {}
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        blocks[page] = "".join(re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
    for script in (ROOT / "examples").rglob("*.*"):
        if script.suffix in (".py", ".yml"):  # a message is shown where tbevents is installed
            blocks[script] = re.sub(r"^.*sys\.exit\(.*$", "", script.read_text(encoding="utf-8"), flags=re.M)
    installing = {page: re.findall(r"pip install .*", text) for page, text in blocks.items()}
    assert sum(map(len, installing.values())) > 5
    for page, commands in installing.items():
        for command in commands:
            assert not re.search(r"(?<![/\w])tbevents(?! @)", command), f"{page.name}: {command}"
