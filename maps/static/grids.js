// Towns, villages and grids: choropleth under the roads, edges and labels above, hover and selection on top.
import { alpha, classOf, deviationColour, householdEdges, palette, ramp, theme } from "/static/colours.js";
import { words } from "/static/marks.js";
import { query } from "/static/net.js";
import { Source } from "/static/source.js";
import { inside, touches, trace } from "/static/shapes.js";
import * as state from "/static/state.js";

export const TARGET = 300;

const address = (level) => (bbox) => query("/api/grids", { level, bbox, as_of: state.get("date") });
export const grids = {
  TOWN: new Source({ address: address("TOWN"), boxed: false }),
  VILLAGE: new Source({ address: address("VILLAGE"), minZoom: 8 }),
  CELL: new Source({ address: address("CELL"), minZoom: 10.5 }),
};

/** The level whose areas carry the colours: grids where they are loaded, else villages. */
export const coloured = () => (grids.CELL.items.length && grids.CELL.status !== "far" ? grids.CELL : grids.VILLAGE);
export const target = (grid) => grid.p.target_households ?? TARGET;
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
  const opacity = theme().fill_opacity * (view.zoom >= 16 ? 0.7 : 1);
  const byColour = new Map();
  for (const grid of items) {
    if (!touches(grid.box, view.box)) continue;
    const fill = colour(grid);
    if (!byColour.has(fill)) byColour.set(fill, new Path2D());
    trace(byColour.get(fill), grid, view);
  }
  for (const [fill, path] of byColour) {
    pen.fillStyle = alpha(fill, opacity);
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

export function paintLabels(pen, view) {
  if (!state.shown("grids")) return;
  const put = (grid, text, size, options) => {
    const x = grid.at[0] * view.scale - view.left, y = grid.at[1] * view.scale - view.top;
    words(pen, text, x, y, size, options);
  };
  const wide = (grid, pixels) => (grid.box[2] - grid.box[0]) * view.scale >= pixels;
  const colours = theme();
  if (grids.CELL.status !== "far" && view.zoom >= 13) {
    for (const grid of grids.CELL.items) {
      if (touches(grid.box, view.box) && wide(grid, 46)) put(grid, grid.p.code.slice(-3), 12, { weight: 600 });
    }
  }
  const villages = grids.VILLAGE.status !== "far" && view.zoom >= 11.5 && view.zoom < 16.5;
  for (const village of villages ? grids.VILLAGE.items : []) {
    if (!touches(village.box, view.box) || !wide(village, 70)) continue;
    const { at, box } = village;
    // Above the grids' own numbers, which stand in the middle of each grid.
    const raised = view.zoom >= 13 ? { ...village, at: [at[0], at[1] - Math.min(18 / view.scale, (box[3] - box[1]) * 0.2)] } : village;
    put(raised, village.p.name, 14, { weight: 700, colour: colours.village });
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
  return null;
}

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
