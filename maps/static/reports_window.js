// A long list on the map: counts where reports stand close, the reports themselves where few enough are in sight.
import { alpha, palette, theme } from "/static/colours.js";
import { query, request } from "/static/net.js";
import { mercatorX, mercatorY } from "/static/shapes.js";
import { short, t } from "/static/words.js";

const EACH = 1_000; // up to so many in sight are drawn one by one
const radius = (count, grow) => (8 + 3.6 * Math.log10(count)) * grow;

export class Clusters {
  constructor(cases, changed) {
    Object.assign(this, { cases, changed, map: null, total: null, cells: [], each: null, running: null });
  }

  /** What is drawn one by one. */
  get items() { return this.cases.windowed ? this.each ?? [] : this.cases.shown; }

  box() {
    const bounds = this.map.getBounds();
    const within = (value, most) => Math.min(Math.max(value, -most), most).toFixed(6);
    return [within(bounds.getWest(), 180), within(bounds.getSouth(), 85), within(bounds.getEast(), 180), within(bounds.getNorth(), 85)].join(",");
  }

  /** Asks anew for what is in sight. */
  async load() {
    this.running?.abort();
    if (!this.cases.windowed) { Object.assign(this, { total: null, cells: [], each: null }); this.changed(); return; }
    const control = new AbortController(), { signal } = control;
    this.running = control;
    const wanted = this.cases.wanted({ box: this.box() });
    try {
      const zoom = Math.min(Math.max(Math.round(this.map.getZoom()), 0), 22);
      const found = await request(`/api/report-clusters?${wanted}&${query("", { zoom }).slice(1)}`, { signal });
      const few = found.inside <= EACH;
      const each = few ? (await request(`/api/reports?${wanted}&limit=${EACH}`, { signal })).features.map((one) => this.cases.prepare(one)) : null;
      const cells = few ? [] : found.clusters.map((one) => ({ ...one, at: [mercatorX(one.lon), mercatorY(one.lat)] }));
      Object.assign(this, { total: found.total, cells, each });
      this.changed();
    } catch (error) { if (error.name !== "AbortError") this.changed(); }
  }

  paint(pen, view) {
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const cell of this.cells) {
      const x = cell.at[0] * view.scale - view.left, y = cell.at[1] * view.scale - view.top, r = radius(cell.count, view.grow);
      pen.beginPath();
      pen.arc(x, y, r, 0, 2 * Math.PI);
      pen.fillStyle = alpha(palette.report_state.in_hand.colour, 0.92);
      pen.fill();
      pen.lineWidth = 2;
      pen.strokeStyle = theme().halo;
      pen.stroke();
      if (cell.overdue) {
        pen.beginPath(); // the share that is overdue, clockwise from the top
        pen.arc(x, y, r + 2.5, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * (cell.overdue / cell.count));
        pen.lineWidth = 3;
        pen.strokeStyle = palette.overdue;
        pen.stroke();
      }
      pen.font = `600 ${11.5 * view.grow}px "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif`;
      pen.fillStyle = "#ffffff";
      pen.fillText(short(cell.count), x, y + 0.5);
    }
  }

  /** The cluster at a place in Mercator units. */
  under({ x, y, pixel }) {
    return this.cells.find((cell) => Math.hypot(cell.at[0] - x, cell.at[1] - y) <= radius(cell.count, 1) * pixel) ?? null;
  }

  words(cell) { return t("reports.cluster", { n: short(cell.count), overdue: short(cell.overdue) }); }
}
