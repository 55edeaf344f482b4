// The place picker: town, village, grid as a tree that the arrow keys walk.
import { byId, h, skeleton } from "/static/dom.js";
import { features, query, request } from "/static/net.js";
import * as state from "/static/state.js";
import { onLanguage, t } from "/static/words.js";

export class Places {
  /** `choose(code)` goes there; `outside(code)` knows places that the tree has not fetched: {name, parent}. */
  constructor(choose, outside) {
    this.choose = choose;
    this.outside = outside;
    this.roots = [];
    this.byCode = new Map();
    this.open = new Set();
    this.at = "";
    this.panel = byId("place-panel");
    this.button = byId("place-button");
    this.filter = byId("place-filter");
    this.tree = byId("place-tree");
    this.button.addEventListener("click", () => this.show(this.panel.hidden));
    this.filter.addEventListener("input", () => this.draw());
    this.panel.addEventListener("keydown", (event) => this.key(event));
    this.panel.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.panel.contains(event.relatedTarget) && event.relatedTarget !== this.button) this.show(false);
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.panel.hidden && !this.panel.contains(event.target) && !this.button.contains(event.target)) this.show(false);
    });
    onLanguage(() => { this.title(); this.draw(); });
  }

  async load() {
    this.tree.replaceChildren(skeleton(5));
    try {
      const body = await request(query("/api/places", { as_of: state.get("date") }));
      this.roots = body.places;
      this.byCode.clear();
      const walk = (place, parent) => {
        place.parent = parent;
        this.byCode.set(place.code, place);
        for (const child of place.children ?? []) walk(child, place.code);
      };
      for (const root of this.roots) walk(root, null);
      for (const code of this.open) this.fill(code);
      if (this.roots.length === 1) this.open.add(this.roots[0].code);
      this.title();
      this.draw();
    } catch (error) {
      this.tree.replaceChildren(h("p", { class: "hint" }, t(error.kind === "offline" ? "fault.offline" : "fault.server", { detail: error.message })));
    }
  }

  path(code) {
    const names = [];
    const known = this.byCode.get(code) ?? this.outside(code);
    for (let place = known; place; place = this.byCode.get(place.parent)) names.unshift(place.name);
    return names;
  }

  title() {
    const path = this.path(state.get("place"));
    byId("place-path").textContent = path.length ? path.join(" › ") : t("place.all");
  }

  show(on) {
    if (on === !this.panel.hidden) return;
    this.panel.hidden = !on;
    this.button.setAttribute("aria-expanded", String(on));
    if (on) {
      this.filter.value = "";
      this.at = state.get("place");
      for (let code = this.byCode.get(this.at)?.parent; code; code = this.byCode.get(code)?.parent) this.open.add(code);
      this.draw();
      this.filter.focus();
    } else if (this.panel.contains(document.activeElement)) this.button.focus();
  }

  visible() {
    const wanted = this.filter.value.trim().toLowerCase();
    const rows = [["", t("place.all"), 1, false]];
    const walk = (place, level) => {
      const children = place.children ?? [];
      const fits = !wanted || place.name.toLowerCase().includes(wanted) || place.code.includes(wanted);
      if (fits) rows.push([place.code, place.name, level, children.length > 0 || (place.level === "VILLAGE" && !place.filled)]);
      if (wanted || this.open.has(place.code)) for (const child of children) walk(child, level + 1);
    };
    for (const root of this.roots) walk(root, 1);
    return (wanted ? rows.slice(1) : rows).slice(0, 500);
  }

  draw() {
    const rows = this.visible();
    if (!rows.some(([code]) => code === this.at)) this.at = rows[0]?.[0] ?? "";
    this.tree.replaceChildren(...rows.map(([code, name, level, parent]) => h("div", {
      class: "node", role: "treeitem", id: `place-${code || "all"}`, data: { code },
      aria: { level: String(level), selected: String(code === this.at), ...(parent ? { expanded: String(this.open.has(code)) } : {}) },
      onclick: (event) => { if (event.target.classList.contains("twist")) this.twist(code); else this.pick(code); },
    }, h("span", { class: "twist", aria: { hidden: "true" } }, parent ? (this.open.has(code) ? "▾" : "▸") : ""), h("span", {}, name), h("span", { class: "code" }, code))));
    if (!rows.length) this.tree.replaceChildren(h("p", { class: "hint" }, t(this.roots.length ? "place.none" : "empty.grids")));
    this.filter.setAttribute("aria-activedescendant", `place-${this.at || "all"}`);
    this.tree.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  twist(code, on = !this.open.has(code)) {
    if (on) this.open.add(code); else this.open.delete(code);
    this.draw();
    if (on) this.fill(code);
  }

  /** A village's grids are asked for when it is opened: a county has thousands of them. */
  async fill(code) {
    const village = this.byCode.get(code);
    if (village?.level !== "VILLAGE" || village.filled) return;
    village.filled = true;
    try {
      const found = await features(query("/api/grids", { level: "CELL", parent_code: code, as_of: state.get("date"), limit: 10_000 }));
      village.children = found.features.map(({ properties: { code: own, name, level } }) => ({ code: own, name, level, children: [] }));
      for (const child of village.children) this.byCode.set(child.code, { ...child, parent: code });
      this.draw();
    } catch { village.filled = false; }
  }

  pick(code) {
    this.show(false);
    this.choose(code);
  }

  key(event) {
    if (event.isComposing) return;
    const rows = this.visible();
    const index = rows.findIndex(([code]) => code === this.at);
    const place = this.byCode.get(this.at);
    if (event.key === "ArrowDown") this.at = rows[Math.min(index + 1, rows.length - 1)]?.[0] ?? "";
    else if (event.key === "ArrowUp") this.at = rows[Math.max(index - 1, 0)]?.[0] ?? "";
    else if (event.key === "ArrowRight" && place && !this.filter.value) { this.twist(this.at, true); event.preventDefault(); return; }
    else if (event.key === "ArrowLeft" && place && !this.filter.value) {
      if (this.open.has(this.at)) this.open.delete(this.at); else this.at = place.parent ?? this.at;
    } else if (event.key === "Enter") { this.pick(this.at); event.preventDefault(); return; } else return;
    event.preventDefault();
    this.draw();
  }
}
