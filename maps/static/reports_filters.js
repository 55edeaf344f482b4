// The filters above the list; all of them stand in the address.
import { palette } from "/static/colours.js";
import { byId, fill, h } from "/static/dom.js";
import * as marks from "/static/marks.js";
import * as state from "/static/state.js";
import { t } from "/static/words.js";

const GROUPS = Object.keys(palette.report_state);
const categories = () => Object.values(palette.report_category).flatMap((group) => group.categories);

function chip(name) {
  const on = state.get("groups").split(",").includes(name);
  const dot = marks.swatch(12, 12, (pen, w, hgt) => { pen.beginPath(); pen.arc(w / 2, hgt / 2, 5, 0, 2 * Math.PI); pen.fillStyle = palette.report_state[name].colour; pen.fill(); });
  return h("button", { type: "button", class: "chip", id: `group-${name}`, aria: { pressed: String(on) }, onclick: () => toggle(name) }, dot, t(`stategroup.${name}`));
}

function toggle(name) {
  const groups = new Set(state.get("groups").split(",").filter(Boolean));
  if (groups.has(name)) groups.delete(name); else groups.add(name);
  state.set({ groups: GROUPS.filter((one) => groups.has(one)).join(",") });
}

const select = (name, label, choices) => h("label", {}, h("span", { class: "hidden-label" }, label),
  h("select", { id: `filter-${name}`, title: label, onchange: (event) => state.set({ [name]: event.target.value }) }, choices.map(([value, text]) => h("option", { value, selected: value === state.get(name) }, text))));

export function drawFilters() {
  const used = document.activeElement?.closest?.("#filters") ? document.activeElement.id : "";
  fill(byId("filters"),
    h("div", { class: "chips", role: "group", aria: { label: t("reports.states") } }, GROUPS.map(chip)),
    h("div", { class: "selects" },
      select("category", t("category.label"), [["", t("category.all")], ...categories().map((name) => [name, t(`category.${name}`)])]),
      select("due", t("reports.deadline"), ["", "overdue", "soon"].map((name) => [name, t(`reports.due.${name || "any"}`)])),
      select("days", t("window.label"), [...["7", "30", "90"].map((days) => [days, t("window.days", { days })]), ["all", t("reports.all_time")]]),
      select("sort", t("reports.order"), ["due", "new", "old"].map((name) => [name, t(`reports.sort.${name}`)])),
      h("label", { class: "near" }, h("input", { type: "checkbox", id: "filter-near", checked: state.get("near") === "1", onchange: (event) => state.set({ near: event.target.checked ? "1" : "" }) }), t("reports.near"))));
  if (used) byId(used)?.focus();
}

/** Shapes and colours of the map, in its corner. */
export function drawLegend() {
  const image = (look) => marks.swatch(22, 18, (pen, w, hgt) => marks.report(pen, w / 2, hgt / 2, 5, look));
  fill(byId("map-legend"), h("ul", {},
    Object.entries(palette.report_category).map(([name, group]) => h("li", {}, image({ shape: group.shape, colour: "#4d5a69" }), t(`group.${name}`))),
    Object.entries(palette.report_state).map(([name, group]) => h("li", {}, image({ shape: "circle", colour: group.colour }), t(`stategroup.${name}`))),
    h("li", {}, marks.swatch(22, 18, (pen, w, hgt) => marks.report(pen, w / 2, hgt / 2, 3.6, { shape: "circle", colour: palette.report_state.waiting.colour, ring: true })), t("reports.due.overdue"))));
}
