// The values of all curves at a place that was pinned: a table below the chart.

/** For each curve the point that is nearest in x, by value; curves without a place on the axis have none. */
function readingsAt(lines, x, logX) {
  const found = [];
  for (const line of lines) {
    const place = nearestPlace(line.xs, x, (at) => drawable(line.xs[at], logX));
    if (place >= 0) found.push({ line, place });
  }
  const rank = ({ line, place }) => (Number.isNaN(line.ys[place]) ? -Infinity : line.ys[place]);
  return found.sort((a, b) => rank(b) - rank(a) || 0);
}

/** A row of a table of values: a curve's name, and what it is at a place. */
function readingRow({ line, place }, most, className = "") {
  return make("tr", { className }, make("th", { scope: "row", title: line.whole }, ...nameParts(line, most)), ...line.rowAt(place).map((text) => make("td", { textContent: text })));
}

/** The table; `close` takes the pin away. */
function readingsTable(chart, x, label, close) {
  const found = readingsAt(chart.lines, x, chart.logs[0]);
  const rows = found.map((each) => readingRow(each, 44));
  const head = make("tr", {}, make("th", { scope: "col", textContent: "curve" }), ...chart.titles.map((text) => make("th", { scope: "col", textContent: text })));
  const button = make("button", { type: "button", textContent: "×", title: "Close the table", "aria-label": `${label}: close the table of values`, onclick: close });
  return make("div", { className: "readings", role: "region", "aria-label": `${label}: values at the pinned place` },
    button, make("div", { className: "scroll", tabIndex: 0 }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
}
