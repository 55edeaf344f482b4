// The words of the page in the language of the reader.
import { dataBlock } from "/static/dom.js";

const config = dataBlock("config");
let texts = dataBlock("strings");
let current = config.language;
const listeners = new Set();

export const language = () => current;

/** The text of a key, with {name} replaced by values. */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const has = (key) => key in texts;

/** Puts the words of the current language into everything below `root` that names a key. */
export function apply(root = document) {
  for (const node of root.querySelectorAll("[data-i18n]")) node.textContent = t(node.dataset.i18n);
  for (const node of root.querySelectorAll("[data-i18n-label]")) node.setAttribute("aria-label", t(node.dataset.i18nLabel));
  for (const node of root.querySelectorAll("[data-i18n-title]")) node.title = t(node.dataset.i18nTitle);
  for (const node of root.querySelectorAll("[data-i18n-placeholder]")) node.placeholder = t(node.dataset.i18nPlaceholder);
}

export async function speak(wanted) {
  if (!config.languages.includes(wanted) || wanted === current) return;
  const response = await fetch(`/static/i18n/${wanted}.json`);
  if (!response.ok) throw new Error(`${response.status}`);
  texts = await response.json();
  current = wanted;
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : wanted;
  try { localStorage.setItem("language", wanted); } catch { /* storage may be switched off */ }
  apply();
  for (const listener of listeners) listener(wanted);
}

export const onLanguage = (listener) => listeners.add(listener);
export const otherLanguage = () => config.languages.find((name) => name !== current);

/** The language that the address asks for, or the one of the last visit. */
export function wantedLanguage() {
  let kept = null;
  try { kept = localStorage.getItem("language"); } catch { /* storage may be switched off */ }
  return new URLSearchParams(location.search).get("lang") ?? kept ?? current;
}

const locale = () => (current === "zh" ? "zh-CN" : "en-GB");
const formats = new Map();

/** A format for numbers; making one takes a hundred times as long as using it. */
function format(name, options) {
  const key = `${locale()} ${name}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key);
}
export const count = (value) => (Number.isFinite(value) ? format("count", { maximumFractionDigits: 0 }).format(value) : t("none"));
export const percent = (share, digits = 0, signed = false) => (Number.isFinite(share)
  ? format(`percent ${digits} ${signed}`, { style: "percent", maximumFractionDigits: digits, signDisplay: signed ? "exceptZero" : "auto" }).format(share)
  : t("none"));
export const metres = (value) => (Number.isFinite(value) ? `${count(value)} m` : t("none"));
export const area = (m2) => {
  if (!Number.isFinite(m2)) return t("none");
  return m2 < 1e5 ? `${count(m2)} m²` : `${format("three", { maximumSignificantDigits: 3 }).format(m2 / 1e6)} km²`;
};
export const moment = (text) => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? t("none") : new Intl.DateTimeFormat(locale(), {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai",
  }).format(at);
};

/** "3 minutes ago" in words; seconds in, text out. */
export function ago(seconds) {
  if (!Number.isFinite(seconds)) return t("none");
  const steps = [[86400, "day"], [3600, "hour"], [60, "minute"]];
  const [size, unit] = steps.find(([size]) => Math.abs(seconds) >= size) ?? [1, "second"];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(-Math.round(seconds / size), unit);
}

/** A number as short as its reader needs: three digits, thousands grouped; as `maps/legend.py` writes them. */
export function short(value) {
  if (!Number.isFinite(value)) return t("none");
  if (value === 0) return "0";
  if (Math.abs(value) >= 1000) return new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format(value);
  return String(Number(value.toPrecision(3)));
}
