// Elements of the page. Other people's text gets in as text only.

const narrow = matchMedia("(max-width: 800px)"); // as in the style

/** An element with properties and children; strings among these become text. Names with a dash are attributes. */
function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}

/** Gives an element these children; those that follow each other already are not touched: they keep the focus, and play on. */
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, place) => { if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null); });
}

/** A patch of a run's colour, striped where its curve is dashed. */
function swatch(color, dashed = false) {
  const patch = make("span", { className: "swatch", "aria-hidden": "true" });
  patch.style.background = dashed ? `repeating-linear-gradient(90deg, ${color} 0 3px, transparent 3px 5px)` : color;
  return patch;
}

/** The colour and name of a curve or run, as a list or table has them; `most` bounds the letters. */
const nameParts = ({ color, dashed, name }, most) => [swatch(color, dashed), make("span", { className: "name", textContent: elided(name, most), dir: "auto" })];

/** A run above what is shown of it, with what is said of that. */
const runLine = (run, said) => make("p", { className: "who", title: run.name }, swatch(run.color, run.dashed), run.label, make("span", { className: "quiet", textContent: said }));

/** A table of rows below heads, which are cells. */
const makeTable = (heads, rows, properties = {}) => make("table", properties, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));

/** The head of a column. */
const columnHead = (textContent) => make("th", { scope: "col", textContent });

/** Calls a function at most once a frame, with the last arguments. */
function framewise(call) {
  let pending = null;
  return (...args) => {
    if (pending === null) requestAnimationFrame(() => { const last = pending; pending = null; call(...last); });
    pending = args;
  };
}

/**
 * What is drawn only while it is near the window; a few in each frame, so that the first is seen soon and the page answers
 * meanwhile. `draw` and `clear` are called in turn. While something is still to be drawn, the page is marked as busy.
 */
class Lazy {
  static of = new Map();
  static pending = new Set();
  static observer = new IntersectionObserver((entries) => {
    for (const entry of entries) Lazy.of.get(entry.target)?.near(entry.isIntersecting);
  }, { rootMargin: "400px" });

  /** Draws what is pending, for a part of a frame. */
  static work() {
    const until = performance.now() + 24;
    for (const lazy of Lazy.pending) {
      Lazy.pending.delete(lazy);
      try {
        lazy.redraw();
      } catch (error) {
        setTimeout(() => { throw error; }); // the other cards are drawn nevertheless
      }
      if (performance.now() > until) break;
    }
    if (Lazy.pending.size) requestAnimationFrame(Lazy.work);
    document.getElementById("main").setAttribute("aria-busy", String(Lazy.pending.size > 0));
  }

  constructor(element, draw, clear) {
    this.element = element;
    this.draw = draw;
    this.clear = clear;
    this.isNear = false;
    this.drawn = false;
    Lazy.of.set(element, this);
    this.look();
  }

  /** Looks soon whether it is near the window. */
  look() {
    Lazy.observer.unobserve(this.element);
    Lazy.observer.observe(this.element);
  }

  near(isNear) {
    this.isNear = isNear;
    if (isNear && !this.drawn) this.renew();
    else if (!isNear) this.redraw();
  }

  /** Draws soon what is near, again if it was drawn. */
  renew() {
    if (!this.isNear) return;
    if (!Lazy.pending.size) requestAnimationFrame(Lazy.work);
    Lazy.pending.add(this);
    document.getElementById("main").setAttribute("aria-busy", "true");
  }

  /** Draws now what is near, and clears what is not. */
  redraw() {
    if (this.drawn) this.clear();
    this.drawn = this.isNear;
    if (this.isNear) this.draw();
    else Lazy.pending.delete(this);
  }
}
