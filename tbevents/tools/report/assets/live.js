// What a board is told by its server: runs and tags that are new, changed or gone.

const KINDS = ["scalars", "pr_curves", "histograms", "images", "audio", "texts"];
const tags = []; // by number: {kind, tag, card, lines: run -> line}
const byName = new Intl.Collator("en", { numeric: true });
let rates = [];
let unread = -1; // runs that the server has not read yet
let readBefore = 0; // runs that it had read when charts were drawn anew
const stale = new Set(); // cards that have changed since

/** The line that says how the board is. */
const statusLine = {
  element: make("p", { id: "live", className: "quiet", role: "status" }),
  text: "",
  say(text) {
    if (text === this.text) return;
    this.text = this.element.textContent = text;
  },
};

function takeTag({ number, kind, tag, title, description }) {
  const card = { number, tag, title, description, lines: [] };
  tags[number] = { kind, tag, card, lines: new Map() };
}

/** Takes what is told of a run; returns the tags that have changed, and whether there are more or fewer lines. */
function takeRun(told, changed) {
  const { number, name, label, owner, epoch = 0, kinds = {}, problems = [], news = "", session = false, part = false, graph = false } = told;
  const before = data.runs[number];
  const owned = owner !== number; // a session is shown as the run that it belongs to
  const gone = (told.gone ?? false) || owned;
  data.runs[number] = { name, label, problems, news, gone, owned, session, part, graph, tags: new Set() };
  let more = before === undefined || before.gone !== gone || before.label !== label || before.graph !== graph || news !== before.news || problems.join() !== before.problems.join();
  for (const counts of Object.values(kinds)) {
    for (const [tag, count] of counts) {
      const known = tags[tag];
      data.runs[number].tags.add(tag);
      if (!known.lines.has(number)) {
        known.lines.set(number, new FetchedLine(number, tag));
        more = true;
      }
      const line = known.lines.get(number);
      if (line.count !== count || line.epoch !== epoch) changed.add(known);
      if (line.run !== owner) { changed.add(known); more = true; }
      Object.assign(line, { count, epoch, run: owner });
    }
  }
  for (const tag of before?.tags ?? []) {
    if (data.runs[number].tags.has(tag)) continue;
    tags[tag].lines.delete(number);
    changed.add(tags[tag]);
    more = true;
  }
  return more;
}

/** The cards of each kind that have lines, in the order of their tags. */
function arrangeCards(changed) {
  for (const { card, lines } of changed) {
    if (lines.size !== card.lines.length || card.lines.some((line) => lines.get(line.number) !== line)) {
      card.lines = [...lines.values()].sort((a, b) => a.run - b.run || a.number - b.number);
    }
  }
  const sorted = tags.filter(({ lines }) => lines.size).sort((a, b) => byName.compare(a.tag, b.tag));
  for (const kind of KINDS) data[kind] = sorted.filter((each) => each.kind === kind).map(({ card }) => card);
  data.others = {};
  for (const { kind } of sorted) if (!KINDS.includes(kind) && kind !== "hparams" && kind !== "custom_scalars") data.others[kind] = (data.others[kind] ?? 0) + 1;
  const graphs = data.runs.filter(({ graph }) => graph).length;
  if (graphs) data.others.graph = graphs;
  const places = new Map(data.scalars.map((card, place) => [card.number, place]));
  data.rates = rates.map(({ rates: of, loss }) => ({ rates: of.filter((tag) => places.has(tag)).map((tag) => places.get(tag)), loss: places.get(loss) ?? -1 }))
    .filter(({ rates: of }) => of.length);
}

/** Shows the data as it is now, with the board's own line at the top. */
function showAll() {
  build();
  listRuns();
  listHistograms();
  document.getElementById("head").append(actions);
  sift();
}

function take(told) {
  const unreadBefore = unread;
  const changed = new Set();
  for (const tag of told.tags) takeTag(tag);
  let more = told.tags.length > 0;
  for (const run of told.runs) if (takeRun(run, changed)) more = true;
  if (told.rates) {
    rates = told.rates;
    more = true;
  }
  if (told.problems) {
    data.notes = told.problems;
    more = true;
  }
  data.points = tags.reduce((sum, { kind, lines }) => (kind === "scalars" ? [...lines.values()].reduce((part, line) => part + line.count, sum) : sum), 0);
  source.nothing = told.unread ? "The runs are being read." : "Nothing has been logged yet that this page shows.";
  if (more || unread !== told.unread) {
    unread = told.unread;
    arrangeCards(changed);
    showAll();
    if (settings.groupBy !== "" || settings.color !== null) { // colours depend on what runs there are
      showRuns();
      listGroups();
    }
  } else document.getElementById("counts").textContent = countsText();
  for (const { card } of changed) stale.add(card);
  // While the runs are read for the first time, charts of many are drawn when there are twice as many, and at the end.
  const read = told.there - told.unread;
  if (!told.unread || read >= 2 * readBefore || told.unread === unreadBefore) {
    readBefore = told.unread ? read : 0;
    for (const each of cards) if (!each.element.hidden && (each.card.parts ?? [each.card]).some((part) => stale.has(part))) refresh(each);
    stale.clear();
  }
  if ([...changed].some(({ kind }) => kind === "custom_scalars")) askLayout();
  if (told.runs.some((run) => run.session) || (data.hparams !== null && told.runs.some((run) => run.gone))) askHparams();
  const there = told.there;
  const parts = data.runs.filter((run) => run.part).length;
  const reading = told.unread ? `${(there - told.unread).toLocaleString("en-US")} of ${countText(there, "run")} read` : parts ? `reading on in ${countText(parts, "run")}` : "";
  statusLine.say(`Live${reading && " · "}${reading}`);
}

