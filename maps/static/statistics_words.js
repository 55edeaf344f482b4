// How figures are written: shares, minutes and counts, what they were counted from, and why there is none.
import { count, has, language, t } from "/static/words.js";

const REASON = {
  BELOW_BASE: "stat.na.BELOW_BASE", NOTHING_DUE: "stat.na.NOTHING_DUE", NO_VISIT_COUNTS: "stat.na.NO_VISIT_COUNTS",
  NO_HOUSEHOLDS: "stat.na.NO_HOUSEHOLDS", OTHER_GRIDS: "stat.na.OTHER_GRIDS", NO_HISTORY: "stat.na.NO_HISTORY",
  NO_CAMERAS: "stat.na.NO_CAMERAS", NOT_COMPUTED: "stat.na.NOT_COMPUTED", NO_OBSERVATIONS: "stat.na.NO_OBSERVATIONS",
  NO_POSITION_REGISTER: "stat.na.NO_POSITION_REGISTER", NOT_KEPT: "stat.na.NOT_KEPT", NOT_HANDED_OVER: "stat.na.NOT_HANDED_OVER",
};

/** A share with one digit after the point, so that columns line up. */
export const share = (value, digits = 1) => new Intl.NumberFormat(language() === "zh" ? "zh-CN" : "en-GB", { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const nameOf = (kpi) => (language() === "zh" ? kpi.zh : kpi.en);
export const definitionOf = (kpi) => (language() === "zh" ? kpi.definition_zh
  : [kpi.numerator && `${kpi.numerator} ÷`, kpi.denominator, kpi.formula.startsWith("median") && `(${kpi.formula})`].filter(Boolean).join(" "));

/** A figure as short as its reader needs, or n/a. */
export function valueText(kpi, figure) {
  if (!figure || figure.value === null) return t("none");
  if (kpi.unit === "SHARE") return share(figure.value);
  return kpi.unit === "MINUTES" ? t("stat.minutes", { n: count(figure.value) }) : count(figure.value);
}

/** What the figure was counted from: "5 / 6", or "n = 6" where only a base counts. */
export function baseText(kpi, figure) {
  if (!figure || figure.denominator === null || kpi.unit === "COUNT") return "";
  return figure.numerator === null ? `n = ${count(figure.denominator)}` : `${count(figure.numerator)} / ${count(figure.denominator)}`;
}

/** Why there is no figure; empty where there is one. */
export function reasonText(kpi, figure) {
  if (!figure?.reason) return "";
  const key = REASON[figure.reason];
  const text = has(key) ? t(key) : figure.reason;
  return figure.reason === "BELOW_BASE" ? t("stat.below", { base: count(figure.denominator), least: count(kpi.minimum_base) }) : text;
}

/** Why there is no figure, in a few words. */
export const shortReason = (kpi, figure) => (figure.reason === "BELOW_BASE" ? t("stat.below_short", { base: count(figure.denominator), least: count(kpi.minimum_base) }) : reasonText(kpi, figure));

export const tick = (kpi) => (value) => (kpi.unit === "SHARE" ? share(value, value > 0 && value < 0.05 ? 1 : 0) : value >= 10_000 ? `${count(value / 1000)}k` : String(Number(value.toPrecision(3))));
