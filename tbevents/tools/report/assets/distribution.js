// Histograms of one tag and run as a distribution over steps: bands of quantiles, as in TensorBoard.

settings.histograms = "heat";

const SHARES = ["least", "7 %", "16 %", "31 %", "median", "69 %", "84 %", "93 %", "greatest"];

class Distribution {
  constructor(figure, line, color, values) {
    this.figure = figure;
    this.lines = []; // a legend has no names
    this.color = color;
    this.steps = numbers(line.steps);
    this.texts = column(line.steps);
    const all = column(line.quantiles);
    this.quantiles = SHARES.map((_, number) => Float64Array.from(this.steps, (_step, row) => all[row * SHARES.length + number]));
    this.body = make("div", { className: "plot" });
    this.readout = make("p", { className: "readout", textContent: " " });
    figure.append(this.body, this.readout);
    const x = new Extent();
    const y = new Extent();
    for (const step of this.steps) x.take(step);
    for (const edge of values) y.take(edge);
    const extent = [x.range(false, 0), y.range(false, 0.03)];
    this.plot = new Plot(this.body, {
      series: [{ color, data: [this.steps, this.quantiles[4]] }],
      x: { whole: true }, y: {}, zoom: new Zoom(), height: 190,
      extent: () => extent,
      paint: (u) => this.paintBands(u),
      hover: (_, left) => this.hover(left),
      leave: () => { this.readout.textContent = " "; },
    });
    figure.dataset.rows = this.steps.length;
  }

  paintBands(u) {
    for (let band = 0; band < 4; band++) paintBand(u, { xs: this.steps, low: this.quantiles[band], high: this.quantiles[8 - band], color: this.color }, [false, false]);
  }

  /** Draws all but the axes on another surface. */
  paint(surface) {
    this.paintBands(surface);
    const { ctx } = surface;
    Object.assign(ctx, { strokeStyle: this.color, lineWidth: 1.5 * devicePixelRatio });
    ctx.beginPath();
    traceLine(ctx, this.steps, this.quantiles[4], projection(surface), [false, false]);
    ctx.stroke();
  }

  /** The rows of its csv. */
  rows() {
    return [["step", "min", "p6.68", "p15.87", "p30.85", "median", "p69.15", "p84.13", "p93.32", "max"], ...Array.from(this.texts, (step, row) => [step, ...this.quantiles.map((values) => values[row])])];
  }

  hover(left) {
    const row = closest(this.steps, this.plot.u.posToVal(left, "x"));
    this.readout.textContent = `step ${this.texts[row]}: ${SHARES.map((name, number) => `${name} ${valueText(this.quantiles[number][row], 3)}`).join(", ")}`;
    this.readout.title = this.readout.textContent;
  }

  destroy() {
    this.plot.destroy();
    this.figure.replaceChildren();
  }
}

/** The choice of how histograms are drawn; hidden where there are none. */
function histogramChoice(change) {
  const field = choice("histograms", "Histograms", [["heat", "counts"], ["distribution", "distribution"]], settings.histograms, (value) => { settings.histograms = value; change(); });
  listHistograms = () => { field.hidden = !data.histograms.length; };
  listHistograms();
  return field;
}

let listHistograms = () => {};
