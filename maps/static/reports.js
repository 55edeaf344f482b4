// The list of reports: filters, map and one report beside each other; the address holds what is shown.
import { LatLngBounds } from "/static/leaflet.js";
import { mercatorAt } from "/static/canvas.js";
import { latOf, lonOf, startMap } from "/static/casemap.js";
import { takeSummary } from "/static/clock.js";
import { byId, h, settled } from "/static/dom.js";
import { isOpen, theme } from "/static/colours.js";
import * as marks from "/static/marks.js";
import { onLine, request } from "/static/net.js";
import { reportLook } from "/static/points.js";
import { Cases } from "/static/reports_data.js";
import { drawFilters, drawLegend } from "/static/reports_filters.js";
import { CaseList, categoryName, drawStanding } from "/static/reports_list.js";
import { drawPanel } from "/static/reports_panel.js";
import { takeStep } from "/static/reports_steps.js";
import { Clusters } from "/static/reports_window.js";
import { onTheme } from "/static/settings.js";
import { calm, complain, keepFresh, onKeys, startSession, startShell } from "/static/shell.js";
import { touches } from "/static/shapes.js";
import * as state from "/static/state.js";
import { quiet, say } from "/static/status.js";
import { moment, onLanguage, t } from "/static/words.js";

const REFRESH_S = 30, REACH = 9;

state.readAddress();
await startShell(() => t("reports.title"));

const cases = new Cases();
const list = new CaseList((key, focus) => open(key, focus), () => cases.more());
const selectedKey = () => (state.get("selection").startsWith("report:") ? state.get("selection").slice(7) : "");
let panel = null, hovered = null, placed = false; // panel: {item, feature, candidates} of the report that is open
const clusters = new Clusters(cases, () => { standing(); base.lift(); });
const base = startMap([(pen, view) => clusters.paint(pen, view), paintCases]);
const { map } = base;
const standing = () => drawStanding(cases, clusters.total, () => cases.load());
clusters.map = map;
const sight = settled(() => clusters.load(), 200);

// ---- the map ------------------------------------------------------------------------------------------------------

const size = ({ zoom, grow }) => Math.min(Math.max(3.4 + (zoom - 12) * 0.9, 2.8), 7.5) * grow;

function paintCases(pen, view) {
  const rank = (item) => (isOpen(item.p.state) ? (item.p.overdue ? 2 : 1) : 0);
  const visible = clusters.items.filter((one) => one.at && touches([...one.at, ...one.at], view.box)).sort((a, b) => rank(a) - rank(b));
  const at = (item) => [item.at[0] * view.scale - view.left, item.at[1] * view.scale - view.top];
  for (const item of visible) marks.report(pen, ...at(item), size(view), reportLook(item));
  for (const item of [hovered, panel?.item ?? cases.find(selectedKey())]) {
    if (!item?.at) continue;
    const [x, y] = at(item);
    marks.report(pen, x, y, size(view) * 1.3, reportLook(item));
    pen.beginPath();
    pen.arc(x, y, 15 * view.grow, 0, 2 * Math.PI);
    pen.strokeStyle = theme().halo;
    pen.lineWidth = 5;
    pen.stroke();
    pen.strokeStyle = theme().selection;
    pen.lineWidth = 2.5;
    pen.stroke();
  }
}

function under(point) {
  const { x, y, pixel } = mercatorAt(map, point);
  let best = null, least = (REACH * pixel) ** 2;
  for (const item of clusters.items) {
    if (!item.at) continue;
    const square = (item.at[0] - x) ** 2 + (item.at[1] - y) ** 2;
    if (square <= least) { best = item; least = square; }
  }
  return best;
}

const tip = h("div", { class: "tip", role: "tooltip", hidden: true });
byId("map").parentElement.append(tip);
let pointer = null;
map.on("mousemove", (event) => {
  if (pointer === null) requestAnimationFrame(() => {
    const at = pointer;
    pointer = null;
    const found = under(at), cluster = found ? null : clusters.under(mercatorAt(map, at));
    byId("map").classList.toggle("hit", Boolean(found ?? cluster));
    tip.hidden = !(found ?? cluster);
    if (cluster) tip.replaceChildren(h("b", {}, clusters.words(cluster)));
    if (found) {
      tip.replaceChildren(h("b", {}, categoryName(found.p)), h("small", {}, `${t(`state.${found.p.state}`)} · ${moment(found.p.reported_at)}`));
    }
    tip.style.left = `${Math.min(at.x, map.getSize().x - 220)}px`;
    tip.style.top = `${at.y}px`;
    if (found !== hovered) { hovered = found; base.lift(); }
  });
  pointer = event.containerPoint;
});
map.on("mouseout", () => { hovered = null; tip.hidden = true; base.lift(); });
map.on("click", (event) => {
  const found = under(event.containerPoint), cluster = clusters.under(mercatorAt(map, event.containerPoint));
  if (found) open(found.p.report_key);
  else if (cluster) map.setView([cluster.lat, cluster.lon], Math.min(map.getZoom() + 2, 20), { animate: !calm });
  else close();
});

