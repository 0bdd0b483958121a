"""The formats: valid, complete, and safe with names that are made to harm."""

import json
import math
import os
import re
import xml.etree.ElementTree as ET

import pytest

from tbevents.lint import Findings, LintConfig, LintedRun, LintFinding, rules
from tbevents.lint.formats import FORMATS
from tbevents.testing.finding import message

HOSTILE = {
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "new command": "x\n::error::forged\r\n::set-output name=a::b",
    "percent and commas": "50%,file=/etc/passwd::%0A::error::forged",
    "markup": "</failure><!-- \"'&<>]]>",
    "not XML": "nul\x00 bell\x07 surrogate\udcff last\uffff",
    "reordering": "a\u202etxt.exe\u2066",
    "long": "x" * 5000,
    "line separators": "a\u2028b\u2029c\x85d\x0be",
}


def result(name="a/b", tag="loss", **changes):
    fields = {
        "kind": "nan",
        "summary": "1 of 2 values is NaN",
        "run": name,
        "tag": tag,
        "path": f"runs/{name}",
        "code": "TB101",
        "severity": "error",
        "step": 30,
        "value": math.nan,
        "bound": "finite",
        "sparkline": "▁█ ▃",
        **changes,
    }
    return LintedRun(name, fields["path"], Findings([LintFinding(**fields)]))


CLEAN = LintedRun("clean", "runs/clean", Findings())


def text_of(form, *results, **config):
    return "".join(FORMATS[form](results, LintConfig(**config)))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_shown_and_never_sent(form, name):
    text = text_of(form, result(name, f"tag {name}", summary=f"about {name}", path=f"runs/{name}"))
    controls = [char for char in text if not char.isprintable() and char != "\n"]
    assert controls == []
    text.encode("utf-8")
    lines = text.splitlines()
    assert lines == text.split("\n")[:-1]
    if form == "github":
        assert len(lines) == 1
        assert re.fullmatch(r"::error file=[^,:]*,title=[^,:]*::.*", lines[0])
    elif form == "text":
        assert len(lines) == 4
    elif form == "junit":
        (case,) = ET.fromstring(text).iter("testcase")
        assert [child.tag for child in case] == ["failure"]
    else:
        assert json.loads(text)


def strictly(text):
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_text_has_two_lines_a_finding_and_a_verdict():
    warning = result("c", severity="warning", code="TB104", kind="spike", value=5.0, bound=1.25)
    assert text_of("text", result(), CLEAN, warning) == (
        "a/b\n"
        "  error    TB101 nan: 'loss': 1 of 2 values is NaN\n"
        "           ▁█ ▃  step 30, value nan, bound finite\n"
        "c\n"
        "  warning  TB104 spike: 'loss': 1 of 2 values is NaN\n"
        "           ▁█ ▃  step 30, value 5, bound 1.25\n"
        "1 error, 1 warning in 2 of 3 runs: failed\n"
    )
    assert text_of("text", CLEAN) == "no findings in 1 run\n"
    assert text_of("text", warning).endswith("1 warning in 1 of 1 run: passed\n")
    assert text_of("text", warning, fail_on="warning").endswith("1 warning in 1 of 1 run: failed\n")
    about_run = LintedRun(
        ".", "runs", result(".", None, path="runs", step=None, value=None, bound=None, sparkline="").findings
    )
    assert text_of("text", about_run).splitlines()[:2] == ["runs", "  error    TB101 nan: 1 of 2 values is NaN"]


@pytest.mark.parametrize("form", ["text", "github", "junit"])
def test_a_count_is_not_shown_as_a_value(form):
    text = text_of(form, result("c", None, step=None, value=35, bound=0, sparkline="", code="TB502"))
    assert "1 of 2 values is NaN" in text
    assert "value 35" not in text
    assert "bound" not in text
    assert "step 7" in text_of(form, result("c", step=7, value=1, bound=2, code="TB301"))


