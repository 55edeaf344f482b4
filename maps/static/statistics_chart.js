// A small line chart as SVG: one value for each week, with gaps where there is none.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 270, HEIGHT = 104, LEFT = 38, RIGHT = 8, TOP = 8, BOTTOM = 20;
let serial = 0;

function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  element.append(...children.filter(Boolean));
  return element;
}

/** The end of an axis that holds a value and divides well. */
export function niceTop(value) {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * unit).find((top) => top >= value * 0.999);
}

/** Runs of consecutive points that have a value. */
const runs = (points) => points.reduce((found, point) => {
  if (point.value === null) found.push([]); else found.at(-1).push(point);
  return found;
}, [[]]).filter((run) => run.length);

/**
 * `points`: [{label, value or null, text, provisional}]; `chosen` the position that is marked; `top` the end of the
 * axis, or null to find one; `format(value)` writes a tick; `pick(position)` is called for a click on a week.
 */
export function lineChart({ points, chosen, top, format, title, text, pick }) {
  const known = points.filter((point) => point.value !== null);
  const end = top ?? niceTop(Math.max(0, ...known.map((point) => point.value)));
  const step = points.length > 1 ? (WIDTH - LEFT - RIGHT) / (points.length - 1) : 0;
  const placed = points.map((point, i) => ({
    ...point, i, x: points.length > 1 ? LEFT + i * step : (LEFT + WIDTH - RIGHT) / 2,
    y: point.value === null ? null : TOP + (1 - Math.min(point.value / end, 1)) * (HEIGHT - TOP - BOTTOM),
  }));
  const name = `chart-${(serial += 1)}`;
  const ticks = [0, end / 2, end].map((value) => {
    const y = TOP + (1 - value / end) * (HEIGHT - TOP - BOTTOM);
    const tick = s("text", { x: LEFT - 5, y: y + 3.5, class: "tick", "text-anchor": "end" });
    tick.textContent = format(value);
    return s("g", {}, s("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, class: value ? "rule" : "base" }), tick);
  });
  const labels = [0, points.length - 1].filter((i, at, all) => all.indexOf(i) === at && points[i]).map((i) => {
    const label = s("text", { x: i ? WIDTH - RIGHT : LEFT, y: HEIGHT - 5, class: "tick", "text-anchor": i ? "end" : "start" });
    label.textContent = points[i].label;
    return label;
  });
  const lines = runs(placed).map((run) => s("polyline", { class: "line", points: run.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") }));
  const dots = placed.filter((point) => point.y !== null).map((point) => s("circle", {
    cx: point.x.toFixed(1), cy: point.y.toFixed(1), r: point.i === chosen ? 4.5 : 2.6, class: `dot${point.provisional ? " provisional" : ""}${point.i === chosen ? " chosen" : ""}`,
  }));
  const gaps = placed.filter((point) => point.y === null).map((point) => s("path", { class: "gap", d: `M${point.x - 2.2},${HEIGHT - BOTTOM - 4.4}l4.4,4.4m0,-4.4l-4.4,4.4` }));
  const hits = placed.map((point) => {
    const hint = s("title");
    hint.textContent = `${point.label}: ${point.text}`;
    const hit = s("rect", { x: point.x - Math.max(step, 12) / 2, y: 0, width: Math.max(step, 12), height: HEIGHT, class: "hit" }, hint);
    if (pick) hit.addEventListener("click", () => pick(point.i));
    return hit;
  });
  const mark = placed[chosen] && s("line", { x1: placed[chosen].x, x2: placed[chosen].x, y1: TOP, y2: HEIGHT - BOTTOM, class: "mark" });
  const [heading, description] = [s("title", { id: `${name}-t` }), s("desc", { id: `${name}-d` })];
  heading.textContent = title;
  description.textContent = text;
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": `${name}-t ${name}-d`, class: "chart" },
    heading, description, ...ticks, mark, ...labels, ...lines, ...gaps, ...dots, ...hits);
}