function seen() {
  const bounds = map.getBounds();
  const flat = (latlng) => { const at = map.project(latlng, 0); return [at.x / 256, at.y / 256]; };
  const [west, north] = flat(bounds.getNorthWest()), [east, south] = flat(bounds.getSouthEast());
  cases.bounds = [west, north, east, south];
  cases.box = clusters.box();
}
map.on("moveend", () => {
  const { lat, lng } = map.getCenter();
  if (placed) state.set({ view: `${lat.toFixed(5)},${lng.toFixed(5)},${map.getZoom()}` }, { silent: true });
  seen();
  if (state.get("near") === "1") cases.refilter();
  sight();
});

function flyTo(item) {
  if (!item?.at) return;
  const at = [latOf(item.at[1]), lonOf(item.at[0])];
  const right = byId("detail").hidden ? 0 : byId("detail").offsetWidth + 20;
  const point = map.latLngToContainerPoint(at), room = map.getSize();
  if (point.x > 30 && point.x < room.x - right - 30 && point.y > 30 && point.y < room.y - 50 && map.getZoom() >= 14) return;
  const west = lonOf(item.at[0]) - 0.002, east = lonOf(item.at[0]) + 0.002;
  base.fit(new LatLngBounds([at[0] - 0.002, west], [at[0] + 0.002, east]), { maxZoom: Math.max(map.getZoom(), 16), right });
}

// ---- one report ---------------------------------------------------------------------------------------------------

const does = { close: () => close(true), take, open };

async function open(key, focus = false) {
  state.set({ selection: `report:${key}` }, { silent: true });
  list.draw(cases.shown, key);
  const found = await fetchReport(key);
  if (!found) return;
  show(Infinity);
  flyTo(panel.item);
  if (focus) byId("detail").querySelector("h2").focus({ preventScroll: true });
}

async function fetchReport(key) {
  try {
    const feature = await request(`/api/reports/${encodeURIComponent(key)}`);
    if (selectedKey() !== key) return null;
    const byAddress = ["ADDRESS", "REVIEW", "REVIEWED"].includes(feature.properties.assignment);
    const candidates = byAddress ? (await request(`/api/review/${encodeURIComponent(key)}/candidates`).catch(() => null))?.candidates : null;
    keep(feature, candidates);
    return feature;
  } catch (error) {
    if (error.status === 404) { say(t("reports.gone", { key }), { kind: "warn" }); close(); } else complain(error, () => open(key));
    return null;
  }
}

function keep(feature, candidates = panel?.candidates) {
  const exact = feature.properties.overdue;
  cases.replace(feature);
  const item = cases.find(feature.properties.report_key);
  item.p.overdue = exact && isOpen(item.p.state);
  panel = { item, feature, candidates };
}

function show(fresh) {
  const top = byId("detail").scrollTop, unfolded = Boolean(byId("detail").querySelector(".steps details[open]"));
  drawPanel(panel.item, { candidates: panel.candidates, fresh }, does);
  if (unfolded) byId("detail").querySelector(".steps details")?.setAttribute("open", "");
  byId("detail").scrollTop = top;
  base.lift();
}

function close(focus = false) {
  state.set({ selection: "" }, { silent: true });
  panel = null;
  byId("detail").hidden = true;
  list.draw(cases.shown, "");
  base.lift();
  if (focus) byId("list").focus();
}

async function take(step) {
  const answer = await takeStep(panel.feature, step, async (since = Infinity) => {
    const feature = await fetchReport(panel.feature.properties.report_key);
    if (feature) show(since);
    return feature;
  });
  if (!answer) return;
  keep(answer);
  show(answer.properties.history.length - 1);
  byId("detail").querySelector("h2").focus({ preventScroll: true });
}

// ---- loading and filters ------------------------------------------------------------------------------------------

