// The candidates of one report on the map, and the pin that corrects them.
import { Circle, DivIcon, LatLng, LatLngBounds, Marker } from "/static/leaflet.js";
import { theme } from "/static/colours.js";
import { lonOf, latOf, startMap } from "/static/casemap.js";
import { h } from "/static/dom.js";
import * as grids from "/static/grids.js";
import { t } from "/static/words.js";

const LEAST_ZOOM_M = 220; // half of the width that is shown at least

export class ReviewMap {
  /** `choose(rank)` is called where a candidate is clicked, `moved(latlng)` where the pin was. */
  constructor({ choose, moved }) {
    Object.assign(this, { choose, moved, report: null, chosen: null });
    this.base = startMap([(pen, view) => this.outlines(pen, view)]);
    this.map = this.base.map;
    this.base.onGrids(() => this.seek());
    this.marks = [];
    this.pin = null;
    this.isMoved = false;
  }

  /** Shows a report; null clears the map. */
  show(report) {
    for (const mark of this.marks) mark.remove();
    this.pin?.remove();
    Object.assign(this, { report, chosen: null, marks: [], pin: null, isMoved: false });
    if (!report) { this.base.lift(); return; }
    const placed = report.candidates.filter((one) => Number.isFinite(one.lon));
    for (const one of placed) {
      const at = new LatLng(one.lat, one.lon);
      if (one.radius_m > 0) {
        const circle = new Circle(at, { radius: one.radius_m, interactive: false, color: theme().selection, weight: 1.5, dashArray: "5 4", fillOpacity: 0.06, className: "candidate-radius" });
        circle.rank = one.rank;
        this.marks.push(circle.addTo(this.map));
      }
      const face = h("button", { type: "button", class: "candidate-mark", tabIndex: -1, data: { rank: one.rank }, aria: { label: t("review.candidate", { rank: one.rank }) } }, String(one.rank));
      const mark = new Marker(at, { icon: new DivIcon({ html: face, className: "", iconSize: [30, 30], iconAnchor: [15, 15] }), keyboard: false, zIndexOffset: -one.rank });
      mark.rank = one.rank;
      mark.on("click", () => this.choose(one.rank));
      this.marks.push(mark.addTo(this.map));
    }
    this.placePin(this.start());
    this.fit();
    this.base.lift();
  }

  /** Where the pin begins: the report's own point, the first candidate, the middle of its area, or of the view. */
  start() {
    const { report } = this;
    if (Number.isFinite(report.lon)) return new LatLng(report.lat, report.lon);
    const first = report.candidates.find((one) => Number.isFinite(one.lon));
    if (first) return new LatLng(first.lat, first.lon);
    const area = report.candidates.map((one) => grids.find(one.grid_code ?? one.village_code)).find(Boolean);
    return area ? new LatLng(latOf(area.at[1]), lonOf(area.at[0])) : this.map.getCenter();
  }

  placePin(at) {
    const icon = new DivIcon({ html: h("div", { class: "drag-pin" }, h("i", {})), className: "", iconSize: [34, 44], iconAnchor: [17, 44] });
    this.pin = new Marker(at, { icon, draggable: true, keyboard: false, zIndexOffset: 1000, title: t("review.drag") }).addTo(this.map);
    this.pin.on("dragend", () => this.setMoved());
  }

  setMoved() {
    this.isMoved = true;
    this.pin.getElement()?.classList.add("moved");
    this.moved(this.pin.getLatLng());
  }

  /** Puts the pin somewhere, as a search or the keyboard does. */
  pinTo(latlng) {
    this.pin.setLatLng(latlng);
    if (!this.map.getBounds().pad(-0.05).contains(latlng)) this.map.panTo(latlng, { animate: false });
    this.setMoved();
  }

  pinToMiddle() { this.pinTo(this.map.getCenter()); }

  nudge(dx, dy) {
    const at = this.map.latLngToContainerPoint(this.pin.getLatLng()).add([dx * 8, dy * 8]);
    this.pinTo(this.map.containerPointToLatLng(at));
  }

  /** Takes the pin back to where it began. */
  release() {
    this.isMoved = false;
    this.pin.getElement()?.classList.remove("moved");
    this.pin.setLatLng(this.start());
  }

  pick(rank) {
    this.chosen = rank;
    for (const mark of this.marks) {
      const on = mark.rank === rank;
      mark.getElement()?.querySelector?.(".candidate-mark")?.classList.toggle("chosen", on);
      if (mark instanceof Circle) mark.setStyle({ weight: on ? 2.5 : 1.5, fillOpacity: on ? 0.16 : 0.06 });
      else mark.setZIndexOffset(on ? 900 : -mark.rank);
    }
    const one = this.report.candidates.find((candidate) => candidate.rank === rank);
    if (!this.isMoved && one && Number.isFinite(one.lon)) this.pin.setLatLng([one.lat, one.lon]);
    this.base.lift();
    if (one && !this.inView(one)) this.fit();
  }

  inView(one) {
    return !Number.isFinite(one.lon) || this.map.getBounds().pad(-0.05).contains([one.lat, one.lon]);
  }

  /** All candidates, with their radius, or their grids where they have no point. */
  fit() {
    const { report } = this;
    if (!report) return;
    let all = null;
    const extend = (bounds) => { all = all ? all.extend(bounds) : new LatLngBounds(bounds.getSouthWest(), bounds.getNorthEast()); };
    for (const one of report.candidates) {
      if (Number.isFinite(one.lon)) extend(new LatLng(one.lat, one.lon).toBounds(2 * Math.max(one.radius_m ?? 0, LEAST_ZOOM_M)));
      else {
        const area = grids.find(one.grid_code ?? one.village_code);
        if (area) extend(new LatLngBounds([latOf(area.box[3]), lonOf(area.box[0])], [latOf(area.box[1]), lonOf(area.box[2])]));
      }
    }
    if (!all && Number.isFinite(report.lon)) extend(new LatLng(report.lat, report.lon).toBounds(2 * LEAST_ZOOM_M));
    if (all) this.base.fit(all); else this.base.whole();
  }

  /** Grids came in after the report was shown: a candidate without a point may have its place now. */
  seek() {
    if (!this.report || this.isMoved) return;
    const lost = this.report.candidates.some((one) => !Number.isFinite(one.lon));
    if (lost && !this.sought && this.pin) { this.pin.setLatLng(this.start()); }
    this.base.lift();
  }

  outlines(pen, view) {
    if (!this.report) return;
    for (const one of this.report.candidates) {
      const area = grids.find(one.grid_code ?? one.village_code);
      if (area) grids.outline(pen, view, area, one.rank === this.chosen ? 4 : 1.8);
    }
  }
}
