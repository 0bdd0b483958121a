"""One HTML page with the runs of other examples: six schedules with their losses, and the curves of the first run.

    python examples/report_page.py [FOLDER]

Trains with each of the six schedules and logs the curves of the first run, all below FOLDER (``runs`` by default).
Writes the page beside the runs; any browser opens it, without a server. Needs ``tbevents[plot]``, as the schedules do.
"""

import sys
from datetime import datetime
from pathlib import Path

import first_run

from tbevents.tools.report import report

sys.path.append(str(Path(__file__).parent / "schedules"))
import all_schedules


def main():
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        sys.exit(__doc__)
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    folder = parent / f"report_{datetime.now():%b%d_%H-%M-%S-%f}"
    all_schedules.train(folder)
    first_run.write(folder / "first_run")
    page = folder.with_suffix(".html")
    made = report(folder, page, title="Six schedules and a first run")
    print(f"{made.runs} runs, {made.points:,} points. To look at them, open {page}")


if __name__ == "__main__":
    main()
