// The map of the pages about reports: ground, edges and labels of the grids, and what each page paints on top.
import { LatLngBounds, Map as LeafletMap, TileLayer, control } from "/static/leaflet.js";
import { Canvas } from "/static/canvas.js";
import { dataBlock, h, settled } from "/static/dom.js";
import * as grids from "/static/grids.js";
import { basemap, paintBuildings, paintRoads, paintWater } from "/static/ground.js";
import { onTheme } from "/static/settings.js";
import { calm } from "/static/shell.js";
import { onLanguage, t } from "/static/words.js";

const config = dataBlock("config");
export const lonOf = (x) => (x - 0.5) * 360;
export const latOf = (y) => (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;

/** A Leaflet map in #map; `painters` paint above the grids. It has `repaint()`, `fit(bounds)` and `whole()`. */
export function startMap(painters) {
  const map = new LeafletMap("map", {
    zoomControl: false, attributionControl: Boolean(config.tile_url), zoomSnap: 0.25, wheelPxPerZoomLevel: 90, minZoom: 4, maxZoom: 20,
    fadeAnimation: !calm, zoomAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, keyboard: false,
  });
  control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
  const zoom = control.zoom({ position: "bottomright" }).addTo(map);
  for (const [name, level] of Object.entries({ ground: 220, marks: 380, lift: 390 })) map.createPane(name).style.zIndex = level;
  if (config.tile_url) {
    map.attributionControl.setPrefix(false);
    new TileLayer(config.tile_url, { attribution: h("span", {}, config.tile_attribution).innerHTML, maxZoom: 20, maxNativeZoom: 18, opacity: 0.6 }).addTo(map);
  }
  map.setView([30, 114], 5, { animate: false });
  const ground = new Canvas([paintWater, paintRoads, paintBuildings], { pane: "ground" });
  const marks = new Canvas([grids.paintEdges, grids.paintLabels], { pane: "marks" });
  const lift = new Canvas(painters, { pane: "lift" });
  for (const canvas of [ground, marks, lift]) canvas.addTo(map);

  const sources = [...Object.values(basemap), ...Object.values(grids.grids)];
  const listeners = new Set();
  for (const source of Object.values(basemap)) source.onChange(() => ground.repaint());
  for (const source of Object.values(grids.grids)) source.onChange(() => { marks.repaint(); lift.repaint(); for (const told of listeners) told(); });
  const load = settled(() => Promise.allSettled(sources.map((source) => source.load(map))), 120);
  map.on("moveend", load);
  const titles = () => {
    for (const [button, key] of [[zoom._zoomInButton, "zoom.in"], [zoom._zoomOutButton, "zoom.out"]]) { button.title = t(key); button.setAttribute("aria-label", t(key)); }
  };
  titles();
  onLanguage(titles);
  const repaint = () => { for (const canvas of [ground, marks, lift]) canvas.repaint(); };
  onTheme(repaint);

  const fit = (bounds, { maxZoom = 17, right = 20 } = {}) => {
    const options = { paddingTopLeft: [40, 40], paddingBottomRight: [right + 20, 60], maxZoom };
    if (calm) map.fitBounds(bounds, { ...options, animate: false }); else map.flyToBounds(bounds, { ...options, duration: 0.5 });
  };
  return {
    map, fit, repaint, lift: () => lift.repaint(), onGrids: (listener) => listeners.add(listener),
    /** The whole area that there is; false while nothing is loaded. */
    async whole() {
      await grids.grids.TOWN.load(map);
      if (!grids.grids.TOWN.items.length) { Object.assign(grids.grids.VILLAGE, { boxed: false, minZoom: 0 }); await grids.grids.VILLAGE.load(map); }
      const boxes = [...grids.grids.TOWN.items, ...grids.grids.VILLAGE.items].map((one) => one.box);
      if (!boxes.length) return false;
      const [west, north, east, south] = boxes.reduce((all, one) => [Math.min(all[0], one[0]), Math.min(all[1], one[1]), Math.max(all[2], one[2]), Math.max(all[3], one[3])]);
      fit(new LatLngBounds([latOf(south), lonOf(west)], [latOf(north), lonOf(east)]));
      return true;
    },
  };
}

/** The name of a grid or village in words, with its code where it is not loaded. */
export function areaName(code) {
  if (!code) return t("none");
  const area = grids.find(code);
  const village = code.length > 12 ? grids.find(code.slice(0, 12)) : null;
  if (!area) return code;
  return code.length > 12 ? `${village ? `${village.p.name} · ` : ""}${area.p.name} ${code.slice(-3)}` : area.p.name;
}
