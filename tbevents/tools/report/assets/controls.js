// The panel: which runs are shown, and how curves are drawn.

const settings = { x: "step", smoothing: 0, logX: false, logY: false, outliers: false, cutPauses: false, color: null };

/** A filter as a function of names; null where it is not a regular expression. */
function nameFilter(text, asRegex) {
  if (!asRegex) return (name) => name.toLowerCase().includes(text.toLowerCase());
  try {
    const pattern = new RegExp(text, "i");
    return (name) => pattern.test(name);
  } catch {
    return null;
  }
}

/** A field that filters names by text or regular expression. */
function filterField(id, label, change, ...below) {
  const input = make("input", { type: "search", id, placeholder: "part of the name", autocomplete: "off", spellcheck: false });
  const regex = make("input", { type: "checkbox", id: `${id}-regex` });
  const wrong = make("span", { className: "wrong", role: "status" });
  const apply = () => {
    const filter = nameFilter(input.value, regex.checked);
    input.setAttribute("aria-invalid", String(filter === null));
    wrong.textContent = filter !== null ? "" : `not a regular expression${input.held ? `: “${input.held}” still holds` : ""}`;
    if (filter === null) return;
    [input.held, regex.held] = [input.value, regex.checked]; // what the address has
    change(filter);
  };
  input.oninput = framewise(apply);
  regex.onchange = apply;
  return make("div", { className: "field", id: `${id}-field` },
    make("label", { htmlFor: id, textContent: label }),
    make("div", { className: "row" }, input, make("label", { className: "small", title: "Take the text for a regular expression" }, regex, "regex")),
    wrong, ...below);
}

/** Several choices, one of which holds. */
function choice(name, label, options, chosen, change) {
  const inputs = options.map(([value, text]) => {
    const input = make("input", { type: "radio", name, value, checked: value === chosen });
    input.onchange = () => change(value);
    return make("label", {}, input, make("span", { textContent: text }));
  });
  return make("fieldset", { className: "choice" }, make("legend", { textContent: label }), make("div", { className: "segments" }, ...inputs));
}

function checkbox(id, label, change, title = "") {
  const input = make("input", { type: "checkbox", ...(id ? { id } : {}) });
  input.onchange = () => change(input.checked);
  return make("label", { className: "small", title }, input, label);
}

/**
 * The panel's contents. `update` is called when something changed; `repaint`, when colours did; `rescale`, when axes did, with whether x
 * is among them; `filterTags`, with a new filter of tags.
 */
function controls({ update, repaint, rescale, filterTags }) {
  const weight = make("output", { textContent: "0" });
  const smoothing = make("input", { type: "range", id: "smoothing", min: 0, max: 0.999, step: 0.001, value: 0 });
  smoothing.oninput = framewise(() => {
    settings.smoothing = smoothing.valueAsNumber;
    weight.textContent = valueText(settings.smoothing, 3);
    update();
  });
  const setAxis = (key, isX) => (value) => {
    settings[key] = value;
    if (key === "logY") for (const chart of charts.values()) chart.log = null;
    rescale(isX);
  };
  return [
    choice("x", "Horizontal axis", [["step", "step"], ["order", "order"], ["relative", "relative"], ["wall", "wall time"]], settings.x, setAxis("x", true)),
    make("div", { className: "field" },
      make("label", { htmlFor: "smoothing" }, "Smoothing ", weight), smoothing),
    make("div", { className: "row wrap" }, checkbox("log-y", "log y", setAxis("logY", false)), checkbox("log-x", "log x", setAxis("logX", true)), checkbox("outliers", "outliers", setAxis("outliers", false), "Whether the vertical axis reaches extreme points; otherwise they are marked at its edge"),
      checkbox("cut-pauses", "no pauses", setAxis("cutPauses", true), "Relative time without the pauses of resumed runs: from the last point of an event file to the first of the next")),
    choice("theme", "Colours", [["auto", "system"], ["light", "light"], ["dark", "dark"]], "auto", (theme) => {
      document.documentElement.dataset.theme = theme;
      repaint();
    }),
    make("p", { className: "quiet", id: "help" },
      make("span", { className: "for-pointer", textContent: "Drag across a chart to zoom, double-click to show all. Click to list all values there. " }),
      make("span", { className: "for-fingers", textContent: "Pinch a chart with two fingers to zoom, move it with one. Double-tap to show all. Tap to list all values there. " }),
      "The menu ⋯ of a chart saves it.",
      make("span", { className: "for-pointer", textContent: " Keys in a chart: ← → go from point to point, ↑ ↓ from curve to curve, Enter lists the values, + and − zoom, 0 shows all." })),
    make("p", { className: "quiet", id: "key", textContent: "At the edge of a chart: ✕\u00a0NaN, △\u00a0infinity, ▲\u00a0beyond the axis." }),
    colorChoice(repaint),
    groupChoice(repaint),
    histogramChoice(update),
    filterField("tag-filter", "Tags", filterTags, make("p", { className: "quiet", id: "tags-shown", role: "status" })),
    runList(update),
  ];
}

/** Lists the runs that are new, and no longer those that are gone. */
let listRuns = () => {};
/** Shows in the list of runs which are checked, and their colours. */
let showRuns = () => {};

/** The runs, with a filter; also the legend of all charts. */
function runList(update) {
  let passes = () => true;
  const shown = make("p", { className: "quiet", id: "runs-shown", role: "status" });
  const apply = () => {
    for (const run of runs) {
      run.listed = !run.gone && passes(run.name);
      run.item.hidden = !run.listed;
      run.shown = run.listed && run.checked;
    }
    const count = runs.filter((run) => run.shown).length;
    const all = runs.filter((run) => !run.gone).length;
    shown.textContent = count === all ? countText(count, "run") : `${count.toLocaleString("en-US")} of ${countText(all, "run")}`;
    countGroups();
  };
  showRuns = () => {
    for (const run of runs) {
      run.box.checked = run.checked;
      run.patch.replaceWith(run.patch = swatch(run.color, run.dashed));
    }
    apply();
  };
  const itemOf = (run) => {
    const box = make("input", { type: "checkbox", checked: true });
    box.onchange = () => { run.checked = box.checked; apply(); update(); };
    run.box = box;
    run.patch = swatch(run.color, run.dashed);
    run.item = make("li", {}, make("label", { title: run.name }, box, run.patch, make("span", { textContent: elided(run.label, 64), dir: "auto" })));
    return run.item;
  };
  const list = make("ul", { className: "runs", id: "runs" });
  listRuns = () => {
    list.append(...runs.slice(list.children.length).map(itemOf));
    apply();
  };
  const check = (wanted) => () => {
    for (const run of runs) if (run.listed) run.checked = run.box.checked = wanted;
    apply();
    update();
  };
  listRuns();
  return filterField("run-filter", "Runs", (filter) => { passes = filter; apply(); update(); },
    make("div", { className: "row" }, shown,
      make("button", { type: "button", id: "all-runs", textContent: "all", title: "Show all listed runs", onclick: check(true) }),
      make("button", { type: "button", id: "no-runs", textContent: "none", title: "Hide all listed runs", onclick: check(false) })),
    list);
}
