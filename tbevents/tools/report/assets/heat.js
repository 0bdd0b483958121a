// Histograms of one tag and run as a heat map over steps.

class HeatMap {
  /** values: [low, high] of the axis, which may be wider than the line's own. */
  constructor(figure, line, color, values) {
    this.figure = figure;
    this.lines = []; // a legend has no names
    this.line = line;
    this.steps = numbers(line.steps);
    this.texts = column(line.steps);
    this.counts = column(line.counts);
    this.peak = this.counts.reduce((most, count) => Math.max(most, count), 0);
    this.body = make("div", { className: "plot" });
    this.readout = make("p", { className: "readout", textContent: " " });
    figure.append(this.body, this.readout);
    this.color = color;
    this.edges = this.cellEdges();
    const zoom = new Zoom();
    this.plot = new Plot(this.body, {
      series: [{ color, paths: () => null, data: [[this.edges[0], this.edges.at(-1)], values] }],
      x: { whole: true }, y: {}, zoom, height: 190,
      extent: () => [[this.edges[0], this.edges.at(-1)], values],
      paint: (u) => this.paint(u),
      hover: (plot, left, top) => this.hover(left, top),
      leave: () => { this.readout.textContent = " "; },
    });
    figure.dataset.rows = this.steps.length;
  }

  /** Where the cells of each step begin and end: half way to the next step. */
  cellEdges() {
    const steps = this.steps;
    if (steps.length === 1) return [steps[0] - 0.5, steps[0] + 0.5];
    const between = Array.from({ length: steps.length - 1 }, (_, place) => steps[place] / 2 + steps[place + 1] / 2);
    return [2 * steps[0] - between[0], ...between, 2 * steps.at(-1) - between.at(-1)];
  }

  paint(u) {
    const { ctx, bbox } = u;
    const { buckets, low, high } = this.line;
    const to = projection(u);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = this.color;
    for (let row = 0; row < this.steps.length; row++) {
      const left = Math.round(to.x(this.edges[row]));
      const right = Math.round(to.x(this.edges[row + 1]));
      for (let bucket = 0; bucket < buckets; bucket++) {
        const count = this.counts[row * buckets + bucket];
        if (!(count > 0)) continue;
        ctx.globalAlpha = 0.06 + 0.94 * Math.sqrt(count / this.peak); // the root: small counts show, too
        const bottom = Math.round(to.y(this.edge(bucket)));
        const top = Math.round(to.y(this.edge(bucket + 1)));
        ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
      }
    }
    ctx.restore();
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

  hover(left, top) {
    const u = this.plot.u;
    const x = u.posToVal(left, "x");
    const row = Math.max(0, Math.min(this.steps.length - 1, this.edges.findIndex((edge) => edge > x) - 1));
    const share = (u.posToVal(top, "y") - this.line.low) / (this.line.high - this.line.low);
    const bucket = Math.floor(share * this.line.buckets);
    const count = this.counts[row * this.line.buckets + bucket];
    this.readout.textContent = bucket < 0 || bucket >= this.line.buckets ? " " : `step ${this.texts[row]}: ${valueText(count, 4)} from ${valueText(this.edge(bucket), 4)} to ${valueText(this.edge(bucket + 1), 4)}`;
  }

  destroy() {
    this.plot.destroy();
    this.figure.replaceChildren();
  }
}
