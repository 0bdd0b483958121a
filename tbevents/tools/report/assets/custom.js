// The charts of TensorBoard's Custom Scalars page: scalars that a layout draws together.

/**
 * A function from a tag to whether a pattern of a layout matches it, at its start. Layouts are other people's: patterns that could take
 * long to match are taken literally.
 */
function layoutPattern(text) {
  const plain = (tag) => tag === text;
  const repeats = text.match(/[*+?{]/g) ?? [];
  const groups = text.match(/\(/g) ?? [];
  const bare = text.replace(/\\./g, "x").replace(/\[[^\]]*\]/g, "x"); // without escapes and classes
  const isSlow = repeats.length > 3 || groups.length > 3 || /[)\]][*+?{]/.test(bare) || /\\[1-9k]/.test(text);
  if (isSlow) return plain;
  try {
    const pattern = new RegExp(`^(?:${text})`);
    const known = new Map(); // tag -> whether it matches: the cards are built again and again
    return (tag) => {
      if (!known.has(tag)) known.set(tag, plain(tag) || (tag.length <= 300 && pattern.test(tag)));
      return known.get(tag);
    };
  } catch {
    return plain;
  }
}

const customCards = new Map(); // category and title -> card
const patterns = new Map(); // text -> function

/** The custom charts as cards, with the lines that there are now. */
function customChartCards() {
  const matches = (text, tag) => {
    if (!patterns.has(text)) patterns.set(text, layoutPattern(text));
    return patterns.get(text)(tag);
  };
  return data.layout.map((chart) => {
    const key = JSON.stringify([chart.category, chart.title]);
    if (!customCards.has(key)) customCards.set(key, { key, tag: `${chart.category}/${chart.title}`, title: chart.title, description: "", category: chart.category });
    const card = customCards.get(key);
    const isMargin = chart.kind === "Margin";
    const parts = isMargin ? data.scalars.filter(({ tag }) => chart.tags.includes(tag)) : data.scalars.filter(({ tag }) => chart.tags.some((text) => matches(text, tag)));
    const margins = isMargin ? Array.from({ length: Math.floor(chart.tags.length / 3) }, (_, place) => chart.tags.slice(3 * place, 3 * place + 3)) : [];
    return Object.assign(card, { parts, margins, tags: parts.map(({ tag }) => tag), lines: parts.flatMap((part) => part.lines) });
  }).filter((card) => card.parts.length);
}

/** The sections of custom charts, a category each; and the cards that they show just as their own would. */
function customSections() {
  const categories = new Map();
  const shown = new Set();
  for (const card of customChartCards()) {
    if (!categories.has(card.category)) categories.set(card.category, []);
    categories.get(card.category).push(card);
    if (card.parts.length === 1) shown.add(card.parts[0]);
    for (const tags of card.margins) for (const part of card.parts) if (tags.includes(part.tag)) shown.add(part);
  }
  const made = [...categories].map(([name, group], place) => section(`custom-${place}`, name || "Custom charts", group.map((card) => add(card, scalarCard, "custom")), "grid", name));
  return { made, shown };
}

const DASHES = [undefined, [6, 3], [2, 3], [10, 3, 2, 3]];

/** The dash of the curves of the tag with a number in its chart. */
const dashOf = (number) => ({ dash: DASHES[number % DASHES.length], dashed: number % DASHES.length > 0 });

/** The curves of several tags: a colour a run and a dash a tag, or of one run a colour a tag. */
function curvesOfParts(found, axis) {
  const several = found.length > 1;
  const ofRun = new Set(found.flatMap(({ lines }) => lines.map((line) => line.run))).size;
  return found.flatMap(({ part, lines }, number) => lines.map((line) => {
    const curve = scalarCurve(line, axis, part.tag);
    if (!several) return curve;
    const name = ofRun > 1 ? `${curve.name} · ${part.title}` : part.title;
    return { ...curve, name, whole: `${curve.whole} · ${part.tag}`, ...(ofRun > 1 ? dashOf(number) : { color: runColor(number) }) };
  }));
}

/** The curves of a margin chart: a value of each run, within its lower and upper bound. */
function marginCurves(margins, found, axis) {
  const linesOf = (tag) => found.find(({ part }) => part.tag === tag)?.lines ?? [];
  return margins.flatMap(([value, lower, upper], number) => linesOf(value).map((line) => {
    const curve = scalarCurve(line, axis, value);
    const bounds = [lower, upper].map((tag) => linesOf(tag).find((each) => each.run === line.run));
    const name = margins.length > 1 ? `${curve.name} · ${value}` : curve.name;
    if (bounds.some((bound) => bound === undefined)) return { ...curve, name, rowAt: (place) => [...curve.rowAt(place), "–"] };
    const [low, high] = bounds.map((bound) => smoothed(valuesAt(bound, numbers(line.steps)), settings.smoothing));
    const rowAt = (place) => [...curve.rowAt(place), rangeText(low[place], high[place])];
    return { ...curve, name, low, high, rowAt, cells: (place) => [...curve.cells(place), low[place], high[place]] };
  }));
}

/** The values of a line at some steps; NaN where it has none. */
function valuesAt(line, steps) {
  const own = uniqueSteps(numbers(line.steps), numbers(line.values));
  const thinned = isThinned(line);
  const places = new Map(Array.from(own.steps, (step, place) => [step, place]));
  return Float64Array.from(steps, (step) => (places.has(step) ? own.values[places.get(step)] : thinned ? between(own, above(own.steps, step), step) ?? NaN : NaN));
}
