// Texts of two runs side by side, with what differs between them marked.

// What two texts may cost, so that the page answers meanwhile: some tenths of a second.
const MOST_LINES = 20000; // of a text that are compared
const LINE_PAIRS = 8e6; // of lines that are compared with each other
const WORD_PAIRS = 2e6; // of words, in all lines together
const MOST_ROWS = 5000; // that are shown
const MOST_LETTERS = 5e5; // likewise

/**
 * The parts of two lists, in order: [[kind, part], ...], kind being "same", "removed" or "added". The longest common subsequence is
 * the same; beyond a budget, {pairs, spent}, what the lists begin and end with.
 */
function compared(before, after, budget) {
  let first = 0;
  while (first < before.length && first < after.length && before[first] === after[first]) first += 1;
  let last = 0;
  while (last < Math.min(before.length, after.length) - first && before.at(-1 - last) === after.at(-1 - last)) last += 1;
  const [left, right] = [before.slice(first, before.length - last), after.slice(first, after.length - last)];
  const same = (parts) => parts.map((part) => ["same", part]);
  return [...same(before.slice(0, first)), ...middleCompared(left, right, budget), ...same(last ? before.slice(-last) : [])];
}

function middleCompared(left, right, budget) {
  const width = right.length + 1;
  const pairs = left.length * right.length;
  if (pairs > budget.pairs) budget.spent = true;
  if (pairs > budget.pairs || !pairs) {
    return [...left.map((part) => ["removed", part]), ...right.map((part) => ["added", part])];
  }
  budget.pairs -= pairs;
  const lengths = new Uint16Array((left.length + 1) * width); // of the longest common subsequence of what follows
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] = left[i] === right[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const found = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      found.push(["same", left[i++]]);
      j += 1;
    } else if (j >= right.length || (i < left.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) found.push(["removed", left[i++]]);
    else found.push(["added", right[j++]]);
  }
  return found;
}

/** Rows of lines side by side: [[left, right], ...]; null where a side has none. Lines that differ are paired in their order. */
function linePairs(before, after, budget) {
  const rows = [];
  let [removed, added] = [[], []];
  const flush = () => {
    for (let place = 0; place < Math.max(removed.length, added.length); place++) rows.push([removed[place] ?? null, added[place] ?? null]);
    [removed, added] = [[], []];
  };
  for (const [kind, line] of compared(before.split("\n", MOST_LINES), after.split("\n", MOST_LINES), budget)) {
    if (kind === "removed") removed.push(line);
    else if (kind === "added") added.push(line);
    else {
      flush();
      rows.push([line, line]);
    }
  }
  flush();
  return rows;
}

