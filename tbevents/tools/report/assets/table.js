// Hyperparameters and metrics: a row a session, sorted by the column that is asked for. A row selects its runs.

/** change: called when other runs are selected. `take` takes a table in place of the one before, and `fill` shows it; how it is sorted stays. */
function hparamsTable(change) {
  let cells = [];
  let heads = [];
  let keys = [];
  let numbers = []; // whether each column is of numbers
  const sorted = { key: null, sign: 1 };
  const row = make("tr");
  const body = make("tbody");

  const compare = (a, b) => {
    const missing = (value) => value === null || value === "NaN";
    if (missing(a) || missing(b)) return (missing(a) ? 1 : 0) * sorted.sign - (missing(b) ? 1 : 0) * sorted.sign; // last in either order
    const numeric = (value) => (value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : Number(value));
    if (typeof a === "string" && typeof b === "string" && Number.isNaN(numeric(a) + numeric(b))) return a.localeCompare(b, undefined, { numeric: true });
    return numeric(a) - numeric(b) || String(a).localeCompare(String(b));
  };
  const fill = () => {
    const shown = cells.filter((each) => each.runs.some((run) => run.listed));
    element.hidden = !shown.length;
    const column = keys.indexOf(sorted.key);
    if (column >= 0) shown.sort((a, b) => sorted.sign * compare(a.values[column], b.values[column]));
    const focused = cells.find((each) => each.box !== undefined && each.box === document.activeElement)?.name;
    const texts = keys.map((_, place) => cellTexts(shown.map(({ values }) => values[place])));
    body.replaceChildren(...shown.map((each, number) => make("tr", { className: each.runs.some((run) => run.shown) ? "" : "off" },
      make("th", { scope: "row" }, make("label", { title: each.name }, select(each), swatch(each.runs[0].color), make("span", { textContent: elided(each.label, 40), dir: "auto" }))),
      ...each.values.slice(1).map((value, place) => make("td", { className: numbers[place + 1] || typeof value === "number" ? "number" : "", textContent: texts[place + 1][number], title: String(value ?? "") })))));
    shown.find(({ name }) => name === focused)?.box.focus();
  };
  const select = (each) => {
    each.box = make("input", { type: "checkbox", checked: each.runs.some((run) => run.checked), "aria-label": `Show ${each.label}` });
    each.box.onchange = () => {
      for (const run of each.runs) run.checked = each.box.checked;
      change();
    };
    return each.box;
  };
  const sortBy = (key, sign) => {
    Object.assign(sorted, { key, sign });
    for (const [column, head] of heads.entries()) head.setAttribute("aria-sort", keys[column] !== key ? "none" : sign > 0 ? "ascending" : "descending");
  };
  const headOf = (key, title) => {
    const button = make("button", { type: "button", textContent: title, title: `Sort by ${title}` });
    button.onclick = () => {
      sortBy(key, sorted.key === key ? -sorted.sign : 1);
      fill();
    };
    return make("th", { scope: "col", className: key.startsWith("metric ") ? "metric" : "" }, button);
  };
  const take = (table) => {
    const titles = [["run", "run"], ["status", "status"], ...table.parameters.map((name) => [`parameter ${name}`, name]), ...table.metrics.map((name) => [`metric ${name}`, name])];
    const before = new Map(keys.map((key, column) => [key, heads[column]]));
    heads = titles.map(([key, title]) => before.get(key) ?? headOf(key, title));
    keys = titles.map(([key]) => key);
    arrange(row, heads);
    sortBy(sorted.key, sorted.sign);
    const boxes = new Map(cells.map(({ name, box }) => [name, box])); // the one with the focus is found again
    cells = table.rows.map((each) => ({ ...each, box: boxes.get(each.name), runs: each.runs.map((number) => runs[number]), values: [each.label, each.status, ...each.parameters, ...each.metrics] }));
    const finite = (value) => (["NaN", "Infinity", "-Infinity"].includes(value) ? 0 : value);
    numbers = keys.map((_, column) => isNumeric(cells.map(({ values }) => finite(values[column]))));
    heads.forEach((head, column) => head.classList.toggle("number", numbers[column]));
  };
  const element = make("div", { className: "scroll card" }, make("table", { id: "hparams-table" }, make("thead", {}, row), body));
  return { element, fill, take };
}

/** The values of a column as texts. */
const cellTexts = (values) => valueTexts(values.map((value) => (value === null ? "–" : typeof value === "number" ? value : String(value))));
