// Groups of runs as one curve each, with a band.

Object.assign(settings, { groupBy: "", groupPattern: "", estimator: "mean", band: "ci95" });

const ESTIMATORS = { mean: "mean", iqm: "interquartile mean" };
const BANDS = { ci95: "bootstrap 95 % interval", std: "one standard deviation to either side", minmax: "least to greatest value", none: "" };

/** The name of each run's group; null where runs are not grouped, or the pattern is not a regular expression. */
function groupKey() {
  const by = settings.groupBy;
  if (by === "all") return () => "all";
  if (by === "folder") return (run) => run.name.slice(0, Math.max(0, run.name.lastIndexOf("/"))) || ".";
  if (by === "pattern") {
    if (settings.groupPattern === "") return null;
    try {
      const pattern = new RegExp(settings.groupPattern);
      const groups = new RegExp(`${settings.groupPattern}|`).exec("").length - 1;
      return (run) => {
        const match = pattern.exec(run.name);
        return match === null ? "other" : (groups ? match[1] : match[0]) || "other";
      };
    } catch {
      return null;
    }
  }
  if (!by.startsWith("hparam:") || data.hparams === null) return null;
  const wanted = by.slice("hparam:".length);
  const parameter = data.hparams.parameters.indexOf(wanted);
  const values = new Map(data.hparams.rows.flatMap((row) => row.runs.map((run) => [run, row.parameters[parameter] ?? null])));
  return (run) => ((values.get(run.number) ?? null) === null ? "other" : `${wanted}=${values.get(run.number)}`);
}

/** The groups: name -> {name, color, runs: their numbers}; null where runs are not grouped. The colours are those of all runs' groups. */
function groupsOfRuns() {
  const key = groupKey();
  if (key === null) return null;
  const groups = new Map();
  for (const run of runs) {
    if (run.gone) continue;
    const name = key(run);
    if (!groups.has(name)) groups.set(name, { name, color: runColor(groups.size), runs: [] });
    groups.get(name).runs.push(run.number);
  }
  return groups;
}

/** Lines of scalars as curves of groups, over steps. `again` is called when bands are complete. */
function groupCurves(groups, lines, tag, again) {
  const of = new Map([...groups.values()].flatMap((group) => group.runs.map((run) => [run, group])));
  const members = new Map();
  for (const line of lines) {
    const group = of.get(line.run);
    if (!members.has(group)) members.set(group, []);
    members.get(group).push(line);
  }
  const { estimator, band } = settings;
  return [...groups.values()].filter((group) => members.has(group)).map((group) => {
    const own = members.get(group);
    const thinned = own.map(isThinned);
    const key = [estimator, band, ...own.map((line, place) => `${line.steps}.${line.values}.${thinned[place]}`)].join(" ");
    const columns = () => own.map((line, place) => ({ steps: numbers(line.steps), values: numbers(line.values), thinned: thinned[place] }));
    const { result, done } = GroupSums.of(key, columns, estimator, band, again);
    const coarse = isCoarse(result);
    const smooth = (values) => smoothed(values, settings.smoothing);
    const { steps, counts } = result;
    const [ys, low, high] = [result.middle, ...(done || !coarse ? [result.low, result.high] : coarseBand(result))].map(smooth);
    const label = `${group.name} (${countText(own.length, "run")})`;
    const hasBand = band !== "none";
    return {
      run: own[0].run, name: label, whole: label, color: group.color, dashed: false, xs: steps, ys, raw: null, sample: null, done, thinned: thinned.some(Boolean),
      ...(hasBand && (done || coarse) ? { low, high } : {}),
      stepAt: (place) => String(steps[place]),
      rowAt: (place) => [ys[place], ...(hasBand ? [done ? rangeText(low[place], high[place]) : "…"] : []), String(steps[place]), String(counts[place])],
      cells: (place) => [group.name, tag, steps[place], counts[place], result.middle[place], ...(hasBand ? [result.low[place], result.high[place]] : [])],
    };
  });
}

