// What is chosen in the panel, in the page's address: a link shows the same to others.

/** Fields of the panel by their name in the address. */
const stateFields = () => Object.entries({
  smoothing: "smoothing", logy: "log-y", logx: "log-x", outliers: "outliers", pauses: "cut-pauses", group: "group-by", part: "group-pattern",
  tags: "tag-filter", tagsregex: "tag-filter-regex", runs: "run-filter", runsregex: "run-filter-regex",
}).map(([name, id]) => [name, document.getElementById(id)]).filter(([, field]) => field !== null);

/**
 * What was chosen for a single chart or card: its zoom; log, true, false, or null for the panel's choice; pin, the x where values are
 * listed, or null; step, that of its slider, or null for the last one.
 */
class Choices {
  constructor() {
    Object.assign(this, { zoom: new Zoom(saveSoon), log: null, pin: null, step: null });
  }

  /** Another axis is drawn: a zoom and a pin are of one axis. */
  moveTo(axis) {
    const { zoom } = this;
    if (zoom.axis !== null && zoom.axis !== axis) {
      zoom.forget(true);
      this.pin = null;
      saveSoon();
    }
    zoom.axis = axis;
  }
}

const charts = new Map(); // "kind tag" -> the choices

function chartOf(key) {
  if (!charts.has(key)) charts.set(key, new Choices());
  return charts.get(key);
}

/** Writes the choices for single charts. */
function saveCharts(state) {
  const exact = (value) => String(Number(value.toPrecision(12)));
  for (const [key, { zoom, log, pin, step }] of charts) {
    if (zoom.x !== null) state.append("zoom", `${[...zoom.x, ...(zoom.y ?? [])].map(exact).join(",")} ${key}`);
    if (log !== null) state.append(log ? "log" : "linear", key);
    if (pin !== null) state.append("pin", `${pin} ${key}`);
    if (step !== null) state.append("step", `${step} ${key}`);
  }
}

/** Makes these choices again. */
function restoreCharts(state) {
  const chosen = (name) => state.getAll(name).filter((text) => text.indexOf(" ") > 0).map((text) => [text.slice(0, text.indexOf(" ")), chartOf(text.slice(text.indexOf(" ") + 1))]);
  for (const [text, chart] of chosen("zoom")) {
    const edges = text.split(",").map(Number);
    const [x, y = null] = [edges.slice(0, 2), edges.length === 4 ? edges.slice(2) : undefined];
    const good = (range) => range === null || (range.length === 2 && range.every(Number.isFinite) && range[0] < range[1]);
    if (good(x) && good(y)) Object.assign(chart.zoom, { x, y });
  }
  for (const [text, chart] of chosen("pin")) if (Number.isFinite(Number(text))) chart.pin = Number(text);
  for (const [text, chart] of chosen("step")) if (/^-?\d{1,19}$/.test(text)) chart.step = text;
  for (const [name, log] of [["log", true], ["linear", false]]) for (const key of state.getAll(name)) chartOf(key).log = log;
}

let saveTimer = null;
/** Saves soon: a browser takes the address only so often. */
function saveSoon() {
  if (!restored) return;
  clearTimeout(saveTimer);
  saveTimer = setTimeout(saveState, 200);
}

/** Choices of one of several, with what they are on a new page. */
const RADIOS = [["x", "step"], ["estimator", "mean"], ["band", "ci95"], ["histograms", "heat"]];

const isBox = (field) => field.type === "checkbox";

/** Writes the choices that differ from those of a new page. */
function saveState() {
  const state = new URLSearchParams();
  for (const [name, usual] of RADIOS) if (settings[name] !== usual) state.set(name, settings[name]);
  if (settings.color !== null) state.set("color", settings.color);
  for (const [name, field] of stateFields()) {
    const chosen = field.held ?? (isBox(field) ? field.checked : field.value);
    const value = isBox(field) ? (chosen ? "1" : "") : chosen;
    if (value !== "" && value !== (name === "smoothing" ? "0" : "")) state.set(name, value);
  }
  const off = runs.filter((run) => !run.checked).map((run) => run.number);
  if (off.length) state.set("off", off.join("."));
  saveCharts(state);
  const text = String(state);
  if (!text && !location.hash.includes("=")) return;
  try {
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  } catch {
    // a page within another has no address of its own
  }
}

/** Shows what another address says, put there by hand or by going back: the page begins anew. Its own changes raise no event, and a link to a place has no choices. */
function followAddress() {
  addEventListener("hashchange", () => {
    if (location.hash !== "" && !location.hash.includes("=")) return;
    clearTimeout(saveTimer);
    restored = false; // the address is not written any more
    location.reload();
  });
}

let unchecked = new Set(); // numbers of runs, as the address had them: those of a board come later

/** Makes the choices that the address has; what it has of others is ignored. */
function restoreState() {
  if (!location.hash.includes("=")) return;
  const state = new URLSearchParams(location.hash.slice(1));
  unchecked = new Set((state.get("off") ?? "").split("."));
  for (const run of runs) run.checked = !unchecked.has(String(run.number));
  // A board knows the parameters later: those of colours and groups are kept by their names.
  settings.color = state.get("color");
  listColors();
  const by = state.get("group") ?? "";
  if (by.startsWith("hparam:")) {
    settings.groupBy = by;
    listGroups();
  }
  showColors();
  for (const [name] of RADIOS) for (const input of document.querySelectorAll(`input[name=${name}]`)) if (input.value === state.get(name)) input.click();
  for (const [name, field] of stateFields()) {
    const value = state.get(name);
    if (value === null || (field.type === "range" && (value === "" || !Number.isFinite(Number(value))))) continue;
    if (isBox(field)) field.checked = value === "1";
    else field.value = value;
    if (field.value === "" && field.tagName === "SELECT") field.selectedIndex = 0;
    field.dispatchEvent(new Event(isBox(field) || field.tagName === "SELECT" ? "change" : "input"));
  }
  restoreCharts(state); // after what forgets zooms
}
