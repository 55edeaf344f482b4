// The planner: opens a plan, puts tools, table, sheets and keys together.
import { LatLngBounds, Map as LeafletMap, TileLayer, control } from "/static/leaflet.js";
import { Canvas } from "/static/canvas.js";
import { takeSummary } from "/static/clock.js";
import { byId, dataBlock, fill, h, settled, skeleton } from "/static/dom.js";
import { basemap, paintBuildings, paintRoads, paintWater } from "/static/ground.js";
import { onBusy, onLine, query, request } from "/static/net.js";
import { Blocks, inSlices } from "/static/plan_blocks.js";
import { Comparison } from "/static/plan_compare.js";
import { Course } from "/static/plan_course.js";
import { Division } from "/static/plan_division.js";
import { Redrawing } from "/static/plan_drawing.js";
import { EdgeHandles } from "/static/plan_edge.js";
import { Edits } from "/static/plan_edits.js";
import { startKeys } from "/static/plan_keys.js";
import { Picture } from "/static/plan_paint.js";
import { ask, closeSheet, opName } from "/static/plan_sheets.js";
import { GridTable, drawFoot, drawSelected } from "/static/plan_table.js";
import { SIZES, TOOLS, Tools } from "/static/plan_tools.js";
import { startSearch } from "/static/search.js";
import { onTheme, startSettings } from "/static/settings.js";
import * as state from "/static/state.js";
import { quiet, say } from "/static/status.js";
import { apply, count, metres, onLanguage, t } from "/static/words.js";

const config = dataBlock("config");
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

state.readAddress();
await startSettings();
apply();

const map = new LeafletMap("map", {
  zoomControl: false, attributionControl: Boolean(config.tile_url), zoomSnap: 0.25, wheelPxPerZoomLevel: 90, minZoom: 4, maxZoom: 20,
  fadeAnimation: !calm, zoomAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, keyboard: false, doubleClickZoom: false,
});
control.scale({ imperial: false, position: "bottomleft", maxWidth: 140 }).addTo(map);
const zoom = control.zoom({ position: "bottomleft" }).addTo(map);
for (const [name, level] of Object.entries({ fills: 210, ground: 220, marks: 350, labels: 355, lift: 360 })) map.createPane(name).style.zIndex = level;
if (config.tile_url) {
  map.attributionControl.setPrefix(false);
  new TileLayer(config.tile_url, { attribution: h("span", {}, config.tile_attribution).innerHTML, maxZoom: 20, maxNativeZoom: 18, opacity: 0.6 }).addTo(map);
}
map.setView([30, 114], 5, { animate: false });

/** What is shown; the picture and the tools read it. */
const page = { map, division: null, plan: null, selected: null, hovered: null, stroke: null, pointer: null, radius: 0, compare: null, mayEdit: false, tool: "select" };
let session = null, plans = [], places = [], edits = null, redrawing = null;

const picture = new Picture(page);
// What a brush changes lies apart from what only the view changes, so that a stroke paints little anew.
const layer = (pane, ...painters) => new Canvas(painters, { pane, padding: 0.1 });
const fills = layer("fills", picture.fills);
const ground = layer("ground", picture.mesh, paintWater, paintRoads, paintBuildings);
const marks = layer("marks", picture.edges);
const labels = layer("labels", picture.labels);
const lift = layer("lift", picture.lift);
const CANVASES = [fills, ground, marks, labels, lift];
const repaint = () => { for (const canvas of CANVASES) canvas.repaint(); };
for (const source of Object.values(basemap)) source.onChange(() => ground.repaint());
const loadGround = settled(() => Promise.allSettled(Object.values(basemap).map((source) => source.load(map))), 150);

const may = (permission) => Boolean(session?.permissions.includes(permission));
const isDraft = () => page.plan?.state === "DRAFT";
const signIn = () => location.assign(query("/login", { next: location.pathname + location.search }));

function complain(error) {
  if (error.name === "AbortError") return;
  if (error.status === 401) { signIn(); return; }
  const text = error.kind === "offline" ? t("fault.offline", { detail: error.message }) : error.message;
  say(error.kind === "refused" ? t("plan.refused", { detail: text }) : text, { kind: "error" });
}

// ---- the table, the foot and the selected grid --------------------------------------------------------------------

const table = new GridTable((number, { fly }) => { select(number); if (fly) flyTo(number); });

