// The review queue: one report at a time, decided by keyboard or by dragging; the next one comes by itself.
import { LatLng } from "/static/leaflet.js";
import { areaName } from "/static/casemap.js";
import { ask } from "/static/dialogs.js";
import { byId, fill, h, settled, skeleton } from "/static/dom.js";
import { onLine, query, request } from "/static/net.js";
import { drawCase, drawClosed, drawEmpty } from "/static/review_case.js";
import { drawFigurePanel, drawFigures } from "/static/review_figures.js";
import { ReviewMap } from "/static/review_map.js";
import { questionFor } from "/static/review_text.js";
import { startSearch } from "/static/search.js";
import { onTheme } from "/static/settings.js";
import { calm, complain, keepFresh, may, onKeys, startSession, startShell } from "/static/shell.js";
import * as state from "/static/state.js";
import { quiet, say } from "/static/status.js";
import { count, has, metres, moment, onLanguage, t } from "/static/words.js";

const PAGE = 30, FEW = 6, REFRESH_S = 15;
const DONE = "reviewed"; // what this tab has decided, so that a reload can still take it back

state.readAddress();
await startShell(() => t("review.title"));

let queue = [], more = null, figures = null;
const view = { stage: "loading", failed: false, chosen: null, alike: false, moved: false, busy: false, last: null };
const later = new Set();
const map = new ReviewMap({ choose, moved: pinMoved });
const shown = () => queue[0] ?? null;

const remembered = () => { try { return JSON.parse(sessionStorage.getItem(DONE)) ?? []; } catch { return []; } };
function remember(list) { try { sessionStorage.setItem(DONE, JSON.stringify(list.slice(-50))); } catch { /* storage may be switched off */ } view.last = list.at(-1) ?? null; }
view.last = remembered().at(-1) ?? null;

// ---- what is shown ------------------------------------------------------------------------------------------------

const does = { choose, accept, ask: askCaller, giveUp, later: putOff, undo, alike: (on) => { view.alike = on; } };

function draw() {
  if (view.stage === "loading") return;
  if (view.stage === "closed") { drawClosed(); return; }
  const report = shown();
  const focused = byId("case").contains(document.activeElement) ? document.activeElement.id || document.activeElement.closest("li")?.dataset.rank : null;
  if (report) drawCase(report, view, does); else if (!view.failed) drawEmpty(view, does);
  if (focused) (byId(focused) ?? byId("case").querySelector(`li[data-rank="${focused}"] button`) ?? byId("case")).focus({ preventScroll: true });
}

function present() {
  Object.assign(view, { chosen: null, alike: false, moved: false });
  byId("pin-bar").hidden = true;
  map.show(shown());
  draw();
}

function choose(rank) {
  const report = shown();
  if (!report?.candidates.some((one) => one.rank === rank)) return false;
  if (view.moved) unpin();
  view.chosen = rank;
  map.pick(rank);
  draw();
  return true;
}

// ---- the pin ------------------------------------------------------------------------------------------------------

const locate = settled(async (at) => {
  try {
    const { grids: found } = await request(query("/api/locate", { lon: at.lng.toFixed(7), lat: at.lat.toFixed(7) }));
    const cell = found.find((one) => one.level === "CELL"), village = found.find((one) => one.level === "VILLAGE");
    pinWords(at, [village?.name, cell && `${cell.name} ${cell.code.slice(-3)}`].filter(Boolean).join(" · ") || t("review.outside"), !village);
  } catch (error) { complain(error); }
}, 120);

function pinWords(at, where, outside = false) {
  if (!view.moved) return;
  const report = shown();
  const first = report?.candidates.find((one) => Number.isFinite(one.lon));
  const off = first ? t("review.off_first", { distance: metres(at.distanceTo(new LatLng(first.lat, first.lon))) }) : "";
  byId("pin-bar").classList.toggle("outside", outside);
  fill(byId("pin-bar"), h("b", {}, where), off && h("span", {}, off), h("button", { type: "button", class: "primary", disabled: outside || view.busy, onclick: accept }, t("review.correct")), h("button", { type: "button", class: "secondary", onclick: unpin }, t("review.pin_back")));
  byId("pin-bar").hidden = false;
}

function pinMoved(at) {
  const before = view.moved;
  view.moved = true;
  if (!before) draw();
  pinWords(at, t("search.running"));
  locate(at);
}

function unpin() {
  view.moved = false;
  byId("pin-bar").hidden = true;
  map.release();
  if (view.chosen) map.pick(view.chosen);
  draw();
}

// ---- deciding -----------------------------------------------------------------------------------------------------

