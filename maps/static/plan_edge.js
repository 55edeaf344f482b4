// Handles on the borders of the selected grid: dragging one gives the blocks between the old and the new border.
import { LayerGroup, Polyline } from "/static/leaflet.js";

const MOST = 10, APART_PX = 70;

export class EdgeHandles {
  /** `page` is what the picture shows; `moved({one, other, line})` is called with positions [lon, lat] after a drag. */
  constructor(map, page, moved) {
    Object.assign(this, { map, page, moved });
    this.group = new LayerGroup().addTo(map);
    this.key = "";
    map.on("zoomend", () => this.show());
    // Dots would lie in the way of a line that is being drawn.
    map.on("pm:drawstart", ({ workingLayer }) => workingLayer.on("pm:vertexadded", () => { this.hide(); this.key = ""; }));
  }

  hide() {
    for (const layer of this.group.getLayers()) layer.pm.disable();
    this.group.clearLayers();
  }

  /** Shows the handles while the tool is in use and a grid is selected that may change. */
  show() {
    const { page, map } = this;
    const grid = page.division?.grids.get(page.selected);
    const on = page.tool === "edge" && page.mayEdit && grid && !grid.locked;
    const key = on ? `${page.plan.id}|${page.division.status.revision}|${page.selected}|${map.getZoom()}` : "";
    if (key === this.key) return;
    this.key = key;
    this.hide();
    if (!on) return;
    for (const [other] of page.division.neighbours(grid.number)) {
      if (!page.division.grids.get(other) || page.division.grids.get(other).locked) continue;
      this.handle(grid.number, other);
    }
  }

  handle(one, other) {
    const { map } = this;
    const places = this.spread(this.page.division.borderLine(one, other));
    if (places.length < 2) return;
    const line = new Polyline(places, { color: "#c4162e", weight: 2, opacity: 0.7, dashArray: "2 6", interactive: false, pmIgnore: false });
    this.group.addLayer(line);
    line.pm.enable({ allowSelfIntersection: true, snappable: false, hideMiddleMarkers: false, preventMarkerRemoval: true });
    // The ends stand where other grids begin; there a new border may be drawn by hand.
    for (const end of [line.pm._markers?.at(0), line.pm._markers?.at(-1)]) end?.remove();
    line.on("pm:markerdragend", ({ indexPath }) => {
      const at = indexPath?.[0] ?? -1;
      const all = line.getLatLngs();
      // Only the stretch between the handles beside the one that was dragged moves.
      const part = all.slice(Math.max(0, at - 1), at + 2);
      if (at >= 0 && part.length > 1) this.moved({ one, other, line: part.map(({ lat, lng }) => [lng, lat]) });
      this.key = "";
      map.whenReady(() => requestAnimationFrame(() => this.show()));
    });
  }

  /** A few places along a border, evenly by length, its ends among them. */
  spread(border) {
    const { blocks } = this.page.division;
    if (border.length < 2) return [];
    const ends = border.map(([x, y]) => { const [lon, , , lat] = blocks.degreesOf([x, y, x, y]); return [lat, lon]; });
    const pixels = ends.map((at) => this.map.latLngToContainerPoint(at));
    const run = [0];
    for (let i = 1; i < pixels.length; i += 1) run.push(run[i - 1] + pixels[i].distanceTo(pixels[i - 1]));
    const steps = Math.max(1, Math.min(MOST, Math.round(run.at(-1) / APART_PX)));
    const found = [ends[0]];
    let i = 0;
    for (let step = 1; step < steps; step += 1) {
      while (run[i] < (run.at(-1) * step) / steps) i += 1;
      if (i < ends.length - 1 && found.at(-1) !== ends[i]) found.push(ends[i]);
    }
    found.push(ends.at(-1));
    return found;
  }
}