function drawPanel() {
  if (!page.division) { byId("plan-selected").hidden = true; return; }
  drawSelected(page.division, page.selected, comparison.impact, page.mayEdit, {
    close: () => select(null), go: (number) => { select(number); flyTo(number); }, merge: (number) => merge(page.selected, number), lock,
    abolish: () => edits.edit({ op: "abolish", grid: page.selected }).then(report), rename, convert: (grid) => course.convert(grid),
  });
}

function select(number) {
  page.selected = number !== null && page.division?.grids.has(number) ? number : null;
  state.set({ selection: page.selected === null ? "" : `grid:${page.selected}` }, { silent: true });
  table.select(page.selected);
  drawPanel();
  drawBar();
  lift.repaint();
}

/** Shows which grid is meant, without its panel. */
function mark(number) { page.selected = number; table.select(number); lift.repaint(); }

function drawAll() {
  const { division } = page;
  if (!division) return;
  if (page.selected !== null && !division.grids.has(page.selected)) page.selected = null;
  table.draw(division, page.selected);
  drawFoot(division, comparison.impact);
  drawPanel();
  drawBar();
  repaint();
}

function drawBar() {
  const { plan, division } = page;
  byId("plan-name").textContent = plan ? plan.name : t("plan.none");
  const badge = byId("plan-state");
  badge.hidden = !plan;
  if (plan) { badge.textContent = t(`plan.state.${plan.state}`); badge.dataset.state = plan.state; }
  page.mayEdit = Boolean(plan) && may("plan") && isDraft() && !redrawing?.running;
  const { can_undo: undo = null, can_redo: redo = null } = division?.status ?? {};
  for (const [id, op, key] of [["undo", undo, "plan.undo"], ["redo", redo, "plan.redo"]]) {
    const button = byId(id);
    button.disabled = !page.mayEdit || !op;
    button.title = op ? `${t(key)}: ${opName(op)}` : t(key);
    button.setAttribute("aria-label", button.title);
  }
  const chosen = division?.grids.get(page.selected);
  byId("lock").disabled = !page.mayEdit;
  byId("lock").textContent = chosen ? t(chosen.locked ? "plan.unlock" : "plan.lock") : t(allLocked() ? "plan.unlock_all" : "plan.lock_all");
  for (const id of ["compare", "checks", "history"]) byId(id).disabled = !division;
  byId("renumber").disabled = !page.mayEdit;
  byId("draw").disabled = !may("plan");
  byId("compare").setAttribute("aria-pressed", String(Boolean(page.compare)));
  course.drawSteps();
  page.tool = tools.name;
  handles.show();
  for (const button of byId("tools").querySelectorAll("button[data-tool]")) {
    const { tool } = button.dataset;
    button.disabled = !division || (!page.mayEdit && !["select", "measure"].includes(tool));
    button.setAttribute("aria-pressed", String(tool === tools.name));
  }
  const size = byId("brush-size");
  size.hidden = tools.name !== "brush";
  size.querySelector("output").textContent = SIZES[tools.size] ? `${SIZES[tools.size]} px` : t("plan.brush_one");
  byId("tool-hint").textContent = division && (page.mayEdit || tools.name === "measure") ? t(`plan.tool_hint.${tools.name}`) : plan && !page.mayEdit ? t(redrawing?.running ? "plan.drawing" : isDraft() ? "plan.read_only" : "plan.frozen") : "";
}

const allLocked = () => page.division && [...page.division.grids.values()].every((grid) => grid.locked);

// ---- edits ----------------------------------------------------------------------------------------------------------

function report(edited) {
  if (!edited) return;
  const parts = [edited.edit ? opName(edited.edit.op) : ""];
  if (edited.moved_households > 0) parts.push(t("plan.moved_count", { count: count(edited.moved_households) }));
  const codes = edited.broken.map((number) => page.division.grids.get(number)?.code.slice(-3)).filter(Boolean);
  if (codes.length) parts.push(t("plan.broken_now", { codes: codes.join(t("plan.comma")) }));
  say(parts.filter(Boolean).join(" · "), { kind: codes.length ? "warn" : "info", action: { text: t("plan.undo_short"), run: () => edits.undo().then(() => null) } });
}