async function decide(action, body) {
  const report = shown();
  if (!report || view.busy) return;
  view.busy = true;
  draw();
  try {
    const answer = await request(`/api/review/${encodeURIComponent(report.report_key)}/${action}`, { method: "POST", body, headers: { "if-match": `"${report.revision}"` } });
    remember([...remembered(), { key: report.report_key, revision: answer.revision, action }]);
    const along = new Set([report.report_key, ...answer.also]);
    queue = queue.filter((one) => !along.has(one.report_key));
    view.busy = false;
    const learnt = answer.learnt ? ` ${t("review.learnt")}` : "";
    const also = answer.also.length ? ` ${t("review.also", { count: count(answer.also.length) })}` : "";
    const place = answer.grid_code ?? answer.village_code;
    say(`${t(`review.done.${action}`, { key: report.report_key })}${place ? ` → ${areaName(place)}` : ""}${also}${learnt}`);
    present();
    refill();
    loadFigures();
  } catch (error) {
    view.busy = false;
    if (error.status === 412 || error.status === 409 || error.status === 404) await conflict(report, error); else { draw(); complain(error, () => decide(action, body)); }
  }
}

/** Somebody else was quicker: says what they did, loads the queue again and keeps what was chosen where it still can be. */
async function conflict(report, error) {
  const kept = { ...view }, pin = map.pin?.getLatLng();
  const stepName = (name) => (has(`step.${name}`) ? t(`step.${name}`) : name);
  const changes = (error.body.changes ?? []).map((one) => `${one.by} ${moment(one.at)} ${stepName(one.step)}`).join("；");
  await load();
  if (shown()?.report_key === report.report_key) {
    if (kept.chosen) choose(kept.chosen);
    if (kept.moved && pin) map.pinTo(pin);
    view.alike = kept.alike;
    draw();
    say(t("review.changed_here", { changes: changes || error.message }), { kind: "warn" });
  } else say(t("review.changed_gone", { key: report.report_key, changes: changes || error.message }), { kind: "warn" });
}

function accept() {
  const report = shown();
  if (!report) return;
  const same = { same_text: view.alike && report.same_text > 0 };
  if (view.moved) {
    const at = map.pin.getLatLng().wrap();
    decide("correct", { lon: Number(at.lng.toFixed(7)), lat: Number(at.lat.toFixed(7)), ...same });
  } else if (view.chosen) decide("accept", { rank: view.chosen, ...same });
  else say(t("review.choose_first"));
}

async function askCaller() {
  const report = shown();
  if (!report) return;
  const values = await ask({ title: t("review.ask_title"), text: t("review.ask_text"), fields: [{ name: "question", label: t("review.ask_label"), type: "long", value: questionFor(report), required: true }], action: t("review.ask_send") });
  if (values && shown() === report) decide("ask", { question: values.question });
}

async function giveUp() {
  const report = shown();
  if (!report) return;
  const values = await ask({ title: t("review.give_up_title"), text: t("review.give_up_text"), fields: [{ name: "note", label: t("reports.need.note"), type: "long" }], action: t("review.give_up") });
  if (values && shown() === report) decide("give_up", { note: values.note || null });
}

function putOff() {
  if (queue.length < 2) { say(t("review.last_one")); return; }
  const [first] = queue.splice(0, 1);
  later.add(first.report_key);
  queue.push(first);
  present();
}

async function undo() {
  const done = remembered(), last = done.at(-1);
  if (!last || view.busy) { say(t("review.nothing_to_undo")); return; }
  view.busy = true;
  draw();
  try {
    await request(`/api/review/${encodeURIComponent(last.key)}/undo`, { method: "POST", headers: { "if-match": `"${last.revision}"` } });
    say(t("review.undone", { key: last.key }));
  } catch (error) {
    if (error.status === 412 || error.status === 409 || error.status === 404) say(t("review.cannot_undo", { key: last.key }), { kind: "warn" }); else { view.busy = false; draw(); complain(error); return; }
  }
  remember(done.slice(0, -1));
  view.busy = false;
  await load(last.key);
}

// ---- loading ------------------------------------------------------------------------------------------------------

function take(body) {
  const next = body.links.find((link) => link.rel === "next")?.href ?? null;
  return { reports: body.reports, next };
}

/** The queue from its beginning; `first` is the key of a report that is to be shown now. */
async function load(first = null) {
  try {
    const found = take(await request(query("/api/review", { limit: PAGE })));
    queue = found.reports;
    more = found.next;
    Object.assign(view, { stage: "open", failed: false });
    const rank = (one) => (one.report_key === first ? -1 : later.has(one.report_key) ? 1 : 0);
    queue.sort((a, b) => rank(a) - rank(b));
    present();
  } catch (error) { view.failed = !queue.length; complain(error, () => load(first)); draw(); }
  loadFigures();
}

