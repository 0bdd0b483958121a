// Saving charts: as png, svg, and their points as csv.

/** The text with escapes for what could reorder it, steer a terminal, or is not allowed in XML. */
const harmless = (text) => text.replace(/[\p{C}\u2028\u2029]/gu, (letter) => {
  const code = letter.codePointAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
});

/** A cell of csv. No text is taken for a formula by spreadsheets; numbers are as they are. */
function csvCell(value) {
  if (typeof value !== "string") return Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value ?? "");
  const plain = harmless(value);
  const safe = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r]/.test(value) ? `'${plain}` : plain;
  return /[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvText = (rows) => rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");

/** Offers a file to be kept. */
function download(name, content, type) {
  const link = make("a", { href: URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** The name of a file about something, of letters that every system takes. */
const fileName = (text, ending) => `${text.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 80) || "chart"}.${ending}`;

document.addEventListener("pointerdown", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

/**
 * The menu of a chart. `chart()` is what is drawn, null if nothing is; `labels()` are of its picture; `rows()`, of its csv;
 * `more` are other elements of the menu.
 */
function chartMenu(title, { chart, labels, rows }, ...more) {
  const item = (text, about, act) => {
    const button = make("button", { type: "button", textContent: text, title: about, "aria-label": about });
    button.onclick = () => {
      menu.open = false;
      menu.firstElementChild.focus();
      if (chart() !== null) act();
    };
    return button;
  };
  const items = make("div", { className: "menu-items" },
    ...more,
    item("PNG", "Save the chart as PNG", () => pngOf(chart(), labels(), (blob) => download(fileName(title, "png"), blob))),
    item("SVG", "Save the chart as SVG", () => download(fileName(title, "svg"), svgOf(chart(), labels()), "image/svg+xml")),
    item("CSV", "Save the points as CSV", () => download(fileName(title, "csv"), csvText(rows()), "text/csv")));
  const menu = make("details", { className: "menu" }, make("summary", { textContent: "⋯", title: "Save or change this chart", "aria-label": `${title}: save or change this chart` }), items);
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget !== null && !menu.contains(relatedTarget)) menu.open = false;
  });
  menu.onkeydown = (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.firstElementChild.focus();
    event.stopPropagation();
  };
  return menu;
}
