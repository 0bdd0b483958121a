// Hyperparameters and metrics: a row a session, sorted by the column that is asked for. A row selects its runs.

/** change: called when other runs are selected. */
function hparamsTable(table, change) {
  const titles = ["run", "status", ...table.parameters, ...table.metrics];
  const cells = table.rows.map((row) => ({ ...row, runs: row.runs.map((number) => runs[number]), values: [row.label, row.status, ...row.parameters, ...row.metrics] }));
  const metricsFrom = 2 + table.parameters.length;
  const body = make("tbody");
  let sorted = { column: -1, sign: 1 };

  const compare = (a, b) => {
    const missing = (value) => value === null || value === "NaN";
    if (missing(a) || missing(b)) return (missing(a) ? 1 : 0) * sorted.sign - (missing(b) ? 1 : 0) * sorted.sign; // last in either order
    const numeric = (value) => (value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : Number(value));
    if (typeof a === "string" && typeof b === "string" && Number.isNaN(numeric(a) + numeric(b))) return a.localeCompare(b, undefined, { numeric: true });
    return numeric(a) - numeric(b) || String(a).localeCompare(String(b));
  };
  const fill = () => {
    const shown = cells.filter((row) => row.runs.some((run) => run.listed));
    if (sorted.column >= 0) shown.sort((a, b) => sorted.sign * compare(a.values[sorted.column], b.values[sorted.column]));
    const focused = shown.find((row) => row.box !== undefined && row.box === document.activeElement);
    body.replaceChildren(...shown.map((row) => make("tr", { className: row.runs.some((run) => run.shown) ? "" : "off" },
      make("th", { scope: "row" }, make("label", { title: row.name }, select(row), swatch(row.runs[0].color), make("span", { textContent: elided(row.label, 40), dir: "auto" }))),
      ...row.values.slice(1).map((value) => make("td", { className: typeof value === "number" ? "number" : "", textContent: cellText(value), title: String(value ?? "") })))));
    focused?.box.focus();
  };
  const select = (row) => {
    row.box = make("input", { type: "checkbox", checked: row.runs.some((run) => run.checked), "aria-label": `Show ${row.label}` });
    row.box.onchange = () => {
      for (const run of row.runs) run.checked = row.box.checked;
      change();
    };
    return row.box;
  };
  const heads = titles.map((title, column) => {
    const button = make("button", { type: "button", textContent: title, title: `Sort by ${title}` });
    const head = make("th", { scope: "col", className: column >= metricsFrom ? "metric" : "", "aria-sort": "none" }, button);
    button.onclick = () => {
      sorted = { column, sign: sorted.column === column ? -sorted.sign : 1 };
      for (const each of heads) each.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", sorted.sign > 0 ? "ascending" : "descending");
      fill();
    };
    return head;
  });
  const element = make("div", { className: "scroll card" }, make("table", { id: "hparams-table" }, make("thead", {}, make("tr", {}, ...heads)), body));
  return { element, fill };
}

function cellText(value) {
  if (value === null) return "–";
  return typeof value === "number" ? valueText(value) : String(value);
}
