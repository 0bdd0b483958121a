// The page: sections of cards, drawn while they are near the window.

const PALETTE = ["#4878d0", "#e07b39", "#3a9d63", "#cf4a55", "#8a67c8", "#96694c", "#d162a8", "#6f7d8c", "#a8952a", "#2a9fb3"];
// Beyond these, hues far from the last ones, of a lightness that shows on light and on dark.
const runColor = (number) => PALETTE[number] ?? `oklch(${[55, 59, 63][number % 3]}% ${number % 2 ? 0.16 : 0.09} ${(number * 137.508) % 360})`;

const runs = [];
const cards = []; // {card, element, lazy}: all of the page; on a board, `load` fetches what some show, and draws it
let restored = false; // whether the address was read, and may be written
const links = new Map(); // of the sections that have one
let tagPasses = () => true;

/** A card's frame: its title, what it is, and its contents; a menu stands beside the title. */
function cardElement(card, ...contents) {
  const menus = contents.filter((each) => each.classList.contains("menu"));
  const title = make("h3", { dir: "auto", textContent: card.title, title: card.tag });
  const wide = make("button", { type: "button", className: "wide-button", textContent: "⤢", title: "Across the page", "aria-label": `${card.title}: across the page`, "aria-pressed": "false" });
  wide.onclick = () => wide.setAttribute("aria-pressed", String(element.classList.toggle("wide")));
  const head = make("div", { className: "card-head" }, title, ...menus, wide);
  const about = card.description ? [make("p", { className: "about", textContent: card.description })] : [];
  const element = make("article", { className: "card", "data-tag": card.tag }, head, ...about, ...contents.filter((each) => !menus.includes(each)));
  return element;
}

/** Takes those of the data's runs that are new; returns whether known ones have other places among the colours. */
function takeRuns() {
  let place = 0; // those that belong to another run have none
  let moved = false;
  for (const [number, run] of data.runs.entries()) {
    moved ||= number in runs && runs[number].place !== place;
    if (number in runs) Object.assign(runs[number], run, { place });
    else runs.push({ label: run.name, ...run, number, place, color: runColor(place), dashed: false, checked: !unchecked.has(String(number)), listed: true, shown: true });
    if (!run.owned) place += 1;
  }
  return moved;
}

const folds = new Map(); // the sections by kind and name

/** A section that folds, with cards; one of its kind and name that is there already gets these. */
function section(id, title, elements, className = "grid", name = title) {
  const key = `${id.split("-")[0]} ${name}`;
  if (!folds.has(key)) {
    folds.set(key, make("details", { className: "section", open: true },
      make("summary", {}, make("h2", { textContent: title, dir: "auto" }), make("span", { className: "count quiet" })),
      make("div", { className })));
  }
  const fold = folds.get(key);
  fold.id = id;
  fold.querySelector(".count").textContent = className !== "" && elements.length > 1 ? String(elements.length) : "";
  arrange(fold.lastElementChild, elements);
  return fold;
}

const shownCards = { rates: new Map(), custom: new Map(), sections: new Map() }; // by the card's data

/** The element of a card, which is made by `build` when it is first shown in a part of the page. */
function add(card, build, part = "sections") {
  const known = shownCards[part];
  if (!known.has(card)) known.set(card, build(card));
  cards.push(known.get(card));
  return known.get(card).element;
}

/** The scalars by what their tags begin with, up to a slash; but those that are on the page already. */
function scalarSections(shown) {
  const groups = new Map();
  for (const card of data.scalars) {
    if (shown.has(card)) continue;
    const slash = card.tag.indexOf("/");
    const name = slash > 0 ? card.tag.slice(0, slash) : "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(card);
  }
  return [...groups].sort(([a], [b]) => (a === "" ? -1 : b === "" ? 1 : 0)).map(([name, group], place) =>
    section(`scalars-${place}`, name || "Scalars", group.map((card) => add(card, scalarCard)), "grid", name));
}

/** The learning rates beside their loss; what is zoomed in one is so in the others. */
function rateSection() {
  const rows = data.rates.map(({ rates, loss }) => {
    const elements = [...(loss < 0 ? [] : [loss]), ...rates].map((place) => add(data.scalars[place], scalarCard, "rates"));
    const zooms = cards.slice(-elements.length).map(({ zoom }) => zoom);
    for (const zoom of zooms) zoom.linked = zooms;
    return make("div", { className: "pair" }, ...elements);
  });
  return section("rates", "Learning rate and loss", rows, "");
}

/** How much there is. */
function countsText() {
  const parts = [countText(runs.filter((run) => !run.gone).length, "run")];
  if (data.scalars.length) parts.push(countText(data.scalars.length, "scalar tag"), countText(data.points, "point"));
  return parts.join(" · ");
}

