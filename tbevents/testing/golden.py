"""Golden runs: reference runs that are stored beside a test and compared with later ones.

Scalars are stored as JSON with one line for each column, so that a change is readable in a diff::

    {
      "tbevents golden run": 1,
      "runs": {
        ".": {
          "loss": {
            "steps": [0, 1, 2],
            "values": [1.0, 0.5, "NaN"]
          }
        }
      }
    }

Runs with other kinds of values are stored as event files, in one folder for each run. Wall times are not stored.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from tbevents.errors import PayloadError
from tbevents.files import replace, subfolder
from tbevents.format.record import encode_record
from tbevents.format.scalar_layout import ScalarForm
from tbevents.proto import Event
from tbevents.reading.iterate import iter_events
from tbevents.reading.kinds.kind import lazy_kinds
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.name_patterns import matches
from tbevents.reading.run import Run, read_run
from tbevents.run_files import list_runs
from tbevents.testing.memory_files import MemoryFiles, MemorySink, memory_events
from tbevents.tools.json_text import json_number
from tbevents.tools.new_files import NewFile

SUFFIXES: Final = (".tbrun.json", ".tbruns")
"""Suffixes of a golden run: of a JSON file of scalars, and of a folder of event files."""

_MARK: Final = "tbevents golden run"
_VERSION: Final = 1
_EVENTS: Final = "golden.tfevents"
_NOT_FINITE: Final = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def save(stem: str, runs: Mapping[str, Run], tags: tuple[str, ...] | None) -> str:
    """Stores runs, in place of those stored before; `tags` are patterns, or None for all. Returns the path.

    What was stored before is removed only when the new golden run is complete.

    Raises:
        ValueError: if a run's name cannot be the name of a folder.
        OSError: if the golden run cannot be written.
    """
    if any(_has_others(run, tags) for run in runs.values()):
        path, other = stem + SUFFIXES[1], stem + SUFFIXES[0]
        with _new_folder(path) as unfinished:
            for name, run in runs.items():
                folder = unfinished if name == "." else subfolder(unfinished, name, "the name of a run")
                os.makedirs(folder, exist_ok=True)
                with open(os.path.join(folder, _EVENTS), "wb") as file:
                    for event in _events(run, tags):
                        file.write(encode_record(event.SerializeToString()))
    else:
        path, other = stem + SUFFIXES[0], stem + SUFFIXES[1]
        with NewFile(path, text=True) as new:
            new.file.write(_as_json(runs, tags))
    remove_stored(other)
    return path


@contextlib.contextmanager
def _new_folder(path: str) -> Iterator[str]:
    """Yields a new folder beside a path; it replaces what is at the path when it is complete."""
    beside = os.path.join(os.path.dirname(path), f".{secrets.token_hex(8)}")
    unfinished, replaced = f"{beside}.unfinished", f"{beside}.replaced"
    os.makedirs(unfinished)
    try:
        yield unfinished
        if os.path.exists(path):
            replace(path, replaced)
        try:
            replace(unfinished, path)
        except OSError:
            if os.path.exists(replaced):
                replace(replaced, path)
            raise
        remove_stored(replaced)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def load(stem: str, runs: Mapping[str, Run]) -> dict[str, Run] | None:
    """Returns the stored runs, read with the options of the runs to compare with them; None if nothing is stored.

    Raises:
        PayloadError: if the file is not a golden run.
        OSError: if it cannot be read.
    """
    path = stem + SUFFIXES[0]
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return _from_json(path, file.read())
    path = stem + SUFFIXES[1]
    if not os.path.isdir(path):
        return None
    found = {}
    for name, (event_file, *_) in list_runs(path).items():
        options: dict[str, Any] = {}
        if name in runs:
            options = {of: getattr(runs[name].options, of) for of in ("tags", "kinds", "restarts", "duplicates")}
        found[name] = read_run(event_file.url, name=name, **options)
    return found


def stems_in(folder: str) -> dict[str, str]:
    """Returns the golden runs stored in a folder: base name without suffix -> path."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    return {
        name.removesuffix(suffix): os.path.join(folder, name)
        for name in names
        for suffix in SUFFIXES
        if name.endswith(suffix)
    }


def remove_stored(path: str) -> None:
    """Removes the golden run at a path, if it exists."""
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


def _has_others(run: Run, tags: tuple[str, ...] | None) -> bool:
    """Returns True if the run has values other than scalars under the wanted tags."""
    if tags is None:
        return bool(set(run.counts()) - {"scalars"}) or run.graph is not None
    return any(matches(tag, tags) for kind in lazy_kinds() for tag in run.series(kind.name))


def _events(run: Run, tags: tuple[str, ...] | None) -> Iterator[Event]:
    """Yields a run's events without wall times and without the values of other tags."""
    events = memory_events(run)
    if events is None:
        events = (event for file in run.files for event in iter_events(file))
    for event in events:
        form = event.WhichOneof("what")
        event.wall_time = 0
        event.ClearField("source_metadata")
        if tags is None or form not in ("summary", "graph_def", "meta_graph_def", "tagged_run_metadata"):
            yield event
        elif form == "summary":
            values = [value for value in event.summary.value if matches(value.tag, tags)]
            if values:
                kept = Event(step=event.step)
                kept.summary.value.extend(values)
                yield kept


def _as_json(runs: Mapping[str, Run], tags: tuple[str, ...] | None) -> str:
    """Returns JSON with one line for each column."""
    lines = ["{", f'  "{_MARK}": {_VERSION},', '  "runs": {']
    blocks = []
    for name, run in runs.items():
        series = [
            f"      {json.dumps(tag)}: {{\n{_columns(points)}\n      }}"
            for tag, points in run.scalars.items()
            if tags is None or matches(tag, tags)
        ]
        joined = ",\n".join(series)
        blocks.append(f"    {json.dumps(name)}: {{\n{joined}\n    }}" if series else f"    {json.dumps(name)}: {{}}")
    return "\n".join([*lines, ",\n".join(blocks), "  }", "}", ""])


def _columns(series: ScalarSeries) -> str:
    values = [json_number(float(str(value))) for value in series.values]  # str is the shortest number of this dtype
    columns: dict[str, Any] = {"steps": series.steps.tolist(), "values": values}
    if series.values.dtype == np.float64:
        columns = {"dtype": "float64", **columns}
    return ",\n".join(f"        {json.dumps(name)}: {json.dumps(column)}" for name, column in columns.items())


def _from_json(path: str, text: str) -> dict[str, Run]:
    try:
        stored = json.loads(text)
        if stored[_MARK] != _VERSION:
            raise PayloadError(f"{path}: the version of this golden run is {stored[_MARK]!r}, not {_VERSION}")
        files = MemoryFiles()
        for name, tags in stored["runs"].items():
            sink = files.add(name, MemorySink(name, clock=lambda: 0.0))
            for tag, columns in tags.items():
                form = ScalarForm.DOUBLE if columns.get("dtype") == "float64" else ScalarForm.SIMPLE
                for step, value in zip(columns["steps"], columns["values"], strict=True):
                    sink.add_scalar(tag, _NOT_FINITE[value] if isinstance(value, str) else value, step, None, form)
        return {name: files.run(name, name) for name in stored["runs"]}
    except PayloadError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PayloadError(f"{path}: not a golden run: {type(error).__name__}: {error}") from error
