// The density of reports as an image of the server: exact sums, with the classes of its legend.
import { ImageOverlay } from "/static/leaflet.js";
import { query, request } from "/static/net.js";
import { around } from "/static/source.js";
import { reportWindow } from "/static/clock.js";
import * as state from "/static/state.js";

export class Heat {
  constructor(map) {
    this.map = map;
    this.status = "idle";
    this.error = null;
    this.body = null;
    this.image = null;
    this.url = "";
    this.running = null;
    this.listeners = new Set();
  }

  onChange(listener) { this.listeners.add(listener); return this; }
  tell() { for (const listener of this.listeners) listener(this); }
  stale() { this.url = ""; }

  address(box) {
    return query("/api/heatmap", {
      bbox: box.join(","), bandwidth_m: state.get("bandwidth"), kernel: state.get("kernel"), category: state.get("category"), ...reportWindow(),
    });
  }

  async load() {
    if (!state.shown("heat")) {
      this.running?.abort();
      this.image?.remove();
      this.image = null;
      this.url = "";
      return;
    }
    const box = around(this.map, 0.15);
    const url = this.address(box);
    if (url === this.url && this.status !== "error") return;
    this.running?.abort();
    const control = new AbortController();
    this.running = control;
    this.url = url;
    this.status = "loading";
    this.tell();
    try {
      this.body = await request(url, { signal: control.signal });
      this.show();
      this.status = "ready";
      this.error = null;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.status = "error";
      this.error = error;
    }
    this.tell();
  }

  show() {
    const { bounds, image } = this.body;
    const [west, south, east, north] = bounds;
    const corners = [[south, west], [north, east]];
    this.image?.remove();
    this.image = image ? new ImageOverlay(image, corners, { pane: "heat", className: "leaflet-heat", alt: "" }).addTo(this.map) : null;
  }
}