cases.onChange(() => {
  list.draw(cases.shown, selectedKey());
  standing();
  base.lift();
});
let told = null; // the items that the map was last asked about
cases.onChange(() => { if (cases.status === "ready" && told !== cases.items) { told = cases.items; sight(); } });
base.onGrids(settled(() => { list.paint(true); if (panel) show(Infinity); }, 200));

const ASKED = ["groups", "category", "days"];
state.onChange((changed) => {
  drawFilters();
  if (ASKED.some((name) => changed.has(name))) cases.load(); else cases.refilter();
});

const search = byId("search");
search.value = state.get("text");
const typed = settled(() => state.set({ text: search.value }), 120);
search.addEventListener("input", typed);
search.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown") { byId("list").focus(); list.mark(Math.max(list.at, 0)); } else if (event.key === "Enter") {
    // A key that is not in the list, as of an old report, is asked for by itself.
    if (cases.shown.length) { byId("list").focus(); list.mark(0, true); } else if (search.value.trim()) open(search.value.trim(), true);
  } else return;
  event.preventDefault();
});

let newest = "";
async function refresh() {
  try {
    const summary = await request("/api/summary");
    takeSummary(summary);
    const mark = [summary.newest_report_at, summary.reports_today, summary.reports_open, summary.reports_closed_today].join();
    if (newest && mark !== newest) await cases.load({ quiet: true });
    newest = mark;
    if (!panel || document.querySelector("dialog[open]")) return;
    const key = panel.feature.properties.report_key, before = panel.feature.properties;
    const feature = await request(`/api/reports/${encodeURIComponent(key)}`);
    if (selectedKey() !== key || document.querySelector("dialog[open]") || feature.properties.revision === before.revision) return;
    keep(feature);
    show(before.history.at(-1)?.sequence ?? 0);
  } catch (error) { if (error.status === 401) complain(error); }
}

// ---- keys and the rest --------------------------------------------------------------------------------------------

onKeys((key, event) => {
  const steps = [...byId("detail").querySelectorAll(":scope > .steps > button[data-step]")];
  if (key === "Escape") {
    if (document.activeElement === search) { if (search.value) { search.value = ""; state.set({ text: "" }); } else search.blur(); } else if (panel) close(true); else quiet();
    return true;
  }
  if (/^[1-9]$/.test(key)) { steps[Number(key) - 1]?.click(); return true; }
  if (key === "ArrowDown" || key === "ArrowUp") {
    if (event.target.closest?.("#detail")) return false;
    list.mark(list.at + (key === "ArrowDown" ? 1 : -1));
    byId("list").focus();
  } else if (key === "Enter" && event.target.matches?.("body, #map") && list.at >= 0) open(cases.shown[list.at].p.report_key, true);
  else if (key === "o") state.set({ due: state.get("due") === "overdue" ? "" : "overdue" });
  else if (key === "v") state.set({ near: state.get("near") === "1" ? "" : "1" });
  else if (key === "0") base.whole();
  else if (key === "+" || key === "=") map.setZoom(map.getZoom() + 1, { animate: !calm });
  else if (key === "-") map.setZoom(map.getZoom() - 1, { animate: !calm });
  else return false;
  return true;
});
onTheme(() => { drawFilters(); list.paint(true); if (panel) show(Infinity); base.lift(); });
onLanguage(() => { drawFilters(); drawLegend(); standing(); list.paint(true); if (panel) show(Infinity); });
onLine((since) => {
  byId("map").classList.toggle("stale", Boolean(since));
  if (since) say(t("age.offline", { since: moment(since.toISOString()) }), { kind: "error" }); else { quiet(); cases.load(); }
});
setInterval(() => { if (byId("map").classList.contains("stale")) refresh(); }, 5_000);
keepFresh(refresh, REFRESH_S);
window.fengqiaoReports = { shown: () => cases.shown.length, at: (key) => { const { at } = cases.find(key); const point = map.latLngToContainerPoint([latOf(at[1]), lonOf(at[0])]); return [point.x, point.y]; } };

drawFilters();
drawLegend();
standing();
try {
  await Promise.all([startSession(), refresh()]);
  const view = state.get("view").split(",").map(Number);
  const first = cases.load();
  if (view.length === 3 && view.every(Number.isFinite)) map.setView([view[0], view[1]], view[2], { animate: false });
  else await base.whole();
  placed = true;
  seen();
  await first;
  if (selectedKey()) await open(selectedKey());
} catch (error) { complain(error, () => location.reload()); }
document.documentElement.dataset.ready = "true";
