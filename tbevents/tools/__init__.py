"""Tools for whole runs and files. The command line is a thin layer over them.

Each tool has a module: `check`, `describe`, `diff`, `edit`, `export`, `import_`, `merge`, `plot`, `reduce`, `repair`,
`report`, `schedule`, `split`, `watch`. A function with the name of its module must be imported from that module::

    from tbevents.tools.check import check

All other names can be imported from this package too. Each module is imported when it is first used::

    from tbevents.tools import Tolerance, export_table
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tbevents.tools.check import Checked, Oddity, check_run
    from tbevents.tools.describe import (
        RunDescription,
        ScalarStats,
        TagDescription,
        describe_run,
        scalar_stats,
    )
    from tbevents.tools.diff import (
        PointDiff,
        RunDiff,
        TagDiff,
        Tolerance,
        diff_runs,
        diff_series,
    )
    from tbevents.tools.edit import Edited
    from tbevents.tools.export import Exported, export_media, export_table
    from tbevents.tools.import_ import Imported, import_table
    from tbevents.tools.merge import Merged
    from tbevents.tools.names import iter_runs, runs_below
    from tbevents.tools.plot import PlotStyle, draw, plot_series
    from tbevents.tools.reduce import (
        Reduced,
        ReducedTag,
        reduce_runs,
        write_reduced,
    )
    from tbevents.tools.repair import Repaired
    from tbevents.tools.report import Reported, ReportLimits
    from tbevents.tools.scalar_files import ScalarColumns, write_scalars
    from tbevents.tools.schedule import ScheduleCurve, compute_schedule
    from tbevents.tools.split import Part, Split
    from tbevents.tools.table_files import read_table, write_table
    from tbevents.tools.watch import Watch, Watched, steps_per_second

_HOMES: Final = {
    "check": (
        "Checked",
        "Oddity",
        "check_run",
    ),
    "describe": (
        "RunDescription",
        "ScalarStats",
        "TagDescription",
        "describe_run",
        "scalar_stats",
    ),
    "diff": (
        "PointDiff",
        "RunDiff",
        "TagDiff",
        "Tolerance",
        "diff_runs",
        "diff_series",
    ),
    "edit": ("Edited",),
    "export": (
        "Exported",
        "export_media",
        "export_table",
    ),
    "import_": (
        "Imported",
        "import_table",
    ),
    "merge": ("Merged",),
    "names": (
        "iter_runs",
        "runs_below",
    ),
    "plot": (
        "PlotStyle",
        "draw",
        "plot_series",
    ),
    "reduce": (
        "Reduced",
        "ReducedTag",
        "reduce_runs",
        "write_reduced",
    ),
    "repair": ("Repaired",),
    "report": (
        "ReportLimits",
        "Reported",
    ),
    "scalar_files": (
        "ScalarColumns",
        "write_scalars",
    ),
    "schedule": (
        "ScheduleCurve",
        "compute_schedule",
    ),
    "split": (
        "Part",
        "Split",
    ),
    "table_files": (
        "read_table",
        "write_table",
    ),
    "watch": (
        "Watch",
        "Watched",
        "steps_per_second",
    ),
}
"""The modules, and the names that this package offers of each."""

_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Checked",
    "Edited",
    "Exported",
    "Imported",
    "Merged",
    "Oddity",
    "Part",
    "PlotStyle",
    "PointDiff",
    "Reduced",
    "ReducedTag",
    "Repaired",
    "ReportLimits",
    "Reported",
    "RunDescription",
    "RunDiff",
    "ScalarColumns",
    "ScalarStats",
    "ScheduleCurve",
    "Split",
    "TagDescription",
    "TagDiff",
    "Tolerance",
    "Watch",
    "Watched",
    "check_run",
    "compute_schedule",
    "describe_run",
    "diff_runs",
    "diff_series",
    "draw",
    "export_media",
    "export_table",
    "import_table",
    "iter_runs",
    "plot_series",
    "read_table",
    "reduce_runs",
    "runs_below",
    "scalar_stats",
    "steps_per_second",
    "write_reduced",
    "write_scalars",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_HOMES})