/** Words and numbers, spaces, and signs, each by itself. */
const words = (line) => line.match(/\p{N}[\p{L}\p{N}.]*|[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

/** The cells of a pair of lines: what differs is a `del` on the left, an `ins` on the right. */
function pairCells(left, right, budget) {
  if (left === right) return [make("td", { textContent: left }), make("td", { textContent: right })];
  if (left === null || right === null) {
    const only = (text, name) => make("td", { className: "other" }, ...(text === null ? [] : [make(name, { textContent: text || " " })]));
    return [only(left, "del"), only(right, "ins")];
  }
  const parts = compared(words(left), words(right), budget);
  const cell = (name, kind) => {
    const nodes = [];
    let run = "";
    const end = (next = "") => { if (run) nodes.push(make(name, { textContent: run })); run = next; };
    for (const [what, text] of parts) {
      if (what === kind) run += text;
      else if (what === "same") { end(); nodes.push(text); }
    }
    end();
    return make("td", { className: "other" }, ...nodes);
  };
  return [cell("del", "removed"), cell("ins", "added")];
}

/** The text of an item, as lines; of a table, a line a row. */
function plainText({ shape, texts }) {
  if (shape.length !== 2) return texts.join("\n");
  return Array.from({ length: shape[0] }, (_, row) => texts.slice(row * shape[1], (row + 1) * shape[1]).join(" | ")).join("\n");
}

const differs = ([left, right]) => left !== right;

/** A row of which the lines are cut to what can be shown, about where they begin to differ; the row itself if they are short. */
function cutRow(row) {
  const [left, right] = row.map((line) => line ?? "");
  const most = MOST_LETTERS / 2;
  if (Math.max(left.length, right.length) <= most) return row;
  let first = 0;
  while (first < Math.min(left.length, right.length) && left[first] === right[first]) first += 1;
  const from = Math.max(0, first - 200);
  const whole = (part) => part.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, ""); // no halves of what takes two units
  return row.map((line) => (line === null ? null : `${from ? "…" : ""}${whole(line.slice(from, from + most))}${from + most < line.length ? "…" : ""}`));
}

/** As many rows as can be shown: of many, those that differ with what is next to them; the first that differs in any case, if cut. */
function shownRows(rows) {
  const near = rows.length <= MOST_ROWS ? rows : rows.filter((_, place) => rows.slice(Math.max(0, place - 2), place + 3).some(differs));
  let letters = 0;
  const shown = near.filter(([left, right], place) => place < MOST_ROWS && (letters += (left?.length ?? 0) + (right?.length ?? 0)) <= MOST_LETTERS);
  const first = near.find(differs);
  return first === undefined || shown.some(differs) ? shown : [...shown, cutRow(first)];
}

/** Two items side by side; undefined is one that is not there yet. */
function comparison(sides) {
  const texts = sides.map(({ item }) => (item === undefined ? "" : plainText(item)));
  const [lines, inLines] = [{ pairs: LINE_PAIRS, spent: false }, { pairs: WORD_PAIRS, spent: false }];
  const rows = linePairs(...texts, lines);
  const shown = shownRows(rows);
  const cells = shown.map(([left, right]) => make("tr", {}, ...pairCells(left, right, inLines)));
  const heads = sides.map(({ run, item }) => make("th", { scope: "col", title: run.name }, swatch(run.color), make("span", { textContent: elided(run.label, 40), dir: "auto" }), make("span", { className: "quiet", textContent: item === undefined ? " nothing yet" : ` step ${item.step}` })));
  const differing = rows.filter(differs).length;
  const isCut = shown.length > 0 && !rows.includes(shown.at(-1));
  const note = [
    differing ? `${countText(differing, "line")} of ${rows.length.toLocaleString("en-US")} ${differing === 1 ? "differs" : "differ"}` : texts[0] === texts[1] ? "the texts are equal" : "none of these lines differs",
    texts.some((text) => text.split("\n", MOST_LINES + 1).length > MOST_LINES) ? `the first ${countText(MOST_LINES, "line")} are compared` : "",
    lines.spent ? "too many lines differ to find which belong together: they stand side by side in their order" : "",
    isCut ? "the line is too long to be shown as a whole: it is cut about where it begins to differ" : "",
    inLines.spent ? "the texts are too long to compare all their words: some lines are marked as a whole" : "",
    shown.length < rows.length ? `${countText(shown.length, "line")} shown, of those that differ and next to them` : "",
  ];
  return make("div", { className: "comparison" },
    make("p", { className: "quiet", role: "status", textContent: note.filter(Boolean).join(" · ") }),
    make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Texts side by side" }, makeTable(heads, cells)));
}

/** A card of texts; those of two runs can be compared. */
function textCard(card) {
  const choices = [0, 1].map((side) => make("select", { "aria-label": `${card.title}: text ${side + 1} to compare` }));
  const chosen = ["", ""]; // a board may know the runs later
  let before = { key: "", items: [], element: null };
  const box = make("input", { type: "checkbox" });
  const label = make("label", { className: "small" }, box, "compare two runs");
  const bar = make("div", { className: "row wrap compare", hidden: true }, label, ...choices);
  const made = itemCard("texts", card, textNodes, (lines, step) => {
    bar.hidden = lines.length < 2;
    for (const [side, select] of choices.entries()) {
      select.hidden = !box.checked;
      select.replaceChildren(...lines.map((line) => make("option", { value: String(line.run), textContent: runs[line.run].label })));
      select.value = lines.some((line) => String(line.run) === chosen[side]) ? chosen[side] : String(lines[Math.min(side, lines.length - 1)]?.run ?? "");
    }
    if (!box.checked || lines.length < 2) return null;
    const sides = choices.map((select) => {
      const line = lines.find((each) => String(each.run) === select.value);
      return { run: runs[line.run], item: itemAt(line, step) };
    });
    const key = sides.map(({ run }) => `${run.name}\n${run.label}\n${run.color}`).join();
    if (key !== before.key || sides.some(({ item }, side) => item !== before.items[side])) {
      before = { key, items: sides.map(({ item }) => item), element: comparison(sides) }; // what else changes on the page takes no time here
    }
    return before.element;
  }, bar);
  box.onchange = () => made.lazy.renew();
  for (const [side, select] of choices.entries()) {
    select.onchange = () => {
      chosen[side] = select.value;
      made.lazy.renew();
    };
  }
  return made;
}
