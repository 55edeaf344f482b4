// A canvas that lies on the map and is painted by a list of painters, from the ground up.
import { Renderer, DomUtil, Util } from "/static/leaflet.js";

const TILE = 256;
const REACH_PX = 48; // how far words and lines may stick out of the box that their thing is looked up by
const union = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];

export const Canvas = Renderer.extend({
  options: { padding: 0.2 },

  initialize(painters, options) {
    Renderer.prototype.initialize.call(this, options);
    this._painters = painters;
  },

  getEvents() {
    return { ...Renderer.prototype.getEvents.call(this), move: this._follow };
  },

  /** Paints anew before the next frame: all of it, or only what lies in a box of Mercator units. */
  repaint(box = null) {
    if (!this._map) return;
    if (this._waiting) { this._damage = this._damage && box && union(this._damage, box); return; }
    this._damage = box;
    this._waiting = Util.requestAnimFrame(() => {
      this._waiting = null;
      if (!this._map) return;
      if (this._zoom === this._map.getZoom()) this._paint(this._damage); else this._update(); // in the middle of a flight
    });
  },

  _initContainer() {
    this._container = DomUtil.create("canvas");
    this._container.style.pointerEvents = "none";
    this._pen = this._container.getContext("2d");
  },

  _destroyContainer() {
    if (this._waiting) Util.cancelAnimFrame(this._waiting);
    this._waiting = null;
    this._container.remove();
    delete this._pen;
  },

  _updatePaths() {},

  _follow() {
    // While a finger drags the map beyond the painted margin, paint again instead of showing nothing.
    if (!this._bounds || this._map._animatingZoom) return;
    const size = this._map.getSize();
    const topLeft = this._map.containerPointToLayerPoint([0, 0]);
    const { min, max } = this._bounds;
    if (topLeft.x < min.x || topLeft.y < min.y || topLeft.x + size.x > max.x || topLeft.y + size.y > max.y) this._update();
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    Renderer.prototype._update.call(this);
    const { min } = this._bounds;
    const size = this._bounds.getSize();
    this._ratio = Math.min(window.devicePixelRatio || 1, 2);
    DomUtil.setPosition(this._container, min);
    this._container.width = Math.round(size.x * this._ratio);
    this._container.height = Math.round(size.y * this._ratio);
    this._container.style.width = `${size.x}px`;
    this._container.style.height = `${size.y}px`;
    if (this._waiting) Util.cancelAnimFrame(this._waiting);
    this._waiting = null;
    this._paint(null);
  },

  _paint(damage) {
    if (!this._bounds) return;
    const pen = this._pen;
    const zoom = this._map.getZoom();
    const origin = this._map.getPixelOrigin();
    const size = this._bounds.getSize();
    const scale = TILE * 2 ** zoom;
    const left = origin.x + this._bounds.min.x;
    const top = origin.y + this._bounds.min.y;
    const boxOf = (x0, y0, x1, y1) => [(left + x0) / scale, (top + y0) / scale, (left + x1) / scale, (top + y1) / scale];
    const whole = boxOf(0, 0, size.x, size.y);
    pen.setTransform(this._ratio, 0, 0, this._ratio, 0, 0);
    pen.save();
    let box = whole;
    if (damage) {
      // Whole pixels of the screen, so that what stays and what is painted anew meet without a seam.
      const pixel = (value, round) => round(value * this._ratio) / this._ratio;
      const x0 = Math.max(0, pixel(damage[0] * scale - left, Math.floor)), y0 = Math.max(0, pixel(damage[1] * scale - top, Math.floor));
      const x1 = Math.min(size.x, pixel(damage[2] * scale - left, Math.ceil)), y1 = Math.min(size.y, pixel(damage[3] * scale - top, Math.ceil));
      pen.beginPath();
      pen.rect(x0, y0, Math.max(0, x1 - x0), Math.max(0, y1 - y0));
      pen.clip();
      box = boxOf(x0 - REACH_PX, y0 - REACH_PX, x1 + REACH_PX, y1 + REACH_PX);
    }
    pen.clearRect(0, 0, size.x, size.y);
    pen.lineJoin = "round";
    pen.lineCap = "round";
    // Symbols and words grow with the page's type, so that a wall is read from afar.
    const grow = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
    // `box` is what is painted now, `whole` all of the picture.
    for (const painter of this._painters) painter(pen, { zoom, scale, left, top, box, whole, size, grow });
    pen.restore();
  },
});

/** Where a point of the screen lies in Mercator units, and how long a pixel is there. */
export function mercatorAt(map, containerPoint) {
  const scale = TILE * 2 ** map.getZoom();
  const at = map.containerPointToLayerPoint(containerPoint).add(map.getPixelOrigin());
  return { x: at.x / scale, y: at.y / scale, pixel: 1 / scale };
}
