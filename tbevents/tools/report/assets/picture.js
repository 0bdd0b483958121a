// A chart as a picture to keep: drawn once more, with title and legend, on a canvas (png) or as elements (svg).

const SVG = "http://www.w3.org/2000/svg";

/** A colour of the page as [hexadecimal, opacity]: programs that read pictures know few notations. */
const plainColor = (() => {
  const known = new Map();
  let ctx = null;
  return (color) => {
    if (!known.has(color)) {
      ctx ??= make("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
      ctx.clearRect(0, 0, 1, 1);
      ctx.fillStyle = color;
      ctx.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = ctx.getImageData(0, 0, 1, 1).data;
      known.set(color, [`#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`, a / 255]);
    }
    return known.get(color);
  };
})();

const svgNode = (name, attributes, ...children) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const short = (number) => String(Math.round(number * 100) / 100);

/** What charts use of a canvas' context, as an SVG image of that many units; `scale` of them are a pixel. */
class SvgContext {
  constructor(width, height, scale) {
    this.root = svgNode("svg", { viewBox: `0 0 ${width} ${height}`, width: short(width / scale), height: short(height / scale) });
    this.parent = this.root;
    this.box = [0, 0, width, height];
    this.path = "";
    this.saved = [];
    Object.assign(this, { strokeStyle: "#000", fillStyle: "#000", lineWidth: 1, globalAlpha: 1, font: "10px sans-serif", textAlign: "left", textBaseline: "alphabetic", dash: [] });
  }

  save() { this.saved.push({ ...this }); }

  restore() {
    const { root, saved, path, box, ...state } = this.saved.pop();
    Object.assign(this, state);
  }

  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${short(x)} ${short(y)}`; }
  lineTo(x, y) { this.path += `L${short(x)} ${short(y)}`; }
  closePath() { this.path += "Z"; }

  rect(x, y, width, height) {
    this.box = [x, y, width, height];
    this.path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`;
  }

  /** A whole circle: charts have no other arcs. */
  arc(x, y, radius) { this.path += `M${short(x + radius)} ${short(y)}a${short(radius)} ${short(radius)} 0 1 1 ${short(-2 * radius)} 0a${short(radius)} ${short(radius)} 0 1 1 ${short(2 * radius)} 0Z`; }

  setLineDash(dash) { this.dash = dash; }
  stroke() { this.draw({ fill: "none", ...this.paint("stroke", this.strokeStyle), "stroke-width": short(this.lineWidth), "stroke-linejoin": "round", ...(this.dash.length ? { "stroke-dasharray": this.dash.join(" ") } : {}) }); }
  fill() { this.draw(this.paint("fill", this.fillStyle)); }

  fillRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  }

  /** Clips to the rectangle of the path: charts clip to no other. */
  clip() {
    const [x, y, width, height] = this.box.map(short);
    const inner = svgNode("svg", { x, y, width, height, viewBox: `${x} ${y} ${width} ${height}` });
    this.parent.append(inner);
    this.parent = inner;
  }

  fillText(text, x, y) {
    const [, size, family] = this.font.match(/([\d.]+)px (.*)/);
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    const down = { top: 0.8, middle: 0.35 }[this.textBaseline] ?? 0; // shares of the size: few programs know baselines
    const node = svgNode("text", { x: short(x), y: short(y + down * Number(size)), "font-size": size, "font-family": family, "text-anchor": anchor, ...this.paint("fill", this.fillStyle) });
    node.textContent = harmless(text);
    this.parent.append(node);
  }

  measureText(text) {
    SvgContext.ruler ??= make("canvas").getContext("2d");
    SvgContext.ruler.font = this.font;
    return SvgContext.ruler.measureText(text);
  }

  paint(kind, color) {
    const [plain, alpha] = plainColor(color);
    const opacity = alpha * this.globalAlpha;
    return { [kind]: plain, ...(opacity < 1 ? { [`${kind}-opacity`]: short(opacity) } : {}) };
  }

  draw(attributes) {
    if (this.path) this.parent.append(svgNode("path", { d: this.path, ...attributes }));
  }

  toString() { return new XMLSerializer().serializeToString(this.root); }
}

const MOST_NAMES = 40; // of curves in the legend of a picture

/**
 * Draws a chart as it is shown. `open(width, height)` gives the context to draw on; all is in pixels of the chart's canvas.
 * labels: {title, x}.
 */
