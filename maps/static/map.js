// The map page: puts the layers, panels and keys together.
import { LatLngBounds, Map as LeafletMap, TileLayer, control } from "/static/leaflet.js";
import { Canvas, mercatorAt } from "/static/canvas.js";
import { showDetail, hideDetail } from "/static/detail.js";
import { byId, dataBlock, h, settled } from "/static/dom.js";
import * as grids from "/static/grids.js";
import { basemap, paintBuildings, paintRoads, paintWater } from "/static/ground.js";
import { Heat } from "/static/heat.js";
import { startKeys } from "/static/keys.js";
import { features, onBusy, onLine, query, request } from "/static/net.js";
import { LayerPanel } from "/static/panel.js";
import { Places } from "/static/places.js";
import * as points from "/static/points.js";
import { startSearch } from "/static/search.js";
import * as selection from "/static/selection.js";
import { onTheme, startSettings } from "/static/settings.js";
import { shape } from "/static/shapes.js";
import * as state from "/static/state.js";
import { Strip, quiet, say } from "/static/status.js";
import { tipOf } from "/static/tip.js";
import { apply, count, onLanguage, t } from "/static/words.js";

const config = dataBlock("config");
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const FIRST_VIEW = [30, 114, 5];

state.readAddress();
await startSettings();
apply();

const map = new LeafletMap("map", {
  zoomControl: false, attributionControl: Boolean(config.tile_url), zoomSnap: 0.25, wheelPxPerZoomLevel: 90, minZoom: 4, maxZoom: 20,
  fadeAnimation: !calm, zoomAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, keyboard: false,
});
control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
const zoom = control.zoom({ position: "bottomright" }).addTo(map);

const panes = { ground: 220, heat: 300, marks: 400, lift: 450 };
for (const [name, level] of Object.entries(panes)) map.createPane(name).style.zIndex = level;
if (config.tile_url) {
  map.attributionControl.setPrefix(false);
  new TileLayer(config.tile_url, { attribution: h("span", {}, config.tile_attribution).innerHTML, maxZoom: 20, maxNativeZoom: 18, opacity: 0.6 }).addTo(map);
}

let hovered = null;
const ground = new Canvas([grids.paintFills, paintWater, paintRoads, paintBuildings], { pane: "ground" });
const marks = new Canvas([points.paintIsovists, points.paintGaps, grids.paintEdges, points.paintHouseholds, points.paintCameras, grids.paintLabels, points.paintReports], { pane: "marks" });
const lift = new Canvas([grids.paintPlace, paintLift], { pane: "lift" });
const heat = new Heat(map);

function paintLift(pen, view) {
  const chosen = selection.selected();
  const item = selection.item(chosen);
  for (const one of [hovered, item && { kind: chosen.kind, layer: layerOf(chosen.kind), item }]) {
    if (!one) continue;
    if (one.kind === "grid") grids.outline(pen, view, one.item, one === hovered ? 1.5 : 3);
    else points.paintOne(pen, view, one);
  }
}
const layerOf = (kind) => ({ grid: "grids", camera: "cameras", report: "reports", gap: "gaps", household: "households" })[kind];

// ---- loading ----------------------------------------------------------------------------------------------------

const sourceOf = (name) => (name === "grids" ? grids.coloured() : name === "heat" ? heat : points.SOURCES[name]);
const countOf = (name) => {
  if (name === "grids") return grids.coloured().items.length;
  if (name === "heat") return heat.body?.count;
  return points.SOURCES[name].status === "far" ? NaN : name === "reports" ? points.shownReports().length : points.SOURCES[name].items.length;
};
const panel = new LayerPanel({ sources: sourceOf, counts: countOf, retry: () => loadAll() });
const strip = new Strip();
const places = new Places((code) => goTo(code), (code) => { const grid = grids.find(code); return grid && { name: grid.p.name, parent: grid.p.parent_code }; });

