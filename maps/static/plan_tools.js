// The seven tools of the planner: what the pointer and drawn lines do on the map.
import "/static/geoman.js";
import { mercatorAt } from "/static/canvas.js";
import { h } from "/static/dom.js";

export const TOOLS = ["select", "brush", "split", "merge", "edge", "dedicated", "measure"];
export const SIZES = [0, 10, 20, 35, 55, 80]; // radius of the brush in pixels; 0 takes single blocks
const DRAWN = { split: "Line", edge: "Line", measure: "Line", dedicated: "Polygon" };

export class Tools {
  /** `page` is what the picture shows; `does` holds what tools lead to: select, begin, paint, painted, drawn, measured, merge, refused, repaint(numbers), changed. */
  constructor(map, page, does) {
    Object.assign(this, { map, page, does });
    this.name = "select";
    this.size = 2;
    map.pm.setGlobalOptions({
      snappable: false, tooltips: false, continueDrawing: true, allowSelfIntersection: true, cursorMarker: true, finishOnEnter: true,
      templineStyle: { color: "#c4162e", weight: 3 }, hintlineStyle: { color: "#c4162e", weight: 2, dashArray: "6 5" }, pathOptions: { color: "#c4162e", weight: 3, fillOpacity: 0.15 },
    });
    map.on("pm:create", ({ layer }) => {
      const positions = layer.getLatLngs();
      layer.remove();
      const line = (Array.isArray(positions[0]) ? positions[0] : positions).map(({ lat, lng }) => [lng, lat]);
      this.does.drawn(this.name, line);
    });
    map.on("pm:drawstart", ({ workingLayer }) => {
      workingLayer.on("pm:vertexadded", () => { if (this.name === "measure") this.does.measured(workingLayer.getLatLngs()); });
    });
    const box = map.getContainer();
    box.addEventListener("pointerdown", (event) => this.press(event), true);
    box.addEventListener("pointermove", (event) => this.moved(event));
    box.addEventListener("pointerleave", () => { this.ring.hidden = true; this.hover(null); });
    // An element of its own: the picture below stays as it is while the pointer moves.
    this.ring = box.appendChild(h("div", { class: "brush-ring", hidden: true }));
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, (event) => this.release(event));
    map.on("click", (event) => {
      if (!page.division || !["select", "merge"].includes(this.name)) return;
      const number = this.gridAt(this.place(event.containerPoint));
      if (this.name === "merge" && number !== null && page.selected !== null && number !== page.selected) this.does.merge(page.selected, number);
      else this.does.select(number);
    });
  }

  use(name) {
    this.name = name;
    const { map } = this;
    map.pm.disableDraw();
    this.ring.hidden = true;
    this.hover(null);
    if (DRAWN[name]) map.pm.enableDraw(DRAWN[name]);
    if (name === "brush") map.dragging.disable(); else map.dragging.enable();
    map.getContainer().dataset.tool = name;
    this.does.changed();
  }

  resize(steps) {
    this.size = Math.max(0, Math.min(SIZES.length - 1, this.size + steps));
    this.sizeRing();
    this.does.changed();
  }

  sizeRing() {
    const side = 2 * Math.max(SIZES[this.size], 3);
    Object.assign(this.ring.style, { width: `${side}px`, height: `${side}px` });
  }

  showRing(event) {
    const box = this.map.getContainer().getBoundingClientRect();
    if (this.ring.hidden) this.sizeRing();
    this.ring.hidden = false;
    this.ring.style.transform = `translate(${event.clientX - box.left}px, ${event.clientY - box.top}px) translate(-50%, -50%)`;
  }

  /** Marks the grid below the pointer. */
  hover(number) {
    const before = this.page.hovered;
    if (before === number) return;
    this.page.hovered = number;
    this.does.repaint([before, number]);
  }

  place(containerPoint) {
    const { blocks } = this.page.division;
    const at = mercatorAt(this.map, containerPoint);
    return { ...blocks.local(at), pixel: at.pixel * 2 ** 30 };
  }

  gridAt({ x, y }) {
    const { blocks, label } = this.page.division;
    const b = blocks.hit(x, y);
    return b < 0 ? null : label[b];
  }

  at(event) {
    const box = this.map.getContainer().getBoundingClientRect();
    return this.place([event.clientX - box.left, event.clientY - box.top]);
  }

  press(event) {
    const { page } = this;
    if (this.name !== "brush" || event.button !== 0 || !page.division || !page.mayEdit || event.target.closest(".leaflet-control")) return;
    const place = this.at(event);
    const number = page.selected !== null && page.division.grids.has(page.selected) ? page.selected : this.gridAt(place);
    if (number === null) return;
    event.preventDefault();
    if (page.selected !== number) this.does.begin(number);
    if (page.division.grids.get(number)?.locked) { this.does.refused(); return; }
    page.stroke = { to: number, blocks: new Map() };
    this.last = place;
    const touched = new Set();
    this.dab(touched, place);
    this.count(touched);
  }

  moved(event) {
    const { page } = this;
    if (!page.division) return;
    this.event = event;
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (!page.division || this.map._animatingZoom) return;
      const place = this.at(this.event);
      const over = this.map.getContainer().contains(this.event.target);
      if (this.name === "brush" && over) this.showRing(this.event);
      if (page.stroke) this.drag(place); else this.hover(over && !DRAWN[this.name] ? this.gridAt(place) : null);
    });
  }

  /** A quick hand leaves gaps between two frames; they are painted too. */
  drag(place) {
    const step = Math.max(SIZES[this.size], 4) * place.pixel;
    const distance = Math.hypot(place.x - this.last.x, place.y - this.last.y);
    const count = Math.min(60, Math.ceil(distance / step));
    const touched = new Set();
    for (let i = 1; i <= count; i += 1) {
      const share = i / count;
      this.dab(touched, { x: this.last.x + (place.x - this.last.x) * share, y: this.last.y + (place.y - this.last.y) * share, pixel: place.pixel });
    }
    this.last = place;
    this.count(touched);
  }

  /** New figures of the grids that a brush has touched. */
  count(touched) {
    if (!touched.size) return;
    for (const number of touched) this.page.division.recount(number);
    this.does.painted(touched);
  }

  /** Gives the blocks below the brush to the grid that is painted; adds to the numbers of grids `touched`. */
  dab(touched, place) {
    const { page } = this;
    const { division, stroke } = page;
    const { label, blocks, grids } = division;
    const found = blocks.brushed(place.x, place.y, SIZES[this.size] * place.pixel)
      .filter((b) => label[b] !== stroke.to && !grids.get(label[b])?.locked && (!grids.get(label[b])?.dedicated || grids.get(stroke.to)?.dedicated));
    if (!found.length) return;
    for (const b of found) if (!stroke.blocks.has(b)) stroke.blocks.set(b, label[b]);
    for (const number of division.move(found, stroke.to)) touched.add(number);
  }

  release(event) {
    const { stroke } = this.page;
    if (!stroke) return;
    if (event.type === "pointerup" && this.frame) { cancelAnimationFrame(this.frame); this.frame = 0; this.drag(this.at(event)); }
    this.page.stroke = null;
    if (stroke.blocks.size) this.does.paint([...stroke.blocks.keys()], stroke.to);
    this.does.repaint([stroke.to]);
  }

  /** Esc takes back what is being drawn or painted; false when there was nothing. */
  cancel() {
    const { page } = this;
    if (page.stroke) {
      const blocks = [...page.stroke.blocks.keys()];
      const touched = page.division.move(blocks, [...page.stroke.blocks.values()]);
      page.stroke = null;
      this.count(touched);
      return true;
    }
    if (DRAWN[this.name] && this.map.pm.Draw.getActiveShape()) {
      const drawing = this.map.pm.Draw[this.map.pm.Draw.getActiveShape()];
      const begun = (drawing._layer?.getLatLngs?.().flat().length ?? 0) > 0;
      if (begun) { this.use(this.name); return true; }
    }
    if (this.name !== "select") { this.use("select"); return true; }
    return false;
  }
}
