// The reports of the list. Where one page holds them all, they are filtered and sorted here, so that every filter answers
// at once; where they are more, the server filters and sorts, and pages come as the list is scrolled.
import { isOpen, palette, stateGroup } from "/static/colours.js";
import { until } from "/static/clock.js";
import { nextPage, query, request } from "/static/net.js";
import { shape } from "/static/shapes.js";
import * as state from "/static/state.js";

const DAY = 86_400_000, SOON = DAY;
const PAGE = 2_000;
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
    this.box = ""; // the same in degrees, as the server reads it
    this.windowed = false; // whether there are more than one page, so that the server has to filter
    this.next = null; // the address of the next page
  }

  onChange(listener) { this.listeners.add(listener); }
  tell() { for (const listener of this.listeners) listener(); }

  /** What is asked of the server: the wide filters, and with `narrow` also those that a short list answers by itself. */
  wanted({ narrow = this.windowed, box = "" } = {}) {
    const days = state.get("days");
    const since = days === "all" ? "" : new Date(Math.floor((until().getTime() - Number(days) * DAY) / 60_000) * 60_000).toISOString();
    const more = narrow ? { text: state.get("text").trim(), due: state.get("due"), bbox: box || (state.get("near") === "1" ? this.box : "") } : { bbox: box };
    const values = query("", { since, category: state.get("category"), ...more }).slice(1);
    return [values, ...statesOf(wanted()).map((name) => `state=${name}`)].filter(Boolean).join("&");
  }

  page(options) { return `/api/reports?${this.wanted(options)}&order=${ORDERS[state.get("sort")] ? state.get("sort") : "due"}&limit=${PAGE}`; }

  /** Loads what the filters ask of the server; the old list stays until the new one is there. */
  async load({ quiet = false } = {}) {
    this.running?.abort();
    const control = new AbortController(), { signal } = control;
    this.running = control;
    this.next = null;
    if (!wanted().size) { this.windowed = false; this.take([]); return; }
    if (!quiet) { this.status = "loading"; this.tell(); }
    try {
      const wide = ["groups", "category", "days"].map((name) => state.get(name)).join(" ");
      const narrow = this.windowed && wide === this.wide;
      let body = await request(this.page({ narrow }), { signal });
      if (!narrow) {
        [this.windowed, this.wide] = [Boolean(nextPage(body)), wide];
        if (this.windowed && NARROW.some((name) => state.get(name).trim())) body = await request(this.page(), { signal });
      }
      this.next = onward(body);
      this.take(body.features);
    } catch (error) { this.fail(error); }
  }

  /** The next page of a long list, once it is needed. */
  async more() {
    if (!this.next || this.status !== "ready" || this.items.length >= MOST) return;
    const { signal } = this.running, address = this.next;
    this.next = null;
    try {
      const body = await request(address, { signal });
      const held = new Set(this.items.map((one) => one.p.report_key));
      this.items.push(...body.features.filter((one) => !held.has(one.id)).map((feature) => this.prepare(feature)));
      this.next = onward(body);
      this.filter();
    } catch (error) { if (!signal.aborted) this.next = address; this.fail(error); }
  }

  fail(error) {
    if (error.name === "AbortError") return;
    this.status = "error";
    this.error = error;
    this.tell();
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

  /** After a change of a filter that the server needs not be asked about while the list is short. */
  refilter() { if (this.windowed) return this.load(); this.filter(); return null; }

  filter() {
    const groups = wanted(), text = state.get("text").trim().toLowerCase(), due = state.get("due"), category = state.get("category");
    if (this.windowed) { this.shown = this.items; this.tell(); return; }
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

const NARROW = ["text", "due", "near"];
// Only the path counts: a server behind a proxy may not know its own outer name.
function onward(body) {
  const link = nextPage(body), url = link && new URL(link, location.href);
  return url ? url.pathname + url.search : null;
}

const newest = (a, b) => (a.p.reported_at < b.p.reported_at ? 1 : a.p.reported_at > b.p.reported_at ? -1 : 0);
const ORDERS = {
  new: newest,
  old: (a, b) => newest(b, a),
  // Open ones by what is due first, those without a deadline after them, closed ones last.
  due: (a, b) => urgency(a.p) - urgency(b.p) || newest(a, b),
};
const urgency = (p) => (isOpen(p.state) ? (Number.isFinite(dueAt(p)) ? dueAt(p) : 8e15) : 9e15);
