"""What the check of the built documentation finds."""

import re
from pathlib import Path

import pytest
from scripts import load_script

from tbevents.reading.kinds.kind import kind_names

ROOT = Path(__file__).resolve().parent.parent


def test_every_public_name_has_an_entry_in_the_reference():
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "reference").glob("*.md"))
    entries = set(re.findall(r"^\.\. auto(?:class|function|module):: (\S+)$", text, re.MULTILINE))
    entries |= {f"tbevents.{module}" for module in ("proto",)}  # whose messages are listed in a table
    names = load_script(ROOT / "docs" / "check_site.py").public_names()
    assert len(names) > 150
    missing = [name for name in names if not {name, name.rpartition(".")[0]} & (entries - {"tbevents"})]
    assert missing == []


def test_every_kind_is_named_where_kinds_are_chosen():
    import tbevents

    (listed,) = re.findall(r"kinds: only these kinds of values: (.*?)\.\n", tbevents.read_run.__doc__, re.DOTALL)
    assert re.findall(r'"(\w+)"', listed) == list(kind_names())


@pytest.fixture
def faults(tmp_path, monkeypatch):
    """A function that checks a site of one page with this body."""
    module = load_script(ROOT / "docs" / "check_site.py")
    monkeypatch.setattr(module, "public_names", lambda: ["tbevents.read_run"])
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "proto.html").write_text('<p id="tbevents.read_run"></p>')
    (tmp_path / "here.png").write_bytes(b"")

    def check(body):
        (tmp_path / "index.html").write_text(f"<body id='top'>{body}</body>")
        return module.faults(tmp_path)

    return check


@pytest.mark.parametrize(
    "body",
    [
        '<img src="here.png" alt="a curve">',
        '<a href="reference/proto.html#tbevents.read_run">x</a><a href="#top">x</a><a href="https://semver.org">x</a>',
        '<img src="data:image/png;base64,AA" alt="a dot">',
    ],
)
def test_what_is_whole_passes(faults, body):
    assert faults(body) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<img src="here.png">', "index.html: the picture here.png has no text for those who cannot see it"),
        ('<img src="here.png" alt="">', "index.html: the picture here.png has no text for those who cannot see it"),
        ('<img src="gone.png" alt="a curve">', "index.html loads gone.png, which does not exist"),
        ('<script src="https://host/x.js"></script>', "index.html loads https://host/x.js"),
        ('<a href="gone.html">x</a>', "index.html: gone.html leads nowhere"),
        ('<a href="reference/proto.html#gone">x</a>', "index.html: reference/proto.html#gone has no such anchor"),
    ],
)
def test_what_is_wrong_is_named(faults, body, fault):
    assert faults(body) == [fault]