const does = {
  select, repaint: () => { lift.repaint(); }, changed: drawBar,
  refused: () => say(t("plan.locked_grid"), { kind: "warn" }),
  painted(touched) {
    table.update(touched);
    const chosen = page.division.grids.get(page.selected);
    if (chosen && touched.has(page.selected) && byId("selected-households")) byId("selected-households").textContent = count(chosen.households);
    live();
    fills.repaint();
    marks.repaint();
  },
  async paint(blocks, to) {
    if (!page.mayEdit) return;
    const edited = await edits.edit({ op: "give", blocks: blocks.map((b) => page.division.blocks.id[b]), to });
    if (edited?.broken.length) report(edited);
  },
  merge: (one, other) => merge(one, other),
  measured(positions) {
    const length = positions.reduce((sum, at, i) => sum + (i ? map.distance(positions[i - 1], at) : 0), 0);
    say(t("plan.measured", { length: metres(length) }));
  },
  async drawn(tool, line) {
    const { division } = page;
    if (tool === "measure") { this.measured(line.map(([lng, lat]) => ({ lat, lng }))); return; }
    const project = ([lng, lat]) => tools.place(map.latLngToContainerPoint([lat, lng]));
    if (tool === "dedicated") {
      const values = await ask({ title: t("plan.dedicated_title"), text: t("plan.dedicated_text"), fields: [{ name: "name", label: t("plan.field.name") }], action: t("plan.tool.dedicated") });
      if (values) { const done = await edits.edit({ op: "carve_out", polygon: line, name: values.name }); report(done); }
      return;
    }
    let grid = page.selected;
    if (tool === "split") {
      if (grid === null) grid = crossed(line.map(project));
      if (grid === null) { say(t("plan.choose_first"), { kind: "warn" }); return; }
      report(await edits.edit({ op: "split", grid, line }));
      return;
    }
    const start = project(line[0]);
    if (grid === null) grid = tools.gridAt(start) ?? tools.gridAt(project(line.at(-1)));
    const other = grid === null ? null : division.across(grid, start.x, start.y);
    if (other === null) { say(t("plan.choose_first"), { kind: "warn" }); return; }
    report(await edits.edit({ op: "move_boundary", one: grid, other, line }));
  },
};