let placed = false;
async function loadAll() {
  if (!placed) return;
  const wanted = [...Object.values(basemap), ...Object.values(grids.grids)];
  for (const [name, source] of Object.entries(points.SOURCES)) if (state.shown(name)) wanted.push(source);
  await Promise.allSettled([...wanted.map((source) => source.load(map)), heat.load()]);
}

for (const source of Object.values(basemap)) source.onChange(() => ground.repaint());
for (const source of Object.values(grids.grids)) {
  source.onChange(() => { ground.repaint(); marks.repaint(); lift.repaint(); panel.update(["grids"]); refreshDetail("grid"); });
}
for (const [name, source] of Object.entries(points.SOURCES)) {
  source.onChange(() => { marks.repaint(); lift.repaint(); panel.update([name]); refreshDetail(selectionKind(name)); });
}
heat.onChange(() => panel.update(["heat"]));
const selectionKind = (layer) => ({ cameras: "camera", isovists: "camera", reports: "report", gaps: "gap", households: "household" })[layer];

async function loadSummary() {
  try {
    strip.take(await request(query("/api/summary", { as_of: state.get("date") })));
  } catch (error) {
    strip.age();
    if (error.status === 401) signIn();
  }
}

async function loadPlans() {
  try {
    grids.takePlans((await request("/api/plans")).plans);
    ground.repaint();
    panel.update(["grids"]);
  } catch (error) { if (error.status === 401) signIn(); } // without the plans the usual target counts
}

const signIn = () => location.assign(query("/login", { next: location.pathname + location.search }));

// ---- selection --------------------------------------------------------------------------------------------------

let detailed = "";
function select(kind, key, { focus = false } = {}) {
  state.set({ selection: kind ? `${kind}:${key}` : "" });
  if (focus) refreshDetail(kind, { focus: true, force: true });
}

function refreshDetail(kind = null, { focus = false, force = false } = {}) {
  const chosen = selection.selected();
  if (kind && chosen?.kind !== kind) return;
  const item = selection.item(chosen);
  if (!chosen) { detailed = ""; hideDetail(); return; }
  if (!item) { if (chosen.kind === "grid") fetchArea(chosen.key); return; } // of other kinds the source tells when it is there
  const mark = `${state.get("selection")}|${state.get("date")}|${item.seen?.p.camera_id ?? ""}`;
  if (mark === detailed && !force) return;
  detailed = mark;
  if (chosen.kind === "camera" && !item.seen) lookThrough(item);
  const code = item.p.code ?? item.p.grid_code ?? item.p.village_code;
  const above = chosen.kind === "grid" ? places.path(code).slice(0, -1) : places.path(code);
  const children = chosen.kind === "grid" && item.p.level !== "CELL" ? Object.values(grids.grids).flatMap((source) => source.items).filter((grid) => grid.p.parent_code === item.p.code) : [];
  showDetail(chosen.kind, item, { path: above.join(" › "), close: () => { select(null); map.getContainer().focus(); }, select: pick, children }, { focus });
}

/** An area outside the loaded box, or of a level that is not drawn at this zoom. */
async function fetchArea(code) {
  if (!placed || grids.asked(code)) return null;
  try {
    grids.keep(code, null);
    grids.keep(code, shape(await request(query(`/api/grids/${encodeURIComponent(code)}`, { as_of: state.get("date") }))));
    lift.repaint();
    refreshDetail("grid");
    return grids.find(code);
  } catch (error) {
    if (error.status === 404) say(t("detail.gone", { code })); else complain(error);
    return null;
  }
}