/** The same of several tags, which differ by their dashes. */
function groupCurvesOfParts(groups, found, again) {
  return found.flatMap(({ part, lines }, number) => groupCurves(groups, lines, part.tag, again).map((curve) => (found.length < 2 ? curve
    : { ...curve, name: `${curve.name} · ${part.title}`, whole: `${curve.name} · ${part.tag}`, ...dashOf(number) })));
}

/** What the curves of groups are. */
const groupNote = (ready, thinned) => [
  `${ESTIMATORS[settings.estimator]}${settings.band === "none" ? "" : `, ${BANDS[settings.band]}`}`,
  ready ? "" : "the band is being computed",
  thinned ? "curves that are thinned count between their points" : "",
].filter(Boolean).join(" · ");

const groupTitles = () => [ESTIMATORS[settings.estimator], ...(settings.band === "none" ? [] : ["band"]), "step", "runs"];
const groupColumns = () => ["group", "tag", "step", "runs", settings.estimator, ...(settings.band === "none" ? [] : ["low", "high"])];

/** The choice of groups, estimator and band. */
function groupChoice(change) {
  const select = make("select", { id: "group-by" });
  const pattern = make("input", { type: "search", id: "group-pattern", placeholder: "regular expression", autocomplete: "off", spellcheck: false, "aria-label": "Part of the name, as a regular expression", title: "What it matches is the name of the group, or its first parentheses: seed\\d+, or ^([^/]+)/" });
  const wrong = make("span", { className: "wrong", role: "status" });
  const legend = make("ul", { className: "quiet", id: "group-legend" });
  const how = make("div", { className: "field", hidden: true },
    choice("estimator", "Curve of a group", Object.entries({ mean: "mean", iqm: "IQM" }), settings.estimator, (value) => { settings.estimator = value; apply(); }),
    choice("band", "Band", Object.entries({ ci95: "95 %", std: "std", minmax: "min–max", none: "none" }), settings.band, (value) => { settings.band = value; apply(); }),
    legend);
  const fill = () => {
    const names = data.hparams === null ? [] : data.hparams.parameters;
    const options = [["", "none: a curve a run"], ["all", "all runs"], ["folder", "the folder"], ["pattern", "a part of the name"], ...names.map((name) => [`hparam:${name}`, name])];
    if (!options.some(([value]) => value === settings.groupBy)) options.push([settings.groupBy, settings.groupBy.slice("hparam:".length)]);
    select.replaceChildren(...options.map(([value, textContent]) => make("option", { value, textContent })));
    select.value = settings.groupBy;
  };
  const say = () => {
    const groups = groupsOfRuns();
    pattern.hidden = settings.groupBy !== "pattern";
    how.hidden = settings.groupBy === "";
    const isWrong = settings.groupBy === "pattern" && settings.groupPattern !== "" && groups === null;
    pattern.setAttribute("aria-invalid", String(isWrong));
    wrong.textContent = isWrong ? "not a regular expression" : "";
    const shown = groups === null ? [] : [...groups.values()];
    legend.replaceChildren(...shown.slice(0, 30).map((group) => make("li", { title: group.name }, swatch(group.color), make("span", { textContent: elided(group.name, 40), dir: "auto" }), ` ${group.runs.filter((number) => runs[number].shown).length}`)),
      ...(shown.length > 30 ? [make("li", { textContent: `and ${shown.length - 30} more` })] : []));
  };
  const apply = () => { say(); listColors(); change(); };
  select.onchange = () => { settings.groupBy = select.value; apply(); };
  pattern.oninput = framewise(() => { settings.groupPattern = pattern.value; apply(); });
  listGroups = () => { fill(); say(); listColors(); };
  countGroups = say;
  fill();
  say();
  return make("div", { className: "field", id: "groups-field" }, make("label", { htmlFor: "group-by", textContent: "Group runs by" }), select, pattern, wrong, how);
}

/** Shows the groups of the runs as these are now. */
let listGroups = () => {};
/** Shows how many runs of each group are switched on. */
let countGroups = () => {};
