// The base map from our own data: water below the choropleth, roads and buildings in quiet greys above it.
import { alpha, theme } from "/static/colours.js";
import { query } from "/static/net.js";
import { Source } from "/static/source.js";
import { touches, trace } from "/static/shapes.js";

const MAJOR = /motorway|trunk|primary|highway|express|national|provincial|国道|省道|高速|快速|主干/i;
const MIDDLE = /secondary|tertiary|county|street|avenue|collector|县道|次干|街|大道/i;
const SMALL = /path|foot|track|steps|pedestrian|cycle|lane|alley|service|巷|弄|小路|步道/i;

/** 3 for through roads down to 0 for paths; an unknown word is an ordinary road. */
export function roadRank(word) {
  if (MAJOR.test(word ?? "")) return 3;
  if (SMALL.test(word ?? "")) return 0;
  return MIDDLE.test(word ?? "") ? 2 : 1;
}
const WIDTH = [0.8, 1.6, 2.6, 4.2];
const FROM_ZOOM = [15, 13.5, 11, 0];

export const basemap = {
  water: new Source({ address: (bbox) => query("/api/basemap/water", { bbox, limit: 10_000 }), minZoom: 9 }),
  roads: new Source({ address: (bbox) => query("/api/basemap/roads", { bbox, limit: 10_000 }), minZoom: 12 }),
  buildings: new Source({ address: (bbox) => query("/api/basemap/buildings", { bbox, limit: 10_000 }), minZoom: 15 }),
};

export function paintWater(pen, view) {
  const colours = theme();
  pen.beginPath();
  for (const water of basemap.water.items) if (water.kind === "area" && touches(water.box, view.box)) trace(pen, water, view);
  pen.fillStyle = colours.water;
  pen.fill("evenodd");
  pen.strokeStyle = colours.water_line;
  pen.lineWidth = 0.8;
  pen.stroke();
  pen.beginPath();
  for (const water of basemap.water.items) if (water.kind === "line" && touches(water.box, view.box)) trace(pen, water, view);
  pen.strokeStyle = colours.water;
  pen.lineWidth = Math.max(1.2, 1.6 ** (view.zoom - 13));
  pen.stroke();
}

export function paintRoads(pen, view) {
  if (view.zoom < basemap.roads.minZoom) return;
  const colours = theme();
  const grow = Math.min(1.55 ** (view.zoom - 15), 5);
  const byRank = [[], [], [], []];
  for (const road of basemap.roads.items) {
    if (touches(road.box, view.box)) byRank[roadRank(road.p.road_class)].push(road);
  }
  const paths = byRank.map((roads, rank) => {
    if (view.zoom < FROM_ZOOM[rank] || !roads.length) return null;
    const path = new Path2D();
    for (const road of roads) trace(path, road, view, false);
    return path;
  });
  const stroke = (path, width, colour, dash = []) => {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.setLineDash(dash);
    pen.stroke(path);
  };
  paths.forEach((path, rank) => path && rank > 0 && stroke(path, WIDTH[rank] * grow + 1.6, colours.casing));
  paths.forEach((path, rank) => path && (rank > 0
    ? stroke(path, Math.max(WIDTH[rank] * grow, 0.6), colours.road)
    : stroke(path, Math.max(0.8, WIDTH[0] * grow), colours.path, [4, 3])));
  pen.setLineDash([]);
}

export function paintBuildings(pen, view) {
  if (view.zoom < basemap.buildings.minZoom) return;
  const colours = theme();
  pen.beginPath();
  for (const building of basemap.buildings.items) if (touches(building.box, view.box)) trace(pen, building, view);
  pen.fillStyle = alpha(colours.building, colours.building_opacity);
  pen.fill("evenodd");
  pen.strokeStyle = alpha(colours.building, colours.building_opacity * 1.6);
  pen.lineWidth = 0.6;
  pen.stroke();
}
