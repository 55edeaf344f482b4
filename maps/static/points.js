// Households as dots scaled by count, cameras, what they see, gaps, and reports.
import { alpha, categoryGroup, daysOpen, isOpen, palette, stateGroup, theme } from "/static/colours.js";
import * as marks from "/static/marks.js";
import { query } from "/static/net.js";
import { Source } from "/static/source.js";
import { inside, touches, trace } from "/static/shapes.js";
import { reportWindow, until } from "/static/clock.js";
import * as state from "/static/state.js";

export const HOUSEHOLDS_FROM = 16;
export const households = new Source({ address: (bbox) => query("/api/households", { bbox, limit: 10_000 }), minZoom: HOUSEHOLDS_FROM });
export const cameras = new Source({ address: () => query("/api/cameras", { limit: 10_000 }), boxed: false, minZoom: 10 });
export const isovists = new Source({ address: (bbox) => query("/api/coverage/isovists", { bbox, limit: 10_000 }), minZoom: 13 });
export const gaps = new Source({ address: (bbox) => query("/api/coverage/gaps", { bbox, limit: 10_000 }), minZoom: 11 });
export const reports = new Source({
  address: () => query("/api/reports", { ...reportWindow(), category: state.get("category"), limit: 10_000 }), boxed: false, minZoom: 9,
});
export const SOURCES = { households, cameras, isovists, gaps, reports };

export const shownReports = () => reports.items.filter((report) => report.at && (state.get("show") === "all" || isOpen(report.p.state)));
export const overdue = (report) => (report.p.overdue ?? daysOpen(report.p, until().getTime()) > palette.overdue_days);

const place = (item, view) => [item.at[0] * view.scale - view.left, item.at[1] * view.scale - view.top];
const drawn = (layer, source) => state.shown(layer) && source.status !== "far";
const near = (item, view) => item.at && touches([item.at[0], item.at[1], item.at[0], item.at[1]], view.box);

export function paintIsovists(pen, view) {
  if (!drawn("isovists", isovists)) return;
  pen.beginPath();
  for (const seen of isovists.items) if (touches(seen.box, view.box)) trace(pen, seen, view);
  pen.fillStyle = alpha(palette.camera.isovist, 0.32);
  pen.fill("nonzero");
  pen.strokeStyle = alpha(palette.camera.isovist_line, 0.7);
  pen.lineWidth = 0.8;
  pen.stroke();
}

export function paintGaps(pen, view) {
  if (!drawn("gaps", gaps)) return;
  pen.beginPath();
  const visible = gaps.items.filter((gap) => touches(gap.box, view.box));
  for (const gap of visible) trace(pen, gap, view);
  pen.fillStyle = alpha(palette.gap.fill, 0.06);
  pen.fill("evenodd");
  pen.fillStyle = marks.hatch(pen, palette.gap.line, 0.6);
  pen.fill("evenodd");
  pen.strokeStyle = alpha(palette.gap.line, 0.8);
  pen.lineWidth = 0.9;
  pen.stroke();
  for (const gap of visible) {
    const size = Math.max((gap.box[2] - gap.box[0]) * view.scale, (gap.box[3] - gap.box[1]) * view.scale);
    if (size < 44) continue;
    const [x, y] = place(gap, view);
    marks.words(pen, String(gap.p.rank ?? ""), x, y, 13 * view.grow, { weight: 700, colour: "#ffffff", halo: palette.gap.line });
  }
}

export const householdRadius = (count) => Math.max(1.8, 1.5 * Math.sqrt(count));

export function paintHouseholds(pen, view) {
  if (!drawn("households", households)) return;
  pen.beginPath();
  for (const home of households.items) {
    if (!near(home, view) || !(home.p.households > 0)) continue;
    const [x, y] = place(home, view);
    const r = householdRadius(home.p.households) * view.grow;
    pen.moveTo(x + r, y);
    pen.arc(x, y, r, 0, 2 * Math.PI);
  }
  pen.fillStyle = alpha(palette.household.dot, 0.85);
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 1.2;
  pen.stroke();
  pen.fill();
}