function headline() {
  const most = 50; // problems, and notes, that are listed
  const problems = runs.flatMap((run) => run.problems.map((text) => ({ run, text })));
  const ofRun = ({ run, text }) => make("li", {}, make("b", { textContent: run.label, title: run.name }), ` ${text}`);
  const head = [make("h1", { textContent: data.title, dir: "auto" }), make("p", { id: "counts", className: "quiet", textContent: countsText() })];
  if (problems.length) {
    head.push(make("details", { className: "problems", id: "problems", open: document.getElementById("problems")?.open ?? problems.length <= 5 },
      make("summary", { textContent: `${countText(problems.length, "problem")}: what was damaged or could not be shown` }),
      make("ul", {}, ...problems.slice(0, most).map(ofRun)),
      ...(problems.length > most ? [make("p", { textContent: `and ${countText(problems.length - most, "problem")} more` })] : [])));
  }
  if (data.findings.length) {
    const rows = data.findings.map(({ severity, code, rule, name, tag, step, summary }) => make("tr", {},
      ...[severity, `${code} ${rule}`, name, tag ?? "", step === null ? "" : String(step), summary].map((text) => make("td", { textContent: text, dir: "auto" }))));
    const heads = ["severity", "rule", "run", "tag", "step", "finding"].map(columnHead);
    const left = data.more_findings ? [make("p", { textContent: `and ${countText(data.more_findings, "finding")} more` })] : [];
    head.push(make("details", { className: "findings", id: "findings", open: rows.length <= 10 },
      make("summary", { textContent: `${countText(rows.length + data.more_findings, "finding")} of tbevents lint` }),
      make("div", { className: "scroll" }, makeTable(heads, rows)), ...left));
  }
  if (data.linted && !data.findings.length) head.push(make("p", { className: "quiet", id: "findings", textContent: "No findings of tbevents lint." }));
  const news = runs.filter((run) => run.news).map((run) => ofRun({ run, text: run.news })); // of a board
  const notes = [...data.notes.map((text) => make("li", { textContent: text })), ...news.slice(0, most)];
  if (news.length > most) notes.push(make("li", { textContent: `and the same of ${countText(news.length - most, "run")} more` }));
  if (notes.length) head.push(make("ul", { className: "notes quiet", id: "notes" }, ...notes));
  return head;
}

/** How to see what the page does not draw. */
const ELSEWHERE = {
  meshes: "TensorBoard's Mesh page draws them; run.meshes[tag] has vertices, faces and colours as arrays.",
  graphs: "TensorBoard's Graphs page draws them; run.graphs[tag] has their nodes.",
  graph: "TensorBoard's Graphs page draws it; run.graph has its nodes.",
  embeddings: "TensorBoard's Projector draws them; run.projector has the vectors and their labels.",
  tensors: "run.tensors[tag] has them as arrays.",
  hparams: "they are the table of hyperparameters.",
};

const UNNAMED = ["graph", "embeddings"]; // these have no tags: their runs are counted

/** The sections below the scalars: a kind, its title, what makes a card, and how cards stand. */
const CARD_SECTIONS = [
  ["pr_curves", "Precision and recall", prCard, "grid"],
  ["histograms", "Histograms", histogramCard, "stack"],
  ["images", "Images", (card) => itemCard("images", card, imageNodes), "grid"],
  ["audio", "Audio", (card) => itemCard("audio", card, soundNodes), "grid"],
  ["texts", "Texts", textCard, "stack"],
];

function sections() {
  const made = [];
  if (data.rates.length) made.push(rateSection());
  if (data.hparams !== null) {
    table ??= { ...hparamsTable(() => { showRuns(); update(); }), scatter: scatterCard(), data: null };
    if (table.data !== data.hparams) {
      table.data = data.hparams;
      table.take(data.hparams);
      table.scatter.take(data.hparams);
    }
    made.push(section("hparams", "Hyperparameters", [table.element, table.scatter.element], ""));
  }
  const custom = customSections();
  const beside = data.rates.flatMap(({ rates, loss }) => [...rates, ...(loss < 0 ? [] : [loss])].map((place) => data.scalars[place]));
  made.push(...custom.made, ...scalarSections(new Set([...beside, ...custom.shown])));
  for (const [kind, title, build, className] of CARD_SECTIONS) {
    if (data[kind].length) made.push(section(kind, title, data[kind].map((card) => add(card, (it) => source.card(it, build))), className));
  }
  const others = Object.entries(data.others).map(([kind, count]) => make("li", { textContent: `${kind.replace("_", " ")} (${countText(count, UNNAMED.includes(kind) ? "run" : "tag")}): ${ELSEWHERE[kind] ?? `run.series("${kind}") has them.`}` }));
  if (others.length) made.push(make("div", { className: "quiet", id: "others" }, make("p", { textContent: "Logged as well, and not on this page:" }), make("ul", {}, ...others)));
  if (!made.length) made.push(make("p", { textContent: source.nothing }));
  return made;
}

