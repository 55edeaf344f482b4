// Towns, villages and grids: choropleth under the roads, edges and labels above, hover and selection on top.
import { alpha, classOf, deviationColour, fillOpacity, householdEdges, palette, ramp, theme } from "/static/colours.js";
import { words } from "/static/marks.js";
import { query } from "/static/net.js";
import { Source } from "/static/source.js";
import { inside, touches, trace } from "/static/shapes.js";
import * as state from "/static/state.js";

export const TARGET = 300;

const address = (level) => (bbox) => query("/api/grids", { level, bbox, as_of: state.get("date"), limit: 10_000 });
export const grids = {
  TOWN: new Source({ address: address("TOWN"), boxed: false }),
  VILLAGE: new Source({ address: address("VILLAGE"), minZoom: 8 }),
  CELL: new Source({ address: address("CELL"), minZoom: 10.5 }),
};

/** The level whose areas carry the colours: grids where they are loaded, else villages. */
export const coloured = () => (grids.CELL.items.length && grids.CELL.status !== "far" ? grids.CELL : grids.VILLAGE);

const targets = new Map();
/** Takes the plans, whose options say what the grids were drawn for. */
export function takePlans(plans) {
  for (const plan of plans) if (plan.options?.target > 0) targets.set(plan.id, plan.options.target);
  kept.key = "";
}
export const target = (grid) => targets.get(grid.p.plan_id) ?? TARGET;
export const deviation = (grid) => (grid.p.level === "CELL" && Number.isFinite(grid.p.households) ? grid.p.households / target(grid) - 1 : NaN);

/** What the legend and the painter share: colour of each area, and the edges of the classes. */
export function scheme() {
  const items = coloured().items;
  // A deviation has a meaning for grids only: a village has no target.
  const byDeviation = state.get("colour") === "deviation" && coloured() === grids.CELL;
  if (byDeviation) return { name: "deviation", items, colour: (grid) => deviationColour(deviation(grid)) };
  const edges = householdEdges(items.map((grid) => grid.p.households ?? NaN));
  const colours = ramp("households", Math.max(edges.length - 1, 1));
  return { name: "households", items, edges, colours, colour: (grid) => colours[classOf(grid.p.households ?? NaN, edges)] ?? palette.missing };
}

let kept = { key: "", scheme: null };
const schemeOf = () => {
  const source = coloured();
  const key = `${state.get("colour")}|${source === grids.CELL}|${source.loadedAt?.getTime()}`;
  if (kept.key !== key) kept = { key, scheme: scheme() };
  return kept.scheme;
};

export function paintFills(pen, view) {
  if (!state.shown("grids")) return;
  const { items, colour } = schemeOf();
  const near = view.zoom >= 16 ? 0.7 : 1;
  const byColour = new Map();
  for (const grid of items) {
    if (!touches(grid.box, view.box)) continue;
    const fill = colour(grid);
    if (!byColour.has(fill)) byColour.set(fill, new Path2D());
    trace(byColour.get(fill), grid, view);
  }
  for (const [fill, path] of byColour) {
    pen.fillStyle = alpha(fill, fillOpacity(fill) * near);
    pen.fill(path, "evenodd");
  }
}

export function paintEdges(pen, view) {
  if (!state.shown("grids")) return;
  const colours = theme();
  for (const [level, width, ink] of [["CELL", 1, colours.cell], ["VILLAGE", 2, colours.village], ["TOWN", 3, colours.town]]) {
    if (grids[level].status === "far") continue;
    pen.beginPath();
    for (const grid of grids[level].items) if (touches(grid.box, view.box)) trace(pen, grid, view);
    pen.strokeStyle = alpha(ink, level === "CELL" ? 0.75 : 0.95);
    pen.lineWidth = width;
    pen.stroke();
  }
}

/** Whether a label still finds room; takes the room if so. */
function takeRoom(taken, x, y, width, height) {
  const box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
  if (taken.some((other) => touches(box, other))) return false;
  taken.push(box);
  return true;
}

export function paintLabels(pen, view) {
  if (!state.shown("grids")) return;
  const wide = (grid, pixels) => (grid.box[2] - grid.box[0]) * view.scale >= pixels;
  const at = (grid) => [grid.at[0] * view.scale - view.left, grid.at[1] * view.scale - view.top];
  const colours = theme();
  const taken = [];
  const cells = grids.CELL.status !== "far" && view.zoom >= 13 ? grids.CELL.items : [];
  for (const grid of cells) {
    if (!touches(grid.box, view.box) || !wide(grid, 40)) continue;
    const [x, y] = at(grid);
    if (takeRoom(taken, x, y, 26 * view.grow, 14 * view.grow)) words(pen, grid.p.code.slice(-3), x, y, 12 * view.grow, { weight: 600 });
  }
  const villages = grids.VILLAGE.status !== "far" && view.zoom >= 11.5 && view.zoom < 17 ? grids.VILLAGE.items : [];
  for (const village of villages) {
    if (!touches(village.box, view.box) || !wide(village, 60)) continue;
    const [x, y] = at(village);
    const width = village.p.name.length * 16 * view.grow;
    // The grids' numbers stand first; the name goes above or below them, wherever there is room.
    const shift = [0, -22, 22, -40, 40, -60, 60].map((dy) => dy * view.grow).find((dy) => takeRoom(taken, x, y + dy, width, 18 * view.grow));
    if (shift !== undefined) words(pen, village.p.name, x, y + shift, 15 * view.grow, { weight: 700, colour: colours.village });
  }
}

export function paintPlace(pen, view) {
  const found = find(state.get("place"));
  if (found) outline(pen, view, found, 3);
}

export function outline(pen, view, area, width) {
  const colours = theme();
  pen.beginPath();
  trace(pen, area, view);
  pen.strokeStyle = alpha(colours.halo, 0.9);
  pen.lineWidth = width + 3;
  pen.stroke();
  pen.strokeStyle = colours.selection;
  pen.lineWidth = width;
  pen.stroke();
}

export function find(code) {
  if (!code) return null;
  for (const source of Object.values(grids)) {
    const found = source.items.find((grid) => grid.p.code === code);
    if (found) return found;
  }
  return single.get(code) ?? null;
}

/** Areas fetched one by one; null while one is on its way. */
const single = new Map();
export const asked = (code) => single.has(code);
export const keep = (code, area) => single.set(code, area);
export const forget = () => single.clear();

/** The smallest area under a point that is drawn. */
export function hit(x, y) {
  if (!state.shown("grids")) return null;
  for (const level of ["CELL", "VILLAGE", "TOWN"]) {
    if (grids[level].status === "far") continue;
    const found = grids[level].items.find((grid) => inside(grid, x, y));
    if (found) return found;
  }
  return null;
}
