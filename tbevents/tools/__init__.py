"""Tools for whole runs and files. The command line is a thin layer over them.

Each tool has a module: `check`, `describe`, `diff`, `edit`, `export`, `import_`, `merge`, `plot`, `reduce`, `repair`,
`report`, `schedule`, `split`, `sync`, `watch`. A function with the name of its module must be imported from that
module::

    from tbevents.tools.check import check

All other names can be imported from this package too. Each module is imported when it is first used::

    from tbevents.tools import Tolerance, export_table
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tbevents import public_names

_HOMES: Final = {
    "check": ["Checked", "Oddity", "check_run"],
    "describe": ["RunDescription", "ScalarStats", "TagDescription", "describe_run", "scalar_stats"],
    "diff": ["PointDiff", "RunDiff", "TagDiff", "Tolerance", "diff_runs", "diff_series"],
    "edit": ["Edited"],
    "export": ["Exported", "export_media", "export_table"],
    "import_": ["Imported", "import_table"],
    "merge": ["Merged"],
    "names": ["iter_runs", "runs_below"],
    "plot": ["PlotStyle", "draw", "plot_series"],
    "reduce": ["Reduced", "ReducedTag", "reduce_runs", "write_reduced"],
    "repair": ["Repaired"],
    "report": ["Reported", "ReportLimits"],
    "scalar_files": ["ScalarColumns", "write_scalars"],
    "schedule": ["ScheduleCurve", "compute_schedule"],
    "split": ["Part", "Split"],
    "sync": ["Synced"],
    "table_files": ["read_table", "write_table"],
    "watch": ["Watch", "Watched", "steps_per_second"],
}
"""The modules, and the names that this package offers of each."""

if TYPE_CHECKING:
    from tbevents.tools import check as check
    from tbevents.tools import describe as describe
    from tbevents.tools import diff as diff
    from tbevents.tools import edit as edit
    from tbevents.tools import export as export
    from tbevents.tools import import_ as import_
    from tbevents.tools import merge as merge
    from tbevents.tools import names as names
    from tbevents.tools import plot as plot
    from tbevents.tools import reduce as reduce
    from tbevents.tools import repair as repair
    from tbevents.tools import report as report
    from tbevents.tools import scalar_files as scalar_files
    from tbevents.tools import schedule as schedule
    from tbevents.tools import split as split
    from tbevents.tools import sync as sync
    from tbevents.tools import table_files as table_files
    from tbevents.tools import watch as watch
    from tbevents.tools.check import Checked as Checked
    from tbevents.tools.check import Oddity as Oddity
    from tbevents.tools.check import check_run as check_run
    from tbevents.tools.describe import RunDescription as RunDescription
    from tbevents.tools.describe import ScalarStats as ScalarStats
    from tbevents.tools.describe import TagDescription as TagDescription
    from tbevents.tools.describe import describe_run as describe_run
    from tbevents.tools.describe import scalar_stats as scalar_stats
    from tbevents.tools.diff import PointDiff as PointDiff
    from tbevents.tools.diff import RunDiff as RunDiff
    from tbevents.tools.diff import TagDiff as TagDiff
    from tbevents.tools.diff import Tolerance as Tolerance
    from tbevents.tools.diff import diff_runs as diff_runs
    from tbevents.tools.diff import diff_series as diff_series
    from tbevents.tools.edit import Edited as Edited
    from tbevents.tools.export import Exported as Exported
    from tbevents.tools.export import export_media as export_media
    from tbevents.tools.export import export_table as export_table
    from tbevents.tools.import_ import Imported as Imported
    from tbevents.tools.import_ import import_table as import_table
    from tbevents.tools.merge import Merged as Merged
    from tbevents.tools.names import iter_runs as iter_runs
    from tbevents.tools.names import runs_below as runs_below
    from tbevents.tools.plot import PlotStyle as PlotStyle
    from tbevents.tools.plot import draw as draw
    from tbevents.tools.plot import plot_series as plot_series
    from tbevents.tools.reduce import Reduced as Reduced
    from tbevents.tools.reduce import ReducedTag as ReducedTag
    from tbevents.tools.reduce import reduce_runs as reduce_runs
    from tbevents.tools.reduce import write_reduced as write_reduced
    from tbevents.tools.repair import Repaired as Repaired
    from tbevents.tools.report import Reported as Reported
    from tbevents.tools.report import ReportLimits as ReportLimits
    from tbevents.tools.scalar_files import ScalarColumns as ScalarColumns
    from tbevents.tools.scalar_files import write_scalars as write_scalars
    from tbevents.tools.schedule import ScheduleCurve as ScheduleCurve
    from tbevents.tools.schedule import compute_schedule as compute_schedule
    from tbevents.tools.split import Part as Part
    from tbevents.tools.split import Split as Split
    from tbevents.tools.sync import Synced as Synced
    from tbevents.tools.table_files import read_table as read_table
    from tbevents.tools.table_files import write_table as write_table
    from tbevents.tools.watch import Watch as Watch
    from tbevents.tools.watch import Watched as Watched
    from tbevents.tools.watch import steps_per_second as steps_per_second
else:
    __all__, __getattr__, __dir__ = public_names.lazy_package(__name__, _HOMES, _HOMES)
