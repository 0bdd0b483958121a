// Elements of the page. Other people's text gets in as text only.

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

/** A patch of a run's colour. */
function swatch(color) {
  const patch = make("span", { className: "swatch", "aria-hidden": "true" });
  patch.style.background = color;
  return patch;
}

/** Calls a function at most once a frame, with the last arguments. */
function framewise(call) {
  let pending = null;
  return (...args) => {
    if (pending === null) requestAnimationFrame(() => { const last = pending; pending = null; call(...last); });
    pending = args;
  };
}

/** What is drawn only while it is near the window. `draw` and `clear` are called in turn. */
class Lazy {
  static observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const lazy = Lazy.of.get(entry.target);
      if (lazy !== undefined) lazy.near(entry.isIntersecting);
    }
  }, { rootMargin: "400px" });
  static of = new Map();

  constructor(element, draw, clear) {
    this.draw = draw;
    this.clear = clear;
    this.drawn = false;
    Lazy.of.set(element, this);
    Lazy.observer.observe(element);
  }

  near(isNear) {
    if (isNear === this.drawn) return;
    this.drawn = isNear;
    if (isNear) this.draw();
    else this.clear();
  }

  /** Draws again what is drawn. */
  renew() {
    if (!this.drawn) return;
    this.clear();
    this.draw();
  }
}
