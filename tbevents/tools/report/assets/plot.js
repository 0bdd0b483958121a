// One chart: axes, zoom, crosshair and keys around something that is drawn. uPlot does the drawing.

const CHART_HEIGHT = 230;

/** How far apart the labels of an axis of steps may be: there is nothing between two steps. */
const WHOLE = Array.from({ length: 19 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const themeColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Beside their size, how near two numbers are that an axis does not tell apart: it has labels between its ends. */
const SAME = 1e-12;

/** The least and greatest of what is between; widened where that is one number. */
class Extent {
  constructor() {
    this.min = Infinity;
    this.max = -Infinity;
  }

  take(value) {
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** The range of an axis, with a margin; `room` to both sides of a single number. */
  range(log, margin, room) {
    let { min, max } = this;
    if (min > max) return log ? [1, 10] : [0, 1];
    if (log) {
      const [low, high] = [Math.log10(min), Math.log10(max)];
      const more = high - low < SAME ? Math.log10(2) : (high - low) * margin;
      return [Math.pow(10, Math.max(low - more, -323)), Math.min(Math.pow(10, high + more), Number.MAX_VALUE)];
    }
    if (!toldApart(min, max)) {
      const around = room ?? (Math.max(Math.abs(min), Math.abs(max)) * 0.05 || 0.5);
      return [min - around, max + around];
    }
    const half = max / 2 - min / 2; // the whole may be beyond a float64
    return [Math.max(min - 2 * half * margin, -Number.MAX_VALUE), Math.min(max + 2 * half * margin, Number.MAX_VALUE)];
  }
}

/** Whether an axis can tell its ends apart. */
const toldApart = (low, high) => high - low > Math.max(Math.abs(low), Math.abs(high)) * SAME;

/** A range of an axis, made wider where its ends are so near to each other that no number of ticks fits in between. */
function widened([low, high], log) {
  if (log || toldApart(low, high)) return [low, high];
  const extent = new Extent();
  extent.take(low);
  extent.take(high);
  return extent.range(false, 0);
}

/** The zoom of a chart: null, or the ranges that were chosen; of y, null means what fits. Those that are linked follow in x. */
class Zoom {
  constructor(changed = () => {}) {
    this.x = null;
    this.y = null;
    this.changed = changed;
    this.axis = null; // what x is, once it was drawn
    this.plots = new Set();
    this.linked = [];
  }

  /** Lets go of y, and of x where asked to; the chart is to be drawn again. */
  forget(x) {
    if (x) this.x = null;
    this.y = null;
  }

  set(x, y) {
    this.show(x, y);
    for (const zoom of this.linked) if (zoom !== this && (zoom.axis ?? this.axis) === this.axis) zoom.show(x, null);
  }

  show(x, y) {
    this.x = x;
    this.y = y;
    for (const plot of this.plots) plot.fit();
    this.changed();
  }
}

/**
 * A chart in an element.
 *
 * options: series: what uPlot draws, in its mode of series with x and y of their own, each [xs, ys];
 * x: {log, time, whole, names, unit}, whole being whether it is of steps, names those of the places 0, 1 ..., unit what its labels count in; y: {log}; extent(x): the [x, y] ranges, of y within x where x is given;
 * hover(plot): what the crosshair is on; leave(); click(left, top, count): the pointer clicked there, once or, twice in a row, for the second time; paint(u): draws beneath the series; drawn(u): above them; zoom: a Zoom.
 */
class Plot {
  static all = new Set();

  constructor(host, options) {
    this.host = host;
    this.options = options;
    this.zoom = options.zoom;
    this.ranges = this.wanted();
    const grid = { stroke: themeColor("--grid"), width: 1 };
    const axis = { stroke: themeColor("--muted"), grid, ticks: { ...grid, size: 4 }, font: "11px system-ui, sans-serif" };
    const { x, y } = options;
    const logarithmic = { splits: (u, number, low, high) => logSplits(low, high), filter: (u, splits) => logLabels(splits) };
    const scale = (values, factor) => values.map((value) => (value === null ? null : value * factor));
    // uPlot's own distances are between 1e-16 and 1e32; without one that fits, and is 5 or more, it draws no labels.
    const even = (most) => ({ incrs: (u, number, low, high) => [Math.max(high - low, 5)], splits: (u, number, low, high) => evenSplits(low, high, most(u)) });
    const onX = x.log ? logarithmic : x.time || x.whole ? {} : even((u) => u.width / 90);
    const inUnits = x.unit === undefined ? {} : {
      splits: (u, number, low, high) => scale((x.log ? logSplits : evenSplits)(low / x.unit, high / x.unit, u.width / 90), x.unit),
      ...(x.log ? { filter: (u, splits) => scale(logLabels(scale(splits, 1 / x.unit)), x.unit) } : {}),
    };
    this.u = new uPlot({
      mode: 2,
      width: Math.max(host.clientWidth, 120),
      height: options.height ?? CHART_HEIGHT,
      legend: { show: false },
      padding: [8, x.time ? 38 : 18, 0, 0], // room for half of the last label
      scales: {
        x: { time: Boolean(x.time), auto: false, distr: x.log ? 3 : 1, range: () => this.ranges.x },
        y: { auto: false, distr: y.log ? 3 : 1, range: () => this.ranges.y },
      },
      axes: [
        { ...axis, ...onX, ...inUnits, ...(x.whole ? { incrs: WHOLE } : {}), size: x.time ? 42 : 28, space: x.time ? 80 : 60, values: (u, splits, i, space, step) => (x.names ? splits.map((place) => elided(x.names[place] ?? "", 14)) : x.time ? timeAxisTexts(splits, step) : axisTexts(scale(splits, 1 / (x.unit ?? 1)), x.log)) },
        { ...axis, ...(y.log ? logarithmic : even((u) => u.height / 40)), size: (u, texts) => 14 + 6.5 * Math.max(4, ...(texts ?? []).map((text) => text.length)), values: (u, splits) => axisTexts(splits, y.log) },
      ],
      series: [{}, ...options.series.map((each) => ({
        facets: [{ scale: "x", auto: false }, { scale: "y", auto: false }],
        stroke: each.color,
        width: each.width ?? 1.5,
        alpha: each.alpha ?? 1,
        dash: each.dash,
        points: { show: false },
        paths: each.paths ?? linePaths(x.log, y.log),
      }))],
      cursor: {
        points: { show: false },
        dataIdx: () => null,
        drag: { x: true, y: true, uni: 30, setScale: false },
        bind: { dblclick: () => () => this.zoom.set(null, null) },
      },
      hooks: {
        drawAxes: [(u) => options.paint?.(u)],
        setSelect: [(u) => this.select(u)],
        setCursor: [(u) => (u.cursor.left < 0 ? options.leave?.() : options.hover?.(this, u.cursor.left, u.cursor.top))],
        draw: [(u) => options.drawn?.(u)],
      },
    }, [null, ...options.series.map((each) => each.data)], host);
    this.zoom.plots.add(this);
    host.prepend(make("button", { type: "button", className: "reset", textContent: "Reset zoom", onclick: () => this.zoom.set(null, null) }));
    host.classList.toggle("zoomed", this.zoom.x !== null);
    followFingers(this);
    this.byTouch = false; // whether a finger was the last to point at it
    for (const kind of ["pointerdown", "pointermove"]) this.u.over.addEventListener(kind, (event) => { this.byTouch = event.pointerType === "touch"; });
    this.listenForClicks();
    this.resizing = new ResizeObserver(() => this.fill());
    this.resizing.observe(host);
    Plot.all.add(this);
  }

  /** Is as wide as its host. */
  fill() {
    const width = Math.max(this.host.clientWidth, 120);
    if (width !== this.u.width) this.u.setSize({ width, height: this.u.height });
  }

  /** A click is no drag: the pointer has not moved. */
  listenForClicks() {
    const { over } = this.u;
    let pressed = null;
    over.addEventListener("mousedown", (event) => { pressed = event; });
    over.addEventListener("click", (event) => {
      if (pressed === null || Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) > 3) return;
      this.options.click?.(event.clientX - over.getBoundingClientRect().left, event.clientY - over.getBoundingClientRect().top, event.detail);
    });
  }

  wanted() {
    const [x, y] = this.options.extent(this.zoom.x);
    return { x: widened(this.zoom.x ?? x, this.options.x.log), y: widened(this.zoom.y ?? y, this.options.y.log) };
  }

  /** Shows what the zoom says. */
  fit() {
    this.ranges = this.wanted();
    this.host.classList.toggle("zoomed", this.zoom.x !== null);
    this.u.batch(() => {
      this.u.setScale("x", { min: this.ranges.x[0], max: this.ranges.x[1] });
      this.u.setScale("y", { min: this.ranges.y[0], max: this.ranges.y[1] });
    });
    this.u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  select(u) {
    const { left, top, width, height } = u.select;
    if (width < 4 && height < 4) return;
    const x = width < 4 ? this.ranges.x : [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    const whole = height < 4 || height >= u.over.clientHeight - 1;
    this.choose(x, whole ? null : [u.posToVal(top + height, "y"), u.posToVal(top, "y")]);
  }

  /** Puts the crosshair at a place, {x, y}, as the pointer does; or hides it. */
  cross(place) {
    this.u.setCursor({ left: place?.x ?? -10, top: place?.y ?? -10 }, false);
  }

  /** Zooms by a factor about the crosshair, or the middle. */
  scale(factor) {
    const u = this.u;
    const width = u.over.clientWidth;
    const at = u.cursor.left >= 0 ? u.cursor.left : width / 2;
    const [[least, most]] = this.options.extent(null);
    const low = Math.max(least, u.posToVal(at - at * factor, "x"));
    const high = Math.min(most, u.posToVal(at + (width - at) * factor, "x"));
    this.choose(low > least || high < most ? [low, high] : null, null);
  }

  /** Zooms to ranges, if an axis can show them. */
  choose(x, y) {
    const shows = (range) => range === null || toldApart(...range);
    if (shows(x) && shows(y)) this.zoom.set(x, y);
    else this.fit();
  }

  destroy() {
    this.resizing.disconnect();
    Plot.all.delete(this);
    this.zoom.plots.delete(this);
    this.u.destroy();
  }
}

/** Where an axis has lines: about so many, at a round distance. */
function evenSplits(low, high, count) {
  const rough = high / Math.max(2, count) - low / Math.max(2, count); // the whole may be beyond a float64
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = [1, 2, 5, 10].find((digit) => digit * power >= rough) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, place) => (first + place) * step);
}

/** Where a logarithmic axis has lines: at the digits of each decade, or at the decades where there are many; within about one decade, evenly. */
function logSplits(low, high) {
  if (high / low < 20) return evenSplits(low, high, 5);
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.ceil((last - first) / 10);
  const found = [];
  for (let power = Math.ceil(first / every) * every; power <= last; power += every) {
    for (let digit = 1; digit < (last - first <= 4 ? 10 : 2); digit++) {
      const value = digit * Math.pow(10, power);
      if (value >= low && value <= high) found.push(value);
    }
  }
  return found;
}

/** Those of the lines that get a label: of many, the powers of ten, and 2 and 5 where there are few of these. */
function logLabels(splits) {
  if (splits.length <= 8) return splits;
  const digits = splits.at(-1) / splits[0] > 1e3 ? "1" : "125";
  return splits.map((value) => (digits.includes(value.toExponential(0)[0]) ? value : null));
}

/** Places on the canvas: functions of x and y values, for the scales as they are. */
function projection(u) {
  const place = (scale, log, start, size, flip) => {
    const low = log ? Math.log10(scale.min) : scale.min;
    const high = log ? Math.log10(scale.max) : scale.max;
    const half = high / 2 - low / 2; // the whole may be beyond a float64
    return (value) => {
      const share = ((log ? Math.log10(value) : value) / 2 - low / 2) / half;
      return start + size * (flip ? 1 - share : share);
    };
  };
  const { left, top, width, height } = u.bbox;
  return {
    x: place(u.scales.x, u.scales.x.distr === 3, left, width, false),
    y: place(u.scales.y, u.scales.y.distr === 3, top, height, true),
  };
}

/** Calls what paints on a surface, and lets nothing of it be seen outside of the plot. */
function paintClipped({ ctx, bbox }, paint) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint();
  ctx.restore();
}

/** Whether a number has a place on an axis. */
const drawable = (value, log) => Number.isFinite(value) && (!log || value > 0);

/** The radii of two circles that fill a dot, in CSS pixels. */
const DOT = [0.75, 2.25];

/**
 * Lines through points, broken where a value is not finite; a point between two breaks is a dot. Of points that follow each
 * other in one column of pixels, the first, least, greatest and last are drawn: the same picture, sooner. `pen` is a path or a context.
 */
function traceLine(pen, xs, ys, to, [logX, logY]) {
  let length = 0; // points of the line so far
  let [x, y] = [0, 0]; // the last of them, on the canvas
  let [column, first, least, most] = [0, 0, 0, 0]; // of pixels, that this one is in; the y of its points
  const leaveColumn = () => {
    if (length === 0) return;
    if (least < Math.min(first, y)) pen.lineTo(column, least);
    if (most > Math.max(first, y)) pen.lineTo(column, most);
    if (y !== first) pen.lineTo(column, y);
  };
  for (let place = 0; place <= xs.length; place++) {
    if (place < xs.length && drawable(xs[place], logX) && drawable(ys[place], logY)) {
      const [nextX, nextY] = [onCanvas(to.x(xs[place])), onCanvas(to.y(ys[place]))];
      if (length > 0 && Math.round(nextX) === column) {
        least = Math.min(least, nextY);
        most = Math.max(most, nextY);
      } else {
        leaveColumn();
        if (length === 0) pen.moveTo(nextX, nextY);
        else pen.lineTo(nextX, nextY);
        column = Math.round(nextX);
        first = least = most = nextY;
      }
      [x, y] = [nextX, nextY];
      length += 1;
    } else {
      leaveColumn();
      for (const radius of length === 1 ? DOT : []) {
        pen.moveTo(x + radius * devicePixelRatio, y);
        pen.arc(x, y, radius * devicePixelRatio, 0, 2 * Math.PI);
      }
      length = 0;
    }
  }
}

/** The same for uPlot. */
const linePaths = (logX, logY) => (u, number) => {
  const stroke = new Path2D();
  traceLine(stroke, ...u.data[number], projection(u), [logX, logY]);
  return { stroke };
};

/** A place near enough that the canvas, which counts in float32, draws the line where it is. */
const onCanvas = (place) => (place < -1e5 ? -1e5 : place > 1e5 ? 1e5 : place);