const inquired = new Set();
/** What one camera sees, also while the layer of isovists is off. */
async function lookThrough(camera) {
  const key = camera.p.camera_id;
  const loaded = points.isovists.items.find((one) => one.p.camera_id === key);
  if (loaded) { camera.seen = loaded; return; }
  if (inquired.has(key)) return;
  inquired.add(key);
  const [lon, lat] = [(camera.at[0] - 0.5) * 360, (Math.atan(Math.sinh((0.5 - camera.at[1]) * 2 * Math.PI)) * 180) / Math.PI];
  try {
    const body = await request(query("/api/coverage/isovists", { bbox: [lon - 1e-5, lat - 1e-5, lon + 1e-5, lat + 1e-5].map((v) => v.toFixed(6)).join(",") }));
    const found = body.features.map(shape).find((one) => one.p.camera_id === key);
    if (found) { camera.seen = found; lift.repaint(); refreshDetail("camera"); }
  } catch { inquired.delete(key); }
}

function pick(kind, key) {
  select(kind, key);
  const item = selection.item({ kind, key });
  if (item) flyToBox(item.box);
}

// ---- moving -----------------------------------------------------------------------------------------------------

const lonOf = (x) => (x - 0.5) * 360;
const latOf = (y) => (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;

/** Room that the panels cover, so that what is flown to never lies below them. */
function room() {
  const left = byId("layers"), right = byId("detail");
  const narrow = map.getSize().x < 900;
  return {
    paddingTopLeft: [narrow || byId("layers-body").hidden ? 20 : left.offsetWidth + 30, 20],
    paddingBottomRight: [narrow || right.hidden ? 20 : right.offsetWidth + 30, 60],
  };
}

function fly(bounds, { maxZoom = 17, now = false } = {}) {
  const options = { ...room(), maxZoom };
  if (now || calm) map.fitBounds(bounds, { ...options, animate: false }); else map.flyToBounds(bounds, { ...options, duration: 0.6 });
}
const flyToBox = ([west, north, east, south]) => fly(new LatLngBounds([latOf(south), lonOf(west)], [latOf(north), lonOf(east)]));

async function goTo(code) {
  state.set({ place: code, selection: code ? `grid:${code}` : "" });
  places.title();
  if (!code) { whole(); return; }
  const area = grids.find(code) ?? await fetchArea(code);
  if (area) flyToBox(area.box);
}

function whole(now = false) {
  const boxes = [grids.grids.TOWN, grids.grids.VILLAGE, grids.grids.CELL].map((source) => source.items).find((items) => items.length)?.map((grid) => grid.box);
  if (!boxes) { if (now) map.setView([FIRST_VIEW[0], FIRST_VIEW[1]], FIRST_VIEW[2], { animate: false }); return false; }
  fitBoxes(boxes, now);
  return true;
}

function fitBoxes(boxes, now) {
  const box = boxes.reduce((all, one) => [Math.min(all[0], one[0]), Math.min(all[1], one[1]), Math.max(all[2], one[2]), Math.max(all[3], one[3])]);
  fly(new LatLngBounds([latOf(box[3]), lonOf(box[0])], [latOf(box[1]), lonOf(box[2])]), { now });
}

/** On a day before the first grids the map still shows the place where they are now. */
async function showPresentArea() {
  const { features: found } = await features(query("/api/grids", { level: "VILLAGE", limit: 10_000 }));
  const boxes = found.map((village) => shape(village).box);
  if (boxes.length) fitBoxes(boxes, true);
}

function found(hit) {
  const [west, south, east, north] = hit.bounds ?? [hit.lon, hit.lat, hit.lon, hit.lat];
  const kind = hit.kind;
  if (kind === "camera" && !state.shown("cameras")) state.toggle("cameras", true);
  if (kind === "grid" || kind === "camera") select(kind, hit.key);
  else { select(null); pinned = [hit.lon, hit.lat, hit.label]; drawPin(); }
  fly(new LatLngBounds([south, west], [north, east]), { maxZoom: kind === "grid" ? 17 : 18 });
}

let pinned = null;
const pin = h("div", { class: "pin", hidden: true }, h("span", {}), h("b", {}));
map.getPane("lift").append(pin);
function drawPin() {
  pin.hidden = !pinned;
  if (!pinned) return;
  pin.lastChild.textContent = pinned[2];
  const at = map.latLngToLayerPoint([pinned[1], pinned[0]]);
  pin.style.transform = `translate(${at.x}px, ${at.y}px)`;
}

// ---- events -----------------------------------------------------------------------------------------------------

const keepView = () => {
  const { lat, lng } = map.getCenter();
  state.set({ view: `${lat.toFixed(5)},${lng.toFixed(5)},${map.getZoom()}` }, { silent: true });
};
const loadSoon = settled(loadAll, 150);
map.on("moveend", () => { if (placed) { keepView(); loadSoon(); } });
map.on("zoomstart", () => { hovered = null; tip.hidden = true; pin.hidden = true; });
map.on("zoomend viewreset", drawPin);
map.on("zoomend", () => panel.update());

const tip = h("div", { class: "tip", role: "tooltip", hidden: true });
byId("map").parentElement.append(tip);
let pointer = null;
map.on("mousemove", (event) => {
  if (pointer === null) requestAnimationFrame(hover);
  pointer = event.containerPoint;
});
map.on("mouseout", () => { hovered = null; tip.hidden = true; lift.repaint(); });

function hover() {
  const at = pointer;
  pointer = null;
  if (!at || map._animatingZoom) return;
  const under = selection.under(mercatorAt(map, at));
  byId("map").classList.toggle("hit", Boolean(under));
  tip.hidden = !under;
  if (under) {
    tip.replaceChildren(...tipOf(under));
    const size = map.getSize();
    const x = at.x > size.x - 330 ? at.x - tip.offsetWidth - 24 : at.x, y = at.y > size.y - 160 ? at.y - tip.offsetHeight - 28 : at.y;
    tip.style.left = `${x}px`;
    tip.style.top = `${y}px`;
  }
  if (under?.item !== hovered?.item) {
    hovered = under;
    if (under?.kind === "camera" && !under.item.seen) lookThrough(under.item);
    lift.repaint();
  }
}

map.on("click", (event) => {
  const under = selection.under(mercatorAt(map, event.containerPoint));
  pinned = null;
  drawPin();
  select(under?.kind ?? null, under?.key);
});

state.onChange((changed) => {
  if (changed.has("date")) {
    for (const source of [...Object.values(grids.grids), points.reports]) source.stale();
    heat.stale();
    grids.forget();
    places.load();
    loadSummary();
  }
  if (changed.has("days") || changed.has("category")) points.reports.stale();
  if (["layers", "colour", "show"].some((name) => changed.has(name))) { ground.repaint(); marks.repaint(); }
  panel.update();
  refreshDetail();
  lift.repaint();
  loadAll();
});

const repaint = () => { ground.repaint(); marks.repaint(); lift.repaint(); panel.update(); refreshDetail(null, { force: true }); };
onTheme(repaint);
onLanguage(() => { repaint(); strip.draw(); quiet(); titles(); showUser(); });
const titles = () => {
  document.title = t("map.title");
  zoom._zoomInButton.title = t("zoom.in");
  zoom._zoomInButton.setAttribute("aria-label", t("zoom.in"));
  zoom._zoomOutButton.title = t("zoom.out");
  zoom._zoomOutButton.setAttribute("aria-label", t("zoom.out"));
};

onBusy((running) => { byId("progress").hidden = running === 0; });
onLine((since) => {
  byId("map").classList.toggle("stale", Boolean(since));
  strip.age();
  if (!since) { quiet(); loadSummary(); loadAll(); }
});
// While the line is down, one small question every five seconds finds out when it is back.
setInterval(() => { if (byId("map").classList.contains("stale")) loadSummary(); }, 5_000);
setInterval(() => { if (!document.hidden && !byId("map").classList.contains("stale")) loadSummary(); }, 60_000);

function complain(error) {
  if (error.name === "AbortError") return;
  if (error.status === 401) { signIn(); return; }
  const key = error.kind === "offline" ? "fault.offline" : "fault.server";
  say(`${t(key, { detail: error.message })} ${t("fault.kept")}`, { kind: "error", action: { text: t("retry"), run: loadAll } });
}

const asOf = byId("as-of");
const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());
asOf.value = state.get("date") || today();
asOf.addEventListener("change", () => state.set({ date: asOf.value === today() ? "" : asOf.value }));