/** Gets further reports before the last one is decided. */
async function refill() {
  if (queue.length > FEW || !more) { if (!queue.length && !more) load(); return; }
  const address = more;
  more = null;
  try {
    const found = take(await request(address));
    const known = new Set(queue.map((one) => one.report_key));
    const wasEmpty = !queue.length;
    queue.push(...found.reports.filter((one) => !known.has(one.report_key)));
    more = found.next;
    if (wasEmpty) present();
  } catch (error) { more = address; complain(error, refill); }
}

async function loadFigures() {
  try {
    figures = await request("/api/review/figures");
    showFigures();
    return figures;
  } catch (error) { if (error.status === 401) complain(error); return null; }
}

function showFigures() {
  if (!figures) return;
  drawFigures(figures);
  if (!byId("figures-panel").hidden) drawFigurePanel(figures, () => toggleFigures(false));
  byId("age").textContent = t("review.as_of", { at: moment(figures.time_stamp) });
}

function toggleFigures(on = byId("figures-panel").hidden) {
  if (!figures) return;
  byId("figures-panel").hidden = !on;
  byId("figures-button").setAttribute("aria-expanded", String(on));
  if (on) { drawFigurePanel(figures, () => toggleFigures(false)); byId("figures-panel").querySelector("h2").focus(); } else byId("map").focus();
}

/** New reports are waiting: the one that is shown stays, the others are counted, or shown where there were none. */
async function refresh() {
  if (view.busy || view.stage === "closed" || document.querySelector("dialog[open]")) return;
  const told = await loadFigures();
  if (told && told.length > 0 && !queue.length) await load();
  else if (told && told.length > queue.length && !more && !later.size) {
    const body = await request(query("/api/review", { limit: PAGE })).catch(() => null);
    if (!body || view.busy) return;
    const found = take(body), known = new Set(queue.map((one) => one.report_key));
    queue.push(...found.reports.filter((one) => !known.has(one.report_key)));
    more = found.next;
  }
}

// ---- keys and the rest --------------------------------------------------------------------------------------------

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const KEYS = {
  s: askCaller, x: giveUp, n: putOff, u: undo, f: () => toggleFigures(), 0: () => map.fit(), p: () => shown() && map.pinToMiddle(),
  a: () => { if (shown()?.same_text) { view.alike = !view.alike; draw(); } },
  "+": () => map.map.setZoom(map.map.getZoom() + 1, { animate: !calm }), "=": () => map.map.setZoom(map.map.getZoom() + 1, { animate: !calm }), "-": () => map.map.setZoom(map.map.getZoom() - 1, { animate: !calm }),
};
onKeys((key, event) => {
  if (key === "Escape") {
    if (document.activeElement === byId("search")) { byId("search").value = ""; byId("search").blur(); byId("search-results").hidden = true; }
    else if (!byId("figures-panel").hidden) toggleFigures(false);
    else if (view.moved) unpin();
    else quiet();
    return true;
  }
  const onControl = event.target.closest?.("button, a, input, summary");
  if (/^[1-9]$/.test(key)) { if (!choose(Number(key)) && shown()) say(t("review.no_such", { rank: key })); return true; }
  if (key === "Enter" && !(onControl && !onControl.classList.contains("candidate"))) { accept(); return true; }
  if (key in ARROWS && shown()) {
    if (view.moved) map.nudge(...ARROWS[key]); else map.map.panBy(ARROWS[key].map((step) => step * 110), { animate: !calm });
    return true;
  }
  if (!(key in KEYS)) return false;
  KEYS[key]();
  return true;
});
byId("figures-button").addEventListener("click", () => toggleFigures());
startSearch((hit) => { if (shown()) { map.map.setView([hit.lat, hit.lon], Math.max(map.map.getZoom(), 16), { animate: false }); map.pinTo(new LatLng(hit.lat, hit.lon)); byId("map").focus(); } });
onTheme(() => { draw(); showFigures(); map.base.lift(); });
onLanguage(() => { draw(); showFigures(); if (view.moved) locate(map.pin.getLatLng()); });
map.base.onGrids(settled(() => { if (!view.busy) draw(); }, 200));
onLine((since) => {
  byId("map").classList.toggle("stale", Boolean(since));
  byId("age").classList.toggle("offline", Boolean(since));
  if (since) byId("age").textContent = t("age.offline", { since: moment(since.toISOString()) }); else refresh();
});
keepFresh(refresh, REFRESH_S);
window.fengqiaoReview = { pin: () => map.pin && map.map.latLngToContainerPoint(map.pin.getLatLng()), queue: () => queue.length };

fill(byId("case"), skeleton(6));
try {
  await startSession();
  await map.base.whole();
  if (may("handle")) await load(); else { view.stage = "closed"; draw(); }
} catch (error) { complain(error, () => location.reload()); }
document.documentElement.dataset.ready = "true";
