// The weekly figures: week, level, area and basis are in the address; charts and table come from two answers.
import { byId, fill, h, settled } from "/static/dom.js";
import { takeSummary } from "/static/clock.js";
import { query, request } from "/static/net.js";
import { Places } from "/static/places.js";
import { complain, may, onKeys, startSession, startShell } from "/static/shell.js";
import * as state from "/static/state.js";
import { drawCards, waitForCards } from "/static/statistics_cards.js";
import { FigureMap } from "/static/statistics_map.js";
import { onTheme } from "/static/settings.js";
import { drawChanges, drawTable } from "/static/statistics_table.js";
import { definitionOf, nameOf } from "/static/statistics_words.js";
import { quiet, say } from "/static/status.js";
import { count, language, moment, onLanguage, percent, t } from "/static/words.js";

const WEEKS = 26, LEVELS = ["TOWN", "VILLAGE", "CELL"];

state.readAddress();
await startShell(() => t("stat.title"));

let found = null, series = null, told = null, rows = 300, running = null, scope = "";
const places = new Places((code) => state.set({ place: code }), () => null);
const area = () => state.get("place") || scope;
const asked = () => ({ week: state.get("week"), level: state.get("level"), area: state.get("place"), basis: state.get("basis"), version: state.get("version") });

/** The week so many weeks after another one, as ISO 8601 writes it. */
function shifted(week, by) {
  const [year, number] = week.split("-W").map(Number);
  const fourth = new Date(Date.UTC(year, 0, 4)); // the fourth of January lies in the first week
  const monday = new Date(fourth.getTime() + (((number - 1 + by) * 7) - ((fourth.getUTCDay() + 6) % 7)) * 86_400_000);
  const thursday = new Date(monday.getTime() + 3 * 86_400_000);
  const begin = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return `${thursday.getUTCFullYear()}-W${String(Math.floor((thursday.getTime() - begin) / 604_800_000) + 1).padStart(2, "0")}`;
}

async function load() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  delete document.documentElement.dataset.week;
  const waiting = setTimeout(() => { if (!series) waitForCards(); byId("stat-scroll").classList.add("waiting"); }, 100);
  const chosen = state.get("week");
  try {
    const body = await all(query("/api/statistics", { ...asked(), limit: 5_000 }), signal);
    state.set({ week: body.week }, { silent: true });
    const last = series?.weeks.at(-1)?.week, first = series?.weeks[0]?.week;
    const held = series && series.area === body.area && series.basis === body.basis && first <= body.week && body.week <= last && !series.stale;
    const until = held ? last : body.week;
    const [course, changes, editions] = await Promise.all([
      held ? series : request(query("/api/statistics/series", { first: shifted(until, 1 - WEEKS), last: until, area: state.get("place"), basis: state.get("basis") }), { signal }),
      body.edition?.version > 1 ? request(query("/api/statistics/changes", { week: body.week, area: state.get("place"), version: body.edition.version }), { signal }) : null,
      request(query("/api/statistics/editions", { week: body.week }), { signal }),
    ]);
    // Where nothing has come in of late, the page opens at the last week that has something to show.
    const latest = chosen || body.whole.reported.value ? null : course.weeks.findLast((one) => one.figures.reported.value > 0);
    if (latest) {
      state.set({ week: latest.week }, { silent: true });
      return load();
    }
    [found, series, told] = [body, begun(course, body.week), changes];
    versions(editions.editions);
    draw();
    loadIndex();
    document.documentElement.dataset.week = body.week;
  } catch (error) {
    complain(error, load);
  } finally {
    clearTimeout(waiting);
    byId("stat-scroll").classList.remove("waiting");
  }
}

/** The series without the weeks before the first report, which are not a time without any. */
function begun(course, week) {
  const first = course.weeks.findIndex((one) => one.figures.reported.value > 0 || one.week === week || one.version);
  return { ...course, weeks: course.weeks.slice(Math.max(0, Math.min(first, course.weeks.length - 13))) };
}

/** All pages of an answer. */
async function all(url, signal) {
  const body = await request(url, { signal });
  for (let link = next(body); link;) {
    const page = await request(link, { signal });
    body.areas.push(...page.areas);
    link = next(page);
  }
  return body;
}
const next = (body) => body.links.find((link) => link.rel === "next")?.href;

function versions(editions) {
  const own = editions.filter((one) => area().startsWith(one.scope_code) && one.scope_code === found.edition?.scope_code);
  byId("version-label").hidden = own.length < 2 || state.get("basis") !== "as_it_was";
  fill(byId("version"), own.map((one) => h("option", { value: String(one.version) }, `v${one.version}`)));
  if (found.edition) byId("version").value = String(found.edition.version);
}

function draw() {
  if (!found) return;
  for (const name of ["week", "level", "basis"]) byId(name).value = found[name];
  byId("export").href = query("/api/statistics.xlsx", { ...asked(), week: found.week });
  byId("close-week").hidden = !may("administer") || !over();
  byId("close-week").textContent = t(found.edition ? "stat.restate" : "stat.close");
  byId("week-after").disabled = shifted(found.week, 1) > present();
  fill(byId("standing"), standing());
  byId("whole-title").textContent = `${places.path(found.area).join(" › ") || t("place.all")} · ${found.week}`;
  byId("table-title").textContent = `${t(`level.${found.level}`)} · ${count(found.areas.length)}`;
  drawCards(series, found.week, (week) => state.set({ week, version: "" }));
  table();
  picture.show(found);
  drawChanges(told, found.kpis);
  fill(byId("notes"), found.kpis.map((kpi) => [h("dt", {}, nameOf(kpi)), h("dd", {}, definitionOf(kpi), h("small", {}, t("stat.least", { n: count(kpi.minimum_base) })))]).flat(),
    h("dt", {}, t("stat.burst")), h("dd", {}, t("stat.burst_how")));
}

