// Cards of scalars: one curve a run.

/** What all curves of a line have. */
const curveOf = (line) => ({ run: line.run, name: runs[line.run].label, whole: runs[line.run].name, color: runs[line.run].color, dashed: runs[line.run].dashed });

/** The horizontal axis of some lines: that of the settings; but the order, where all steps are 0. */
function axisOf(lines) {
  const without = settings.x === "step" && lines.some((line) => line.count > 1) && lines.every((line) => numbers(line.steps).every((step) => step === 0));
  return without ? "order" : settings.x;
}

/** Seconds to take off at each point of a line: those of the pauses before it, where these are cut. */
function cutSeconds(line) {
  const order = numbers(line.order);
  const cut = new Float64Array(order.length);
  for (const [first, , seconds] of settings.cutPauses ? line.pauses ?? [] : []) {
    for (let place = 0; place < order.length; place++) if (order[place] >= first) cut[place] += seconds;
  }
  return cut;
}

/** Relative time with the pauses before it, where these are cut, as the server counts it. */
function uncut(line, seconds) {
  let whole = seconds;
  for (const [, at, length] of settings.cutPauses ? line.pauses ?? [] : []) if (whole >= at - length) whole += length;
  return whole;
}

/** Seconds since the start of a line as places on an axis: without what is cut before them, or since 1970. */
function moments(offsets, start, cut = null) {
  const found = new Float64Array(offsets.length);
  for (let place = 0; place < found.length; place++) found[place] = offsets[place] + start - (cut === null ? 0 : cut[place]);
  return found;
}

/** A line of scalars as a curve over an axis, by the settings. */
function scalarCurve(line, axis, tag) {
  const steps = column(line.steps);
  const offsets = numbers(line.offsets);
  const raw = numbers(line.values);
  const ys = smoothed(raw, settings.smoothing);
  const cut = axis === "relative" && settings.cutPauses && line.pauses ? cutSeconds(line) : null;
  const xs = axis === "step" ? numbers(line.steps) : axis === "order" ? numbers(line.order) : moments(offsets, axis === "wall" ? line.start : 0, cut);
  const rowAt = (place) => [
    raw[place],
    ...(settings.smoothing ? [ys[place]] : []),
    String(steps[place]),
    timeText(line.start + offsets[place]),
    spanText(offsets[place] - (cut === null ? 0 : cut[place])),
  ];
  const cells = (place) => [runs[line.run].name, tag, steps[place], line.start + offsets[place], raw[place], ...(settings.smoothing ? [ys[place]] : [])];
  return { ...curveOf(line), stepAt: (place) => String(steps[place]), xs, ys, raw: settings.smoothing ? raw : null, sample: line.sample === undefined ? null : numbers(line.sample), rowAt, cells };
}

/** The longest relative time of some lines. */
function longest(lines) {
  const extent = new Extent();
  for (const line of lines) {
    for (const time of moments(numbers(line.offsets), 0, settings.cutPauses ? cutSeconds(line) : null)) if (Number.isFinite(time)) extent.take(time);
  }
  return extent.max - Math.min(0, extent.min);
}

/** The x of the findings about a tag, on the curves that are shown. */
function marksOn(card, lines, shown) {
  const marks = new Set();
  for (const { run, tag, step } of data.findings) {
    const at = tag === card.tag && step !== null ? lines.findIndex((line) => line.run === run) : -1;
    const place = at < 0 ? -1 : numbers(lines[at].steps).findIndex((each) => each >= step);
    if (place >= 0) marks.add(shown[at].xs[place]);
  }
  return [...marks];
}

const LEGEND_ROWS = 6;

/** What is not finite in some curves: how often, and where. */
function oddList(curves) {
  const most = 50;
  const found = [];
  let count = 0;
  for (const curve of curves) {
    const values = curve.raw ?? curve.ys;
    for (let place = 0; place < values.length; place++) {
      if (Number.isFinite(values[place])) continue;
      if (count < most) found.push(make("li", { title: curve.whole }, ...nameParts(curve, 44), ` ${valueText(values[place])} at step ${curve.stepAt(place)}`));
      count += 1;
    }
  }
  if (!count) return [];
  const more = count > most ? [make("p", { textContent: `and ${countText(count - most, "other point")}` })] : [];
  return [make("details", {}, make("summary", { textContent: `${countText(count, "point")} not finite` }), make("ul", {}, ...found), ...more)];
}

/** What the horizontal axis shows, for a picture. */
const axisTitle = ({ axis, unit }) => ({ step: "step", order: "order of writing", wall: `time (${ZONE})` })[axis] ?? `${unit.name}${settings.cutPauses ? " without pauses" : ""}`;

