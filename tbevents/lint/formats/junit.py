"""JUnit's XML: a suite for each run, a case for each finding."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from tbevents.lint.config import LintConfig
from tbevents.lint.finding import LintFinding
from tbevents.lint.formats.text import title_of
from tbevents.lint.linting import LintedRun
from tbevents.views.safe_text import printable


def as_junit(results: Iterable[LintedRun], config: LintConfig) -> Iterator[str]:
    """Yields a document. A finding that does not make the command fail is a case that passes, with output.

    A run without findings is one case that passes.
    """
    top = ET.Element("testsuites", name="tbevents lint")
    tests = failures = 0
    for result in results:
        name = title_of(result)
        suite = ET.SubElement(top, "testsuite", name=name)
        failed = sum(_add(suite, name, each, config) for each in result.findings)
        if not result.findings:
            ET.SubElement(suite, "testcase", classname=name, name="no findings")
        suite.attrib |= {"tests": str(len(suite)), "failures": str(failed), "errors": "0", "skipped": "0"}
        tests += len(suite)
        failures += failed
    top.attrib |= {"tests": str(tests), "failures": str(failures), "errors": "0"}
    ET.indent(top)
    yield '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"


def _add(suite: ET.Element, name: str, finding: LintFinding, config: LintConfig) -> bool:
    """Adds the case of a finding; returns True if it failed."""
    tag = "" if finding.tag is None else f" {printable(finding.tag)}"
    case = ET.SubElement(suite, "testcase", classname=name, name=f"{finding.code} {finding.kind}{tag}")
    summary, facts = printable(finding.summary), printable(finding.facts)
    failed = config.fails(finding.severity)
    if failed:
        element = ET.SubElement(case, "failure", type=finding.severity, message=summary)
    else:
        element = ET.SubElement(case, "system-out")
    element.text = "\n".join(filter(None, (f"{finding.severity}: {summary}", facts, finding.sparkline.rstrip())))
    return failed
