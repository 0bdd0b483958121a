// Cards of what was logged at steps: a slider chooses one, and each run shows what it had logged by then.

/** The steps of some lines' items, each once, ascending. */
function stepsOf(lines) {
  const all = new Map(lines.flatMap((line) => line.items.map((item) => [item.step, BigInt(item.step)])));
  return [...all].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([text]) => text);
}

/** What a line had last at a step; undefined where nothing yet. */
function itemAt(line, step) {
  let found;
  for (const item of line.items) if (BigInt(item.step) <= BigInt(step)) found = item;
  return found;
}

/**
 * A slider over the steps of a card, whose lines may be replaced; `again` is called when another step is chosen. Returns its element,
 * and a function from lines to the step to show: the one that was chosen, or the last before it where there is none such.
 */
function stepSlider(choices, label, again) {
  let steps = [];
  const shown = make("output");
  const input = make("input", { type: "range", min: 0, step: 1, "aria-label": `${label}: step` });
  const element = make("div", { className: "slider", hidden: true }, input, shown);
  input.oninput = framewise(() => {
    choices.step = input.valueAsNumber === steps.length - 1 ? null : steps[input.valueAsNumber]; // at its end it follows what comes
    saveSoon();
    again();
  });
  const stepIn = (lines) => {
    steps = stepsOf(lines);
    const place = choices.step === null ? steps.length - 1 : Math.max(0, steps.findLastIndex((step) => BigInt(step) <= BigInt(choices.step)));
    input.max = steps.length - 1;
    input.value = place;
    shown.textContent = `step ${steps[place]}`;
    element.hidden = steps.length < 2;
    return steps[place];
  };
  return { element, stepIn };
}

function imageNodes(item, label) {
  if (!item.pictures.length) return [make("p", { className: "quiet", textContent: "not shown" })];
  return item.pictures.map((picture) => {
    const image = pictureElement(picture, `${label}, step ${item.step}`);
    const factor = Math.max(1, Math.min(8, Math.floor(128 / Math.max(picture.width, picture.height))));
    image.style.width = `${picture.width * factor}px`;
    if (factor > 1) image.className = "pixels"; // small ones are enlarged, each pixel a square
    const note = `${picture.width} × ${picture.height}${picture.scaled ? ", scaled down" : ""}`;
    return make("figure", {}, image, make("figcaption", { textContent: note }));
  });
}

function soundNodes(item, label) {
  if (!item.sounds.length) return [make("p", { className: "quiet", textContent: "not shown" })];
  const sounds = item.sounds.map((source, number) => make("audio", { controls: true, preload: "none", src: source, "aria-label": `${label}, step ${item.step}, sound ${number + 1}` }));
  return [...sounds, make("p", { className: "quiet", textContent: item.about })];
}

function textNodes(item) {
  const { shape, texts } = item;
  if (!texts.length) return [make("p", { className: "quiet", textContent: "empty" })];
  if (shape.length === 2) {
    const rows = Array.from({ length: shape[0] }, (_, row) =>
      make("tr", {}, ...texts.slice(row * shape[1], (row + 1) * shape[1]).map((text) => make("td", { textContent: text }))));
    return [make("div", { className: "scroll" }, make("table", { className: "plain" }, make("tbody", {}, ...rows)))];
  }
  return texts.map((text) => make("pre", { textContent: text, dir: "auto" }));
}

/**
 * A card that shows, for each run that is shown, what `nodes` makes of its item; or, in place of them all, what `whole` makes of the
 * lines at a step, if that is not null. `more` are elements above. Items that stay as they are keep their elements: a sound plays on.
 */
function itemCard(kind, card, nodes, whole = () => null, ...more) {
  const body = make("div", { className: "items" });
  const slider = stepSlider(chartOf(`${kind} ${card.tag}`), card.title, () => fill());
  let known = new Map(); // what is said of an item -> its element
  const itemElement = (line, item, said) => {
    const run = runs[line.run];
    const shown = item === undefined ? [make("p", { className: "quiet", textContent: "nothing yet" })] : nodes(item, `${run.label}: ${card.title}`);
    return make("div", { className: "item" }, runLine(run, said), ...shown);
  };
  const fill = () => {
    const step = slider.stepIn(card.lines);
    const lines = shownLines(card);
    const all = whole(lines, step);
    const before = known;
    known = new Map();
    for (const line of all === null ? lines : []) {
      const { name, label, color, dashed } = runs[line.run];
      const item = itemAt(line, step);
      const said = item === undefined ? "" : ` step ${item.step}${typeof item.time === "number" ? `, ${timeText(item.time)}` : ""}`;
      const key = JSON.stringify([line.number, line.epoch, name, label, color, dashed, said]);
      known.set(key, before.get(key) ?? itemElement(line, item, said));
    }
    arrange(body, all === null ? [...known.values()] : [all]);
  };
  const clear = () => { if (!lazy.isNear) { known.clear(); body.replaceChildren(); } };
  const element = cardElement(card, slider.element, ...more, body);
  const lazy = new Lazy(element, fill, clear);
  return { card, element, lazy };
}

/** A card of precision-recall curves. */
function prCard(card) {
  const figure = make("figure", { className: "chart" });
  const choices = chartOf(`pr_curves ${card.tag}`);
  const { zoom } = choices;
  const slider = stepSlider(choices, card.title, () => lazy.renew());
  let curves = null;
  const draw = () => {
    const step = slider.stepIn(card.lines);
    const lines = shownLines(card).flatMap((line) => {
      const item = itemAt(line, step);
      if (item === undefined) return [];
      const [recall, precision, thresholds] = [item.recall, item.precision, item.thresholds].map(numbers);
      const rowAt = (place) => [precision[place], recall[place], valueText(thresholds[place], 3), String(item.step)];
      const cells = (place) => [runs[line.run].name, card.tag, item.step, thresholds[place], recall[place], precision[place]];
      return [{ ...curveOf(line), xs: recall, ys: precision, raw: null, rowAt, cells }];
    });
    if (!lines.length) return;
    curves = new Curves(figure, { lines, titles: ["precision", "recall", "threshold", "step"], x: {}, y: {}, zoom, label: card.title, bounds: [[0, 1], [0, 1.05]] });
  };
  const clear = () => { curves?.destroy(); curves = null; };
  const menu = chartMenu(card.title, {
    chart: () => curves,
    labels: () => ({ title: `${card.title}, precision over recall`, x: "recall" }),
    rows: () => [["run", "tag", "step", "threshold", "recall", "precision"], ...curves.lines.flatMap((line) => Array.from(line.xs, (_, place) => line.cells(place)))],
  });
  const element = cardElement(card, menu, slider.element, figure, make("p", { className: "quiet", textContent: "precision over recall" }));
  const lazy = new Lazy(element, draw, clear);
  return { card, element, lazy };
}