/** A card of scalars; a custom chart has those of several tags, its `parts`. */
function scalarCard(card) {
  const figure = make("figure", { className: "chart" });
  const legend = make("ul", { className: "legend" });
  const note = make("p", { className: "quiet note" });
  const odd = make("div", { className: "quiet odd" });
  const readings = make("div", {});
  const chart = chartOf(card.key === undefined ? `scalars ${card.tag}` : `custom ${card.key}`);
  const { zoom } = chart;
  let curves = null;
  let before = null; // where the crosshair was when the chart was last cleared, and on which axis
  let pinBefore = null;
  let drawn = { axis: "step", unit: null, shown: [] };
  const view = { figure, zoom, axis: "step", uncut, get whole() { return settings.groupBy !== ""; } };
  const again = () => lazy.renew();
  zoom.changed = () => { source.zoomed(card, again); saveSoon(); };
  const setPin = (x) => {
    [chart.pin, pinBefore] = [x === undefined ? pinBefore : x, chart.pin];
    curves?.showPin(chart.pin); // no new chart: a second click must meet the same one
    fillReadings();
    saveSoon();
    if (x === null) figure.focus({ preventScroll: true });
  };
  const fillReadings = () => readings.replaceChildren(...(chart.pin === null || curves === null ? [] : [readingsTable(curves, chart.pin, card.title, () => setPin(null))]));
  const showNothing = () => {
    for (const each of [readings, legend, odd]) each.replaceChildren();
    note.textContent = "";
    figure.setAttribute("aria-busy", "false");
  };
  const draw = () => {
    const found = (card.parts ?? [card]).map((each) => ({ part: each, lines: source.lines(each, shownLines(each), view, again) }));
    const lines = found.flatMap((each) => each.lines);
    const logY = chart.log ?? settings.logY;
    logBox.checked = logY;
    if (!lines.length) return showNothing();
    const margins = card.margins ?? [];
    const groups = margins.length ? null : groupsOfRuns();
    const axis = groups === null ? axisOf(lines) : "step"; // runs of a group share their steps, but not their times
    const unit = axis === "relative" ? spanUnit(longest(lines)) : null;
    view.axis = axis;
    const shown = margins.length ? marginCurves(margins, found, axis)
      : groups === null ? curvesOfParts(found, axis) : groupCurvesOfParts(groups, found, again);
    if (!shown.length) return showNothing();
    const ready = shown.every((curve) => curve.done ?? true);
    figure.setAttribute("aria-busy", String(!ready));
    drawn = { axis, unit, shown, grouped: groups !== null };
    chart.moveTo(axis === "relative" && settings.cutPauses ? "relative without pauses" : axis);
    const logX = settings.logX && axis !== "wall";
    const titles = groups !== null ? groupTitles() : ["value", ...(settings.smoothing ? ["smoothed"] : []), "step", "time", "relative", ...(margins.length ? ["bounds"] : [])];
    const marks = groups === null && card.parts === undefined ? marksOn(card, lines, shown) : [];
    figure.dataset.marks = marks.length;
    curves = new Curves(figure, {
      lines: shown, titles, zoom, label: card.title, marks, pin: chart.pin, onPin: setPin,
      x: { log: logX, time: axis === "wall", whole: axis === "step" || axis === "order", unit: unit?.seconds },
      y: { log: logY }, outliers: settings.outliers,
    });
    if (before !== null && before.axis === axis) curves.resume(before);
    fillReadings();
    const ends = shown.length <= LEGEND_ROWS ? valueTexts(shown.map((curve) => (curve.raw ?? curve.ys).at(-1))) : [];
    legend.replaceChildren(...ends.map((textContent, number) =>
      make("li", { title: `${shown[number].whole}: the last value` }, ...nameParts(shown[number], 44), make("b", { textContent }))));
    const points = margins.length ? 0 : lines.reduce((sum, line) => sum + line.count, 0);
    const count = groups === null && !margins.length ? shown.reduce((sum, curve) => sum + curve.ys.length, 0) : points;
    const counted = (which) => shown.reduce((sum, { xs, ys }) => sum + xs.reduce((found, x, place) => found + which(x, ys[place]), 0), 0);
    odd.replaceChildren(...oddList(shown));
    const unshown = counted((x, y) => Number.isFinite(y) && ((logY && y <= 0) || (logX && x <= 0)));
    const back = axis === "step" ? shown.filter(({ xs }) => xs.some((x, place) => x < xs[place - 1])).length : 0;
    note.textContent = [
      axis === "relative" ? `in ${axisTitle(drawn)}` : axis === "wall" ? `times of ${ZONE}` : "",
      axis !== settings.x ? (groups === null ? "all steps are 0: in the order written" : "groups are drawn over steps") : "",
      groups === null ? "" : groupNote(ready, shown.some((curve) => curve.thinned)),
      shown.length > LEGEND_ROWS ? countText(shown.length, groups !== null ? "group" : card.parts === undefined ? "run" : "curve") : "",
      count < points ? `${count.toLocaleString("en-US")} of ${countText(points, "point")} drawn` : "",
      unshown ? `${countText(unshown, "point")} at or below 0 ${unshown === 1 ? "is" : "are"} not on the log axis` : "",
      curves.beyond ? `${countText(curves.beyond, "point")} beyond the axis` : "",
      back ? `steps go back in ${countText(back, "run")}` : "",
    ].filter(Boolean).join(" · ");
  };
  const clear = () => {
    GroupSums.release(again);
    if (curves !== null) before = { axis: drawn.axis, ...curves.whereabouts() };
    curves?.destroy();
    curves = null;
  };
  const logLabel = checkbox("", "log y", (log) => {
    chart.log = log === settings.logY ? null : log;
    zoom.forget(false);
    saveSoon();
    lazy.renew();
  });
  const logBox = logLabel.firstElementChild;
  const menu = chartMenu(card.title, {
    chart: () => curves,
    labels: () => ({ title: card.title, x: `${axisTitle(drawn)}${drawn.grouped ? ` · ${groupNote(true, false)}` : ""}` }),
    rows: () => [drawn.grouped ? groupColumns() : ["run", "tag", "step", "wall_time", "value", ...(settings.smoothing ? ["smoothed"] : []), ...(card.margins?.length ? ["low", "high"] : [])], ...drawn.shown.flatMap((curve) => Array.from(curve.xs, (_, place) => curve.cells(place)))],
  }, logLabel);
  const element = cardElement(card, menu, figure, readings, legend, note, odd);
  const lazy = new Lazy(element, draw, clear);
  return { card, element, lazy, zoom };
}
