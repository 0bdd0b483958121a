// A chart of curves, one or more a run, with a table at the crosshair.

const CROWDED = 30; // curves of a chart beyond which they are thin: so many are drawn several times faster then

/**
 * Curves in an element.
 *
 * lines: [{run, name, color, xs, ys, raw, rowAt(place): [value or text, ...]}], raw being the values before smoothing, or null;
 * titles: of the columns of rowAt; x, y, zoom: as in Plot; bounds: [x, y] ranges, where it is not what fits; outliers: whether the
 * vertical axis reaches all points. A line may have a `sample` of its values, where what it draws was thinned; and a band from `low` to
 * `high`. marks: the x of findings, each a dashed line; pin: the x that is pinned, or null; onPin(x): another is to be, none (null), or that before (undefined); without it none can be.
 */
class Curves {
  constructor(figure, { lines, titles, x, y, zoom, label, bounds = null, outliers = true, marks = [], pin = null, onPin = null }) {
    this.figure = figure;
    this.lines = lines;
    this.titles = titles;
    this.bounds = bounds;
    this.outliers = outliers;
    this.marks = marks;
    this.pin = pin;
    this.onPin = onPin;
    this.room = x.time ? 30 : undefined;
    this.place = { line: 0, point: -1 };
    this.found = []; // what is shown at the crosshair
    this.byKeys = false; // whether keys have put it there
    this.logs = [Boolean(x.log), Boolean(y.log)];
    this.body = make("div", { className: "plot" });
    this.tip = make("div", { className: "tip", hidden: true });
    this.spoken = make("p", { className: "spoken", "aria-live": "polite" });
    this.mark = make("div", { className: "mark", hidden: true });
    figure.append(this.body, this.spoken);
    figure.tabIndex = 0;
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-roledescription", "chart");
    figure.setAttribute("aria-label", `${label}: ${countText(lines.length, "curve")}`);
    figure.setAttribute("aria-describedby", "help");
    const faint = lines.filter((line) => line.raw !== null);
    this.series = [
      ...faint.map((line) => ({ line, color: line.color, alpha: 0.3, width: 1, data: [line.xs, line.raw] })),
      ...lines.map((line) => ({ line, color: line.color, alpha: 1, width: lines.length > CROWDED ? 1 : 1.5, dash: line.dash ?? (line.dashed ? DASHES[1] : undefined), data: [line.xs, line.ys] })),
    ];
    this.plot = new Plot(this.body, {
      series: this.series,
      x, y, zoom,
      paint: (u) => this.paintBeneath(u),
      extent: (range) => this.extent(range),
      drawn: (u) => this.paintAbove(u),
      click: (left, top, count) => {
        if (onPin === null || count > 2) return;
        if (count === 2) return onPin(undefined); // two clicks reset the zoom: the first one did not count
        const [nearest] = this.nearest(left, top);
        if (nearest !== undefined) onPin(nearest.line.xs[nearest.place]);
      },
      hover: framewise((plot, left, top) => this.hover(left, top)),
      leave: framewise(() => { if (this.plot.u.cursor.left < 0) this.leave(); }), // a new chart says so before it is told where it is
    });
    this.plot.u.over.append(this.mark, this.tip);
    figure.onkeydown = (event) => this.key(event);
    figure.onblur = () => this.leave(true);
    figure.dataset.lines = lines.filter((line) => line.ys.some((value) => drawable(value, this.logs[1]))).length;
    const { x: [left, right], y: [low, high] } = this.plot.ranges;
    const isBeyond = (line) => (y, place) => drawable(y, this.logs[1]) && (y < low || y > high) && line.xs[place] >= left && line.xs[place] <= right;
    this.beyond = bounds === null && zoom.y === null ? lines.reduce((sum, line) => sum + line.ys.filter(isBeyond(line)).length, 0) : 0;
    figure.dataset.beyond = this.beyond;
    figure.dataset.points = lines.reduce((sum, line) => sum + line.ys.length, 0);
  }

  paintBeneath(surface) {
    for (const line of this.lines) if (line.low) paintBand(surface, line, this.logs);
    paintMarks(surface, this.marks, "--warn", [4, 3]);
    if (this.pin !== null) paintMarks(surface, [this.pin], "--accent", []);
  }

