// What stands below each layer's name: its legend with unit and classes, its settings, and how it stands.
import { alpha, fillOpacity, palette, theme } from "/static/colours.js";
import { isPast, until } from "/static/clock.js";
import { h, skeleton } from "/static/dom.js";
import * as grids from "/static/grids.js";
import * as marks from "/static/marks.js";
import { householdRadius } from "/static/points.js";
import * as state from "/static/state.js";
import { count, has, moment, short, t } from "/static/words.js";

const range = (low, high) => t("legend.range", { low: short(low), high: short(high) });

function legend(title, unit, rows, note = "") {
  return h("div", { class: "legend" },
    h("div", {}, title, " ", h("span", { class: "unit" }, `(${unit})`)),
    h("div", { class: "classes" }, rows.flatMap(([image, text]) => [image, h("span", {}, text)])),
    note && h("div", { class: "note" }, note));
}

function radios(name, current, choices, choose) {
  return h("div", { class: "options", role: "radiogroup" }, choices.map(([value, text]) => h("label", {},
    h("input", { type: "radio", name, value, checked: value === current, onchange: () => choose(value) }), text)));
}

function select(label, current, choices, choose) {
  return h("label", { class: "control" }, h("span", {}, label),
    h("select", { onchange: (event) => choose(event.target.value) },
      choices.map(([value, text]) => h("option", { value, selected: value === current }, text))));
}

/** The way the map shows a fill: on land, with the opacity of the map. */
const onLand = (colour, opacity) => marks.swatch(24, 17, (pen, w, hgt) => {
  pen.fillStyle = theme().land;
  pen.fillRect(0, 0, w, hgt);
  pen.fillStyle = alpha(colour, opacity);
  pen.fillRect(0, 0, w, hgt);
}, "bordered");

function gridLegend() {
  const { name, items, edges, colours } = grids.scheme();
  const opacity = theme().fill_opacity;
  const missing = items.some((grid) => !Number.isFinite(grid.p.households)) ? [[onLand(palette.missing, opacity), t("legend.missing")]] : [];
  const choice = radios("colour", state.get("colour"), [["deviation", t("grids.by_deviation")], ["households", t("grids.by_households")]],
    (value) => state.set({ colour: value }));
  if (name === "deviation") {
    const { edges: limits, colours: steps } = palette.deviation;
    const signed = (share) => `${share > 0 ? "+" : "−"}${Math.abs(share * 100)}`;
    const rows = steps.map((colour, i) => {
      if (i === 0) return [colour, `< ${signed(limits[0])}`];
      if (i === steps.length - 1) return [colour, `> ${signed(limits.at(-1))}`];
      const band = i === (steps.length - 1) / 2 ? ` (${t("legend.band")})` : "";
      return [colour, t("legend.range", { low: signed(limits[i - 1]), high: signed(limits[i]) }) + band];
    });
    const note = t("legend.target", { target: count(items[0] ? grids.target(items[0]) : grids.TARGET) });
    return [choice, legend(t("legend.deviation"), "%", [...rows.map(([c, text]) => [onLand(c, fillOpacity(c)), text]), ...missing], note)];
  }
  const rows = edges.slice(1).map((edge, i) => [onLand(colours[i], opacity), range(edges[i], edge)]);
  const of = grids.coloured() === grids.grids.CELL ? "level.CELL" : "level.VILLAGE";
  const note = state.get("colour") === "deviation" ? t("grids.no_target") : "";
  return [choice, legend(t("legend.households_of", { level: t(of) }), t("unit.households"), [...rows, ...missing], note)];
}

function householdLegend() {
  const sizes = [1, 10, 40];
  return [legend(t("layer.households"), t("unit.per_dot"), sizes.map((size) => [
    marks.swatch(24, 21, (pen, w, hgt) => {
      pen.beginPath();
      pen.arc(w / 2, hgt / 2, householdRadius(size), 0, 2 * Math.PI);
      pen.fillStyle = palette.household.dot;
      pen.fill();
    }), count(size)]))];
}

const symbol = (draw) => marks.swatch(24, 19, (pen, w, hgt) => draw(pen, w / 2, hgt / 2));

function cameraLegend() {
  return [h("div", { class: "legend" }, h("div", { class: "classes" },
    symbol((pen, x, y) => marks.camera(pen, x - 4, y, 3.2, { bearing: 90, fov: 70 })), h("span", {}, t("camera.one_way")),
    symbol((pen, x, y) => marks.camera(pen, x, y, 3.2, { fov: 360 })), h("span", {}, t("camera.all_round")),
    symbol((pen, x, y) => marks.camera(pen, x, y, 3.2, {})), h("span", {}, t("camera.unknown")),
    symbol((pen, x, y) => marks.camera(pen, x, y, 3.2, { retired: true })), h("span", {}, t("camera.retired"))))];
}

function isovistLegend() {
  return [h("div", { class: "legend" }, h("div", { class: "classes" },
    onLand(palette.camera.isovist, 0.45), h("span", {}, t("isovists.seen"))))];
}

function gapLegend() {
  const image = marks.swatch(24, 17, (pen, w, hgt) => {
    pen.fillStyle = theme().land;
    pen.fillRect(0, 0, w, hgt);
    pen.fillStyle = marks.hatch(pen, palette.gap.line);
    pen.fillRect(0, 0, w, hgt);
    pen.strokeStyle = palette.gap.line;
    pen.strokeRect(0.5, 0.5, w - 1, hgt - 1);
  });
  return [h("div", { class: "legend" }, h("div", { class: "classes" }, image, h("span", {}, t("gaps.unseen"))), h("div", { class: "note" }, t("gaps.rank")))];
}