const cameraSize = ({ zoom, grow }) => Math.min(Math.max(2.4 + (zoom - 12) * 0.75, 2.2), 6) * grow;
export const cameraLook = (camera) => ({
  bearing: camera.p.bearing_deg ?? NaN, fov: camera.p.fov_deg ?? NaN, retired: (camera.p.asset_state ?? 1) !== 1,
});

export function paintCameras(pen, view) {
  if (!drawn("cameras", cameras)) return;
  for (const camera of cameras.items) {
    if (near(camera, view)) marks.camera(pen, ...place(camera, view), cameraSize(view), cameraLook(camera));
  }
}

const reportSize = ({ zoom, grow }) => Math.min(Math.max(3.4 + (zoom - 12) * 0.9, 2.8), 7.5) * grow;
export const reportLook = (report) => ({
  shape: palette.report_category[categoryGroup(report.p.category)].shape,
  colour: palette.report_state[stateGroup(report.p.state)].colour,
  ring: overdue(report),
  faded: !isOpen(report.p.state),
});

export function paintReports(pen, view) {
  if (!drawn("reports", reports)) return;
  // Closed below open, overdue on top: what asks for action is never covered.
  const order = (report) => (isOpen(report.p.state) ? 1 + (overdue(report) ? 1 : 0) : 0);
  const visible = shownReports().filter((report) => near(report, view)).sort((a, b) => order(a) - order(b));
  const size = reportSize(view);
  for (const report of visible) {
    const look = reportLook(report);
    marks.report(pen, ...place(report, view), size, { ...look, ring: look.ring && view.zoom >= 13 });
  }
}

/** The selected or hovered thing on top: a camera with what it sees, a report or a gap with a ring around. */
export function paintOne(pen, view, { layer, item }) {
  const ink = theme().selection;
  if (layer === "gaps") {
    pen.beginPath();
    trace(pen, item, view);
    pen.strokeStyle = ink;
    pen.lineWidth = 3;
    pen.stroke();
    return;
  }
  if (!item.at) return;
  const [x, y] = place(item, view);
  if (layer === "cameras") {
    const seen = isovists.items.find((one) => one.p.camera_id === item.p.camera_id) ?? item.seen;
    if (seen) {
      pen.beginPath();
      trace(pen, seen, view);
      pen.fillStyle = alpha(palette.camera.isovist, 0.5);
      pen.fill("evenodd");
      pen.strokeStyle = palette.camera.isovist_line;
      pen.lineWidth = 1.5;
      pen.stroke();
    }
    marks.camera(pen, x, y, cameraSize(view) * 1.3, cameraLook(item));
  } else if (layer === "reports") {
    marks.report(pen, x, y, reportSize(view) * 1.3, reportLook(item));
  }
  pen.beginPath();
  pen.arc(x, y, 15 * view.grow, 0, 2 * Math.PI);
  pen.strokeStyle = theme().halo;
  pen.lineWidth = 5;
  pen.stroke();
  pen.strokeStyle = ink;
  pen.lineWidth = 2.5;
  pen.stroke();
}

function nearest(items, x, y, reach) {
  let best = null, distance = reach * reach;
  for (const item of items) {
    if (!item.at) continue;
    const dx = item.at[0] - x, dy = item.at[1] - y, square = dx * dx + dy * dy;
    if (square <= distance) { best = item; distance = square; }
  }
  return best;
}

/** What lies under a point of the map, the topmost first; `pixel` is the length of one pixel. */
export function hit(x, y, pixel) {
  const layers = [["reports", reports, shownReports, 9], ["cameras", cameras, () => cameras.items, 9], ["households", households, () => households.items, 6]];
  for (const [layer, source, items, reach] of layers) {
    const found = drawn(layer, source) ? nearest(items(), x, y, reach * pixel) : null;
    if (found) return { layer, item: found };
  }
  const gap = drawn("gaps", gaps) ? gaps.items.find((one) => inside(one, x, y)) : null;
  return gap ? { layer: "gaps", item: gap } : null;
}
