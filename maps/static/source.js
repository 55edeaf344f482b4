// Features of one kind around the view: asked for by a box somewhat larger than the screen, kept until it is left.
import { features, Fault } from "/static/net.js";
import { shape } from "/static/shapes.js";

const LIMIT = 12; // boxes that a source remembers

/** A box of degrees around the view, on a raster of steps, so that small moves ask for the same address. */
export function around(map, share = 0.3) {
  const bounds = map.getBounds();
  const west = bounds.getWest(), south = bounds.getSouth(), east = bounds.getEast(), north = bounds.getNorth();
  const step = 2 ** Math.ceil(Math.log2(Math.max(east - west, north - south, 1e-6))) / 8;
  const round = (value, way) => Number((way(value / step) * step).toFixed(6));
  return [
    Math.max(-180, round(west - (east - west) * share, Math.floor)), Math.max(-85, round(south - (north - south) * share, Math.floor)),
    Math.min(180, round(east + (east - west) * share, Math.ceil)), Math.min(85, round(north + (north - south) * share, Math.ceil)),
  ];
}

export class Source {
  /** `address(box)` gives the URL for a box "w,s,e,n" (or for everything); below `minZoom` nothing is asked for. */
  constructor({ address, minZoom = 0, boxed = true, prepare = shape }) {
    Object.assign(this, { address, minZoom, boxed, prepare });
    this.items = [];
    this.status = "idle"; // "idle" | "loading" | "ready" | "error" | "far"
    this.error = null;
    this.box = null;
    this.loadedAt = null;
    this.kept = new Map();
    this.listeners = new Set();
    this.running = null;
    this.runningUrl = "";
  }

  onChange(listener) { this.listeners.add(listener); return this; }
  tell() { for (const listener of this.listeners) listener(this); }

  /** Forgets what was loaded, as when the date changes; the old picture stays until the new one is there. */
  stale() { this.kept.clear(); this.box = null; }

  covers(map) {
    if (!this.boxed) return this.box !== null;
    if (!this.box) return false;
    const [west, south, east, north] = this.box;
    const view = map.getBounds();
    return view.getWest() >= west && view.getSouth() >= south && view.getEast() <= east && view.getNorth() <= north;
  }

  async load(map) {
    if (map.getZoom() < this.minZoom) {
      this.running?.abort();
      if (this.status !== "far") { this.status = "far"; this.tell(); }
      return;
    }
    if (this.status !== "error" && this.covers(map)) {
      if (this.status === "far") { this.status = "ready"; this.tell(); }
      return;
    }
    const box = this.boxed ? around(map) : [];
    const url = this.address(box.join(","));
    if (this.running && this.runningUrl === url) return;
    this.running?.abort();
    const kept = this.kept.get(url);
    if (kept) { this.take(kept, box); return; }
    const control = new AbortController();
    this.running = control;
    this.runningUrl = url;
    this.status = "loading";
    this.tell();
    try {
      const { features: found, body } = await features(url, { signal: control.signal });
      const entry = { items: found.map(this.prepare), body };
      if (this.kept.size >= LIMIT) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(url, entry);
      this.take(entry, box);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.status = "error";
      this.error = error;
      this.tell();
      if (!(error instanceof Fault)) throw error;
    } finally {
      if (this.running === control) this.running = null;
    }
  }

  take({ items, body }, box) {
    Object.assign(this, { items, body, box, status: "ready", error: null, loadedAt: new Date() });
    this.tell();
  }
}