  paintAbove(surface) {
    paintEdges(surface, this.lines, this.logs, this.plot.zoom.y === null && this.bounds === null);
  }

  /** Draws all but the axes on another surface: its context, the place of the plot on it, and the scales. */
  paint(surface) {
    const { ctx } = surface;
    this.paintBeneath(surface);
    const to = projection(surface);
    for (const { color, alpha, width, dash, data: [xs, ys] } of this.series) {
      ctx.save();
      Object.assign(ctx, { globalAlpha: alpha, strokeStyle: color, lineWidth: width * devicePixelRatio, lineJoin: "round" });
      ctx.setLineDash((dash ?? []).map((length) => length * devicePixelRatio));
      ctx.beginPath();
      traceLine(ctx, xs, ys, to, this.logs);
      ctx.stroke();
      ctx.restore();
    }
    this.paintAbove(surface);
  }

  /** The ranges that show all; of y, within a range of x where one is given. */
  extent(range) {
    if (this.bounds !== null) return this.bounds;
    const [logX, logY] = this.logs;
    const x = new Extent();
    const y = new Extent();
    const bands = this.lines.filter((line) => line.low).flatMap(({ xs, low, high }) => [[xs, low], [xs, high]]);
    const columns = [...this.series.map(({ data }) => data), ...bands];
    for (const [xs, ys] of columns) {
      for (let place = 0; place < xs.length; place++) {
        if (!drawable(xs[place], logX)) continue;
        x.take(xs[place]); // also of what has no place on y: it is marked at the edge
        if (!drawable(ys[place], logY)) continue;
        if (range === null || (xs[place] >= range[0] && xs[place] <= range[1])) y.take(ys[place]);
      }
    }
    // Between two points there is the line: what is next to the range on either side.
    for (const [xs, ys] of y.min > y.max && range !== null ? columns : []) {
      for (const [edge, isBeyond] of [[range[0], (at) => at < range[0]], [range[1], (at) => at > range[1]]]) {
        const place = nearestPlace(xs, edge, (at) => isBeyond(xs[at]) && drawable(xs[at], logX) && drawable(ys[at], logY));
        if (place >= 0) y.take(ys[place]);
      }
    }
    const inner = this.outliers ? null : this.inner(range);
    if (inner !== null) [y.min, y.max] = inner;
    return [x.range(logX, 0, this.room), y.range(logY, 0.05)];
  }

  /**
   * The range of y without extreme values, within a range of x. What is extreme follows from the values before smoothing, which makes
   * many large values of a single one; as in TensorBoard, the range is that of the smoothed ones.
   */
  inner(range) {
    const [logX, logY] = this.logs;
    const within = (line) => (range === null && !logX ? line.ys
      : line.ys.filter((value, place) => drawable(line.xs[place], logX) && (range === null || (line.xs[place] >= range[0] && line.xs[place] <= range[1]))));
    const lines = this.lines.flatMap((line) => (line.low ? [line, { ...line, ys: line.low }, { ...line, ys: line.high }] : [line]));
    const columns = lines.map(within);
    const samples = lines.map((line, number) => (range === null && line.sample ? line.sample : line.raw !== null ? within({ ...line, ys: line.raw }) : columns[number]));
    return withoutOutliers(columns, samples, logY);
  }

  /** For each curve the place of the point that is nearest in x; {line, place, x, y} in CSS pixels. */
  nearest(left, top) {
    const u = this.plot.u;
    const found = [];
    const at = u.posToVal(left, "x");
    for (const line of this.lines) {
      const best = nearestPlace(line.xs, at, (place) => drawable(line.xs[place], this.logs[0]) && drawable(line.ys[place], this.logs[1]));
      if (best < 0) continue;
      const x = u.valToPos(line.xs[best], "x");
      const y = u.valToPos(line.ys[best], "y");
      if (Math.abs(x - left) < Math.max(40, u.over.clientWidth / 8)) found.push({ line, place: best, x, y, distance: Math.abs(y - top) + Math.abs(x - left) });
    }
    return found.sort((a, b) => a.distance - b.distance);
  }

