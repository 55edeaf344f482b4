// One card for each figure of the chosen area: the value, what it was counted from, and its course over the weeks.
import { byId, h, skeleton } from "/static/dom.js";
import { lineChart, niceTop } from "/static/statistics_chart.js";
import { baseText, definitionOf, nameOf, reasonText, tick, valueText } from "/static/statistics_words.js";
import { t } from "/static/words.js";

export const waitForCards = () => byId("cards").replaceChildren(...Array.from({ length: 8 }, () => h("article", { class: "card" }, skeleton(3))));

/** `series` as the server tells it; `week` is the chosen one; `go(week)` is called for a click on another. */
export function drawCards(series, week, go) {
  const chosen = series.weeks.findIndex((one) => one.week === week);
  const open = new Set([...document.querySelectorAll(".card details[open]")].map((node) => node.closest(".card").dataset.kpi));
  const known = series.kpis.filter((kpi) => series.weeks.some((one) => one.figures[kpi.key].value !== null));
  const unknown = series.kpis.filter((kpi) => !known.includes(kpi));
  byId("cards").replaceChildren(
    ...known.map((kpi) => card(kpi, series, chosen, go, open.has(kpi.key))),
    ...(unknown.length ? [h("article", { class: "card silent" }, h("h3", {}, t("stat.silent")), h("dl", {},
      unknown.map((kpi) => h("div", {}, h("dt", { title: definitionOf(kpi) }, nameOf(kpi)), h("dd", {}, reasonText(kpi, series.weeks[chosen]?.figures[kpi.key]))))))] : []),
  );
}

function card(kpi, series, chosen, go, open) {
  const figure = series.weeks[chosen]?.figures[kpi.key];
  const points = series.weeks.map((one) => ({
    label: one.week, value: one.figures[kpi.key].value, provisional: one.provisional, text: sentence(kpi, one.figures[kpi.key]),
  }));
  const chart = lineChart({
    points, chosen, top: kpi.unit === "SHARE" ? shareTop(points) : null, format: tick(kpi), title: nameOf(kpi),
    text: t("stat.chart_text", { first: points[0].label, last: points.at(-1).label, week: points[chosen]?.label ?? "", value: figure ? sentence(kpi, figure) : t("none") }),
    pick: (i) => go(series.weeks[i].week),
  });
  return h("article", { class: "card", data: { kpi: kpi.key } },
    h("h3", { title: definitionOf(kpi) }, nameOf(kpi)),
    h("p", { class: "value" }, h("b", {}, valueText(kpi, figure)), h("span", {}, baseText(kpi, figure))),
    h("p", { class: "why" }, reasonText(kpi, figure)),
    chart,
    h("details", { open }, h("summary", {}, t("stat.as_table")), table(kpi, series)));
}

/** The axis of shares goes to 100 %, or to less where all of them are small. */
const shareTop = (points) => { const most = Math.max(0, ...points.map((point) => point.value ?? 0)); return most > 0.5 || most === 0 ? 1 : niceTop(most); };

const sentence = (kpi, figure) => [valueText(kpi, figure), baseText(kpi, figure), reasonText(kpi, figure)].filter(Boolean).join(" · ");

function table(kpi, series) {
  return h("table", {},
    h("thead", {}, h("tr", {}, [t("stat.week"), nameOf(kpi), t("stat.counted"), t("stat.version")].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, series.weeks.map((one) => h("tr", {},
      h("th", { scope: "row" }, one.week), h("td", {}, valueText(kpi, one.figures[kpi.key])),
      h("td", { title: reasonText(kpi, one.figures[kpi.key]) }, baseText(kpi, one.figures[kpi.key])), h("td", {}, one.version ? `v${one.version}` : one.provisional ? t("stat.provisional") : "")))));
}
