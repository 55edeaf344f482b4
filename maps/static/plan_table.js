// The grids as a table that sorts, the totals with their histogram at the foot, and the selected grid.
import { byId, fill, h } from "/static/dom.js";
import { alpha, contrastInk, dark, palette, theme } from "/static/colours.js";
import { bandColour } from "/static/plan_division.js";
import { area, count, metres, percent, t } from "/static/words.js";

const COLUMNS = [
  ["code", (grid) => grid.code],
  ["households", (grid) => grid.households],
  ["deviation", (grid) => Math.abs(grid.deviation)],
  ["compactness", (grid) => grid.polsby_popper ?? -1],
];
const PORTION = 40; // rows put in before the page may draw a frame, when a plan is opened
const FRAME_MS = 17; // between two portions
const PLAIN = /^第.{1,6}网格$/; // a name that only says the number again
const broken = (grid) => !grid.contiguous || grid.holes > 0;
export const figure = (value) => (Number.isFinite(value) ? value.toFixed(2) : t("none"));

/** What is wrong with a grid, in words; empty when nothing is. */
export function faults(grid) {
  const found = [];
  if (!grid.contiguous) found.push(t("plan.flaw.pieces", { count: grid.pieces }));
  if (grid.holes > 0) found.push(t("plan.flaw.holes", { count: grid.holes }));
  if (!grid.in_band) found.push(t(grid.deviation < 0 ? "plan.flaw.small" : "plan.flaw.large"));
  return found;
}

export class GridTable {
  /** `choose(number, {fly})` is called by a click (no flight) or Enter (flight). */
  constructor(choose) {
    this.choose = choose;
    this.order = { column: "flaws", down: true };
    this.rows = new Map(); // number -> {element, button, cells, key}
    this.timer = 0; // while rows are still to be put in
    this.body = byId("plan-rows");
    this.body.addEventListener("keydown", (event) => this.key(event));
    for (const button of document.querySelectorAll("#plan-table thead button")) {
      button.addEventListener("click", () => this.sort(button.dataset.column));
    }
  }

  sort(column) {
    this.order = { column, down: this.order.column === column ? !this.order.down : column !== "code" };
    this.draw(this.division, this.selected);
  }

  sorted(grids) {
    const { column, down } = this.order;
    const byCode = (a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : a.number - b.number);
    const worth = (grid) => (broken(grid) ? 1000 : 0) + (grid.in_band ? 0 : 100) + Math.min(99, Math.abs(grid.in_band ? 0 : grid.deviation));
    const value = column === "flaws" ? worth : COLUMNS.find(([name]) => name === column)[1];
    return [...grids].sort((a, b) => {
      const first = value(a), second = value(b);
      return (first < second ? -1 : first > second ? 1 : 0) * (down ? -1 : 1) || byCode(a, b);
    });
  }

  draw(division, selected) {
    Object.assign(this, { division, selected });
    clearTimeout(this.timer);
    const hadFocus = this.body.contains(document.activeElement);
    const grids = this.sorted(division.grids.values());
    const later = this.rows.size ? [] : grids.splice(PORTION).map(({ number }) => number);
    const elements = grids.map((grid) => this.row(grid));
    for (const number of this.rows.keys()) if (!division.grids.has(number)) this.rows.delete(number);
    // Hundreds of rows take long to lay out: they are put in anew only where their order has changed.
    if (elements.length !== this.body.children.length || elements.some((element, at) => this.body.children[at] !== element)) this.body.replaceChildren(...elements);
    const named = { code: "ascending", other: "descending" };
    for (const head of document.querySelectorAll("#plan-table thead th")) {
      const on = head.dataset.column === this.order.column;
      head.setAttribute("aria-sort", on ? (this.order.down ? named.other : named.code) : "none");
    }
    this.select(selected);
    if (hadFocus) this.rows.get(selected)?.button.focus({ preventScroll: true });
    this.follow(later);
  }

  /** The rows of these grids below the others, a portion for each frame. */
  follow(numbers) {
    if (!numbers.length) return;
    this.timer = setTimeout(() => {
      const grids = numbers.slice(0, PORTION).map((number) => this.division.grids.get(number));
      this.body.append(...grids.filter(Boolean).map((grid) => this.row(grid)));
      if (grids.some((grid) => grid?.number === this.selected)) this.select(this.selected);
      this.follow(numbers.slice(PORTION));
    }, FRAME_MS);
  }

