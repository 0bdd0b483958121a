// Where a board's cards get what they show: from the server, when they come into view and when it has changed.

const FINEST = 50000; // points of a curve in one answer, as the server allows
const REFRESH = 2000; // milliseconds between two fetches of a card of images, texts or histograms

/** Numbers as spans: 0-3,7. */
function spans(numbers) {
  const found = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** What the server answers; an error says why there is none. */
async function ask(path, parameters = {}, options = {}) {
  const query = new URLSearchParams(parameters).toString();
  const answer = await fetch(`api/${path}${query ? `?${query}` : ""}`, { credentials: "same-origin", ...options });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `${answer.status}`);
  return answer;
}

/** The curves in an answer of binary columns. */
async function askCurves(parameters) {
  const bytes = await (await ask("scalars", parameters)).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const start = Math.ceil((4 + length) / 8) * 8;
  const columns = head.arrays.map((entry) => (entry.range ? decodeColumn(entry) : new ARRAY_TYPES[entry.type](bytes, start + entry.at, entry.count)));
  return head.lines.map((line) => ({ ...line, ...Object.fromEntries(CURVE.map((key) => [key, columns[line[key]]])) }));
}

const CURVE = ["steps", "order", "offsets", "values"];
let nextColumn = data.arrays.length;

/** A line of scalars that is fetched: its columns are replaced as a whole. `number` is that of the run in which it is, `run` of the one that it belongs to. */
class FetchedLine {
  constructor(number, tag) {
    Object.assign(this, { number, run: number, tag, count: 0, epoch: 0, start: 0, got: "", whole: null, zoomGot: "" });
  }

  /** What is to be had of the whole line, with so many points at most. */
  wanted(points) {
    return `${this.epoch} ${this.count} ${points}`;
  }

  lacks(points) {
    return this.got !== this.wanted(points);
  }

  thinned() {
    return this.whole !== null && this.whole.values.length < this.whole.count;
  }

  /** Shows these columns; new numbers, as the old ones may be decoded already. */
  show(columns) {
    for (const key of CURVE) {
      if (this[key] !== undefined) decoded.delete(this[key]);
      this[key] = nextColumn++;
      decoded.set(this[key], columns[key]);
    }
  }

  /** Takes the line as a whole. */
  take(part) {
    this.start = part.start;
    this.pauses = part.pauses;
    this.whole = part;
    this.show(part);
  }

  /** Takes what lies within a zoom, in place of the fewer points that were there; not of a line that has begun anew, which is fetched soon. */
  refine(part) {
    const { whole } = this;
    if (!part.order.length || part.start !== this.start) return;
    const [first, last] = [part.order[0], part.order.at(-1)];
    const before = whole.order.findIndex((place) => place >= first);
    const after = whole.order.findIndex((place) => place > last);
    const joined = (key) => {
      const all = [...whole[key].slice(0, before < 0 ? undefined : before), ...part[key], ...(after < 0 ? [] : whole[key].slice(after))];
      return all.some((value) => typeof value === "bigint") ? BigInt64Array.from(all, BigInt) : Float64Array.from(all);
    };
    this.show(Object.fromEntries(CURVE.map((key) => [key, joined(key)])));
  }
}

const CROWD = 100000; // points of all curves in a chart, beyond which each has fewer
const GROUPED = 1e6; // points of all runs that groups are summed up from

/**
 * How many points of a curve a chart needs: the least, the greatest and a NaN of each pixel; fewer where there are many runs,
 * as these hide each other, and drawing them takes long. Groups are summed up at each step: of few runs, from all points.
 */
function pointsOf({ figure, whole }) {
  const hundreds = (count) => Math.ceil(count / 100) * 100;
  const pixels = Math.max(300, 3 * hundreds(figure.clientWidth * devicePixelRatio));
  if (whole) return Math.min(FINEST, Math.max(pixels, hundreds(GROUPED / runs.length)));
  const each = CROWD / Math.max(1, runs.reduce((count, run) => count + run.shown, 0));
  return Math.min(FINEST, pixels, Math.max(100, Math.floor(each / 100) * 100));
}

/** How many points of a curve all charts need that show a card. */
const needed = (card) => Math.max(0, ...[...(views.get(card)?.keys() ?? [])].map(pointsOf));

const loading = new Set(); // cards that are being fetched
const views = new Map(); // card -> the charts that show it: view -> function that draws it again

/** A range of relative time of all lines, as the server counts it: with what is cut. */
const wholeTimes = (lines, view, [low, high]) => [Math.min(...lines.map((line) => view.uncut(line, low))), Math.max(...lines.map((line) => view.uncut(line, high)))];

