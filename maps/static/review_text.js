// A report's text with the recognised parts underlined by level, and the reasons of a candidate in words.
import { areaName } from "/static/casemap.js";
import { dark, palette } from "/static/colours.js";
import { h } from "/static/dom.js";
import { has, percent, t } from "/static/words.js";

const GROUPS = palette.address_part;
const groupOf = (field) => Object.keys(GROUPS).find((name) => GROUPS[name].fields.includes(field)) ?? "place";

function underline(element, group) {
  const { light, dark: night, line } = GROUPS[group];
  element.style.textDecorationLine = "underline";
  element.style.textDecorationColor = dark() ? night : light;
  element.style.textDecorationStyle = line;
  return element;
}

/** The text with each part underlined and named below; positions count characters, as the server does. */
export function markedText(text, parts) {
  const signs = Array.from(text);
  const pieces = [];
  let at = 0;
  for (const { field, start, end } of parts) {
    if (start > at) pieces.push(h("span", {}, signs.slice(at, start).join("")));
    const name = t(`part.${field}`);
    pieces.push(h("span", { class: "part", title: name, data: { field } }, underline(h("b", {}, signs.slice(start, end).join("")), groupOf(field)), h("small", { aria: { hidden: "true" } }, name)));
    at = end;
  }
  if (at < signs.length) pieces.push(h("span", {}, signs.slice(at).join("")));
  return h("p", { class: "marked" }, pieces);
}

/** The legend of the underlines: a sample and a name for each group that the parts belong to. */
export function textLegend(parts) {
  const used = new Set(parts.map((part) => groupOf(part.field)));
  return h("ul", { class: "text-legend" }, Object.keys(GROUPS).filter((name) => used.has(name)).map((name) => h("li", {}, underline(h("b", {}, t("review.sample")), name), t(`partgroup.${name}`))));
}

const reason = (name) => (has(`why.${name.replaceAll(" ", "_")}`) ? t(`why.${name.replaceAll(" ", "_")}`) : name);

/** The record of a step as a reader knows it: a grid by its name, a number without the field's name. */
const recordName = (record) => (/^\d{12,15}$/.test(record) ? areaName(record) : record.replace(/^[a-z]+ /, ""));

/** Why a candidate was found: each part of the text, the record it was taken for, and how. */
export const traceList = (trace) => h("ul", { class: "trace" }, trace.map(({ token, record, reason: how, score }) => h("li", {},
  token && h("q", {}, token === "point" ? t("review.own_point") : token), token && record && h("span", { aria: { label: t("review.taken_for") } }, "→"), record && h("span", {}, recordName(record)),
  h("small", {}, reason(how), Number.isFinite(score) && score > 0 && score < 1 ? ` ${percent(score)}` : ""))));

/** What the caller is asked by default: what is missing below the finest part that was understood. */
export function questionFor(report) {
  const fields = new Set(report.parts.map((part) => part.field));
  const missing = ["village", "road", "number"].filter((field) => !fields.has(field) && !(field === "road" && fields.has("estate")) && !(field === "number" && fields.has("building")));
  const wanted = missing.length ? missing.map((field) => t(`part.${field}`)).join(t("list.comma")) : t("review.landmark");
  return t("review.question", { text: report.text.slice(0, 120), wanted });
}