let session = null;
function showUser() {
  byId("user").textContent = session?.name ?? "";
  byId("user").title = session ? t("session.scope", { scope: session.scope_code || t("place.all") }) : "";
  byId("sign-out").hidden = !session;
}
byId("sign-out").addEventListener("click", async () => {
  try {
    await request("/api/session", { method: "DELETE" });
    location.assign("/login");
  } catch (error) { complain(error); }
});

startKeys({
  search: () => byId("search").focus(),
  place: () => places.show(true),
  layers: () => panel.open(byId("layers-body").hidden),
  whole: () => whole(),
  zoom: (steps) => map.setZoom(map.getZoom() + steps, { animate: !calm }),
  help: () => byId("help").showModal(),
  escape() {
    if (!byId("search-results").hidden || document.activeElement === byId("search")) { byId("search").value = ""; byId("search").blur(); byId("search-results").hidden = true; }
    else if (!byId("place-panel").hidden) places.show(false);
    else if (pinned) { pinned = null; drawPin(); }
    else if (state.get("selection")) select(null);
    else quiet();
  },
  arrow(dx, dy) {
    const next = selection.neighbour(dx, dy);
    if (next) { select("grid", next.p.code); if (!map.getBounds().pad(-0.1).contains([latOf(next.at[1]), lonOf(next.at[0])])) map.panTo([latOf(next.at[1]), lonOf(next.at[0])], { animate: !calm }); }
    else if (!selection.selected()) map.panBy([dx * 120, dy * 120], { animate: !calm });
  },
  enter() {
    if (selection.selected()) { refreshDetail(null, { focus: true, force: true }); return; }
    const middle = selection.under(mercatorAt(map, map.getSize().divideBy(2)));
    if (middle) select(middle.kind, middle.key, { focus: true });
  },
});
byId("help-button").addEventListener("click", () => byId("help").showModal());
startSearch(found);
titles();

