// The panel at the right: what is known of the selected grid, camera, report or gap.
import { alpha, categoryGroup, contrastInk, daysOpen, deviationColour, palette, stateGroup } from "/static/colours.js";
import { byId, h, skeleton } from "/static/dom.js";
import { deviation, target } from "/static/grids.js";
import { polsbyPopper } from "/static/shapes.js";
import * as marks from "/static/marks.js";
import { camerasIn, coverageOf, openReports } from "/static/figures.js";
import { until } from "/static/clock.js";
import { cameraLook, reportLook } from "/static/points.js";
import { area, count, has, metres, moment, percent, short, t } from "/static/words.js";

const panel = byId("detail");
const known = (value) => value !== null && value !== undefined && value !== "";
const word = (prefix, value) => (known(value) ? (has(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : String(value)) : t("none"));

function facts(rows) {
  return h("dl", { class: "facts" }, rows.filter(Boolean).flatMap(([name, value, note]) => [
    h("dt", {}, name), h("dd", {}, value, note ? h("small", {}, note) : null)]));
}

function head(title, path, code, close) {
  return h("header", {}, h("div", {},
    path && h("div", { class: "path" }, path), h("h2", { tabIndex: -1 }, title), code && h("div", { class: "code" }, code)),
  h("button", { type: "button", class: "plain icon", onclick: close, title: t("close"), aria: { label: t("close") } }, "✕"));
}

function badge(text, colour) {
  const element = h("span", { class: "badge" }, text);
  element.style.background = colour;
  element.style.color = contrastInk(colour);
  return element;
}

/** A bar from 0 to twice the target with the band marked. */
function meter(households, wanted) {
  const canvas = marks.swatch(300, 10, (pen, w, hgt) => {
    const at = (value) => Math.min(value / (2 * wanted), 1) * w;
    pen.fillStyle = deviationColour(households / wanted - 1) === "#ffffff" ? palette.sequential.households[3] : deviationColour(households / wanted - 1);
    pen.fillRect(0, 0, at(households), hgt);
    pen.fillStyle = alpha("#17202b", 0.35);
    for (const edge of [0.9, 1.1]) pen.fillRect(at(wanted * edge) - 0.75, 0, 1.5, hgt);
  });
  return h("div", { class: "meter" }, canvas);
}

const line = (draw, text, figure, open) => h("button", { type: "button", onclick: open },
  marks.swatch(22, 18, draw), h("span", {}, text), h("span", {}, figure));

function gridBody(grid, more, { path, close, select, children }) {
  const { p } = grid;
  const off = deviation(grid);
  const loading = more === undefined;
  const figure = (value) => (loading ? "…" : Number.isFinite(value) ? count(value) : t("none"));
  const { seen_m2: seen, settled_m2: settled } = more?.coverage ?? {};
  const shape = polsbyPopper(grid);
  return [
    head(p.name, path, p.code, close),
    h("div", { class: "big" }, h("b", {}, count(p.households ?? NaN)), h("span", {}, t("detail.households")),
      Number.isFinite(off) ? badge(`${percent(off, 1, true)} · ${t(Math.abs(off) <= 0.1 + 1e-9 ? "detail.in_band" : off < 0 ? "detail.small" : "detail.large")}`, deviationColour(off)) : null),
    Number.isFinite(off) ? meter(p.households, target(grid)) : null,
    facts([
      Number.isFinite(off) && [t("detail.target"), count(target(grid)), t("detail.band", { low: count(target(grid) * 0.9), high: count(target(grid) * 1.1) })],
      [t("detail.level"), word("level", p.level)],
      p.level === "CELL" && known(p.kind) && [t("detail.kind"), word("kind", p.kind)],
      [t("detail.area"), area(p.area_m2)],
      [t("detail.cameras"), figure(more?.cameras)],
      [t("detail.seen"), loading ? "…" : settled > 0 ? percent(seen / settled, 1) : t("none"),
        settled > 0 ? t("detail.of", { part: area(seen), whole: area(settled) }) : loading ? null : t("detail.seen_missing")],
      [t("detail.reports_open"), figure(more?.open)],
      [t("detail.compactness"), shape.toFixed(2), t("detail.polsby_popper")],
      known(p.valid_from) && [t("detail.valid_from"), p.valid_from],
    ]),
    children.length ? h("h3", {}, t("detail.children", { count: count(children.length) })) : null,
    children.length ? h("div", { class: "links" }, children.map((child) => line((pen, w, hgt) => {
      pen.fillStyle = Number.isFinite(deviation(child)) ? deviationColour(deviation(child)) : palette.missing;
      pen.fillRect(2, 2, w - 4, hgt - 4);
      pen.strokeStyle = "#7c838d";
      pen.strokeRect(2.5, 2.5, w - 5, hgt - 5);
    }, `${child.p.code.slice(-3)} ${child.p.name}`, Number.isFinite(deviation(child)) ? `${count(child.p.households)} · ${percent(deviation(child), 0, true)}` : count(child.p.households ?? NaN),
    () => select("grid", child.p.code)))) : null,
  ];
}

function cameraBody(camera, _more, { path, close, select }) {
  const p = camera.p;
  return [
    head(p.name ?? p.camera_id, path, p.camera_id, close),
    p.address_text && h("p", { class: "wide" }, p.address_text),
    facts([
      [t("camera.state"), word("asset", p.asset_state ?? 1)],
      [t("camera.bearing"), Number.isFinite(p.bearing_deg) ? `${short(p.bearing_deg)}°` : t("none"), Number.isFinite(p.bearing_deg) ? null : t("camera.unknown")],
      [t("camera.fov"), Number.isFinite(p.fov_deg) ? `${short(p.fov_deg)}°` : t("none")],
      [t("camera.range"), metres(p.range_m ?? NaN)],
      [t("camera.seen"), area(camera.seen?.p.area_m2 ?? NaN), camera.seen ? null : t("detail.seen_missing")],
      known(p.height_m) && [t("camera.height"), metres(p.height_m)],
      known(p.site_category) && [t("camera.site"), word("site", p.site_category)],
      known(p.record_days) && [t("camera.record_days"), t("days", { days: count(p.record_days) })],
      known(p.management_unit) && [t("camera.unit"), p.management_unit],
      known(p.install_time) && [t("camera.installed"), p.install_time],
    ]),
    gridLink(p, select),
  ];
}

const gridLink = (p, select) => (p.grid_code ? h("div", { class: "links" }, line((pen, w, hgt) => {
  pen.strokeStyle = "#7c838d";
  pen.strokeRect(2.5, 2.5, w - 5, hgt - 5);
}, t("detail.open_grid"), p.grid_code.slice(-3), () => select("grid", p.grid_code))) : h("p", { class: "hint" }, t("detail.no_grid")));

function reportBody(report, _more, { path, close, select }) {
  const p = report.p;
  const days = daysOpen(p, until().getTime());
  const look = reportLook(report);
  return [
    head(word("category", p.category), path, p.report_key, close),
    h("div", { class: "big" }, marks.swatch(26, 26, (pen, w, hgt) => marks.report(pen, w / 2, hgt / 2, 6.5, look)), h("span", {}, t(`group.${categoryGroup(p.category)}`)),
      badge(word("state", p.state), palette.report_state[stateGroup(p.state)].colour)),
    p.description && h("p", { class: "wide" }, p.description),
    p.address_text && h("p", { class: "wide" }, p.address_text),
    facts([
      [t("report.at"), moment(p.reported_at)],
      days !== null && [t("report.open_for"), t("days", { days: short(Math.max(0, Math.round(days * 10) / 10)) }), look.ring ? t("reports.overdue", { days: palette.overdue_days }) : null],
      known(p.closed_at) && [t("report.closed_at"), moment(p.closed_at)],
      [t("report.source"), word("source", p.source)],
      known(p.subtype) && [t("report.subtype"), p.subtype],
      known(p.severity) && [t("report.severity"), word("severity", p.severity)],
      [t("report.assignment"), word("assignment", p.assignment), Number.isFinite(p.distance_m) && p.distance_m > 0 ? metres(p.distance_m) : null],
    ]),
    gridLink(p, select),
  ];
}

function gapBody(gap, _more, { path, close, select }) {
  const p = gap.p;
  return [
    head(t("gap.title", { rank: count(p.rank) }), path, "", close),
    facts([[t("detail.area"), area(p.area_m2)], [t("gap.households"), count(p.households)], known(p.computed_at) && [t("gap.computed_at"), moment(p.computed_at)]]),
    h("p", { class: "wide hint" }, t("gaps.rank")),
    gridLink(p, select),
  ];
}

function householdBody(home, _more, { path, close, select }) {
  return [head(t("detail.address_point"), path, "", close),
    h("div", { class: "big" }, h("b", {}, count(home.p.households)), h("span", {}, t("detail.households"))), gridLink(home.p, select)];
}

const BODIES = { grid: gridBody, camera: cameraBody, report: reportBody, gap: gapBody, household: householdBody };
/** What the server knows of an area beyond its outline. */
async function figures(grid, signal) {
  const [coverage, open, cameras] = await Promise.all([coverageOf(grid, signal), openReports(grid, signal), camerasIn(grid, signal)]);
  return { coverage, open, cameras };
}

let running = null;

export function hideDetail() {
  running?.abort();
  panel.hidden = true;
  panel.replaceChildren();
}

/** Shows what is known at once, and what the server adds when it answers; `around` brings path, close, select, children. */
export async function showDetail(kind, item, around, { focus = false } = {}) {
  running?.abort();
  const draw = (more) => panel.replaceChildren(...BODIES[kind](item, more, around).filter(Boolean));
  panel.hidden = false;
  draw(kind === "grid" ? undefined : null);
  if (focus) panel.querySelector("h2")?.focus({ preventScroll: true });
  if (kind !== "grid") return;
  const control = new AbortController();
  running = control;
  const waiting = skeleton(2);
  panel.append(waiting);
  try {
    draw(await figures(item, control.signal));
  } catch (error) {
    if (error.name === "AbortError") return;
    waiting.remove();
    panel.append(h("p", { class: "hint" }, t(error.kind === "offline" ? "fault.offline" : "fault.server", { detail: error.message })));
  }
}
