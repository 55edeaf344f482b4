// The planner: puts map, panels, tools, keys and the open plan together.
import { takeSummary } from "/static/clock.js";
import { byId, dataBlock } from "/static/dom.js";
import { onBusy, onLine, query, request } from "/static/net.js";
import { Acts } from "/static/plan_acts.js";
import { Bar } from "/static/plan_bar.js";
import { breath } from "/static/plan_blocks.js";
import { Comparison } from "/static/plan_compare.js";
import { Course } from "/static/plan_course.js";
import { EdgeHandles } from "/static/plan_edge.js";
import { startKeys } from "/static/plan_keys.js";
import { Plans } from "/static/plan_open.js";
import { Panels } from "/static/plan_panels.js";
import { closeSheet, refusal } from "/static/plan_sheets.js";
import { Tools } from "/static/plan_tools.js";
import { View } from "/static/plan_view.js";
import { startSearch } from "/static/search.js";
import { onTheme, startSettings } from "/static/settings.js";
import * as state from "/static/state.js";
import { quiet, say } from "/static/status.js";
import { apply, onLanguage, t } from "/static/words.js";

state.readAddress();
await startSettings();
apply();
await breath(); // the page's words first, its map next

/** What is shown; the picture and the tools read it. */
const page = { map: null, division: null, plan: null, selected: null, hovered: null, stroke: null, compare: null, mayEdit: false, tool: "select" };
let session = null, places = [];

function towns() {
  const found = [];
  const walk = (place) => { if (place.level === "TOWN") found.push(place); else for (const child of place.children) walk(child); };
  for (const root of places) walk(root);
  return found.length ? found : places;
}

function complain(error) {
  if (error.name === "AbortError") return;
  if (error.status === 401) { signIn(); return; }
  const text = error.kind === "offline" ? t("fault.offline", { detail: error.message }) : error.message;
  say(error.kind === "refused" ? t("plan.refused", { detail: refusal(error) }) : text, { kind: "error" });
}

const signIn = () => location.assign(query("/login", { next: location.pathname + location.search }));

/** What the parts of the page know of each other. */
const app = {
  page, towns, complain, signIn,
  may: (permission) => Boolean(session?.permissions.includes(permission)),
  isDraft: () => page.plan?.state === "DRAFT",
  busy: () => Boolean(app.plans.redrawing?.running),
  edits: () => app.plans.edits,
};
app.view = new View(page, dataBlock("config"));
app.panels = new Panels(app);
app.bar = new Bar(app);
app.acts = new Acts(app);
app.course = new Course(app);
app.plans = new Plans(app);
app.comparison = new Comparison(app, (kind) => {
  if (kind === "slider") { app.view.repaint(); return; }
  app.panels.drawFoot();
  if (!byId("plan-selected").contains(document.activeElement)) app.panels.drawPanel();
  if (kind === "all") { app.view.repaint(); app.bar.draw(); } else if (page.compare) app.view.repaint();
});
app.handles = new EdgeHandles(page.map, page, async (edit) => { app.acts.report(await app.acts.edit({ op: "move_boundary", ...edit })); });
app.tools = new Tools(page.map, page, app.acts);
const { view, panels, bar, acts, course, comparison, plans, tools } = app;

function drawOrRedraw() {
  if (app.busy()) plans.redrawing.reopen();
  else if (page.division && app.isDraft() && app.may("plan")) plans.redrawing.sheet(() => course.drawNew()); else course.drawNew();
}

const presses = {
  undo: () => acts.turn(), redo: () => acts.turn(true), lock: () => acts.lock(), draw: drawOrRedraw, compare: () => comparison.toggle(), checks: () => comparison.check(),
  history: () => course.history(), renumber: () => acts.renumber(), files: () => course.files(), "help-button": () => byId("help").showModal(),
  "sign-out": async () => { try { await request("/api/session", { method: "DELETE" }); location.assign("/login"); } catch (error) { complain(error); } },
};
for (const [id, press] of Object.entries(presses)) byId(id).addEventListener("click", press);

startKeys({
  undo: (again) => acts.turn(again), lock: () => acts.lock(), flaw: () => comparison.nextFlaw(), compare: () => comparison.toggle(), history: () => { if (page.division) course.history(); },
  whole: () => view.whole(), use: (name) => tools.use(name), resize: (steps) => tools.resize(steps), pan: (way) => view.pan(way), zoom: (step) => view.zoom(step),
  escape: () => {
    if (plans.shown) plans.show(false);
    else if (tools.cancel()) { /* taken back */ }
    else if (page.compare) comparison.toggle();
    else if (!byId("sheet").hidden) closeSheet();
    else if (page.selected !== null) panels.select(null);
    else quiet();
  },
});

startSearch((hit) => {
  const grid = hit.kind === "grid" && page.division ? [...page.division.grids.values()].find((one) => one.code === hit.key) : null;
  if (grid) { panels.select(grid.number); view.flyTo(grid.number); } else view.fit(hit.bounds ?? [hit.lon, hit.lat, hit.lon, hit.lat]);
});

function titles() {
  document.title = t("plan.title");
  view.titles();
  byId("user").textContent = session?.name ?? "";
  byId("sign-out").hidden = !session;
}

onTheme(() => panels.drawAll());
onLanguage(() => {
  titles();
  bar.drawTools();
  plans.draw();
  closeSheet();
  quiet();
  if (app.busy()) plans.redrawing.reopen();
  if (page.compare) comparison.showSlider();
  panels.drawAll();
  bar.draw();
});
onBusy((running) => { byId("progress").hidden = running === 0; });
onLine((since) => {
  byId("map").classList.toggle("stale", Boolean(since));
  if (since) say(t("plan.offline"), { kind: "error" }); else { quiet(); plans.edits?.reload().catch(complain); }
});
setInterval(() => { if (byId("map").classList.contains("stale")) request("/api/session").catch(() => null); }, 5_000);

/** What the page says about itself on the console, and to its tests. */
window.fengqiaoPlan = {
  revision: () => page.division?.status.revision ?? null,
  busy: app.busy,
  handles: () => [...document.querySelectorAll("#map .marker-icon")].map((icon) => { const box = icon.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2, icon.classList.contains("marker-icon-middle")]; }),
  middles: () => Object.fromEntries([...page.division.grids.keys()].map((number) => [number, view.screenAt(page.division.outline(number).at)])),
  box: (number) => { const { box } = page.division.outline(number); return [...view.screenAt([box[0], box[1]]), ...view.screenAt([box[2], box[3]])]; },
  border: (one, other) => page.division.border(one, other).map((at) => view.screenAt(at)),
  neighbours: (number) => [...page.division.neighbours(number)].sort((a, b) => b[1] - a[1]).map(([other]) => other),
};

// ---- start ----------------------------------------------------------------------------------------------------------

bar.drawTools();
titles();
try {
  let tree, summary;
  [session, { plans: plans.list }, tree, summary] = await Promise.all([request("/api/session"), request("/api/plans"), request("/api/places"), request("/api/summary")]);
  if (session.password_is_one_time) signIn();
  takeSummary(summary);
  places = tree.places;
  titles();
  await plans.start();
} catch (error) { if (error.status === 401) signIn(); else { bar.draw(); complain(error); } }
document.documentElement.dataset.ready = "true";