def test_text_streams_run_by_run():
    asked = []

    def results():
        for each in (result(), CLEAN, result()):
            asked.append(each)
            yield each

    chunks = FORMATS["text"](results(), LintConfig())
    next(chunks)
    assert len(asked) == 1
    assert next(FORMATS["github"](results(), LintConfig())).startswith("::error ")


def test_json_is_strict_and_has_what_a_finding_has():
    found = strictly(text_of("json", result(value=-math.inf), CLEAN, result("c", severity="info", value=math.nan)))
    assert (found["runs"], found["failed"], found["counts"]) == (3, True, {"error": 1, "warning": 0, "info": 1})
    first, second = found["findings"]
    assert first == {
        "code": "TB101",
        "rule": "nan",
        "severity": "error",
        "run": "a/b",
        "path": "runs/a/b",
        "tag": "loss",
        "step": 30,
        "value": "-Infinity",
        "bound": "finite",
        "summary": "1 of 2 values is NaN",
        "sparkline": "▁█ ▃",
    }
    assert second["value"] == "NaN"
    assert strictly(text_of("json"))["findings"] == []
    assert strictly(text_of("json", result("\x1b\udcff")))["findings"][0]["run"] == "\x1b\udcff"  # as it is, escaped


def test_github_has_a_command_for_each_severity():
    about = "1 of 2 values is NaN (step 30, value nan, bound finite)"
    lines = text_of("github", result(), result(severity="warning"), result(severity="info", tag=None, run="."), CLEAN)
    assert lines.splitlines() == [
        f"::error file=runs/a/b,title=TB101 nan::run 'a/b', tag 'loss': {about}",
        f"::warning file=runs/a/b,title=TB101 nan::run 'a/b', tag 'loss': {about}",
        f"::notice file=runs/a/b,title=TB101 nan::the run: {about}",
    ]
    escaped = text_of("github", result("s3://b/a,b", summary="50% off\nnow", path="s3://b/a,b"))
    assert escaped.startswith("::error file=s3%3A//b/a%2Cb,title=TB101 nan::")
    assert r"50%25 off\nnow" in escaped


ALL_RUNS = LintedRun(
    "(all runs)",
    "",
    Findings([LintFinding("missing-tag", "lint.toml: expect 1: no run matches 'x'", ".", None, "", code="TB901")]),
    is_run=False,
)


def test_what_is_about_no_single_run_is_not_counted_as_one():
    about = "lint.toml: expect 1: no run matches 'x'"
    assert text_of("text", result(), CLEAN, ALL_RUNS).splitlines()[-3:] == [
        "(all runs)",
        f"  error    TB901 missing-tag: {about}",
        "2 errors in 1 of 2 runs: failed",
    ]
    assert text_of("text", CLEAN, ALL_RUNS).endswith("1 error in 0 of 1 run: failed\n")
    assert strictly(text_of("json", CLEAN, ALL_RUNS))["runs"] == 1
    assert text_of("github", ALL_RUNS) == f"::error title=TB901 missing-tag::{about}\n"
    (found,) = json.loads(text_of("sarif", ALL_RUNS))["runs"][0]["results"]
    assert found["message"]["text"] == about
    assert str(ALL_RUNS.findings[0]) == f"TB901 missing-tag: {about}"
    assert message(ALL_RUNS.findings) == f"TB901 missing-tag: {about}"


def test_junit_counts_cases_and_failures():
    top = ET.fromstring(text_of("junit", result(), CLEAN, result("c", severity="warning")))
    assert (top.tag, top.attrib["tests"], top.attrib["failures"]) == ("testsuites", "3", "1")
    suites = {suite.attrib["name"]: suite for suite in top}
    assert {name: (suite.attrib["tests"], suite.attrib["failures"]) for name, suite in suites.items()} == {
        "a/b": ("1", "1"),
        "clean": ("1", "0"),
        "c": ("1", "0"),
    }
    failure = suites["a/b"].find("testcase/failure")
    assert failure.attrib == {"type": "error", "message": "1 of 2 values is NaN"}
    assert "step 30, value nan, bound finite" in failure.text
    assert suites["clean"].find("testcase").attrib["name"] == "no findings"
    assert suites["c"].find("testcase/system-out") is not None
    assert ET.fromstring(text_of("junit", result(severity="info"), fail_on="info")).attrib["failures"] == "1"
    assert ET.fromstring(text_of("junit")).attrib["tests"] == "0"


