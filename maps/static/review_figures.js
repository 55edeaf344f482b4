// How the queue stands: length, age, and how good the first candidates were.
import { palette, theme } from "/static/colours.js";
import { byId, fill, h } from "/static/dom.js";
import * as marks from "/static/marks.js";
import { count, percent, t } from "/static/words.js";

/** A length of time in words: minutes, hours or days; seconds in. */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return t("none");
  if (seconds < 5400) return t("span.minutes", { n: count(Math.max(Math.round(seconds / 60), 0)) });
  if (seconds < 172_800) return t("span.hours", { n: (seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0) });
  return t("span.days", { n: (seconds / 86_400).toFixed(seconds < 864_000 ? 1 : 0) });
}

const share = (one, minimum) => (Number.isFinite(one.share) ? `${percent(one.share)}` : t("review.too_few", { minimum: count(minimum) }));
const ratio = (one) => t("review.ratio", { right: count(one.right), decided: count(one.decided) });

/** The line at the head of the page. */
export function drawFigures(figures) {
  const today = figures.days.at(-1);
  const rows = [
    ["review.waiting", count(figures.length), ""], ["review.oldest", span(figures.oldest_s ?? NaN), ""], ["review.median", span(figures.median_s ?? NaN), ""],
    ["review.today", `+${count(today.arrived)} −${count(today.decided)}`, ""], ["review.accuracy", Number.isFinite(figures.accuracy.share) ? percent(figures.accuracy.share) : t("review.na"), ratio(figures.accuracy)],
  ];
  fill(byId("review-figures"), rows.map(([key, value, note]) => h("div", {}, h("dt", {}, t(key), note && h("small", {}, ` ${note}`)), h("dd", {}, value))));
}

/** Arrivals as outlines, decisions as bars, day by day. */
function chart(days) {
  const most = Math.max(1, ...days.flatMap((day) => [day.arrived, day.decided]));
  const canvas = marks.swatch(300, 90, (pen, w, hgt) => {
    const step = w / days.length, at = (value) => (value / most) * (hgt - 6);
    days.forEach((day, i) => {
      pen.fillStyle = palette.report_state.in_hand.colour;
      pen.fillRect(i * step + 2, hgt - at(day.decided), step - 4, at(day.decided));
      pen.strokeStyle = theme().label;
      pen.lineWidth = 1.2;
      pen.strokeRect(i * step + 2.6, hgt - at(day.arrived), step - 5.2, at(day.arrived));
    });
  }, "day-chart");
  return h("figure", {}, canvas, h("figcaption", {}, h("span", {}, days[0].day.slice(5)), h("span", {}, t("review.chart", { most: count(most) })), h("span", {}, days.at(-1).day.slice(5))));
}

/** The panel with days and bins of confidence. */
export function drawFigurePanel(figures, close) {
  const { minimum } = figures;
  fill(byId("figures-panel"),
    h("header", {}, h("div", {}, h("h2", { tabIndex: -1 }, t("review.figures"))), h("button", { type: "button", class: "plain icon", onclick: close, title: t("close"), aria: { label: t("close") } }, "✕")),
    h("h3", {}, t("review.flow", { days: count(figures.days.length) })), chart(figures.days),
    h("h3", {}, t("review.bins")),
    h("table", { class: "bins" }, h("thead", {}, h("tr", {}, ["review.confidence", "review.accepted", "review.share"].map((key) => h("th", { scope: "col" }, t(key))))),
      h("tbody", {}, figures.bins.map((one) => h("tr", {}, h("th", { scope: "row" }, t("review.range", { low: percent(one.low), high: percent(one.high) })), h("td", {}, ratio(one)), h("td", {}, share(one, minimum)))))),
    h("p", { class: "hint" }, t("review.bins_note", { days: count(figures.accuracy_days), minimum: count(minimum) })));
}