/** The grid in which most of a drawn line lies. */
function crossed(line) {
  const found = new Map();
  for (let i = 1; i < line.length; i += 1) {
    for (let k = 0; k <= 20; k += 1) {
      const number = tools.gridAt({ x: line[i - 1].x + ((line[i].x - line[i - 1].x) * k) / 20, y: line[i - 1].y + ((line[i].y - line[i - 1].y) * k) / 20 });
      if (number !== null) found.set(number, (found.get(number) ?? 0) + 1);
    }
  }
  return [...found].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** While the brush moves, what takes longer to draw than a frame follows a few times a second. */
let liveTimer = 0;
function live() {
  liveTimer ||= setTimeout(() => { liveTimer = 0; drawFoot(page.division, comparison.impact); drawPanel(); labels.repaint(); }, 150);
}

async function merge(one, other) {
  const done = await edits.edit({ op: "merge", grids: [one, other], into: one });
  if (done) { select(one); report(done); }
}

function lock() {
  if (!page.mayEdit) return;
  const grid = page.division.grids.get(page.selected);
  const locked = grid ? grid.locked : allLocked();
  edits.edit({ op: locked ? "unlock" : "lock", grids: grid ? [grid.number] : null });
}

async function rename(grid) {
  const values = await ask({ title: t("plan.rename"), fields: [{ name: "name", label: t("plan.field.name"), value: grid.name }], action: t("plan.rename") });
  if (values) edits.edit({ op: "rename", grid: grid.number, name: values.name });
}

async function renumber() {
  try {
    await edits.last;
    await request(`/api/plans/${page.plan.id}/renumber`, { method: "POST", headers: edits.headers });
    await edits.reload();
    say(t("plan.renumbered"));
  } catch (error) { complain(error); }
}

async function undo(again = false) {
  if (!page.mayEdit) return;
  const op = again ? page.division.status.can_redo : page.division.status.can_undo;
  if (!op && !edits.waiting) return;
  const done = await (again ? edits.redo() : edits.undo());
  if (done) say(t(again ? "plan.redone" : "plan.undone", { op: opName(op ?? done.can_redo ?? "") }));
}

const towns = () => { const found = []; const walk = (place) => { if (place.level === "TOWN") found.push(place); else for (const child of place.children) walk(child); }; for (const root of places) walk(root); return found.length ? found : places; };

// ---- plans ----------------------------------------------------------------------------------------------------------

async function loadPlans() {
  plans = (await request("/api/plans")).plans;
  if (page.plan) Object.assign(page.plan, plans.find((plan) => plan.id === page.plan.id));
  drawPlans();
  drawBar();
}

function drawPlans() {
  fill(byId("plan-panel"),
    may("plan") && h("button", { type: "button", id: "new-plan", class: "primary", onclick: () => { showPlans(false); course.drawNew(); } }, t("plan.new")),
    plans.length ? h("ul", { class: "plan-list" }, ...plans.map((plan) => h("li", { aria: { current: String(plan.id === page.plan?.id) } },
      h("button", { type: "button", class: "plain", data: { plan: plan.id }, onclick: () => { showPlans(false); open(plan.id); } },
        h("b", {}, plan.name), h("span", { class: "badge", data: { state: plan.state } }, t(`plan.state.${plan.state}`)),
        h("small", {}, [plan.scope_code, plan.created_by, plan.valid_from && t("plan.from_date", { date: plan.valid_from })].filter(Boolean).join(" · "))),
      plan.state === "DRAFT" && may("plan") && h("button", { type: "button", class: "plain icon", title: t("plan.discard"), aria: { label: `${t("plan.discard")}: ${plan.name}` }, onclick: () => { showPlans(false); course.discard(plan); } }, "✕")))) : h("p", { class: "hint" }, t("plan.no_plans")));
}

function showPlans(on) {
  const panel = byId("plan-panel");
  panel.hidden = !on;
  byId("plan-button").setAttribute("aria-expanded", String(on));
  if (on) panel.querySelector("button")?.focus(); else if (panel.contains(document.activeElement)) byId("plan-button").focus();
}
byId("plan-button").addEventListener("click", () => showPlans(byId("plan-panel").hidden));
document.addEventListener("pointerdown", (event) => { if (!byId("plan-panel").hidden && !byId("plan-panel").contains(event.target) && !byId("plan-button").contains(event.target)) showPlans(false); });

async function open(id) {
  redrawing?.leave();
  redrawing = null;
  document.documentElement.removeAttribute("data-plan");
  byId("plan-empty").replaceChildren(skeleton(8));
  byId("plan-rows").replaceChildren();
  Object.assign(page, { division: null, selected: null, hovered: null, compare: null });
  Object.assign(page, { plan: { ...plans.find((plan) => plan.id === id) } });
  comparison.leave();
  closeSheet();
  repaint();
  try {
    const base = `/api/plans/${id}`;
    if (!await prepared(base, id)) return;
    const [blocks, status, assignment] = await Promise.all([request(`${base}/blocks`), request(`${base}/state`), request(`${base}/assignment`)]);
    const division = new Division(await Blocks.load(blocks));
    division.take(status, assignment.grid);
    await inSlices(division.trace());
    if (page.plan?.id !== id) return;
    page.division = division;
    page.plan.revision = status.revision;
    edits = new Edits({ plan: page.plan, division, conflict: (...found) => course.conflict(...found), complain, tell: () => { drawAll(); comparison.refresh(); } });
    const names = new Map(towns().flatMap((town) => town.children).map((village) => [village.code, village.name]));
    redrawing = new Redrawing({ names, plan: page.plan, division, edits, paint: () => { drawAll(); }, complain, tell: (kind, fresh) => { say(fresh ? t(kind === "done" ? "plan.drawn" : "plan.drawn_stopped", { grids: count(page.division.grids.size) }) : t(`plan.redrawn.${kind}`)); comparison.refresh(); } });
    byId("plan-empty").replaceChildren();
    const [kind, key] = state.get("selection").split(":");
    page.selected = kind === "grid" && state.get("plan") === String(id) && division.grids.has(Number(key)) ? Number(key) : null;
    const same = state.get("plan") === String(id);
    state.set({ plan: id }, { silent: true });
    try { localStorage.setItem("plan", id); } catch { /* storage may be switched off */ }
    const view = state.get("view").split(",").map(Number);
    if (same && view.length === 3 && view.every(Number.isFinite)) map.setView([view[0], view[1]], view[2], { animate: false });
    else whole(true);
    drawAll();
    drawPlans();
    loadGround();
    comparison.refresh();
    redrawing.follow();
  } catch (error) {
    byId("plan-empty").replaceChildren(h("p", { class: "plan-flaw" }, t("plan.open_failed", { detail: error.message })));
    drawBar();
    if (error.status === 401) signIn();
  }
  document.documentElement.dataset.plan = id;
}

/** A new plan has no blocks in its first seconds; false when another plan was opened meanwhile. */
async function prepared(base, id) {
  for (;;) {
    const job = await request(`${base}/draw`);
    if (page.plan?.id !== id) return false;
    if (job.ready || job.state !== "running") return true;
    byId("tool-hint").textContent = t("plan.preparing");
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }
}

async function start() {
  let kept = null;
  try { kept = localStorage.getItem("plan"); } catch { /* storage may be switched off */ }
  const wanted = [state.get("plan"), kept].map((id) => plans.find((plan) => String(plan.id) === id)).find(Boolean) ?? plans.find((plan) => plan.state === "DRAFT") ?? plans[0];
  if (wanted) { await open(wanted.id); return; }
  Object.assign(page, { division: null, plan: null, selected: null });
  drawPlans();
  drawBar();
  drawPanel();
  repaint();
  byId("plan-rows").replaceChildren();
  fill(byId("plan-empty"), h("p", {}, t("plan.no_plans")), may("plan") && h("button", { type: "button", class: "primary", onclick: () => { showPlans(false); course.drawNew(); } }, t("plan.new")));
}

// ---- moving ---------------------------------------------------------------------------------------------------------

function fit([west, south, east, north], now_) {
  const padded = byId("plan-selected").hidden && byId("sheet").hidden ? 20 : Math.min(byId("plan-selected").offsetWidth || byId("sheet").offsetWidth, map.getSize().x / 3) + 30;
  const options = { paddingTopLeft: [20, 60], paddingBottomRight: [padded, 30], maxZoom: 18 };
  const bounds = new LatLngBounds([south, west], [north, east]);
  if (now_ || calm) map.fitBounds(bounds, { ...options, animate: false }); else map.flyToBounds(bounds, { ...options, duration: 0.5 });
}
const whole = (now_ = false) => { if (page.division) fit(page.division.blocks.degreesOf(page.division.blocks.bounds), now_); };
const flyTo = (number) => fit(page.division.blocks.degreesOf(page.division.outline(number).box));
const lonOf = (x) => (x - 0.5) * 360;
const latOf = (y) => (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;
const fitMercator = ([west, top, east, bottom]) => fit([lonOf(west), latOf(bottom), lonOf(east), latOf(top)]);

map.on("moveend", () => {
  if (!page.division) return;
  const { lat, lng } = map.getCenter();
  state.set({ view: `${lat.toFixed(5)},${lng.toFixed(5)},${map.getZoom()}` }, { silent: true });
  loadGround();
});

// ---- tools, keys, words ---------------------------------------------------------------------------------------------

const busy = () => Boolean(redrawing?.running);
const app = { page, edits: () => edits, plans: () => plans, towns, may, busy, select, flyTo, fitMercator, complain, signIn, open, start, loadPlans, mark };
const comparison = new Comparison(app, (kind) => {
  if (kind === "slider") { for (const canvas of [fills, ground, marks, labels]) canvas.repaint(); return; }
  if (page.division) drawFoot(page.division, comparison.impact);
  if (!byId("plan-selected").contains(document.activeElement)) drawPanel();
  if (kind === "all") { repaint(); drawBar(); } else if (page.compare) marks.repaint();
});
const course = new Course(Object.assign(app, { comparison }));
const handles = new EdgeHandles(map, page, async (edit) => { report(await edits.edit({ op: "move_boundary", ...edit })); });
const tools = new Tools(map, page, does);
function drawTools() {
  byId("tools").replaceChildren(...TOOLS.map((name, at) => h("button", {
    type: "button", data: { tool: name }, title: `${t(`plan.tool.${name}`)} (${at + 1})`, aria: { pressed: String(name === tools.name), keyshortcuts: String(at + 1) }, onclick: () => tools.use(name),
  }, t(`plan.tool.${name}`), h("kbd", { aria: { hidden: "true" } }, String(at + 1)))),
  h("span", { id: "brush-size", hidden: true }, h("button", { type: "button", class: "plain icon", aria: { label: t("plan.brush_smaller") }, onclick: () => tools.resize(-1) }, "["), h("output", {}), h("button", { type: "button", class: "plain icon", aria: { label: t("plan.brush_larger") }, onclick: () => tools.resize(1) }, "]")),
  h("span", { id: "tool-hint", role: "status" }));
}

byId("undo").addEventListener("click", () => undo());
byId("redo").addEventListener("click", () => undo(true));
byId("lock").addEventListener("click", lock);
byId("draw").addEventListener("click", drawOrRedraw);
byId("compare").addEventListener("click", () => comparison.toggle());
byId("checks").addEventListener("click", () => comparison.check());
byId("history").addEventListener("click", () => course.history());
byId("renumber").addEventListener("click", renumber);
byId("files").addEventListener("click", () => course.files());
byId("help-button").addEventListener("click", () => byId("help").showModal());

function drawOrRedraw() {
  if (busy()) redrawing.reopen();
  else if (page.division && isDraft() && may("plan")) redrawing.sheet(() => course.drawNew()); else course.drawNew();
}

startKeys({
  undo, lock, flaw: () => comparison.nextFlaw(), compare: () => comparison.toggle(), history: () => { if (page.division) course.history(); }, whole: () => whole(),
  use: (name) => tools.use(name), resize: (steps) => tools.resize(steps), pan: ([x, y]) => map.panBy([x * 120, y * 120], { animate: !calm }),
  zoom: (step) => map.setZoom(map.getZoom() + step, { animate: !calm }),
  escape: () => {
    if (!byId("plan-panel").hidden) showPlans(false);
    else if (tools.cancel()) { /* taken back */ }
    else if (page.compare) comparison.toggle();
    else if (!byId("sheet").hidden) closeSheet();
    else if (page.selected !== null) select(null);
    else quiet();
  },
});

startSearch((hit) => {
  if (hit.kind === "grid" && page.division) {
    const grid = [...page.division.grids.values()].find((one) => one.code === hit.key);
    if (grid) { select(grid.number); flyTo(grid.number); return; }
  }
  fit(hit.bounds ?? [hit.lon, hit.lat, hit.lon, hit.lat]);
});

function titles() {
  document.title = t("plan.title");
  for (const [button, key] of [[zoom._zoomInButton, "zoom.in"], [zoom._zoomOutButton, "zoom.out"]]) { button.title = t(key); button.setAttribute("aria-label", t(key)); }
  byId("user").textContent = session?.name ?? "";
  byId("sign-out").hidden = !session;
}
byId("sign-out").addEventListener("click", async () => { try { await request("/api/session", { method: "DELETE" }); location.assign("/login"); } catch (error) { complain(error); } });
onTheme(() => { drawAll(); repaint(); });
onLanguage(() => { titles(); drawTools(); drawPlans(); closeSheet(); quiet(); if (busy()) redrawing.reopen(); if (page.compare) comparison.showSlider(); drawAll(); drawBar(); });
onBusy((running) => { byId("progress").hidden = running === 0; });
onLine((since) => { byId("map").classList.toggle("stale", Boolean(since)); if (since) say(t("plan.offline"), { kind: "error" }); else { quiet(); edits?.reload().catch(complain); } });
setInterval(() => { if (byId("map").classList.contains("stale")) request("/api/session").catch(() => null); }, 5_000);

/** What the page says about itself on the console, and to its tests. */
const screenAt = ([x, y]) => { const { blocks } = page.division; const [lon, , , lat] = blocks.degreesOf([x, y, x, y]); const at = map.latLngToContainerPoint([lat, lon]); return [at.x, at.y]; };
window.fengqiaoPlan = {
  revision: () => page.division?.status.revision ?? null,
  busy,
  handles: () => [...document.querySelectorAll("#map .marker-icon")].map((icon) => { const box = icon.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2, icon.classList.contains("marker-icon-middle")]; }),
  middles: () => Object.fromEntries([...page.division.grids.keys()].map((number) => [number, screenAt(page.division.outline(number).at)])),
  box: (number) => { const { box } = page.division.outline(number); return [...screenAt([box[0], box[1]]), ...screenAt([box[2], box[3]])]; },
  border: (one, other) => page.division.border(one, other).map(screenAt),
  neighbours: (number) => [...page.division.neighbours(number)].sort((a, b) => b[1] - a[1]).map(([other]) => other),
};

// ---- start ----------------------------------------------------------------------------------------------------------

for (const canvas of CANVASES) canvas.addTo(map);
drawTools();
titles();
try {
  let tree, summary;
  [session, { plans }, tree, summary] = await Promise.all([request("/api/session"), request("/api/plans"), request("/api/places"), request("/api/summary")]);
  if (session.password_is_one_time) signIn();
  takeSummary(summary);
  places = tree.places;
  titles();
  await start();
} catch (error) { if (error.status === 401) signIn(); else { drawBar(); complain(error); } }
document.documentElement.dataset.ready = "true";