  hover(left, top) {
    if (this.gone) return;
    // A tap lists the values: the table at the crosshair would cover the chart until another tap.
    if (this.plot.byTouch && this.onPin !== null) return this.leave(true);
    const found = this.nearest(left, top);
    if (!found.length) return this.leave();
    this.byKeys = false;
    this.show(found);
    this.place = { line: this.lines.indexOf(found[0].line), point: found[0].place };
  }

  show(found) {
    this.found = found;
    const [first] = found;
    const over = this.plot.u.over;
    this.mark.hidden = false;
    this.mark.style.transform = `translate(${first.x}px, ${first.y}px)`;
    this.mark.style.background = first.line.color;
    // By value, as the curves lie; what is nearest is scrolled to, so that the pointer reaches all.
    const ordered = [...found].sort((a, b) => b.line.ys[b.place] - a.line.ys[a.place]);
    const texts = rowTexts(ordered);
    const rows = ordered.map((each, number) => readingRow(each, texts[number], 28, each === first ? "nearest" : ""));
    this.tip.replaceChildren(makeTable([make("th"), ...this.titles.map(columnHead)], rows));
    this.tip.hidden = false;
    const row = rows[ordered.indexOf(first)];
    this.tip.scrollTop = row.offsetTop + row.offsetHeight / 2 - this.tip.clientHeight / 2;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    // Beside the crosshair where there is room; the whole of it within the window.
    const room = document.documentElement.clientWidth - over.getBoundingClientRect().left;
    const left = first.x + 14 + width < room ? first.x + 14 : first.x - 14 - width;
    const least = 4 - over.getBoundingClientRect().left;
    this.tip.style.transform = `translate(${Math.max(least, Math.min(left, room - width - 4))}px, ${Math.max(0, Math.min(first.y - height / 2, over.clientHeight - height))}px)`;
  }

  /** Zooms by a factor; the crosshair stays on its point, if that is still in the chart. */
  scale(factor) {
    const before = this.found;
    this.plot.scale(factor);
    if (before.length) requestAnimationFrame(() => this.follow(before)); // uPlot has moved its scales by then
  }

  follow(before) {
    if (this.gone) return;
    const u = this.plot.u;
    const found = before.map(({ line, place }) => ({ line, place, x: u.valToPos(line.xs[place], "x"), y: u.valToPos(line.ys[place], "y") }));
    const [first] = found;
    if (first.x < 0 || first.x > u.over.clientWidth) return this.leave(true);
    this.plot.cross(first);
    this.show(found);
  }

  /** Where the crosshair is, for another chart of these curves to go on from. */
  whereabouts() {
    const { line, point } = this.place;
    const { left, top } = this.plot.u.cursor;
    return { name: this.lines[line]?.whole, x: this.lines[line]?.xs[point], point, shown: this.found.length > 0, byKeys: this.byKeys, left, top };
  }

  /** Goes on from there: keys stay at their point, the pointer where it is. */
  resume({ name, x, point, shown, byKeys, left, top }) {
    const number = this.lines.findIndex(({ whole }) => whole === name);
    if (number >= 0 && point >= 0) {
      const line = this.lines[number];
      const place = line.xs[point] === x ? point : nearestPlace(line.xs, x);
      this.place = { line: number, point: place };
      if (shown && byKeys && place >= 0 && document.activeElement === this.figure) {
        this.byKeys = true;
        requestAnimationFrame(() => this.follow([{ line, place }])); // uPlot has scales by then
      }
    }
    if (shown && !byKeys && this.figure.matches(":hover")) this.plot.cross({ x: left, y: top }); // uPlot tells of it once it has scales
  }

