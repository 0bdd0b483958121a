// What is chosen in the panel, in the page's address: a link shows the same to others.

/** Fields of the panel by their name in the address. */
const stateFields = () => Object.entries({
  smoothing: "smoothing", logy: "log-y", logx: "log-x", outliers: "outliers", color: "color-by",
  tags: "tag-filter", tagsregex: "tag-filter-regex", runs: "run-filter", runsregex: "run-filter-regex",
}).map(([name, id]) => [name, document.getElementById(id)]).filter(([, field]) => field !== null);

const isBox = (field) => field.type === "checkbox";

/** Writes the choices that differ from those of a new page. */
function saveState() {
  const state = new URLSearchParams();
  if (settings.x !== "step") state.set("x", settings.x);
  for (const [name, field] of stateFields()) {
    const value = isBox(field) ? (field.checked ? "1" : "") : field.value;
    if (value !== "" && value !== (name === "smoothing" ? "0" : name === "color" ? "-1" : "")) state.set(name, value);
  }
  const off = runs.filter((run) => !run.checked).map((run) => run.number);
  if (off.length) state.set("off", off.join("."));
  const text = String(state);
  if (!text && !location.hash.includes("=")) return;
  try {
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  } catch {
    // a page within another has no address of its own
  }
}

/** Makes the choices that the address has; what it has of others is ignored. */
function restoreState() {
  if (!location.hash.includes("=")) return;
  const state = new URLSearchParams(location.hash.slice(1));
  const off = new Set((state.get("off") ?? "").split("."));
  for (const run of runs) run.checked = !off.has(String(run.number));
  showRuns();
  for (const input of document.querySelectorAll("input[name=x]")) if (input.value === state.get("x")) input.click();
  for (const [name, field] of stateFields()) {
    const value = state.get(name);
    if (value === null) continue;
    if (isBox(field)) field.checked = value === "1";
    else field.value = value;
    if (field.value === "" && field.tagName === "SELECT") field.value = "-1";
    field.dispatchEvent(new Event(isBox(field) || field.tagName === "SELECT" ? "change" : "input"));
  }
}