/** Fetches what is missing of some lines, for one of the charts that show them; then draws these again. */
async function loadLines(card, lines, view) {
  if (loading.has(card) || Date.now() - (card.failed ?? 0) < 2500) return;
  const points = needed(card);
  const missing = lines.filter((line) => line.lacks(points));
  const { x } = view.zoom;
  const range = x === null || view.axis !== "relative" ? x : wholeTimes(lines, view, x);
  const zoomKey = (line) => `${line.wanted(points)} ${view.axis} ${range}`;
  const coarse = range === null || missing.length ? [] : lines.filter((line) => line.thinned() && line.zoomGot !== zoomKey(line));
  if (!missing.length && !coarse.length) return;
  const asked = new Map((missing.length ? missing : coarse).map((line) => [line.number, { line, got: line.wanted(points), zoomGot: zoomKey(line) }]));
  const query = { tag: card.number, points, runs: spans(asked.keys()), ...(missing.length ? {} : { axis: view.axis, from: range[0], to: range[1] }) };
  loading.add(card);
  try {
    const found = await askCurves(query);
    for (const { line, got, zoomGot } of asked.values()) Object.assign(line, missing.length ? { got, zoomGot: "" } : { zoomGot }); // also what is gone since: not asked for again
    for (const part of found) {
      const { line } = asked.get(part.run);
      if (!missing.length) line.refine(part);
      else line.take(part);
    }
    card.failed = undefined;
  } catch (error) {
    card.failed = Date.now();
    statusLine.say(`A chart could not be fetched: ${error.message}`);
    setTimeout(views.get(card)?.get(view), 3000);
  }
  loading.delete(card);
  // All charts of the card lacked the lines; what is within a zoom concerns this one. A chart of several tags waits for all.
  const waits = (each) => [...each.cards].some((other) => loading.has(other));
  for (const [each, again] of views.get(card) ?? []) if ((missing.length || each === view) && !waits(each)) again();
}

/** Fetches what is missing of a card that a chart shows; returns whether anything is. */
function reload(card) {
  const [view] = views.get(card)?.keys() ?? [];
  const lines = shownLines(card);
  const points = needed(card);
  if (view === undefined || !lines.some((line) => line.lacks(points))) return false;
  loadLines(card, lines, view);
  return true;
}

source.lines = (card, lines, view, again) => {
  if (!views.has(card)) views.set(card, new Map());
  views.get(card).set(view, again);
  (view.cards ??= new Set()).add(card);
  loadLines(card, lines, view);
  return lines.filter((line) => line.whole !== null);
};

const later = new Map(); // card -> when it was zoomed last, and the timer
/** A zoom is fetched at once; one that goes on, as by the wheel, when it rests. */
source.zoomed = (card, again) => {
  const { at = 0, timer } = later.get(card) ?? {};
  clearTimeout(timer);
  const fetch = () => { if (card.lines.some((line) => line.thinned())) again(); };
  const now = performance.now();
  later.set(card, { at: now, timer: setTimeout(fetch, now - at > 250 ? 0 : 120) });
};

const HELD = 64 * 2 ** 20; // letters of answers that are kept for cards out of view

/** A card that is fetched as a whole: what `build` makes of it shows new lines as they come, and keeps what was chosen in it. */
class FetchedCard {
  static held = new Set(); // those with an answer; the one that was drawn last is last

  constructor(card, build) {
    const note = make("p", { className: "quiet note", textContent: "…" });
    Object.assign(this, { card, note, shown: { ...card, lines: [] }, got: "", busy: false, columns: [], size: 0 });
    const { element, lazy } = build(this.shown);
    element.append(note);
    Object.assign(this, { element, lazy });
    const { draw } = lazy;
    lazy.draw = () => {
      if (FetchedCard.held.delete(this)) FetchedCard.held.add(this);
      draw();
      this.load();
    };
  }

  /** Fetches what has changed, if it is in view: at most every few seconds. */
  async load() {
    const lines = shownLines(this.card);
    const wanted = lines.map((line) => `${line.number}.${line.epoch}.${line.count}`).join();
    if (this.busy || !this.lazy.isNear || wanted === this.got || !lines.length) return;
    this.busy = true;
    const epochs = new Map(lines.map(({ number, epoch }) => [number, epoch]));
    try {
      const text = await (await ask("card", { tag: this.card.number, runs: spans(epochs.keys()) })).text();
      this.take(JSON.parse(text), lines, epochs);
      Object.assign(this, { got: wanted, size: text.length });
      FetchedCard.held.add(this);
      FetchedCard.release();
      this.lazy.renew();
    } catch (error) {
      statusLine.say(`A card could not be fetched: ${error.message}`);
    }
    setTimeout(() => { this.busy = false; this.load(); }, REFRESH);
  }

  /** Takes an answer in place of the one before; its columns get numbers of the page. */
  take(found, asked, epochs) {
    const first = nextColumn;
    nextColumn += found.arrays.length;
    found.arrays.forEach((entry, place) => { data.arrays[first + place] = entry; });
    const moved = (entry) => Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, COLUMNS.has(key) ? value + first : key === "items" ? value.map(moved) : value]));
    this.forget();
    this.columns = found.arrays.map((_, place) => first + place);
    this.shown.lines = found.lines.map(moved).map((line) => ({ ...line, number: line.run, epoch: epochs.get(line.run), run: asked.find(({ number }) => number === line.run)?.run ?? line.run }));
    this.note.textContent = [...(found.lines.length ? [] : ["not shown"]), ...found.notes].join(" · ");
  }

  forget() {
    for (const number of this.columns) { decoded.delete(number); delete data.arrays[number]; }
    Object.assign(this, { columns: [], got: "", size: 0 });
    this.shown.lines = [];
  }

  /** Lets go of what was out of view for the longest time, where there is too much. */
  static release() {
    let size = [...FetchedCard.held].reduce((sum, each) => sum + each.size, 0);
    for (const each of FetchedCard.held) {
      if (size <= HELD) return;
      if (each.lazy.isNear) continue;
      size -= each.size;
      FetchedCard.held.delete(each);
      each.forget();
    }
  }
}

/** The keys of an answer whose values are numbers of columns. */
const COLUMNS = new Set(["steps", "counts", "quantiles", "recall", "precision", "thresholds"]);

source.card = (card, build) => {
  const fetched = new FetchedCard(card, build);
  return { card, element: fetched.element, lazy: fetched.lazy, load: () => fetched.load() };
};
