// Histograms of one tag and run over steps.

/** What the charts of histograms have in common. They draw in `paintInside`, and say what is at a place in `textAt`. */
class HistogramChart {
  /** x: the range of the axis of steps; y: that of values, which may be wider than the line's own. */
  constructor(figure, line, color, zoom, x, y) {
    Object.assign(this, { figure, line, color });
    this.lines = []; // a legend has no names
    this.steps = numbers(line.steps);
    this.texts = column(line.steps);
    const body = make("div", { className: "plot" });
    const readout = make("p", { className: "readout", textContent: " " });
    figure.append(body, readout);
    figure.dataset.rows = this.steps.length;
    this.plot = new Plot(body, {
      series: [{ color, paths: () => null, data: [x, y] }],
      x: { whole: true }, y: {}, zoom, height: 190,
      extent: () => [x, y],
      paint: (u) => this.paint(u),
      hover: ({ u }, left, top) => { readout.textContent = readout.title = this.textAt(u.posToVal(left, "x"), u.posToVal(top, "y")); },
      leave: () => { readout.textContent = " "; },
    });
  }

  /** Draws all but the axes, on this or another surface. */
  paint(surface) {
    paintClipped(surface, () => this.paintInside(surface));
  }

  destroy() {
    this.plot.destroy();
    this.figure.replaceChildren();
  }
}

/** Counts as a heat map. */
class HeatMap extends HistogramChart {
  constructor(figure, line, color, values, zoom) {
    const edges = HeatMap.edgesOf(numbers(line.steps));
    super(figure, line, color, zoom, [edges[0], edges.at(-1)], values);
    Object.assign(this, { edges, counts: column(line.counts) });
  }

  /** Where the cells of each step begin and end: half way to the next step. */
  static edgesOf(steps) {
    if (steps.length === 1) return [steps[0] - 0.5, steps[0] + 0.5];
    const between = Array.from({ length: steps.length - 1 }, (_, place) => steps[place] / 2 + steps[place + 1] / 2);
    return [2 * steps[0] - between[0], ...between, 2 * steps.at(-1) - between.at(-1)];
  }

  paintInside({ ctx, bbox, scales }) {
    const { edges, counts, line: { buckets } } = this;
    const peak = counts.reduce((most, count) => Math.max(most, count), 0);
    const to = projection({ bbox, scales });
    ctx.fillStyle = this.color;
    for (let row = 0; row < this.steps.length; row++) {
      const left = Math.round(to.x(edges[row]));
      const right = Math.round(to.x(edges[row + 1]));
      for (let bucket = 0; bucket < buckets; bucket++) {
        const count = counts[row * buckets + bucket];
        if (!(count > 0)) continue;
        ctx.globalAlpha = 0.06 + 0.94 * Math.sqrt(count / peak); // the root: small counts show, too
        const bottom = Math.round(to.y(this.edge(bucket)));
        const top = Math.round(to.y(this.edge(bucket + 1)));
        ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
      }
    }
  }

  /** The rows of its csv. */
  rows() {
    const { buckets } = this.line;
    return [["step", "left", "right", "count"], ...Array.from(this.counts, (count, place) => [this.texts[Math.floor(place / buckets)], this.edge(place % buckets), this.edge((place % buckets) + 1), count])];
  }

  edge(bucket) {
    const share = bucket / this.line.buckets;
    return this.line.low * (1 - share) + this.line.high * share;
  }

  textAt(x, y) {
    const { low, high, buckets } = this.line;
    const next = this.edges.findIndex((edge) => edge > x);
    const row = next < 0 ? this.steps.length - 1 : Math.max(0, next - 1);
    const bucket = Math.floor(((y - low) / (high - low)) * buckets);
    if (bucket < 0 || bucket >= buckets) return " ";
    return `step ${this.texts[row]}: ${valueText(this.counts[row * buckets + bucket], 4)} from ${valueText(this.edge(bucket), 4)} to ${valueText(this.edge(bucket + 1), 4)}`;
  }
}

const SHARES = ["least", "7 %", "16 %", "31 %", "median", "69 %", "84 %", "93 %", "greatest"];

/** The distribution of the values: the median within bands of quantiles, as in TensorBoard. */
class Distribution extends HistogramChart {
  constructor(figure, line, color, values, zoom) {
    const [x, y] = [new Extent(), new Extent()];
    for (const step of numbers(line.steps)) x.take(step);
    for (const edge of values) y.take(edge);
    super(figure, line, color, zoom, x.range(false, 0), y.range(false, 0.03));
    const all = column(line.quantiles);
    this.quantiles = SHARES.map((_, number) => Float64Array.from(this.steps, (_step, row) => all[row * SHARES.length + number]));
  }

  paintInside(surface) {
    const { ctx } = surface;
    for (let band = 0; band < 4; band++) paintBand(surface, { xs: this.steps, low: this.quantiles[band], high: this.quantiles[8 - band], color: this.color }, [false, false]);
    Object.assign(ctx, { strokeStyle: this.color, lineWidth: 1.5 * devicePixelRatio, lineJoin: "round" });
    ctx.beginPath();
    traceLine(ctx, this.steps, this.quantiles[4], projection(surface), [false, false]);
    ctx.stroke();
  }

  /** The rows of its csv. */
  rows() {
    return [["step", "min", "p6.68", "p15.87", "p30.85", "median", "p69.15", "p84.13", "p93.32", "max"], ...Array.from(this.texts, (step, row) => [step, ...this.quantiles.map((values) => values[row])])];
  }

  textAt(x) {
    const row = Math.max(0, nearestPlace(this.steps, x));
    return `step ${this.texts[row]}: ${SHARES.map((name, number) => `${name} ${valueText(this.quantiles[number][row], 3)}`).join(", ")}`;
  }
}

settings.histograms = "heat";

/** The choice of how histograms are drawn; hidden where there are none. */
function histogramChoice(change) {
  const field = choice("histograms", "Histograms", [["heat", "counts"], ["distribution", "distribution"]], settings.histograms, (value) => { settings.histograms = value; change(); });
  listHistograms = () => { field.hidden = !data.histograms.length; };
  listHistograms();
  return field;
}

let listHistograms = () => {};

/** The histograms of a tag, a chart a run, over the same values. */
function histogramCard(card) {
  const body = make("div", { className: "items heat" });
  let maps = [];
  const draw = () => {
    const shown = shownLines(card);
    const Drawn = settings.histograms === "heat" ? HeatMap : Distribution;
    const values = [Math.min(...shown.map((line) => line.low)), Math.max(...shown.map((line) => line.high))];
    for (const line of shown) {
      const figure = make("figure", { className: "chart" });
      const run = runs[line.run];
      const note = isThinned(line) ? ` ${numbers(line.steps).length} of ${countText(line.count, "histogram")}` : "";
      let map = null;
      const menu = chartMenu(`${run.label}: ${card.title}`, { chart: () => map, labels: () => ({ title: `${run.label}: ${card.title}`, x: "step" }), rows: () => map.rows() });
      body.append(make("div", { className: "item" }, make("div", { className: "card-head" }, runLine(run, note), menu), figure));
      if (numbers(line.steps).length) map = new Drawn(figure, line, run.color, values, chartOf(`histograms ${line.number ?? line.run} ${card.tag}`).zoom);
      maps.push(map);
    }
  };
  const clear = () => { for (const map of maps) map?.destroy(); maps = []; body.replaceChildren(); };
  const element = cardElement(card, body);
  return { card, element, lazy: new Lazy(element, draw, clear) };
}
