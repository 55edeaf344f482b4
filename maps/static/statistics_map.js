// The figures of a week as a map: every area of the level coloured by one figure, hatched where its base is too small.
import { LatLngBounds, Map as LeafletMap, control } from "/static/leaflet.js";
import { Canvas, mercatorAt } from "/static/canvas.js";
import { classOf, palette, ramp, theme } from "/static/colours.js";
import { latOf, lonOf } from "/static/casemap.js";
import { byId, fill, h } from "/static/dom.js";
import { hatch, swatch } from "/static/marks.js";
import { features, query } from "/static/net.js";
import { calm, complain } from "/static/shell.js";
import { inside, shape, trace } from "/static/shapes.js";
import * as state from "/static/state.js";
import { baseText, nameOf, reasonText, share, valueText } from "/static/statistics_words.js";
import { count, t } from "/static/words.js";

const LAND = () => theme().land;

export class FigureMap {
  /** `go(code)` opens an area; `around(code)` names the area around it. */
  constructor({ go, around }) {
    Object.assign(this, { go, around, body: null, items: [], key: "", at: -1, edges: null, colours: [], told: new Map() });
    this.box = byId("stat-map");
    this.map = new LeafletMap(this.box, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, scrollWheelZoom: false, keyboard: false, fadeAnimation: !calm, zoomAnimation: !calm, inertia: !calm });
    control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    const zoom = control.zoom({ position: "bottomright" }).addTo(this.map);
    this.titles = () => { for (const [button, key] of [[zoom._zoomInButton, "zoom.in"], [zoom._zoomOutButton, "zoom.out"]]) { button.title = t(key); button.setAttribute("aria-label", t(key)); } };
    this.map.setView([30, 114], 5, { animate: false });
    this.canvas = new Canvas([(pen, view) => this.paint(pen, view)], {});
    this.canvas.addTo(this.map);
    this.map.on("mousemove", (event) => this.mark(this.under(event.containerPoint)));
    this.map.on("click", (event) => { const at = this.under(event.containerPoint); if (at >= 0) this.go(this.items[at].p.code); });
    this.box.addEventListener("keydown", (event) => this.press(event));
    byId("measure").addEventListener("change", (event) => state.set({ measure: event.target.value }, { silent: true }) ?? this.draw());
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(this.box);
  }

  get kpi() {
    const given = this.body.kpis.filter((kpi) => this.body.breaks[kpi.key]?.length);
    return given.find((kpi) => kpi.key === state.get("measure")) ?? given.find((kpi) => kpi.key === "closing_rate") ?? given[0] ?? this.body.kpis[0];
  }

  figure(item) { return this.told.get(item.p.code)?.figures[this.kpi.key]; }

  /** Takes the figures of a week and shows them, with the areas of the day that they are stated for. */
  async show(body) {
    this.body = body;
    this.told = new Map(body.areas.map((area) => [area.code, area]));
    const day = body.basis === "as_it_was" ? body.last_day : "";
    const key = [body.level, body.area, day].join(" ");
    if (key !== this.key) {
      try {
        const { told } = this;
        let items = await this.areas(body.level, day);
        // Reports may be older than the areas they lie in: then today's areas are shown.
        if (day && !items.some((item) => told.has(item.p.code))) items = await this.areas(body.level, "");
        if (this.body !== body) return;
        this.items = items;
        this.key = key;
        this.fit();
      } catch (error) { complain(error); }
    }
    this.at = -1;
    this.draw();
  }

  /** The areas of a level, with their shapes, of one day or of today. */
  async areas(level, day) {
    const found = await features(query("/api/grids", { level, as_of: day, limit: 10_000 }));
    return found.features.map(shape).filter((item) => item.box[0] <= item.box[2]);
  }

  fit() {
    const shown = this.items.filter((item) => this.told.has(item.p.code)).map((item) => item.box);
    if (!shown.length) return;
    const [west, north, east, south] = shown.reduce((all, box) => [Math.min(all[0], box[0]), Math.min(all[1], box[1]), Math.max(all[2], box[2]), Math.max(all[3], box[3])]);
    this.map.invalidateSize({ animate: false });
    this.map.fitBounds(new LatLngBounds([latOf(south), lonOf(west)], [latOf(north), lonOf(east)]), { padding: [12, 12], animate: false });
  }

  /** Names, legend, choice of the figure and picture, after any change. */
  draw() {
    if (!this.body) return;
    const { kpi } = this, known = this.body.kpis.filter((one) => this.body.breaks[one.key]?.length);
    this.titles();
    fill(byId("measure"), known.map((one) => h("option", { value: one.key, selected: one === kpi }, nameOf(one))));
    this.edges = this.body.breaks[kpi.key] ?? [];
    // A class for each pair of edges; where all areas have the same value, one class.
    this.colours = ramp("households", Math.max(this.edges.length - 1, 1));
    this.legend();
    this.tell();
    this.canvas.repaint();
  }

  colour(item) {
    const figure = this.figure(item);
    if (!figure) return null;
    if (figure.value === null) return figure.reason === "BELOW_BASE" || figure.reason === "NOTHING_DUE" ? "hatch" : palette.missing;
    return this.colours[this.edges.length === 1 || this.edges[0] === this.edges.at(-1) ? 0 : classOf(figure.value, this.edges)] ?? palette.missing;
  }

  legend() {
    const { kpi } = this, written = (value) => (kpi.unit === "SHARE" ? share(value) : count(Math.round(value * 10) / 10));
    const image = (colour) => swatch(24, 17, (pen, w, hgt) => {
      pen.fillStyle = colour === "hatch" ? LAND() : colour;
      pen.fillRect(0, 0, w, hgt);
      if (colour === "hatch") { pen.fillStyle = hatch(pen, theme().label); pen.fillRect(0, 0, w, hgt); }
    }, "bordered");
    const looks = new Map();
    for (const item of this.items) { const look = this.colour(item); if (look) looks.set(look, (looks.get(look) ?? 0) + 1); }
    const classes = this.colours.map((colour, i) => [colour, this.edges.length > 1 ? t("legend.range", { low: written(this.edges[i]), high: written(this.edges[i + 1]) }) : this.edges.length ? written(this.edges[0]) : ""]);
    const rows = classes.filter(([, text]) => text).concat(
      looks.has("hatch") ? [["hatch", t("stat.map_below", { least: count(kpi.minimum_base) })]] : [], looks.has(palette.missing) ? [[palette.missing, t("stat.map_missing")]] : []);
    const unit = { SHARE: "%", MINUTES: t("stat.unit_minutes"), COUNT: t("stat.unit_count") }[kpi.unit];
    fill(byId("stat-map-legend"), h("div", {}, nameOf(kpi), " ", h("span", { class: "unit" }, `(${unit})`)),
      h("ul", {}, rows.map(([colour, text]) => h("li", {}, image(colour), h("span", {}, text), h("small", {}, t("stat.map_areas", { n: count(looks.get(colour) ?? 0) }))))));
  }

  paint(pen, view) {
    if (!this.edges) return; // nothing was drawn yet
    const fills = new Map(), edges = new Path2D();
    for (const item of this.items) {
      const colour = this.colour(item);
      if (!colour) continue;
      if (!fills.has(colour)) fills.set(colour, new Path2D());
      trace(fills.get(colour), item, view);
      trace(edges, item, view);
    }
    for (const [colour, path] of fills) {
      pen.fillStyle = colour === "hatch" ? LAND() : colour;
      pen.fill(path, "evenodd");
      if (colour === "hatch") { pen.fillStyle = hatch(pen, theme().label, 0.6); pen.fill(path, "evenodd"); }
    }
    pen.strokeStyle = theme().village;
    pen.lineWidth = this.items.length > 2_000 ? 0.4 : 1;
    pen.stroke(edges);
    const chosen = this.items[this.at];
    if (!chosen) return;
    pen.beginPath();
    trace(pen, chosen, view);
    for (const [width, ink] of [[6, theme().halo], [3, theme().selection]]) { pen.lineWidth = width; pen.strokeStyle = ink; pen.stroke(); }
  }

  under(point) {
    const { x, y } = mercatorAt(this.map, point);
    return this.items.findIndex((item) => this.told.has(item.p.code) && inside(item, x, y));
  }

  mark(at) {
    if (at === this.at) return;
    this.at = at;
    this.box.classList.toggle("hit", at >= 0);
    this.tell();
    this.canvas.repaint();
  }

  /** What is known of the area that is marked, in words. */
  tell() {
    const item = this.items[this.at], figure = item && this.figure(item);
    const line = figure ? [[this.around(item.p.code), item.p.name].filter(Boolean).join(" · "), valueText(this.kpi, figure), baseText(this.kpi, figure), reasonText(this.kpi, figure)].filter(Boolean).join("  ") : t("stat.map_hint");
    byId("stat-map-line").textContent = line;
  }

  /** Arrows go through the areas in the order of their codes, Enter opens one. */
  press(event) {
    const shown = this.items.map((_, i) => i).filter((i) => this.told.has(this.items[i].p.code));
    const here = shown.indexOf(this.at), last = shown.length - 1;
    const next = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: last }[event.key];
    if (event.key === "Enter" && this.at >= 0) this.go(this.items[this.at].p.code);
    else if (next !== undefined && shown.length) this.mark(shown[Math.min(Math.max(next, 0), last)]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