  /** The grid's row, which is made once. */
  row(grid) {
    const made = this.rows.get(grid.number);
    if (made) { this.fill(grid); return made.element; }
    const button = h("button", { type: "button", class: "plan-code", tabIndex: -1, onclick: () => this.choose(grid.number, {}) });
    const cells = COLUMNS.slice(1).map(() => h("td", {}));
    const element = h("tr", { data: { number: grid.number }, onclick: (event) => { if (event.target !== button) this.choose(grid.number, {}); } }, h("th", { scope: "row" }, button), cells);
    this.rows.set(grid.number, { element, button, cells });
    this.fill(grid);
    return element;
  }

  fill(grid) {
    const row = this.rows.get(grid.number);
    if (!row) return;
    const { element, button, cells } = row;
    const key = [grid.code, grid.name, grid.households, grid.deviation, grid.polsby_popper, grid.pieces, grid.holes, grid.in_band, grid.locked, grid.dedicated, document.documentElement.lang, dark()].join("|");
    element.classList.remove("gone");
    if (key === row.key) return;
    row.key = key;
    const wrong = faults(grid);
    fill(button, h("small", {}, grid.code.slice(-6, -3)), h("b", {}, grid.code.slice(-3) || "·"), h("span", { class: PLAIN.test(grid.name) ? "plain-name" : "" }, grid.name), grid.locked && h("i", { class: "lock", title: t("plan.locked") }, t("plan.lock_mark")), broken(grid) && h("i", { class: "broken", title: wrong.join(t("plan.comma")) }, "⚠"));
    button.title = [grid.code, this.division.names?.get(grid.parent_code), grid.name, ...wrong].filter(Boolean).join(" · ");
    element.classList.toggle("out", !grid.in_band);
    element.classList.toggle("broken", broken(grid));
    cells[0].textContent = count(grid.households);
    cells[1].textContent = grid.dedicated ? t("plan.dedicated_mark") : percent(grid.deviation, 0, true);
    const colour = grid.dedicated ? palette.missing : bandColour(grid.deviation, this.division.status);
    // On a dark wall the white of the band would outshine what is out of it.
    const quiet = dark() && colour === bandColour(0, this.division.status);
    cells[1].style.background = quiet ? "" : colour;
    cells[1].style.color = quiet ? "" : contrastInk(colour);
    cells[2].textContent = figure(grid.polsby_popper);
  }

  clear() {
    clearTimeout(this.timer);
    this.rows.clear();
    this.body.replaceChildren();
  }

  /** New figures of some grids, as while a brush moves; the order stays. */
  update(numbers) {
    for (const number of numbers) {
      const grid = this.division.grids.get(number);
      if (grid) this.fill(grid); else this.rows.get(number)?.element.classList.add("gone");
    }
  }

  select(number) {
    this.selected = number;
    for (const [key, { element, button }] of this.rows) {
      element.setAttribute("aria-selected", String(key === number));
      button.tabIndex = key === number ? 0 : -1;
    }
    const row = this.rows.get(number);
    if (row) row.element.scrollIntoView({ block: "nearest" });
    else { const first = this.rows.values().next().value; if (first) first.button.tabIndex = 0; }
  }

  key(event) {
    const beside = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const row = document.activeElement.matches(".plan-code") && document.activeElement.closest("tr");
    if (!row || (!beside && event.key !== "Enter")) return;
    event.preventDefault();
    const next = (beside && row[beside]) || row;
    this.choose(Number(next.dataset.number), { fly: !beside });
    if (beside) next.querySelector(".plan-code").focus();
  }
}

const BINS = 21, REACH = 0.5; // classes of 5 % of the target, from half of it to one and a half

/** The size of the histogram; asking for it in the middle of a change would lay out the whole page. */
const histogramSize = { width: 200, height: 32, shown: null };
new ResizeObserver(([{ contentRect: { width, height } }]) => {
  Object.assign(histogramSize, { width: width || 200, height: height || 32 });
  histogramSize.shown?.();
}).observe(byId("plan-histogram"));