const deeper = (code) => state.set({ place: code, level: LEVELS[Math.min(LEVELS.indexOf(found.level) + 1, 2)] });
const around = (code) => (code.length > 12 ? places.byCode.get(code.slice(0, 12))?.name ?? "" : "");
const table = () => drawTable(found, { around, filter: byId("search").value, rows, more: (n) => { rows = n; table(); }, go: deeper });
const picture = new FigureMap({ go: deeper, around });

function standing() {
  const { edition } = found;
  const range = `${found.first_day} – ${found.last_day}`;
  return [
    h("span", {}, range),
    h("span", { class: "badge plain-badge" }, edition ? t("stat.closed", { version: String(edition.version), at: moment(edition.closed_at) }) : t("stat.open")),
    h("span", {}, t("stat.cut_off", { at: moment(found.cut_off) })),
    found.provisional && h("span", { class: "badge warn-badge" }, t("stat.provisional_why")),
    found.unplaced > 0 && h("span", {}, t("stat.unplaced", { n: count(found.unplaced) })),
    h("span", { class: "muted" }, t("stat.no_ranking")),
  ];
}

const present = () => new Date(Date.parse(found.time_stamp) + 8 * 3_600_000).toISOString().slice(0, 10).replace(/.*/, (day) => weekOf(day));
const over = () => found.week < present();
function weekOf(day) {
  const date = new Date(`${day}T00:00:00Z`);
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * 86_400_000);
  const begin = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return `${thursday.getUTCFullYear()}-W${String(Math.floor((thursday.getTime() - begin) / 604_800_000) + 1).padStart(2, "0")}`;
}

async function loadIndex() {
  if (!byId("index-box").open || !found) return;
  try {
    const body = await request(query("/api/statistics/index", { week: found.week, level: found.level, area: state.get("place") }));
    const zh = language() === "zh";
    const score = (value) => (value === null ? t("none") : value.toFixed(1));
    fill(byId("index-body"), h("p", { class: "official" }, zh ? body.label_zh : body.label_en), h("p", {}, zh ? body.zh : body.en, " · ", t("stat.index_least", { share: percent(body.minimum_coverage) })),
      h("div", { class: "index-frame" }, h("table", {}, h("thead", {}, h("tr", {}, [t("stat.area"), t("stat.score"), t("stat.known"), t("stat.inputs")].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, body.areas.slice(0, 300).map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), h("td", {}, score(one.score)), h("td", {}, percent(one.coverage)),
          h("td", { class: "inputs" }, one.inputs.filter((item) => item.scaled !== null).map((item) => `${zh ? item.zh : item.en} ${item.scaled.toFixed(0)} × ${percent(item.weight, 1)}`).join(" · ") || t("stat.no_inputs"))))))));
  } catch (error) { complain(error); }
}

// ---- what people do -----------------------------------------------------------------------------------------------

const step = (by) => { if (found && (by < 0 || !byId("week-after").disabled)) state.set({ week: shifted(found.week, by), version: "" }); };
byId("week-before").addEventListener("click", () => step(-1));
byId("week-after").addEventListener("click", () => step(1));
byId("week").addEventListener("change", (event) => { if (/^\d{4}-W\d\d$/.test(event.target.value)) state.set({ week: event.target.value, version: "" }); });
for (const name of ["level", "basis", "version"]) byId(name).addEventListener("change", (event) => state.set({ [name]: event.target.value, ...(name === "basis" ? { version: "" } : {}) }));
byId("stat-controls").addEventListener("submit", (event) => event.preventDefault());
byId("search").addEventListener("input", settled(() => { if (found) table(); }, 80));
byId("index-box").addEventListener("toggle", loadIndex);
byId("close-week").addEventListener("click", async () => {
  const button = byId("close-week");
  button.disabled = true;
  try {
    const closed = await request("/api/statistics/editions", { method: "POST", body: { week: found.week } });
    say(t(!closed.is_new ? "stat.same" : closed.changes ? "stat.restated" : "stat.kept", { week: found.week, version: String(closed.edition.version), n: count(closed.changes) }));
    series.stale = true;
    state.set({ version: "" }, { silent: true });
    await load();
  } catch (error) { complain(error); } finally { button.disabled = false; }
});

onKeys((key, event) => {
  if (key === "ArrowLeft" && event.target === document.body) step(-1);
  else if (key === "ArrowRight" && event.target === document.body) step(1);
  else if (["1", "2", "3"].includes(key)) state.set({ level: LEVELS[Number(key) - 1] });
  else if (key === "b") state.set({ basis: state.get("basis") === "as_it_was" ? "todays_grids" : "as_it_was", version: "" });
  else if (key === "e") byId("export").click();
  else if (key === "l") places.show(true);
  else if (key === "Escape") { if (!byId("place-panel").hidden) places.show(false); else if (document.activeElement === byId("search")) byId("search").blur(); else quiet(); } else return false;
  return true;
});
state.onChange((names) => {
  if (names.has("place")) { places.title(); rows = 300; state.set({ version: "" }, { silent: true }); }
  load();
});
onLanguage(() => { draw(); loadIndex(); });
onTheme(() => picture.draw());

// ---- start --------------------------------------------------------------------------------------------------------

waitForCards();
try {
  const [session, summary] = await Promise.all([startSession(), request("/api/summary"), places.load()]);
  scope = session.scope_code;
  takeSummary(summary);
  if (!LEVELS.includes(state.get("level"))) state.set({ level: "VILLAGE" }, { silent: true });
  await load();
} catch (error) { complain(error); }
document.documentElement.dataset.ready = "true";
