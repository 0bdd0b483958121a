"""JUnit's XML: a suite for each run, a case for each finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as Xml

from tbevents.lint.config import LintConfig
from tbevents.lint.finding import LintFinding, at_least
from tbevents.lint.linter import LintedRun
from tbevents.views.text import printable

__all__ = ["as_junit"]


def as_junit(results: Iterable[LintedRun], config: LintConfig) -> Iterator[str]:
    """Yields a document. A finding that does not make the command fail is a case that passes, with output.

    A run without findings is one case that passes.
    """
    top = Xml.Element("testsuites", name="tbevents lint")
    tests = failures = 0
    for result in results:
        name = printable(result.run if result.run != "." else result.path)
        suite = Xml.SubElement(top, "testsuite", name=name)
        failed = sum(_add(suite, name, each, config) for each in result.findings)
        if not result.findings:
            Xml.SubElement(suite, "testcase", classname=name, name="no findings")
        suite.attrib |= {"tests": str(len(suite)), "failures": str(failed), "errors": "0", "skipped": "0"}
        tests += len(suite)
        failures += failed
    top.attrib |= {"tests": str(tests), "failures": str(failures), "errors": "0"}
    Xml.indent(top)
    yield '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(top, encoding="unicode") + "\n"


def _add(suite: Xml.Element, name: str, finding: LintFinding, config: LintConfig) -> bool:
    """Adds the case of a finding; returns True if it failed."""
    tag = "" if finding.tag is None else f" {printable(finding.tag)}"
    case = Xml.SubElement(suite, "testcase", classname=name, name=f"{finding.code} {finding.kind}{tag}")
    summary, facts = printable(finding.summary), printable(finding.facts)
    failed = at_least(finding.severity, config.fail_on)
    if failed:
        element = Xml.SubElement(case, "failure", type=finding.severity, message=summary)
    else:
        element = Xml.SubElement(case, "system-out")
    element.text = "\n".join(filter(None, (f"{finding.severity}: {summary}", facts, finding.sparkline.rstrip())))
    return failed
