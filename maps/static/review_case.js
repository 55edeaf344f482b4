// One report of the queue: what it says, its candidates, and what can be done.
import { categoryGroup, contrastInk, palette } from "/static/colours.js";
import { areaName } from "/static/casemap.js";
import { byId, fill, h } from "/static/dom.js";
import * as marks from "/static/marks.js";
import { span } from "/static/review_figures.js";
import { markedText, textLegend, traceList } from "/static/review_text.js";
import { count, metres, moment, percent, t } from "/static/words.js";

const kbd = (key) => h("kbd", { aria: { hidden: "true" } }, key);

function meter(share) {
  const canvas = marks.swatch(120, 8, (pen, w, hgt) => {
    pen.fillStyle = palette.report_state.in_hand.colour;
    pen.fillRect(0, 0, w * Math.min(Math.max(share, 0), 1), hgt);
  });
  return h("div", { class: "meter" }, canvas);
}

/** The reasons stand below the chosen candidate, and below the first one as long as none is chosen. */
function candidateRow(one, chosen, reasons, choose) {
  const where = [areaName(one.grid_code ?? one.village_code), t(`addresslevel.${one.level}`), Number.isFinite(one.radius_m) ? t("review.radius", { radius: metres(one.radius_m) }) : null, Number.isFinite(one.lon) ? null : t("review.no_point")];
  return h("li", { class: chosen ? "chosen" : "", data: { rank: one.rank } },
    h("button", { type: "button", class: "candidate", aria: { pressed: String(chosen) }, onclick: () => choose(one.rank) },
      h("span", { class: "candidate-mark" }, String(one.rank)), h("span", { class: "candidate-name" }, h("b", {}, one.label), h("small", {}, where.filter(Boolean).join(" · "))),
      h("span", { class: "candidate-share" }, h("b", {}, percent(one.confidence)), meter(one.confidence))),
    reasons && one.trace.length > 0 && traceList(one.trace));
}

/** Fills #case; `does` holds choose, accept, ask, giveUp, later, undo and alike. */
export function drawCase(report, { chosen, alike, moved, busy, last }, does) {
  const look = { shape: palette.report_category[categoryGroup(report.category)].shape, colour: palette.report_state.waiting.colour };
  const state = h("span", { class: "badge" }, t(`state.${report.state}`));
  state.style.background = palette.report_state.waiting.colour;
  state.style.color = contrastInk(palette.report_state.waiting.colour);
  const act = (id, key, text, run, kind = "secondary", disabled = false) => h("button", { type: "button", id, class: kind, disabled: disabled || busy, onclick: run }, text, kbd(key));
  fill(byId("case"),
    h("header", {}, marks.swatch(24, 24, (pen, w, hgt) => marks.report(pen, w / 2, hgt / 2, 6.5, look)), h("h1", {}, t(`category.${report.category}`)), state, report.urgency === "URGENT" && h("span", { class: "badge urgent" }, t("urgency.URGENT"))),
    h("p", { class: "origin" }, t("review.origin", { source: t(`source.${report.source}`), at: moment(report.reported_at), waited: span(report.waited_s) }), " ", h("a", { class: "code", href: `/reports?selection=report:${encodeURIComponent(report.report_key)}` }, report.report_key)),
    report.text ? markedText(report.text, report.parts) : h("p", { class: "hint" }, t("review.no_text")),
    report.parts.length > 0 && textLegend(report.parts),
    report.description && report.description !== report.text && h("p", { class: "wide" }, report.description),
    h("h2", {}, t("review.candidates")),
    report.candidates.length ? h("ol", { class: "candidates" }, report.candidates.map((one) => candidateRow(one, one.rank === chosen, one.rank === (chosen ?? report.candidates[0].rank), does.choose))) : h("p", { class: "hint" }, t("review.no_candidates")),
    report.same_text > 0 && h("label", { class: "alike" }, h("input", { type: "checkbox", id: "alike", checked: alike, onchange: (event) => does.alike(event.target.checked) }), t("review.alike", { count: count(report.same_text) }), kbd("A")),
    h("div", { class: "acts" },
      act("accept", "Enter", moved ? t("review.correct") : chosen ? t("review.accept", { rank: chosen }) : t("review.choose_first"), does.accept, "primary", !moved && !chosen),
      act("ask-caller", "S", t("review.ask"), does.ask), act("give-up", "X", t("review.give_up"), does.giveUp), act("later", "N", t("review.later"), does.later)),
    lastLine(last, busy, does));
}

const lastLine = (last, busy, does) => last && h("p", { class: "last" }, h("span", {}, t(`review.done.${last.action}`, { key: last.key })),
  h("button", { type: "button", id: "undo", class: "secondary", disabled: busy, onclick: does.undo }, t("review.undo"), kbd("U")));

/** What is shown to those who may not decide. */
export function drawClosed() {
  fill(byId("case"), h("div", { class: "empty" }, h("h1", {}, t("review.not_yours")), h("p", {}, t("review.not_yours_why"))));
}

/** What is shown where nothing waits. */
export function drawEmpty({ last, busy }, does) {
  fill(byId("case"), h("div", { class: "empty" }, h("b", { aria: { hidden: "true" } }, "✓"), h("h1", {}, t("review.empty")), h("p", {}, t("review.empty_why")), h("p", {}, h("a", { href: "/reports" }, t("review.to_reports")))), lastLine(last, busy, does));
}
