"""The content of a report as plain data, from which the script of the page draws."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeVar

import numpy as np

from tbevents.errors import MissingExtraError, PayloadError, TBEventsError
from tbevents.format.file_type import is_wav
from tbevents.reading.hparams_table import SessionFacts, session_facts
from tbevents.reading.kinds.audio import Audio
from tbevents.reading.kinds.image import Image
from tbevents.reading.kinds.kind import lazy_kinds
from tbevents.reading.kinds.layout import StoredCharts
from tbevents.reading.kinds.pr_curve import PrCurve
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.kinds.text import Text
from tbevents.reading.run import Run
from tbevents.reading.series import LazySeries
from tbevents.tools.names import natural_key
from tbevents.tools.report.arrays import ArrayStore
from tbevents.tools.report.layouts import layout_json, layout_of_run
from tbevents.tools.report.limits import ReportLimits
from tbevents.tools.report.pauses import pauses_of
from tbevents.tools.report.pictures import picture
from tbevents.tools.report.rates import rates_by_loss
from tbevents.tools.report.sessions import Entry, Sessions
from tbevents.views.curves import evenly, thinned
from tbevents.views.heat import quantiles, shared_buckets
from tbevents.views.safe_text import first_of
from tbevents.views.short_names import short_names

BUCKETS: Final = 48
"""Buckets of a heat map, from its least to its greatest value."""

_PROBLEMS: Final = 100
"""The most problems of a run that the page lists."""

_SAMPLES: Final = 8
"""The most pictures of one step that the page shows."""

_SAMPLE: Final = 256
"""The values of a thinned curve that percentiles are taken from."""

E = TypeVar("E")
P = TypeVar("P")


class Content:
    """Gathers the content of a report, run by run.

    Args:
        limits: how much the report holds.
        wanted: whether a tag is shown.

    Attributes:
        problems: run -> texts about damage and values that cannot be decoded.
        points: number of points of the curves on the page, once `as_json` was called.
        drawn: number of these that are drawn, likewise.
        numbers: run -> number of its entry on the page, likewise.
        missing: what must be installed to show the pictures that are left out; "" if none are.
    """

    def __init__(self, limits: ReportLimits, wanted: Callable[[str], bool] = lambda _tag: True) -> None:
        self.limits = limits
        self._wanted = wanted
        self.problems: dict[str, list[str]] = {}
        self.points: int = 0
        self.drawn: int = 0
        self.numbers: dict[str, int] = {}
        self.missing: str = ""
        self._arrays = ArrayStore()
        self._runs: list[str] = []
        self._facts: dict[str, SessionFacts] = {}
        self._makers: dict[str, Callable[[Any], Entry]] = {
            "histograms": self._histograms,
            "images": lambda series: self._items(series, self._image),
            "audio": lambda series: self._items(series, self._audio),
            "texts": lambda series: self._items(series, self._text),
            "pr_curves": lambda series: self._items(series, self._pr_curve),
        }
        self._cards: dict[str, dict[str, Entry]] = {kind: {} for kind in ("scalars", *self._makers)}
        self._others: dict[str, set[str]] = {}  # kind -> tags; or runs, of what has none
        self._points = self._drawn = 0  # of all scalars
        self._layouts: list[StoredCharts] = []
        self._media = 0  # bytes of pictures and sounds
        self._is_full = False  # whether the rest of them is left out
        self._letters = 0
        self._notes: dict[str, int] = {}  # text about omissions -> number of times

    def add(self, name: str, run: Run, kinds: Collection[str] | None = None) -> None:
        """Adds a run, which may be let go after that. Values that cannot be decoded are problems of the run.

        Args:
            name: of the run on the page.
            run: the run.
            kinds: the kinds of values to add; None means all.
        """
        number = len(self._runs)
        self._runs.append(name)
        self._facts[name] = session_facts(run)
        self.problems[name] = [str(problem) for problem in run.problems]
        for tag, series in run.scalars.items() if kinds is None or "scalars" in kinds else ():
            if self._wanted(tag) and len(series):
                self._card("scalars", series)["lines"].append(self._line(number, run, series))
        for kind, make in self._makers.items():
            if kinds is not None and kind not in kinds:
                continue
            for tag, series in run.series(kind).items():
                if self._wanted(tag) and len(series):
                    self._card(kind, series)["lines"].append({"run": number, **make(series)})
        if kinds is None:
            self._layouts.append(layout_of_run(run, self._problem))
        counts = run.counts()
        for each in lazy_kinds():
            if each.name in counts and each.name not in self._makers:
                self._others.setdefault(each.name, set()).update(counts[each.name])
        if kinds is None:
            self._add_unnamed(name, run)

    def _add_unnamed(self, name: str, run: Run) -> None:
        """Counts what a run has without tags: its graph, and embeddings."""
        if run.graph is not None:
            self._others.setdefault("graph", set()).add(name)
        try:
            if run.projector is not None:
                self._others.setdefault("embeddings", set()).add(name)
        except (TBEventsError, OSError) as error:
            self._problem(str(error))

    def _card(self, kind: str, series: ScalarSeries | LazySeries[Any]) -> Entry:
        card = self._cards[kind].setdefault(
            series.tag, {"tag": series.tag, "title": series.display_name, "description": "", "lines": []}
        )
        card["description"] = card["description"] or self._cut(series.description)
        return card

    def _line(self, number: int, run: Run, series: ScalarSeries) -> Entry:
        places = thinned(series.values, self.limits.points)
        self._points += len(series)
        self._drawn += len(places)
        # What is kept of a thinned curve are mostly extreme values: percentiles are taken from an even sample.
        sample = {"sample": self._arrays.values(series.values[evenly(len(series), _SAMPLE)])}
        return {
            **(sample if len(places) < len(series) else {}),
            "run": number,
            **self._arrays.curve(series, places, pauses_of(run, series.tag, series.wall_times)),
        }

    def _decoded(self, series: LazySeries[P]) -> list[P]:
        """The points of some steps; values that cannot be decoded are problems."""
        found = []
        if len(series) > self.limits.steps:
            self._note(f"{self.limits.steps} steps are shown of tags that have more values")
        for place in evenly(len(series), self.limits.steps).tolist():
            try:
                found.append(series[place])
            except (TBEventsError, OSError) as error:
                self._problem(str(error))
        return found

    def _problem(self, text: str) -> None:
        self.problems[self._runs[-1]].append(text)

    def _histograms(self, series: LazySeries[Any]) -> Entry:
        found = self._decoded(series)
        heat = shared_buckets(found, BUCKETS)
        return {
            "count": len(series),
            "steps": self._arrays.steps(np.array([each.step for each in found], np.int64)),
            "low": heat.low,
            "high": heat.high,
            "buckets": BUCKETS,
            "counts": self._arrays.floats(heat.counts),
            "quantiles": self._arrays.floats(quantiles(found)),
        }

    def _items(self, series: LazySeries[Any], show: Callable[[Any, str], Entry]) -> Entry:
        """The values of some steps, one entry each.

        Args:
            series: the series of the values.
            show: makes the entry from a value and its name in problems.
        """
        items = []
        for each in self._decoded(series):
            time = float(each.wall_time) if np.isfinite(each.wall_time) else None
            items.append({"step": str(each.step), "time": time, **show(each, f"tag {series.tag!r}, step {each.step}")})
        return {"count": len(series), "items": items}

    def _image(self, image: Image, where: str) -> Entry:
        def encode(data: bytes) -> tuple[Entry, int]:
            found = picture(data, self.limits)
            return found, len(found["source"])

        return {"pictures": self._samples(image.samples, "picture", where, encode)}

    def _audio(self, audio: Audio, where: str) -> Entry:
        def encode(data: bytes) -> tuple[str, int]:
            if not is_wav(data):
                raise PayloadError("it is not a WAV file")
            source = f"data:audio/wav;base64,{base64.b64encode(data).decode('ascii')}"
            return source, len(source)

        rate = f"{audio.sample_rate:g} Hz" if audio.sample_rate else ""
        return {
            "sounds": self._samples(audio.samples, "sound", where, encode),
            "about": ", ".join(filter(None, (f"{audio.seconds:.3g} s", rate))),
        }

    def _samples(
        self, samples: Sequence[bytes], noun: str, where: str, encode: Callable[[bytes], tuple[E, int]]
    ) -> list[E]:
        """The first pictures or sounds of a step that fit in the page.

        Args:
            samples: their files' bytes.
            noun: what they are.
            where: the name of the step in problems.
            encode: returns what the page has of one, and how many bytes of it count.
        """
        shown: list[E] = []
        left_out = f"pictures and sounds beyond the first {self.limits.media / 2**20:g} MB are left out"
        for number, data in enumerate(samples[:_SAMPLES]):
            if self._is_full:
                self._note(left_out)
                break
            try:
                found, size = encode(data)
            except MissingExtraError as error:
                self.missing = str(error)
                self._note(self.missing)
                break
            except PayloadError as error:
                self._problem(f"{where}: {noun} {number} is not shown: {error}")
                continue
            if self._media + size > self.limits.media:
                self._is_full = self._media > self.limits.media / 2  # else it is a large one, and others may fit
                self._note(left_out)
                break
            self._media += size
            shown.append(found)
        if len(samples) > _SAMPLES:
            self._note(f"of a step, the first {_SAMPLES} {noun}s are shown")
        return shown

    def _text(self, text: Text, _where: str) -> Entry:
        if self._letters >= self.limits.letters:
            self._note(f"texts beyond the first {self.limits.letters:,} characters are left out")
            return {"shape": [0], "texts": []}
        shown = text.array
        if shown.size > self.limits.texts:
            self._note(f"of a step, the first {self.limits.texts:,} texts are shown")
            if shown.ndim == 2:  # a table: whole rows
                shown = shown[:, : self.limits.texts]
                shown = shown[: self.limits.texts // shown.shape[1]]
            else:
                shown = shown.ravel()[: self.limits.texts]
        texts = [self._cut(each) for each in shown.ravel().tolist()]
        self._letters += sum(map(len, texts))
        return {"shape": list(shown.shape), "texts": texts}

    def _cut(self, text: str) -> str:
        if len(text) > self.limits.text:
            self._note(f"texts are cut after {self.limits.text:,} characters")
        return text[: self.limits.text]

    def _pr_curve(self, curve: PrCurve, _where: str) -> Entry:
        # As in TensorBoard, the curve ends at the last threshold with anything predicted: beyond, precision is 0 / 0.
        predicted = np.flatnonzero(curve.true_positives + curve.false_positives)
        end = int(predicted[-1]) + 1 if len(predicted) else 1
        # Recall falls as the threshold rises: reversed, the curve goes from left to right.
        return {
            "recall": self._arrays.floats(curve.recall[:end][::-1]),
            "precision": self._arrays.floats(curve.precision[:end][::-1]),
            "thresholds": self._arrays.floats(curve.thresholds[:end][::-1]),
        }

    def _note(self, text: str) -> None:
        self._notes[text] = self._notes.get(text, 0) + 1

    def as_json(self, root: str = ".") -> Entry:
        """Returns the content as plain data.

        Args:
            root: the name of the logdir's folder, which stands for the run ".".
        """
        sessions = Sessions(self._runs, self._facts, root)
        self.numbers = dict(zip(self._runs, sessions.numbers, strict=True))
        cards: dict[str, list[Entry]] = {}
        for kind, by_tag in self._cards.items():
            if kind == "scalars":
                by_tag = {tag: sessions.without_metrics(card) for tag, card in by_tag.items()}
            placed = {tag: sessions.place(card) for tag, card in by_tag.items() if card["lines"]}
            cards[kind] = [placed[tag] for tag in sorted(placed, key=natural_key)]
        self.points = sum(line["count"] for card in cards["scalars"] for line in card["lines"])
        self.drawn = self._drawn - (self._points - self.points)  # numbers of the table have one point each
        notes = [f"{text} ({times:,} times)" if times > 1 else text for text, times in self._notes.items()]
        if self.drawn < self.points:
            notes.insert(
                0,
                f"curves of more than {self.limits.points:,} points are thinned for the picture: the least "
                f"and greatest values stay ({self.drawn:,} of {self.points:,} points are here)",
            )
        labels = short_names(sessions.entries, root)
        problems: dict[int, list[str]] = {}
        for name, number in zip(self._runs, sessions.numbers, strict=True):
            problems.setdefault(number, []).extend(self.problems[name])
        return {
            "runs": [
                {"name": name, "label": labels[name], "problems": first_of(problems[number], _PROBLEMS)}
                for number, name in enumerate(sessions.entries)
            ],
            "points": self.points,
            "notes": notes,
            "others": {kind: len(tags) for kind, tags in self._others.items()},
            "rates": _rates(cards["scalars"]),
            "layout": layout_json(self._layouts),
            "hparams": sessions.as_json(),
            **cards,
            "arrays": self._arrays.entries,
        }


def _rates(cards: Sequence[Entry]) -> list[Entry]:
    """The places of the cards of learning rates, and of the loss to show beside them (-1 for none)."""
    places = {card["tag"]: place for place, card in enumerate(cards)}
    found = rates_by_loss({card["tag"]: {line["run"] for line in card["lines"]} for card in cards})
    return [
        {"rates": [places[tag] for tag in rates], "loss": -1 if loss is None else places[loss]}
        for loss, rates in found.items()
    ]