/** No figures, while there is no plan to count. */
export function emptyFoot() {
  for (const id of ["plan-totals", "plan-legend"]) byId(id).replaceChildren();
  histogramSize.shown = null;
  const canvas = byId("plan-histogram");
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

/** Totals of the plan; `moved` is what the comparison says, or null while it is not known. */
export function drawFoot(division, moved) {
  const grids = [...division.grids.values()];
  const households = grids.reduce((sum, grid) => sum + grid.households, 0);
  const base = grids.filter((grid) => !grid.dedicated);
  const parts = [
    ["plan.foot.grids", count(grids.length)], ["plan.foot.in_band", `${count(base.filter((grid) => grid.in_band).length)} / ${count(base.length)}`],
    ["plan.foot.flagged", count(division.flaws().length), division.flaws().length > 0], ["plan.foot.broken", count(grids.filter(broken).length), grids.some(broken)],
    ["plan.foot.moved", moved ? `${count(moved.households)} / ${count(households)} (${percent(households ? moved.households / households : NaN, 1)})` : "…"],
  ];
  byId("plan-totals").replaceChildren(...parts.map(([key, value, alarm]) => h("div", { class: alarm ? "alarm" : "" }, h("dt", {}, t(key)), h("dd", {}, value))));
  histogramSize.shown = () => histogram(base, division.status);
  histogramSize.shown();
  drawLegend(division.status);
}

function histogram(grids, status) {
  const canvas = byId("plan-histogram");
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const { width, height } = histogramSize;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const bins = new Array(BINS).fill(0);
  for (const { deviation } of grids) bins[Math.max(0, Math.min(BINS - 1, Math.round(((deviation + REACH) / (2 * REACH)) * (BINS - 1))))] += 1;
  const most = Math.max(1, ...bins);
  const step = width / BINS;
  bins.forEach((number, bin) => {
    const tall = number ? Math.max(3, (number / most) * (height - 4)) : 0;
    pen.fillStyle = bandColour((bin / (BINS - 1) - 0.5) * 2 * REACH, status);
    pen.fillRect(bin * step + 0.5, height - 1 - tall, step - 1, tall);
    pen.strokeStyle = alpha(theme().label, 0.7);
    pen.lineWidth = 0.7;
    if (number) pen.strokeRect(bin * step + 0.5, height - 1 - tall, step - 1, tall);
  });
  pen.fillStyle = theme().label;
  pen.fillRect(0, height - 1, width, 1);
  canvas.setAttribute("aria-label", t("plan.histogram", { least: percent(Math.min(...grids.map((grid) => grid.deviation)), 0, true), most: percent(Math.max(...grids.map((grid) => grid.deviation)), 0, true) }));
  canvas.title = canvas.getAttribute("aria-label");
}

/** What the colours mean: classes of the deviation from the target, in households a grid. */
function drawLegend({ target, tolerance }) {
  const { edges, colours } = palette.deviation;
  const inner = edges[edges.length / 2];
  const at = edges.map((edge) => count(Math.max(0, target * (1 + (edge * tolerance) / inner))));
  const text = (i) => (i === 0 ? `< ${at[0]}` : i === colours.length - 1 ? `> ${at.at(-1)}` : `${at[i - 1]}–${at[i]}`);
  byId("plan-legend").replaceChildren(...colours.map((colour, i) => {
    const swatch = h("i", {});
    swatch.style.background = colour;
    return h("li", {}, swatch, text(i));
  }));
}

/** The panel of one grid. `does`: close, merge(number), lock(), abolish(), rename(name), fly(). */
export function drawSelected(division, number, impact, mayEdit, does) {
  const panel = byId("plan-selected");
  const grid = division.grids.get(number);
  panel.hidden = !grid;
  if (!grid) return;
  const { status } = division;
  const colour = grid.dedicated ? palette.missing : bandColour(grid.deviation, status);
  const badge = h("span", { class: "badge" }, grid.dedicated ? t("kind.DEDICATED") : percent(grid.deviation, 1, true));
  badge.style.background = colour;
  badge.style.color = contrastInk(colour);
  const wrong = faults(grid);
  const facts = [
    ["plan.fact.band", t("legend.range", { low: count(status.low), high: count(status.high) })],
    ["plan.fact.compactness", figure(grid.polsby_popper)],
    ["plan.fact.contiguous", grid.contiguous ? t("plan.yes") : t("plan.flaw.pieces", { count: grid.pieces })],
    ["plan.fact.villages", count(grid.villages)], ["plan.fact.blocks", count(grid.blocks)], ["plan.fact.area", area(grid.area_m2)], ["plan.fact.perimeter", metres(grid.perimeter_m)],
  ];
  const neighbours = [...division.neighbours(number)].sort((a, b) => b[1] - a[1]).map(([other]) => division.grids.get(other)).filter(Boolean);
  const used = panel.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  fill(panel,
    h("header", {}, h("div", {}, h("h2", {}, grid.name || grid.code), h("div", { class: "path" }, division.names?.get(grid.parent_code) ?? "", " ", h("span", { class: "code" }, grid.code))),
      h("button", { type: "button", class: "plain icon", data: { act: "close" }, aria: { label: t("close") }, onclick: does.close }, "✕")),
    h("div", { class: "big" }, h("b", { id: "selected-households" }, count(grid.households)), h("span", {}, t("plan.of_target", { target: count(status.target) })), badge),
    ...wrong.map((text) => h("p", { class: "plan-flaw" }, `⚠ ${text}`)),
    h("dl", { class: "facts" }, ...facts.flatMap(([key, value]) => [h("dt", {}, t(key)), h("dd", {}, value)])),
    ...origin(grid, impact),
    mayEdit && h("div", { class: "plan-acts" },
      h("button", { type: "button", class: "secondary", data: { act: "lock" }, onclick: does.lock }, t(grid.locked ? "plan.unlock" : "plan.lock")),
      h("button", { type: "button", class: "secondary", data: { act: "rename" }, onclick: () => does.rename(grid) }, t("plan.rename")),
      h("button", { type: "button", class: "secondary", data: { act: "abolish" }, disabled: grid.locked, onclick: does.abolish }, t("plan.abolish")),
      h("button", { type: "button", class: "secondary", data: { act: "convert" }, onclick: () => does.convert(grid) }, t("plan.convert"))),
    h("h3", {}, t("plan.neighbours")),
    h("div", { class: "links" }, ...neighbours.map((other) => h("div", { class: "plan-neighbour" },
      h("button", { type: "button", data: { act: `go-${other.number}` }, onclick: () => does.go(other.number) }, h("b", {}, h("small", {}, other.code.slice(-6, -3)), " ", other.code.slice(-3)), h("span", {}, `${count(other.households)} · ${other.dedicated ? t("plan.dedicated_mark") : percent(other.deviation, 0, true)}`)),
      mayEdit && h("button", { type: "button", class: "secondary", data: { act: `merge-${other.number}` }, disabled: grid.locked || other.locked, onclick: () => does.merge(other.number) }, t("plan.merge_with"))))),
  );
  if (used) panel.querySelector(`[data-act="${used}"]`)?.focus({ preventScroll: true });
}

/** Where the households of a grid come from, and what moves with them. */
function origin(grid, impact) {
  if (!impact) return [];
  const rows = impact.rows.filter((row) => row.new_code === grid.code);
  const households = rows.reduce((sum, row) => sum + row.households, 0);
  const from = rows.filter((row) => row.households > 0).sort((a, b) => b.households - a.households);
  const moving = rows.filter((row) => !row.stays);
  const sum = (name) => count(moving.reduce((all, row) => all + row[name], 0));
  return [
    h("h3", {}, t("plan.from")),
    from.length ? h("ul", { class: "plan-from" }, ...from.slice(0, 6).map((row) => h("li", {}, h("span", { class: "code" }, row.old_code ?? t("none")), h("span", {}, `${count(row.households)} (${percent(row.households / households)})`)))) : h("p", { class: "hint" }, t("plan.from_none")),
    h("h3", {}, t("plan.moves")),
    h("p", {}, t("plan.moves_text", { households: sum("households"), cameras: sum("cameras"), reports: sum("open_reports"), addresses: sum("addresses"), teams: sum("teams") })),
  ];
}