  /** Hides what is at the crosshair; and the crosshair, where keys moved it. */
  leave(keys = false) {
    this.found = [];
    this.tip.hidden = true;
    this.mark.hidden = true;
    if (keys) this.plot.cross(null);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.figure) return;
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] };
    if (event.key === "+" || event.key === "=") this.scale(0.5);
    else if (event.key === "-") this.scale(2);
    else if (event.key === "Enter" || event.key === " ") this.pinHere();
    else if (event.key === "Escape" && this.pin !== null) this.onPin(null);
    else if (event.key === "0" || event.key === "Escape") this.plot.zoom.set(null, null), this.leave(true);
    else if (event.key in steps) this.go(...steps[event.key], event.shiftKey ? 10 : 1);
    else return;
    event.preventDefault();
  }

  /** Shows another pin, or none. */
  showPin(x) {
    this.pin = x;
    this.plot.u.redraw(false);
  }

  /** Pins where the keys have gone to; or, where nothing is yet, at the end. */
  pinHere() {
    const line = this.lines[this.place.line];
    if (line === undefined || this.onPin === null) return;
    const x = line.xs[this.place.point < 0 ? line.xs.length - 1 : this.place.point];
    if (drawable(x, this.logs[0])) this.onPin(x);
  }

  /** Goes to another curve or point, and says what is there. */
  go(lines, points, times) {
    if (!this.lines.length) return;
    const u = this.plot.u;
    const from = this.lines[this.place.line];
    const number = (this.place.line + lines + this.lines.length) % this.lines.length;
    const line = this.lines[number];
    let place = this.place.point;
    if (lines && place >= 0) place = nearestPlace(line.xs, from.xs[place]);
    place = Math.max(0, Math.min(line.xs.length - 1, points ? place + points * times : Math.max(place, 0)));
    this.place = { line: number, point: place };
    this.byKeys = true;
    const here = { line, place, x: u.valToPos(line.xs[place], "x"), y: u.valToPos(line.ys[place], "y") };
    if (drawable(line.xs[place], this.logs[0]) && drawable(line.ys[place], this.logs[1])) {
      this.plot.cross(here);
      this.show([here]);
    } else this.leave(true);
    this.spoken.textContent = `${line.name}: ${rowTexts([{ line, place }])[0].map((text, i) => `${this.titles[i]} ${text}`).join(", ")}`;
  }

  destroy() {
    this.gone = true;
    this.plot.destroy();
    this.figure.replaceChildren();
    this.figure.onkeydown = null;
    this.figure.onblur = null;
  }
}

/** The place of the first of some numbers that are nearest to a value, among those that count; -1 where none does. */
function nearestPlace(values, value, counts = () => true) {
  let best = -1;
  let least = Infinity;
  for (let place = 0; place < values.length; place++) {
    const distance = Math.abs(values[place] - value);
    if (distance < least && counts(place)) [best, least] = [place, distance];
  }
  return best;
}

/** Draws a line from top to bottom at each of some places. */
function paintMarks(u, marks, color, dash) {
  if (!marks.length) return;
  const { left, top, width, height } = u.bbox;
  const to = projection(u);
  u.ctx.save();
  u.ctx.strokeStyle = themeColor(color);
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  u.ctx.beginPath();
  for (const mark of marks) {
    const x = Math.round(to.x(mark)) + 0.5; // a line of one pixel, not two faint ones
    if (!(x >= left && x <= left + width)) continue;
    u.ctx.moveTo(x, top);
    u.ctx.lineTo(x, top + height);
  }
  u.ctx.stroke();
  u.ctx.restore();
}

/** Fills what is between the ends of a band; it is broken where one of them is not finite. */
function paintBand(u, { xs, low, high, color }, [logX, logY]) {
  const { ctx, bbox } = u;
  const to = projection(u);
  const bottom = onCanvas(bbox.top + bbox.height);
  const yOf = (value) => (logY && value <= 0 ? bottom : onCanvas(to.y(value)));
  paintClipped(u, () => {
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.22;
    let first = 0;
    for (let place = 0; place <= xs.length; place++) {
      if (place < xs.length && drawable(xs[place], logX) && Number.isFinite(low[place]) && Number.isFinite(high[place])) continue;
      if (place - first > 0) {
        ctx.beginPath();
        ctx.moveTo(onCanvas(to.x(xs[first])), yOf(high[first]));
        for (let at = first + 1; at < place; at++) ctx.lineTo(onCanvas(to.x(xs[at])), yOf(high[at]));
        for (let at = place - 1; at >= first; at--) ctx.lineTo(onCanvas(to.x(xs[at])), yOf(low[at]));
        ctx.closePath();
        ctx.fill();
      }
      first = place + 1;
    }
  });
}
