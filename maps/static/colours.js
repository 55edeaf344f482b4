// Which value has which colour: the palette that Python uses too, and the class edges of a list of counts.
import { dataBlock } from "/static/dom.js";

export const palette = dataBlock("palette");

export const dark = () => document.documentElement.dataset.theme === "dark";
export const theme = () => palette.theme[dark() ? "dark" : "light"];

const channel = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
export const alpha = (colour, opacity) => `rgb(${channel(colour, 1)} ${channel(colour, 3)} ${channel(colour, 5)} / ${opacity})`;

/** k colours evenly spaced along a sequential ramp, as `maps/palette.py` spaces them. */
export function ramp(name, k) {
  const steps = palette.sequential[name];
  return Array.from({ length: k }, (_, i) => {
    const at = k > 1 ? (i * (steps.length - 1)) / (k - 1) : (steps.length - 1) / 2;
    const low = Math.floor(at), share = at - low;
    const [first, second] = [steps[low], steps[Math.min(low + 1, steps.length - 1)]];
    const mix = (position) => Math.round(channel(first, position) * (1 - share) + channel(second, position) * share);
    return `#${[1, 3, 5].map((position) => mix(position).toString(16).padStart(2, "0")).join("")}`;
  });
}

/** Class edges of counts: quantiles on two significant digits, the outer ones rounded outwards (as `maps/legend.py`). */
export function householdEdges(values, k = 5) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [];
  const quantile = (share) => {
    const at = share * (sorted.length - 1), low = Math.floor(at);
    return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
  };
  const edges = [...new Set(Array.from({ length: k + 1 }, (_, i) => quantile(i / k)))];
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(sorted.at(-1), 1))) - 1);
  const round = (value, way) => way(value / step) * step;
  const halfEven = (value) => { const low = Math.floor(value); return value - low === 0.5 ? low + (low % 2) : Math.round(value); };
  const rounded = [...new Set([round(edges[0], Math.floor), ...edges.slice(1, -1).map((edge) => round(edge, halfEven)), round(edges.at(-1), Math.ceil)])].sort((a, b) => a - b);
  return rounded.length > 1 ? rounded : [rounded[0], rounded[0] + step];
}

/** The class of a value, -1 for none; the last class holds its end too. */
export function classOf(value, edges) {
  if (!Number.isFinite(value) || edges.length < 2 || value < edges[0] || value > edges.at(-1)) return -1;
  for (let i = edges.length - 2; i > 0; i -= 1) if (value >= edges[i]) return i;
  return 0;
}

/** Colour of a deviation from the target as a share; edges belong to the band. */
export function deviationColour(share) {
  if (!Number.isFinite(share)) return palette.missing;
  const { edges, colours } = palette.deviation;
  const value = Math.round(share * 1e9) / 1e9; // 330 / 300 - 1 is 0.10000000000000009, and yet within 10 %
  const middle = edges.length / 2;
  const below = edges.slice(0, middle).filter((edge) => value >= edge).length;
  const above = edges.slice(middle).filter((edge) => value > edge).length;
  return colours[below + above];
}

/** How strongly an area is filled: on dark ground the white of the band would outshine what is out of it. */
export const fillOpacity = (colour) => (colour === palette.deviation.colours[palette.deviation.edges.length / 2] ? theme().band_opacity : theme().fill_opacity);

const groupOf = (groups, key, value, fallback) => Object.keys(groups).find((name) => groups[name][key].includes(value)) ?? fallback;
export const categoryGroup = (category) => groupOf(palette.report_category, "categories", category, "other");
export const stateGroup = (state) => groupOf(palette.report_state, "states", state, "waiting");
export const isOpen = (state) => stateGroup(state) !== "closed";

/** Days a report has been open at `now`, or null when it is closed. */
export const daysOpen = (report, now) => (isOpen(report.state) ? (now - Date.parse(report.reported_at)) / 86_400_000 : null);

/** Black or white, whichever reads better on a colour (WCAG relative luminance). */
export function contrastInk(colour) {
  const linear = (at) => { const share = channel(colour, at) / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5) > 0.179 ? "#17202b" : "#ffffff";
}