/** Scrolls to a section, until what is drawn on the way there moves it no longer. */
function jump(section, frames = 10) {
  section.scrollIntoView();
  if (frames > 0) requestAnimationFrame(() => jump(section, Lazy.pending.size ? 10 : frames - 1));
}

/** Links to the sections, where there are several. */
function contents(made) {
  const sections = made.filter((element) => element.tagName === "DETAILS");
  links.clear();
  if (sections.length < 3) return [];
  for (const each of sections) {
    const onclick = (event) => {
      event.preventDefault(); // the address has what is chosen
      each.open = true;
      jump(each);
      each.firstElementChild.focus({ preventScroll: true }); // keys go on from there
    };
    links.set(each, make("a", { href: `#${each.id}`, textContent: each.querySelector("h2").textContent, dir: "auto", onclick }));
  }
  return [make("nav", { id: "contents", "aria-label": "Sections" }, ...links.values())];
}

let table = null; // of hyperparameters
const nothing = make("p", { className: "quiet", id: "nothing", role: "status" });

/** Shows the data as it is now; cards and sections that are there already stay. */
function build() {
  const moved = takeRuns();
  recolor(data.hparams, chosenColor());
  cards.length = 0;
  const made = sections();
  document.getElementById("head").replaceChildren(...headline(), ...contents(made));
  arrange(document.getElementById("main"), [nothing, ...made]);
  table?.fill();
  if (!moved) return;
  showRuns();
  renewAll();
}

/** All that is drawn while it is near the window. */
const allLazies = () => [...cards.map(({ lazy }) => lazy), ...(table === null ? [] : [table.scatter.lazy])];

function renewAll() {
  for (const lazy of allLazies()) lazy.renew();
}

build();
document.getElementById("made").textContent = `Made by tbevents ${data.version}, ${data.made}. Times are those of ${ZONE}. Curves are smoothed as TensorBoard smooths them.`;

/** The tags of a card: custom charts have several. */
const tagsOf = (card) => card.tags ?? [card.tag];

/** Shows the cards that the filters let pass, and says how many these are. */
function sift() {
  const passing = new Set();
  for (const { card, element } of cards) {
    const own = tagsOf(card).filter(tagPasses);
    for (const tag of own) passing.add(tag);
    element.hidden = !own.length || !card.lines.some((line) => runs[line.run].shown);
  }
  for (const each of document.querySelectorAll("details.section")) {
    const inside = [...each.querySelectorAll("article.card")];
    each.hidden = each.id === "hparams" ? table.element.hidden : inside.length > 0 && inside.every((element) => element.hidden);
    if (links.has(each)) links.get(each).hidden = each.hidden;
  }
  const all = new Set(cards.flatMap(({ card }) => tagsOf(card))).size;
  document.getElementById("tags-shown").textContent = passing.size === all ? countText(all, "tag") : `${passing.size.toLocaleString("en-US")} of ${countText(all, "tag")}`;
  nothing.textContent = cards.length && cards.every(({ element }) => element.hidden) ? "Nothing passes the filters of tags and runs." : "";
}

/** Shows what the settings say. */
function update() {
  table?.fill();
  sift();
  renewAll();
  if (restored) saveState();
}

/** Gives runs their colours, and shows these in the list of runs. */
function showColors() {
  recolor(data.hparams, chosenColor());
  showRuns();
}

/** Shows what the settings say, where colours are others. */
function repaint() {
  showColors();
  update();
}

/** Shows other axes: a zoom holds no longer than what it is of. Histograms and PR curves have axes of their own. */
function rescale(isX) {
  for (const [key, chart] of charts) if (/^(scalars|custom) /.test(key)) chart.zoom.forget(isX);
  update();
}

document.getElementById("controls").append(...controls({ update, repaint, rescale, filterTags: (filter) => { tagPasses = filter; update(); } }));
restoreState();
restored = true;
table?.fill();
sift();
followAddress();
if (narrow.matches) document.getElementById("panel").open = false;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

// On paper all is light, and all is drawn.
let before = { theme: "auto", open: true };
addEventListener("beforeprint", () => {
  const [root, panel] = [document.documentElement, document.getElementById("panel")];
  before = { theme: root.dataset.theme, open: panel.open };
  root.dataset.theme = "light";
  root.classList.add("paper"); // charts are drawn as wide as they are on paper
  panel.open = true; // the runs are the legend of all charts
  showColors();
  table?.fill();
  Lazy.all = true;
  for (const lazy of allLazies()) {
    lazy.isNear = true;
    lazy.redraw();
  }
  for (const plot of Plot.all) plot.fill(); // what came later beside a chart took room
  Pictures.showAll(true);
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = before.theme;
  document.documentElement.classList.remove("paper");
  document.getElementById("panel").open = before.open;
  Lazy.all = false;
  for (const lazy of allLazies()) lazy.look();
  Pictures.showAll(false);
  repaint();
});
