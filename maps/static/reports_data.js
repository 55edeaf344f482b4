// The reports of the list: loaded page after page, filtered and sorted here, so that every filter answers at once.
import { isOpen, palette, stateGroup } from "/static/colours.js";
import { until } from "/static/clock.js";
import { features, query } from "/static/net.js";
import { shape } from "/static/shapes.js";
import * as state from "/static/state.js";

const DAY = 86_400_000, SOON = DAY;
const PAGE = 5_000;
export const MOST = 60_000;

/** When a report is due: the extended deadline, else the first one; NaN without any. */
export const dueAt = (p) => Date.parse(p.extended_until ?? p.due_at ?? "");

/** {share: how much of the time has passed, left: ms until it is due (negative when overdue)}; null where none runs. */
export function deadline(p, now = until().getTime()) {
  const due = dueAt(p);
  if (!Number.isFinite(due) || !isOpen(p.state)) return null;
  const begun = Math.min(Date.parse(p.reported_at), due);
  return { share: due > begun ? Math.min(Math.max((now - begun) / (due - begun), 0), 1) : 1, left: due - now };
}

const wanted = () => new Set(state.get("groups").split(",").filter(Boolean));
const statesOf = (groups) => [...groups].flatMap((name) => palette.report_state[name]?.states ?? []);

export class Cases {
  constructor() {
    this.items = [];
    this.shown = [];
    this.status = "idle";
    this.error = null;
    this.listeners = new Set();
    this.running = null;
    this.bounds = null; // what the map shows, in Mercator units; set where only that is wanted
  }

  onChange(listener) { this.listeners.add(listener); }
  tell() { for (const listener of this.listeners) listener(); }

  address() {
    const days = state.get("days");
    const since = days === "all" ? "" : new Date(Math.floor((until().getTime() - Number(days) * DAY) / 60_000) * 60_000).toISOString();
    const base = query("/api/reports", { since, category: state.get("category"), limit: PAGE });
    return `${base}&${statesOf(wanted()).map((name) => `state=${name}`).join("&")}`;
  }

  /** Loads what the filters ask of the server; the old list stays until the new one is there. */
  async load({ quiet = false } = {}) {
    this.running?.abort();
    const control = new AbortController();
    this.running = control;
    if (!wanted().size) { this.take([]); return; }
    if (!quiet) { this.status = "loading"; this.tell(); }
    const first = !this.items.length;
    try {
      const found = await features(this.address(), { signal: control.signal, limit: MOST, onPage: (part) => { if (first) this.take(part, "loading"); } });
      this.take(found.features);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.status = "error";
      this.error = error;
      this.tell();
    }
  }

  take(found, status = "ready") {
    this.items = found.map((feature) => this.prepare(feature));
    this.status = status;
    this.error = null;
    this.filter();
  }

  prepare(feature) {
    const item = shape(feature);
    const due = deadline(item.p);
    if (due) item.p.overdue = due.left < 0;
    item.words = [item.p.report_key, item.p.description, item.p.address_text, item.p.grid_code, item.p.subtype].filter(Boolean).join(" ").toLowerCase();
    return item;
  }

  /** Puts the newest state of one report in its place. */
  replace(feature) {
    const at = this.items.findIndex((one) => one.p.report_key === feature.properties.report_key);
    if (at >= 0) this.items[at] = this.prepare(feature); else this.items.unshift(this.prepare(feature));
    this.filter();
  }

  filter() {
    const groups = wanted(), text = state.get("text").trim().toLowerCase(), due = state.get("due"), category = state.get("category");
    const inView = state.get("near") === "1" ? this.bounds : null;
    this.shown = this.items.filter((one) => groups.has(stateGroup(one.p.state)) && (!category || one.p.category === category)
      && (!text || one.words.includes(text)) && (!due || isDue(one.p, due)) && (!inView || inside(one.at, inView)));
    const order = ORDERS[state.get("sort")] ?? ORDERS.due;
    this.shown.sort(order);
    this.tell();
  }

  find(key) { return this.items.find((one) => one.p.report_key === key) ?? null; }
}

function isDue(p, kind) {
  const due = deadline(p);
  return Boolean(due) && (kind === "overdue" ? due.left < 0 : due.left >= 0 && due.left <= SOON);
}
const inside = (at, [west, north, east, south]) => Boolean(at) && at[0] >= west && at[0] <= east && at[1] >= north && at[1] <= south;

const newest = (a, b) => (a.p.reported_at < b.p.reported_at ? 1 : a.p.reported_at > b.p.reported_at ? -1 : 0);
const ORDERS = {
  new: newest,
  old: (a, b) => newest(b, a),
  // Open ones by what is due first, those without a deadline after them, closed ones last.
  due: (a, b) => urgency(a.p) - urgency(b.p) || newest(a, b),
};
const urgency = (p) => (isOpen(p.state) ? (Number.isFinite(dueAt(p)) ? dueAt(p) : 8e15) : 9e15);