def test_sarif_has_what_the_standard_requires():
    log = strictly(text_of("sarif", result(), result("c", None, severity="info", code="TB502", kind="damaged-tail")))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    driver = log["runs"][0]["tool"]["driver"]
    assert driver["name"] == "tbevents"
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in rules()]
    assert all(rule["defaultConfiguration"]["level"] in ("error", "warning", "note") for rule in driver["rules"])
    (spike,) = (rule for rule in driver["rules"] if rule["name"] == "spike")  # GitHub wants a full description
    assert spike["fullDescription"]["text"].startswith(
        "A loss jumps far above the median of the values before. Option factor, 3 by default: how many times the"
    )
    first, second = log["runs"][0]["results"]
    assert (first["ruleId"], first["level"], second["level"]) == ("TB101", "error", "note")
    for each in (first, second):
        assert driver["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
        assert each["message"]["text"]
    (location,) = first["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "runs/a/b"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "a/b: loss"
    assert first["properties"] == {"run": "a/b", "tag": "loss", "step": 30, "value": "NaN", "bound": "finite"}
    selected = strictly(text_of("sarif", select=("TB101",)))
    assert [rule["id"] for rule in selected["runs"][0]["tool"]["driver"]["rules"]] == ["TB101"]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("runs/a b", "runs/a%20b"),
        ("a:b/c", "a%3Ab/c"),
        ("s3://bucket/a b", "s3://bucket/a%20b"),
        pytest.param("/data/ü", "file:///data/%C3%BC", marks=pytest.mark.skipif(os.name == "nt", reason="POSIX")),
    ],
)
def test_sarif_locations_are_uris(path, uri):
    log = strictly(text_of("sarif", result(path=path)))
    assert log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def closed(required, **properties):
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


LOCATION = closed(
    [],
    physicalLocation=closed(
        ["artifactLocation"],
        artifactLocation=closed(["uri"], uri={"type": "string", "pattern": "^[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$"}),
    ),
    logicalLocations={
        "type": "array",
        "items": closed(
            [], name={"type": "string"}, fullyQualifiedName={"type": "string"}, kind={"type": "string", "minLength": 1}
        ),
    },
)
ESSENTIALS = closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": closed(
            ["tool"],
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            tool=closed(
                ["driver"],
                driver=closed(
                    ["name"],
                    name={"type": "string"},
                    version={"type": "string"},
                    rules={
                        "type": "array",
                        "uniqueItems": True,
                        "items": closed(
                            ["id"],
                            id={"type": "string"},
                            name={"type": "string"},
                            shortDescription=TEXT,
                            fullDescription=TEXT,
                            help=TEXT,
                            defaultConfiguration=closed([], level=LEVEL),
                        ),
                    },
                ),
            ),
            results={
                "type": "array",
                "items": closed(
                    ["message"],
                    ruleId={"type": "string"},
                    ruleIndex={"type": "integer", "minimum": 0},
                    level=LEVEL,
                    message=TEXT,
                    locations={"type": "array", "items": LOCATION},
                    properties={"type": "object"},
                ),
            },
        ),
    },
)
"""Of the standard's schema, what a log of ours uses: which members are required, and of which type."""


def test_sarif_is_valid_by_what_it_uses_of_the_schema():
    jsonschema = pytest.importorskip("jsonschema", reason="validates")
    for name in HOSTILE.values():
        log = strictly(text_of("sarif", result(name, name), result(severity="warning", tag=None, path="")))
        jsonschema.validate(log, ESSENTIALS)
    broken = strictly(text_of("sarif", result()))
    broken["runs"][0]["results"][0]["level"] = "info"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, ESSENTIALS)
