// A canvas that lies on the map and is painted by a list of painters, from the ground up.
import { Renderer, DomUtil, Util } from "/static/leaflet.js";

const TILE = 256;

export const Canvas = Renderer.extend({
  options: { padding: 0.2 },

  initialize(painters, options) {
    Renderer.prototype.initialize.call(this, options);
    this._painters = painters;
  },

  getEvents() {
    return { ...Renderer.prototype.getEvents.call(this), move: this._follow };
  },

  repaint() {
    if (!this._map || this._waiting) return;
    this._waiting = Util.requestAnimFrame(() => {
      this._waiting = null;
      if (this._map) this._paint();
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
    this._paint();
  },

  _paint() {
    if (!this._bounds) return;
    const pen = this._pen;
    const zoom = this._map.getZoom();
    const origin = this._map.getPixelOrigin();
    const size = this._bounds.getSize();
    const scale = TILE * 2 ** zoom;
    const left = origin.x + this._bounds.min.x;
    const top = origin.y + this._bounds.min.y;
    const box = [left / scale, top / scale, (left + size.x) / scale, (top + size.y) / scale];
    pen.setTransform(this._ratio, 0, 0, this._ratio, 0, 0);
    pen.clearRect(0, 0, size.x, size.y);
    pen.lineJoin = "round";
    pen.lineCap = "round";
    // Symbols and words grow with the page's type, so that a wall is read from afar.
    const grow = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
    for (const painter of this._painters) painter(pen, { zoom, scale, left, top, box, size, grow });
  },
});

/** Where a point of the screen lies in Mercator units, and how long a pixel is there. */
export function mercatorAt(map, containerPoint) {
  const scale = TILE * 2 ** map.getZoom();
  const at = map.containerPointToLayerPoint(containerPoint).add(map.getPixelOrigin());
  return { x: at.x / scale, y: at.y / scale, pixel: 1 / scale };
}
