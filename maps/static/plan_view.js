// The map of the planner: one canvas with all that is drawn, and moving over it.
import { LatLngBounds, Map as LeafletMap, TileLayer, control } from "/static/leaflet.js";
import { Canvas } from "/static/canvas.js";
import { byId, h, settled } from "/static/dom.js";
import { basemap, paintBuildings, paintRoads, paintWater } from "/static/ground.js";
import { UNIT } from "/static/plan_blocks.js";
import { Picture } from "/static/plan_paint.js";
import * as state from "/static/state.js";
import { t } from "/static/words.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const SPILL_PX = 40; // how far the label of a grid may stick out of it
const lonOf = (x) => (x - 0.5) * 360;
const latOf = (y) => (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;

export class View {
  /** `page` is what is shown; it gets the map. */
  constructor(page, config) {
    this.page = page;
    const map = new LeafletMap("map", {
      zoomControl: false, attributionControl: Boolean(config.tile_url), zoomSnap: 0.25, wheelPxPerZoomLevel: 90, minZoom: 4, maxZoom: 20,
      fadeAnimation: !calm, zoomAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, keyboard: false, doubleClickZoom: false,
    });
    this.map = map;
    page.map = map;
    control.scale({ imperial: false, position: "bottomleft", maxWidth: 140 }).addTo(map);
    this.zoomButtons = control.zoom({ position: "bottomleft" }).addTo(map);
    map.createPane("picture").style.zIndex = 210;
    if (config.tile_url) {
      map.attributionControl.setPrefix(false);
      new TileLayer(config.tile_url, { attribution: h("span", {}, config.tile_attribution).innerHTML, maxZoom: 20, maxNativeZoom: 18, opacity: 0.6 }).addTo(map);
    }
    map.setView([30, 114], 5, { animate: false });
    const picture = new Picture(page);
    // One canvas: without a graphics card, the browser puts every canvas of this size together anew in each frame.
    const { fills, mesh, edges, labels, lift } = picture;
    this.canvas = new Canvas([fills, mesh, paintWater, paintRoads, paintBuildings, edges, labels, lift], { pane: "picture", padding: 0.15 }).addTo(map);
    for (const source of Object.values(basemap)) source.onChange(() => this.repaint());
    this.loadGround = settled(() => Promise.allSettled(Object.values(basemap).map((source) => source.load(map))), 150);
    map.on("moveend", () => {
      if (!page.division) return;
      const { lat, lng } = map.getCenter();
      state.set({ view: `${lat.toFixed(5)},${lng.toFixed(5)},${map.getZoom()}` }, { silent: true });
      this.loadGround();
    });
  }

  repaint() { this.canvas.repaint(); }

  /** Paints anew where some grids lie; numbers that are nobody's are left out. */
  repaintGrids(numbers) {
    const { division, map } = this.page;
    if (!division) return;
    const spill = SPILL_PX / (256 * 2 ** map.getZoom());
    const { originX, originY } = division.blocks;
    for (const number of numbers) {
      const box = division.grids.has(number) ? division.outline(number).box : null;
      if (box && box[0] <= box[2]) this.canvas.repaint([box[0] / UNIT + originX - spill, box[1] / UNIT + originY - spill, box[2] / UNIT + originX + spill, box[3] / UNIT + originY + spill]);
    }
  }

  /** Brings a box of degrees into the part of the map that no panel hides. */
  fit([west, south, east, north], now = false) {
    const panels = ["plan-selected", "sheet"].map(byId).filter((panel) => !panel.hidden);
    const padded = panels.length ? Math.min(Math.max(...panels.map((panel) => panel.offsetWidth)), this.map.getSize().x / 3) + 30 : 20;
    const options = { paddingTopLeft: [20, 60], paddingBottomRight: [padded, 30], maxZoom: 18 };
    const bounds = new LatLngBounds([south, west], [north, east]);
    if (now || calm) this.map.fitBounds(bounds, { ...options, animate: false }); else this.map.flyToBounds(bounds, { ...options, duration: 0.5 });
  }

  whole(now = false) {
    const { division } = this.page;
    if (division) this.fit(division.blocks.degreesOf(division.blocks.bounds), now);
  }

  flyTo(number) {
    const { division } = this.page;
    this.fit(division.blocks.degreesOf(division.outline(number).box));
  }

  fitMercator([west, top, east, bottom]) { this.fit([lonOf(west), latOf(bottom), lonOf(east), latOf(top)]); }

  /** The view that the address names; false when it names none. */
  restore() {
    const [lat, lon, zoom, ...more] = state.get("view").split(",").map(Number);
    if (more.length || ![lat, lon, zoom].every(Number.isFinite)) return false;
    this.map.setView([lat, lon], zoom, { animate: false });
    return true;
  }

  pan([x, y]) { this.map.panBy([x * 120, y * 120], { animate: !calm }); }
  zoom(step) { this.map.setZoom(this.map.getZoom() + step, { animate: !calm }); }

  titles() {
    for (const [button, key] of [[this.zoomButtons._zoomInButton, "zoom.in"], [this.zoomButtons._zoomOutButton, "zoom.out"]]) { button.title = t(key); button.setAttribute("aria-label", t(key)); }
  }

  /** Pixels of the map at a place of local units. */
  screenAt([x, y]) {
    const [lon, , , lat] = this.page.division.blocks.degreesOf([x, y, x, y]);
    const at = this.map.latLngToContainerPoint([lat, lon]);
    return [at.x, at.y];
  }
}
