"""Lint: a verdict on training runs, by rules with codes and by expectations of one's own.

::

    import tbevents.lint

    for finding in tbevents.lint.run("runs", {"ignore": ["TB105"]}):
        print(finding.severity, finding)

Every rule is described in docs/lint.md. ``tbevents lint`` is the command.
"""

import typing

from tbevents import public_names
from tbevents.lint.config import LintConfig as LintConfig
from tbevents.lint.config import find_config as find_config
from tbevents.lint.config import load_config as load_config
from tbevents.lint.config import parse_config as parse_config
from tbevents.lint.finding import Findings as Findings
from tbevents.lint.finding import LintFinding as LintFinding
from tbevents.lint.linting import LintedRun as LintedRun
from tbevents.lint.linting import assert_lints as assert_lints
from tbevents.lint.linting import lint_runs as lint_runs
from tbevents.lint.linting import run as run
from tbevents.lint.rule import Rule as Rule
from tbevents.lint.rule import rule_named as rule_named
from tbevents.lint.rule import rules as rules

if not typing.TYPE_CHECKING:
    __all__, __dir__ = public_names.eager_package(__name__)
