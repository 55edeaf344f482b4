// The figures of every area of a level, in the order of codes, and what deserves a look.
import { byId, fill, h } from "/static/dom.js";
import { baseText, definitionOf, nameOf, reasonText, shortReason, valueText } from "/static/statistics_words.js";
import { count, t } from "/static/words.js";

const SHOWN = 300;

/**
 * `go(code)` is called for a click on the name of an area, `around(code)` names the area around it; `filter` keeps
 * areas whose name or code holds it.
 */
export function drawTable(body, { filter, around, go, more, rows = SHOWN }) {
  const columns = body.kpis.filter((kpi) => kpi.key !== "reported" && body.areas.some((area) => area.figures[kpi.key].reason !== "NO_OBSERVATIONS" && area.figures[kpi.key].reason !== "NO_POSITION_REGISTER"));
  const reported = body.kpis.find((kpi) => kpi.key === "reported");
  const wanted = filter.trim().toLowerCase();
  const areas = body.areas.filter((area) => !wanted || `${around(area.code)}${area.name}`.toLowerCase().includes(wanted) || area.code.includes(wanted));
  const most = Math.max(1, ...areas.map((area) => Math.max(area.figures.reported.value ?? 0, area.expected ?? 0)));
  fill(byId("stat-table"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("stat.area")), h("th", { scope: "col", class: "reports", title: definitionOf(reported) }, nameOf(reported)),
      columns.map((kpi) => h("th", { scope: "col", title: definitionOf(kpi) }, nameOf(kpi))))),
    h("tbody", {}, areas.slice(0, rows).map((area) => h("tr", { data: { code: area.code } },
      h("th", { scope: "row" }, h("button", { type: "button", class: "plain", onclick: () => go(area.code) }, area.name), h("small", {}, around(area.code)), h("small", { class: "code" }, area.code)),
      h("td", { class: "reports" }, reports(area, most)),
      columns.map((kpi) => cell(kpi, area.figures[kpi.key]))))));
  fill(byId("table-more"),
    !areas.length && h("p", { class: "hint empty" }, t(body.areas.length ? "stat.no_match" : "stat.no_areas")),
    areas.length > rows && h("button", { type: "button", class: "secondary", onclick: () => more(rows + SHOWN) }, t("stat.more", { shown: count(rows), all: count(areas.length) })));
}

function cell(kpi, figure) {
  const missing = figure.value === null;
  return h("td", { class: missing ? "missing" : "", title: reasonText(kpi, figure) },
    h("span", {}, valueText(kpi, figure)), h("small", {}, missing ? shortReason(kpi, figure) : baseText(kpi, figure)));
}

function reports(area, most) {
  const value = area.figures.reported.value ?? 0;
  const meter = h("meter", { min: 0, max: most, value, aria: { hidden: "true" } });
  const flags = [
    area.burst && h("span", { class: "flag burst", title: t("stat.burst_why", { expected: area.expected.toFixed(1), weeks: count(area.past_weeks), p: area.p < 0.001 ? "< 0.001" : area.p.toFixed(3) }) }, t("stat.burst")),
    area.alike >= 3 && h("span", { class: "flag alike", title: t("stat.alike_why") }, t("stat.alike", { n: count(area.alike) })),
  ];
  const usual = area.expected === null ? t("stat.no_past") : t("stat.usual", { n: area.expected.toFixed(1) });
  return [h("span", {}, count(value)), meter, h("small", {}, usual), ...flags];
}

/** What a version of a closed week states anew. */
export function drawChanges(body, kpis) {
  const box = byId("changes");
  box.hidden = !body?.count;
  if (box.hidden) return;
  const known = new Map(kpis.map((kpi) => [kpi.key, kpi]));
  fill(box, h("details", {}, h("summary", {}, t("stat.changed", { version: String(body.edition.version), n: count(body.count) })),
    h("table", {},
      h("thead", {}, h("tr", {}, [t("stat.area"), t("stat.figure"), t("stat.old"), t("stat.new")].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, body.changes.filter((row) => known.has(row.kpi)).slice(0, 200).map((row) => {
        const kpi = known.get(row.kpi);
        const side = (figure) => [valueText(kpi, figure), baseText(kpi, figure)].filter(Boolean).join(" · ");
        return h("tr", {}, h("th", { scope: "row" }, row.area_code || t("place.all")), h("td", {}, nameOf(kpi)), h("td", {}, side(row.before)), h("td", {}, side(row.after)));
      })))));
}
