// One report: where it stands, who may do what next, its course, and how its place was found.
import { areaName } from "/static/casemap.js";
import { byId, fill, h } from "/static/dom.js";
import { badge, categoryName, dueBar, stateBadge, symbol } from "/static/reports_list.js";
import { traceList } from "/static/review_text.js";
import { count, has, metres, moment, percent, t } from "/static/words.js";

const known = (value) => value !== null && value !== undefined && value !== "";
const word = (prefix, value) => (known(value) ? (has(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : String(value)) : t("none"));
const MARKS = new Set(["supervise", "cancel_supervision", "set_urgency", "set_scale", "mark_legacy", "request_extension", "approve_extension", "refuse_extension"]);
const BACK = new Set(["void", "merge", "return", "escalate", "reject", "reopen"]);
export const stepName = (name) => (has(`step.${name}`) ? t(`step.${name}`) : name);

const EXTENSIONS = { REQUESTED: "reports.extension_requested", APPROVED: "reports.extension_approved", REFUSED: "reports.extension_refused" };

const facts = (rows) => h("dl", { class: "facts" }, rows.filter(Boolean).flatMap(([name, value, note]) => [h("dt", {}, name), h("dd", {}, value, note ? h("small", {}, note) : null)]));

function steps(p, take) {
  const moves = p.steps.filter((name) => !MARKS.has(name)), marks = p.steps.filter((name) => MARKS.has(name));
  if (!p.steps.length) return h("p", { class: "hint" }, t("reports.no_steps"));
  const onward = moves.find((name) => !BACK.has(name)); // what brings the report forward stands out
  return h("div", { class: "steps" }, moves.map((name, at) => h("button", { type: "button", class: name === onward ? "primary" : "secondary", data: { step: name }, onclick: () => take(name) }, stepName(name), at < 9 && h("kbd", { aria: { hidden: "true" } }, String(at + 1)))),
    marks.length > 0 && h("details", {}, h("summary", {}, t("reports.marks")), h("div", { class: "steps" }, marks.map((name) => h("button", { type: "button", class: "secondary", data: { step: name }, onclick: () => take(name) }, stepName(name))))));
}

const timeline = (p, fresh) => h("ol", { class: "timeline" }, p.history.map((step) => h("li", { class: step.sequence > fresh ? "fresh" : "" },
  h("div", {}, h("b", {}, stepName(step.step)), " ", stateBadge(step)), h("div", { class: "code" }, `${moment(step.at)} · ${step.by}${step.org_code ? ` · ${areaName(step.org_code)}` : ""}`),
  step.note && h("p", {}, step.note), step.attachments?.length > 0 && h("p", { class: "hint" }, t("reports.attachments", { names: step.attachments.map((one) => one.name).join(t("list.comma")) })))));

function placeFound(p, candidates) {
  if (!candidates?.length) return null;
  return [h("h3", {}, t("reports.placed_by")), h("ol", { class: "found" }, candidates.map((one) => h("li", { class: one.grid_code && one.grid_code === p.grid_code ? "taken" : "" },
    h("details", {}, h("summary", {}, h("span", {}, `${one.rank}. ${one.label}`), h("b", {}, percent(one.confidence))), h("p", { class: "code" }, [areaName(one.grid_code ?? one.village_code), t(`addresslevel.${one.level}`), Number.isFinite(one.radius_m) && t("review.radius", { radius: metres(one.radius_m) })].filter(Boolean).join(" · ")), traceList(one.trace)))))];
}

/** Fills the panel; `fresh` is the last step that was seen before a conflict, `does` holds close, take and open. */
export function drawPanel(item, { candidates, fresh = Infinity }, does) {
  const { p } = item;
  const panel = byId("detail");
  const place = p.grid_code ?? p.village_code;
  fill(panel,
    h("header", {}, h("div", {}, h("div", { class: "path" }, place ? areaName(place) : word("assignment", p.assignment)), h("h2", { tabIndex: -1 }, categoryName(p)), h("div", { class: "code" }, p.report_key)),
      h("button", { type: "button", class: "plain icon", onclick: does.close, title: t("close"), aria: { label: t("close") } }, "✕")),
    h("div", { class: "big" }, symbol(item, 26), stateBadge(p), p.supervision !== "NONE" && badge(t(`supervision.${p.supervision}`), { ORDINARY: "#0072b2", YELLOW: "#f2b705", RED: "#b00020" }[p.supervision]), p.urgency === "URGENT" && badge(t("urgency.URGENT"), "#b00020"), p.legacy && badge(t("reports.legacy"), "#7c838d")),
    dueBar(p, Number.isFinite(p.remaining) ? 1 - p.remaining : null),
    p.description && h("p", { class: "wide" }, p.description), p.address_text && h("p", { class: "wide address" }, p.address_text),
    h("h3", {}, t("reports.next")), steps(p, does.take),
    p.assignment === "REVIEW" && h("p", { class: "wide" }, h("a", { href: "/review" }, t("reports.to_review"))),
    facts([
      [t("reports.team"), p.team ? p.team.name : t("none"), p.team?.phone ?? null], known(p.held_by) && [t("reports.held_by"), areaName(p.held_by)],
      [t("report.at"), moment(p.reported_at)], known(p.due_at) && [t("reports.deadline"), moment(p.extended_until ?? p.due_at), p.extended_until ? t("reports.extended") : null],
      known(p.extension) && [t("reports.extension"), t(EXTENSIONS[p.extension], { days: count(p.extension_days) })], known(p.closed_at) && [t("report.closed_at"), moment(p.closed_at)],
      [t("report.source"), word("source", p.source)], known(p.subtype) && [t("report.subtype"), p.subtype], known(p.severity) && [t("report.severity"), word("severity", p.severity)],
      known(p.satisfaction) && [t("reports.satisfaction"), word("satisfaction", p.satisfaction)],
      [t("report.assignment"), word("assignment", p.assignment), Number.isFinite(p.distance_m) && p.distance_m > 0 ? metres(p.distance_m) : null],
    ]),
    place && h("p", { class: "wide" }, h("a", { href: `/map?selection=grid:${place}` }, t("reports.on_the_map"))),
    p.links.length > 0 && [h("h3", {}, t("reports.links")), h("div", { class: "links" }, p.links.map((link) => h("button", { type: "button", title: link.reason, onclick: () => does.open(link.report_key, true) }, h("span", {}, `${t(link.kind === "MERGED" ? "reports.merged" : "reports.alike")} ${link.report_key}`), h("span", {}, percent(link.score)))))],
    placeFound(p, candidates),
    h("h3", {}, t("reports.course")), timeline(p, fresh));
  panel.hidden = false;
}
