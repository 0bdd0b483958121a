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

/** What curves are at their places: a row of texts for each; in a column, values that differ do not look the same. */
function rowTexts(found) {
  const rows = found.map(({ line, place }) => line.rowAt(place));
  const columns = (rows[0] ?? []).map((_, column) => valueTexts(rows.map((row) => row[column])));
  return rows.map((_, number) => columns.map((texts) => texts[number]));
}

/** A row of a table of values: a curve's name, and what it is at a place. */
function readingRow({ line }, texts, most, className = "") {
  return make("tr", { className }, make("th", { scope: "row", title: line.whole }, ...nameParts(line, most)), ...texts.map((text) => make("td", { textContent: text })));
}

/** Takes the day off the times in a column of some rows, and returns it, if all are of one day; otherwise null. */
function takeDay(rows, column) {
  const times = rows.map((texts) => (texts[column] ?? "").split(" "));
  const day = times[0]?.[0];
  if (!times.every(([each, clock]) => each === day && clock?.includes(":"))) return null;
  rows.forEach((texts, number) => { texts[column] = times[number][1]; });
  return day;
}

/** The table; `close` takes the pin away. */
function readingsTable(chart, x, label, close) {
  const found = readingsAt(chart.lines, x, chart.logs[0]);
  const texts = rowTexts(found);
  const day = takeDay(texts, chart.titles.indexOf("time"));
  const rows = found.map((each, number) => readingRow(each, texts[number], 44));
  const button = make("button", { type: "button", textContent: "×", title: "Close the table", "aria-label": `${label}: close the table of values`, onclick: close });
  const top = make("div", { className: "readings-head quiet" }, make("span", { textContent: `Values at the pinned place${day ? `, ${day}` : ""}` }), button);
  return make("div", { className: "readings", role: "region", "aria-label": `${label}: values at the pinned place` },
    top, make("div", { className: "scroll", tabIndex: 0 }, makeTable(["curve", ...chart.titles].map(columnHead), rows, { className: day ? "" : "wrapping" })));
}
