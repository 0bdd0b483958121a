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

/** A slider over steps; calls `choose` with a step. Nothing to see where there is one only. */
function stepSlider(steps, label, choose) {
  const shown = make("output", {});
  const say = (place) => { shown.textContent = `step ${steps[place]}`; };
  const input = make("input", { type: "range", min: 0, max: steps.length - 1, step: 1, value: steps.length - 1, "aria-label": `${label}: step` });
  input.setAttribute("value", String(steps.length - 1));
  input.oninput = framewise(() => { say(input.valueAsNumber); choose(steps[input.valueAsNumber]); });
  say(steps.length - 1);
  return make("div", { className: "slider", hidden: steps.length < 2 }, input, shown);
}

function imageNodes(item, label) {
  if (!item.pictures.length) return [make("p", { className: "quiet", textContent: "not shown" })];
  return item.pictures.map((picture) => {
    const image = make("img", { src: picture.source, alt: `${label}, step ${item.step}`, loading: "lazy", decoding: "async" });
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
 * lines at a step, if that is not null. `more` are elements above.
 */
function itemCard(card, nodes, whole = () => null, ...more) {
  const body = make("div", { className: "items" });
  const steps = stepsOf(card.lines);
  let step = steps.at(-1);
  const fill = () => {
    const lines = card.lines.filter((line) => runs[line.run].shown);
    const all = whole(lines, step);
    body.replaceChildren(...(all !== null ? [all] : lines.map((line) => {
      const run = runs[line.run];
      const item = itemAt(line, step);
      const time = typeof item?.time === "number" ? `, ${timeText(item.time)}` : "";
      const head = make("p", { className: "who", title: run.name }, swatch(run.color, run.dashed), run.label, make("span", { className: "quiet", textContent: item === undefined ? "" : ` step ${item.step}${time}` }));
      const shown = item === undefined ? [make("p", { className: "quiet", textContent: "nothing yet" })] : nodes(item, `${run.label}: ${card.title}`);
      return make("div", { className: "item" }, head, ...shown);
    })));
  };
  const element = cardElement(card, stepSlider(steps, card.title, (chosen) => { step = chosen; fill(); }), ...more, body);
  return { card, element, lazy: new Lazy(element, fill, () => body.replaceChildren()) };
}

/** A card of precision-recall curves. */
function prCard(card) {
  const figure = make("figure", { className: "chart" });
  const steps = stepsOf(card.lines);
  let step = steps.at(-1);
  let curves = null;
  const zoom = new Zoom();
  const draw = () => {
    const lines = card.lines.filter((line) => runs[line.run].shown).flatMap((line) => {
      const item = itemAt(line, step);
      if (item === undefined) return [];
      const [recall, precision, thresholds] = [item.recall, item.precision, item.thresholds].map(numbers);
      const rowAt = (place) => [valueText(precision[place]), valueText(recall[place]), valueText(thresholds[place], 3), item.step];
      const cells = (place) => [runs[line.run].name, card.tag, item.step, thresholds[place], recall[place], precision[place]];
      return [{ ...curveOf(line), xs: recall, ys: precision, raw: null, rowAt, cells }];
    });
    if (!lines.length) return;
    curves = new Curves(figure, { lines, titles: ["precision", "recall", "threshold", "step"], x: {}, y: {}, zoom, label: card.title, bounds: [[0, 1], [0, 1.05]] });
  };
  const clear = () => { curves?.destroy(); curves = null; };
  const slider = stepSlider(steps, card.title, (chosen) => { step = chosen; lazy.renew(); });
  const menu = chartMenu(card.title, {
    chart: () => curves,
    labels: () => ({ title: `${card.title}, precision over recall`, x: "recall" }),
    rows: () => [["run", "tag", "step", "threshold", "recall", "precision"], ...curves.lines.flatMap((line) => Array.from(line.xs, (_, place) => line.cells(place)))],
  });
  const element = cardElement(card, menu, slider, figure, make("p", { className: "quiet", textContent: "precision over recall" }));
  const lazy = new Lazy(element, draw, clear);
  return { card, element, lazy };
}