const categories = () => Object.values(palette.report_category).flatMap((group) => group.categories);
const anyOrCategory = () => [["", t("category.all")], ...categories().map((name) => [name, t(`category.${name}`)])];
/** Said where data of the past are shown up to their last day. */
const upTo = () => (isPast() ? t("window.up_to", { at: moment(until().toISOString()) }) : "");
const windows = () => ["7", "30", "90"].map((days) => [days, t("window.days", { days })]);

function reportLegend() {
  const cells = [];
  for (const [name, group] of Object.entries(palette.report_category)) {
    cells.push(symbol((pen, x, y) => marks.report(pen, x, y, 5.5, { shape: group.shape, colour: "#4d5a69" })), h("span", {}, t(`group.${name}`)));
  }
  for (const [name, group] of Object.entries(palette.report_state)) {
    cells.push(symbol((pen, x, y) => marks.report(pen, x, y, 5.5, { shape: "circle", colour: group.colour })), h("span", {}, t(`stategroup.${name}`)));
  }
  const ring = symbol((pen, x, y) => marks.report(pen, x, y, 3.8, { shape: "circle", colour: palette.report_state.waiting.colour, ring: true }));
  return [
    radios("show", state.get("show"), [["open", t("reports.open_only")], ["all", t("reports.all")]], (value) => state.set({ show: value })),
    select(t("window.label"), state.get("days"), windows(), (days) => state.set({ days })),
    select(t("category.label"), state.get("category"), anyOrCategory(), (category) => state.set({ category })),
    h("div", { class: "legend" }, h("div", { class: "pair" }, cells),
      h("div", { class: "classes" }, ring, h("span", {}, t("reports.overdue", { days: palette.overdue_days }))),
      h("div", { class: "note" }, upTo())),
  ];
}

function heatSettings() {
  const output = h("output", {}, `${state.get("bandwidth")} m`);
  const slider = h("input", {
    type: "range", min: "50", max: "500", step: "10", value: state.get("bandwidth"), aria: { label: t("heat.bandwidth") },
    oninput: (event) => { output.textContent = `${event.target.value} m`; },
    onchange: (event) => state.set({ bandwidth: event.target.value }),
  });
  const kernels = ["quartic", "epanechnikov", "triangular", "uniform", "gaussian"].map((name) => [name, t(`kernel.${name}`)]);
  return [
    h("div", { class: "control" }, h("span", {}, t("heat.bandwidth")), h("div", { class: "slider" }, slider, output)),
    select(t("heat.kernel"), state.get("kernel"), kernels, (kernel) => state.set({ kernel })),
    select(t("window.label"), state.get("days"), windows(), (days) => state.set({ days })),
    select(t("category.label"), state.get("category"), anyOrCategory(), (category) => state.set({ category })),
  ];
}

function heatLegend(heat) {
  const { body } = heat;
  if (!body) return heatSettings();
  const rows = body.breaks.slice(1).map((edge, i) => [onLand(body.colours[i], body.opacity[i]), range(body.breaks[i], edge)]);
  const kernel = has(`kernel.${body.kernel}`) ? t(`kernel.${body.kernel}`) : body.kernel;
  const note = t("legend.heat.note", { kernel, bandwidth: short(body.bandwidth_m), count: count(body.count) });
  const unplaced = body.unplaced ? t("legend.heat.unplaced", { count: count(body.unplaced) }) : "";
  return [...heatSettings(), rows.length ? legend(t("legend.heat"), t("unit.per_km2"), rows, `${note}${unplaced}${upTo()}`) : h("p", { class: "hint" }, t("heat.empty"))];
}

const BODIES = { grids: gridLegend, households: householdLegend, cameras: cameraLegend, isovists: isovistLegend, gaps: gapLegend, reports: reportLegend, heat: heatLegend };

/** How a layer stands: a skeleton, what is wrong and what to do, what would fill it, or nothing. */
function standing(name, source, retry) {
  if (source.status === "far") return h("p", { class: "hint" }, t("layer.zoom_in", { layer: t(`layer.${name}`) }));
  if (source.status === "error") {
    return h("div", { class: "failed", role: "alert" },
      t(source.error.kind === "offline" ? "fault.offline" : "fault.server", { detail: source.error.message }), " ",
      t((source.items ?? source.body)?.length === 0 || !(source.items ?? source.body) ? "fault.nothing_kept" : "fault.kept"),
      h("div", {}, h("button", { type: "button", class: "secondary", onclick: retry }, t("retry"))));
  }
  if (source.status === "loading" && !(source.items?.length || source.body)) return skeleton();
  if (source.status === "ready" && source.items && !source.items.length) {
    return h("p", { class: "hint empty" }, t(`empty.${name}`));
  }
  return null;
}

/** The body of a layer in the panel. */
export function layerBody(name, source, retry) {
  const state_ = standing(name, source, retry);
  const blank = source.status === "far" || (source.status === "loading" && !(source.items?.length || source.body));
  const withSettings = name === "reports" || name === "heat";
  return h("div", { class: "body" }, blank && !withSettings ? null : BODIES[name](source), state_);
}