/** Shows what has changed of a card that is in view: it is fetched first, and then drawn once. */
function refresh({ card, lazy, load }) {
  if (load !== undefined) return load();
  const fetching = lazy.isNear ? (card.parts ?? [card]).filter((part) => reload(part)) : [];
  if (!fetching.length) lazy.renew();
}

/**
 * A function that fetches something soon, once for all calls in the meantime, and again where that fails. `fetch` returns whether it has
 * changed; it is shown then, and `shown` is called.
 */
function fetcher(what, delay, fetch, shown) {
  let asked = false;
  const call = () => {
    if (asked) return;
    asked = true;
    setTimeout(async () => {
      asked = false;
      try {
        if (!(await fetch())) return;
        showAll();
        shown();
      } catch (error) {
        statusLine.say(`The ${what} could not be fetched: ${error.message}`);
        setTimeout(call, 3000);
      }
    }, delay());
  };
  return call;
}

const askLayout = fetcher("custom charts", () => 200, async () => {
  const asked = tags.filter(({ kind, lines }) => kind === "custom_scalars" && lines.size).map(({ card, lines }) => ask("layout", { tag: card.number, runs: spans(lines.keys()) }));
  const answers = await Promise.all(asked);
  data.layout = (await Promise.all(answers.map((answer) => answer.json()))).flat();
  return true;
}, () => {
  for (const { card, lazy } of cards) if (card.parts) lazy.renew(); // a known chart may have other parts
});

/** The table is of all runs: it is fetched every few seconds at most. */
const askHparams = fetcher("hyperparameters", () => (table === null ? 100 : 3000), async () => {
  const found = await (await ask("hparams")).json();
  if (JSON.stringify(found) === JSON.stringify(data.hparams)) return false;
  data.hparams = found;
  return true;
}, () => {
  listColors();
  listGroups();
  showRuns();
  if (settings.groupBy.startsWith("hparam:") || settings.color !== null) for (const { lazy } of cards) lazy.renew();
});

/** Saves the runs and tags that are shown as a report. */
async function save() {
  const shown = { runs: runs.filter((run) => run.shown).map((run) => run.number), tags: tags.map((_, number) => number).filter((number) => tagPasses(tags[number].tag)) };
  saving.disabled = true;
  try {
    download("report.html", await (await ask("report", {}, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(shown) })).blob());
  } catch (error) {
    statusLine.say(`The report could not be made: ${error.message}`);
  } finally {
    saving.disabled = false;
  }
}

const saving = make("button", { type: "button", id: "save-report", textContent: "Save as report", onclick: save });
const actions = make("div", { className: "row wrap", id: "actions" }, statusLine.element, saving);
document.getElementById("head").append(actions);
document.getElementById("made").textContent = `tbevents ${data.version}. Times are those of ${ZONE}. Curves are smoothed as TensorBoard smooths them.`;
statusLine.say("Connecting …");

/** Follows the server while the page is seen: a browser has few connections to one server, which hidden pages would use up. */
let stream = null;
let key = null;
let version = 0;
let failures = 0; // since the server answered last
let waiting = null; // for the next try
function follow() {
  clearTimeout(waiting);
  if (document.hidden) leave();
  if (document.hidden || stream !== null) return;
  stream = new EventSource(`api/events${key === null ? "" : `?since=${key}.${version}`}`);
  stream.onmessage = ({ data: text }) => {
    const told = JSON.parse(text);
    if (key !== null && told.key !== key) return location.reload(); // another board: its numbers mean other things
    ({ key, version } = told);
    take(told);
  };
  stream.onerror = tryAgain;
  stream.onopen = () => {
    failures = 0;
    if (key !== null) statusLine.say("Live");
  };
}

function leave() {
  stream?.close();
  stream = null;
}

/** Opens the stream again after a while: a browser gives up for good where a proxy answers in the board's place. */
async function tryAgain() {
  leave();
  const seconds = Math.min(30, 2 ** failures);
  failures += 1;
  const answer = await fetch(".", { method: "HEAD", credentials: "same-origin", signal: AbortSignal.timeout(3000) }).catch(() => null);
  if (stream !== null) return; // opened meanwhile
  statusLine.say(answer?.status === 401 ? "The board was started again: open the new URL that it printed." : `The board does not answer; trying again in ${seconds} s …`);
  clearTimeout(waiting);
  waiting = setTimeout(follow, 1000 * seconds);
}

document.addEventListener("visibilitychange", follow);
addEventListener("online", follow);
follow();
