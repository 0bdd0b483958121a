// Colours of runs by a hyperparameter: a scale for numbers, a colour a value for all else.

/** A number as a place on a scale, which is logarithmic where the numbers are orders apart. */
function parameterScale(values) {
  const known = values.filter((value) => typeof value === "number");
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const log = low > 0 && high / low >= 50;
  const place = log ? Math.log : Number;
  const width = place(high) - place(low);
  return { low, high, log, share: (value) => (width > 0 && Number.isFinite(width) ? (place(value) - place(low)) / width : 0.5) };
}

const isNumeric = (values) => values.some((value) => typeof value === "number") && values.every((value) => value === null || typeof value === "number");

const scaleColor = (share) => `oklch(${56 + 14 * share}% 0.17 ${265 + 160 * share})`;

/** The different values, in order. */
const different = (values) => [...new Set(values.filter((value) => value !== null).map(String))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));

/**
 * Gives runs the colours of their groups where they are grouped; or those of a parameter, by its number; or their own, where it is -1.
 * Curves of one session have one colour.
 */
function recolor(table, parameter) {
  const groups = groupsOfRuns();
  const muted = themeColor("--muted");
  if (groups !== null) {
    for (const { color, runs: members } of groups.values()) for (const number of members) Object.assign(runs[number], { color, dashed: false });
    return;
  }
  for (const run of runs) run.color = parameter < 0 ? runColor(run.place) : muted;
  if (table === null) return;
  const values = table.rows.map((row) => row.parameters[parameter]);
  const scale = parameter >= 0 && isNumeric(values) ? parameterScale(values) : null;
  const names = parameter >= 0 ? different(values) : [];
  table.rows.forEach((row, place) => {
    const value = values[place];
    const own = parameter < 0 ? runs[row.runs[0]].color : value === null ? muted : scale !== null ? scaleColor(scale.share(value)) : runColor(names.indexOf(String(value)));
    row.runs.forEach((number, at) => { runs[number].color = own; runs[number].dashed = at > 0; });
  });
}

/** The number of the parameter that gives colours; -1 for none. */
const chosenColor = () => (data.hparams === null || settings.color === null ? -1 : data.hparams.parameters.indexOf(settings.color));

/** The choice of what colours mean, with a legend; hidden where there are no parameters. */
function colorChoice(change) {
  const legend = make("p", { className: "quiet", id: "color-legend" });
  const input = make("select", { id: "color-by" });
  const field = make("div", { className: "field" }, make("label", { htmlFor: "color-by", textContent: "Colours of curves by" }), input, legend);
  listColors = () => {
    const parameters = data.hparams?.parameters ?? [];
    field.hidden = !parameters.length;
    input.replaceChildren(make("option", { value: "-1", textContent: "the run" }), ...parameters.map((name, number) => make("option", { value: String(number), textContent: name })));
    input.value = String(chosenColor());
    const parameter = chosenColor();
    input.disabled = settings.groupBy !== "" && groupsOfRuns() !== null;
    input.title = input.disabled ? "Curves of groups have colours of their own" : "";
    legend.replaceChildren(...(parameter < 0 || input.disabled ? [] : colorLegend(data.hparams.rows.map((row) => row.parameters[parameter]))));
  };
  input.onchange = () => {
    settings.color = data.hparams?.parameters[Number(input.value)] ?? null;
    listColors();
    change();
  };
  listColors();
  return field;
}

/** Shows the parameters as they are now. */
let listColors = () => {};

function colorLegend(values) {
  if (!isNumeric(values)) return different(values).slice(0, 30).flatMap((name, number) => [swatch(runColor(number)), make("span", { textContent: `${elided(name, 24)} ` })]);
  const { low, high, log } = parameterScale(values);
  const bar = make("span", { className: "bar", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(90deg, ${Array.from({ length: 9 }, (_, at) => scaleColor(at / 8)).join(", ")})`;
  const [least, most] = valueTexts([low, high]);
  return [least, " ", bar, ` ${most}${log ? ", logarithmic" : ""}`];
}