function paintPicture(chart, labels, open) {
  const { u } = chart.plot;
  const unit = devicePixelRatio;
  const { width, height: plotHeight } = u.ctx.canvas;
  const head = 28 * unit;
  const font = (size) => `${size * unit}px system-ui, sans-serif`;
  const legend = legendPlaces(chart.lines, width, unit, font(11));
  const below = head + plotHeight + 16 * unit;
  const height = below + legend.height + 8 * unit;
  const ctx = open(width, height);
  ctx.fillStyle = themeColor("--card");
  ctx.fillRect(0, 0, width, height);
  const write = (text, x, y, color, size, align, baseline = "middle") => {
    Object.assign(ctx, { fillStyle: themeColor(color), font: font(size), textAlign: align, textBaseline: baseline });
    ctx.fillText(text, x, y);
  };
  write(elided(labels.title, Math.floor(width / unit / 8)), 10 * unit, 15 * unit, "--ink", 13, "left");
  const surface = { ctx, bbox: { ...u.bbox, top: u.bbox.top + head }, scales: u.scales };
  paintAxes(u, surface, write);
  write(labels.x, u.bbox.left + u.bbox.width / 2, below - 8 * unit, "--muted", 11, "center");
  paintClipped(surface, () => chart.paint(surface));
  for (const { text, color, x, y } of legend.places) {
    ctx.fillStyle = color;
    if (color !== null) ctx.fillRect(x, below + y, 10 * unit, 10 * unit);
    write(text, x + (color === null ? 0 : 15 * unit), below + y + 5 * unit, "--ink", 11, "left");
  }
  return ctx;
}

/** Where the names of curves stand, in rows. */
function legendPlaces(lines, width, unit, font) {
  const ruler = make("canvas").getContext("2d");
  ruler.font = font;
  const entries = lines.slice(0, MOST_NAMES).map((line) => ({ text: elided(line.name, 44), color: line.color }));
  if (lines.length > MOST_NAMES) entries.push({ text: `and ${lines.length - MOST_NAMES} more`, color: null });
  const places = [];
  let [x, y] = [10 * unit, 6 * unit];
  for (const entry of entries) {
    const room = ruler.measureText(entry.text).width + 32 * unit;
    if (x + room > width && x > 10 * unit) [x, y] = [10 * unit, y + 17 * unit];
    places.push({ ...entry, x, y });
    x += room;
  }
  return { places, height: y + 14 * unit };
}

/** The grid and the labels that uPlot has chosen. */
function paintAxes(u, { ctx, bbox, scales }, write) {
  const to = projection({ bbox, scales });
  const unit = devicePixelRatio;
  u.axes.forEach(({ _splits: splits, _values: texts }, number) => {
    ctx.strokeStyle = themeColor("--grid");
    ctx.lineWidth = unit;
    ctx.beginPath();
    (splits ?? []).forEach((value, place) => {
      const at = number ? to.y(value) : to.x(value);
      if (!Number.isFinite(at)) return;
      if (number) [[bbox.left - 4 * unit, at], [bbox.left + bbox.width, at]].forEach((end, i) => (i ? ctx.lineTo(...end) : ctx.moveTo(...end)));
      else [[at, bbox.top], [at, bbox.top + bbox.height + 4 * unit]].forEach((end, i) => (i ? ctx.lineTo(...end) : ctx.moveTo(...end)));
      const text = String(texts?.[place] ?? "");
      if (number) write(text, bbox.left - 8 * unit, at, "--muted", 11, "right");
      else text.split("\n").forEach((part, row) => write(part, at, bbox.top + bbox.height + (8 + 13 * row) * unit, "--muted", 11, "center", "top"));
    });
    ctx.stroke();
  });
}

/** The chart as the text of an SVG file. */
const svgOf = (chart, labels) => String(paintPicture(chart, labels, (width, height) => new SvgContext(width, height, devicePixelRatio)));

/** The chart as a PNG, of two pixels a unit at least; calls `take` with it. */
function pngOf(chart, labels, take) {
  const finer = Math.max(1, 2 / devicePixelRatio);
  const canvas = make("canvas");
  paintPicture(chart, labels, (width, height) => {
    Object.assign(canvas, { width: Math.round(width * finer), height: Math.round(height * finer) });
    const ctx = canvas.getContext("2d");
    ctx.scale(finer, finer);
    return ctx;
  });
  canvas.toBlob(take, "image/png");
}