// ---- start ------------------------------------------------------------------------------------------------------

const view = state.get("view").split(",").map(Number);
map.setView([FIRST_VIEW[0], FIRST_VIEW[1]], FIRST_VIEW[2], { animate: false });
try {
  // The summary brings the server's clock, which decides up to when reports are asked for; the town says where it is.
  [session] = await Promise.all([request("/api/session"), loadSummary(), grids.grids.TOWN.load(map)]);
  if (session.password_is_one_time) signIn();
  showUser();
  loadPlans();
  places.load().then(() => refreshDetail(null, { force: true }));
  // The outline tells where the town lies; until it is there nothing else could be asked for.
  if (view.length === 3 && view.every(Number.isFinite)) map.setView([view[0], view[1]], view[2], { animate: false });
  else if (!whole(true)) {
    grids.grids.VILLAGE.boxed = false;
    grids.grids.VILLAGE.minZoom = 0;
    await grids.grids.VILLAGE.load(map);
    if (!whole(true) && state.get("date")) await showPresentArea();
  }
  for (const canvas of [ground, marks, lift]) canvas.addTo(map);
  placed = true;
  if (state.get("place") && !state.get("view")) goTo(state.get("place"));
  await loadAll();
  refreshDetail();
} catch (error) {
  if (error.status === 401) signIn(); else { for (const canvas of [ground, marks, lift]) canvas.addTo(map); placed = true; complain(error); }
}
document.documentElement.dataset.ready = "true";
