// The list at the left: only the rows on the screen exist, however many reports there are.
import { contrastInk, palette, stateGroup } from "/static/colours.js";
import { areaName } from "/static/casemap.js";
import { now } from "/static/clock.js";
import { byId, fill, h } from "/static/dom.js";
import * as marks from "/static/marks.js";
import { reportLook } from "/static/points.js";
import { deadline, MOST } from "/static/reports_data.js";
import { span } from "/static/review_figures.js";
import { ago, count, has, t } from "/static/words.js";

const MARGIN = 6; // rows kept beyond the edges
const AHEAD = 200; // so many rows before the end the next ones are asked for

export function badge(text, colour) {
  const element = h("span", { class: "badge" }, text);
  element.style.background = colour;
  element.style.color = contrastInk(colour);
  return element;
}
export const stateBadge = (p) => badge(t(`state.${p.state}`), palette.report_state[stateGroup(p.state)].colour);

/** The deadline as a bar that fills, with what is left in words. */
export function dueBar(p, share = null) {
  const due = deadline(p);
  if (!due) return h("div", { class: "due none" }, p.closed_at ? t("reports.closed") : t("reports.no_deadline"));
  const part = share ?? due.share, kind = due.left < 0 ? "over" : part > 0.75 ? "near" : "good";
  const bar = h("i", {});
  bar.style.width = `${Math.round(Math.min(part, 1) * 100)}%`;
  return h("div", { class: `due ${kind}` }, h("span", { class: "track", aria: { hidden: "true" } }, bar), h("span", {}, t(due.left < 0 ? "reports.over_by" : "reports.left", { time: span(Math.abs(due.left) / 1000) })));
}

export const symbol = (item, size = 24) => marks.swatch(size, size, (pen, w, hgt) => marks.report(pen, w / 2, hgt / 2, size * 0.24, reportLook(item)));
export const categoryName = (p) => (has(`category.${p.category}`) ? t(`category.${p.category}`) : p.category);

export class CaseList {
  /** `open(key)` is called for the row that is chosen, `more()` when the last rows come near. */
  constructor(open, more) {
    Object.assign(this, { open, more });
    this.box = byId("list");
    this.rows = byId("rows");
    this.items = [];
    this.at = -1;
    this.box.addEventListener("scroll", () => this.paint());
    new ResizeObserver(() => this.paint(true)).observe(this.box);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (row) this.mark(Number(row.dataset.at), true);
    });
  }

  /** Height of a row in pixels; rows are as high as their type asks for. */
  height() { return Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 5.4); }

  draw(items, key) {
    this.items = items;
    this.at = key ? items.findIndex((one) => one.p.report_key === key) : -1;
    this.rows.style.height = `${items.length * this.height()}px`;
    this.paint(true);
  }

  paint(anew = false) {
    const high = this.height();
    const first = Math.max(0, Math.floor(this.box.scrollTop / high) - MARGIN);
    const last = Math.min(this.items.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / high) + MARGIN);
    if (!anew && first === this.first && last === this.last) return;
    Object.assign(this, { first, last });
    if (last > this.items.length - AHEAD) this.more();
    fill(this.rows, this.items.slice(first, last).map((item, i) => this.row(item, first + i, high)));
    this.box.setAttribute("aria-activedescendant", this.at >= first && this.at < last ? `case-${this.at}` : "");
  }

  row(item, at, high) {
    const { p } = item;
    const element = h("div", { class: "case", id: `case-${at}`, role: "option", data: { at, key: p.report_key }, aria: { selected: String(at === this.at), setsize: this.items.length, posinset: at + 1 } },
      symbol(item), h("div", { class: "what" },
        h("div", { class: "line" }, h("b", {}, categoryName(p)), stateBadge(p), p.supervision !== "NONE" && h("span", { class: `mark ${p.supervision.toLowerCase()}` }, t(`supervision.${p.supervision}`)), p.urgency === "URGENT" && h("span", { class: "mark urgent" }, t("urgency.URGENT")), h("time", { dateTime: p.reported_at }, ago((Date.parse(p.reported_at) - now().getTime()) / -1000))),
        h("div", { class: "text" }, p.description || p.address_text || t("reports.no_text")),
        h("div", { class: "line" }, h("span", { class: "where" }, p.grid_code || p.village_code ? areaName(p.grid_code ?? p.village_code) : t(`assignment.${p.assignment ?? "NO_PLACE"}`)), dueBar(p))));
    element.style.transform = `translateY(${at * high}px)`;
    element.style.height = `${high}px`;
    return element;
  }

  /** Marks a row, brings it into view and, with `open`, opens it. */
  mark(at, open = false) {
    if (!this.items.length) return;
    this.at = Math.min(Math.max(at, 0), this.items.length - 1);
    const high = this.height(), top = this.at * high;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + high > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + high - this.box.clientHeight;
    this.paint(true);
    if (open) this.open(this.items[this.at].p.report_key);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height()) - 1);
    const steps = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, PageDown: this.at + page, PageUp: this.at - page, Home: 0, End: this.items.length - 1 };
    if (event.key === "Enter" && this.at >= 0) this.open(this.items[this.at].p.report_key, true);
    else if (event.key in steps) this.mark(steps[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** What stands below the list: how many of how many, loading, a fault, or what would fill it. */
export function drawStanding(cases, total, retry) {
  const { status, shown, items } = cases;
  const line = byId("standing");
  line.className = status;
  if (status === "error") fill(line, h("span", { role: "alert" }, t(cases.error.kind === "offline" ? "fault.offline" : "fault.server", { detail: cases.error.message })), h("button", { type: "button", class: "secondary", onclick: retry }, t("retry")));
  else if (status === "loading") fill(line, t("reports.loading", { count: count(items.length) }));
  else if (!shown.length) fill(line, t(items.length || cases.windowed ? "reports.none_fit" : "reports.none"));
  else if (cases.windowed) fill(line, t(items.length >= MOST ? "reports.count_most" : "reports.count_window", { shown: count(shown.length), all: total === null ? "…" : count(total) }));
  else fill(line, t("reports.count", { shown: count(shown.length), all: count(items.length) }));
}
