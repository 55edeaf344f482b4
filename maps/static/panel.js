// The layer control at the left: what is drawn, with legend and settings of each layer.
import { byId, h } from "/static/dom.js";
import { layerBody } from "/static/legends.js";
import * as state from "/static/state.js";
import { count, t } from "/static/words.js";

export class LayerPanel {
  /** `sources`: name -> what carries the layer's status; `counts`: name -> number to show or null; `retry(name)`. */
  constructor({ sources, counts, retry }) {
    Object.assign(this, { sources, counts, retry });
    this.rows = new Map();
    this.body = byId("layers-body");
    const button = byId("layers-toggle");
    button.addEventListener("click", () => this.open(this.body.hidden));
    this.button = button;
    for (const name of state.LAYERS) {
      const box = h("input", { type: "checkbox", id: `layer-${name}`, onchange: (event) => state.toggle(name, event.target.checked) });
      const label = h("span", {});
      const figure = h("span", { class: "count" });
      const body = h("div", {});
      this.rows.set(name, { box, label, figure, body, drawn: "" });
      this.body.append(h("div", { class: "layer", data: { layer: name } }, h("label", { for: box.id }, box, label, figure), body));
    }
    this.update();
  }

  open(on) {
    this.body.hidden = !on;
    this.button.setAttribute("aria-expanded", String(on));
    if (on) this.rows.values().next().value.box.focus();
  }

  update(names = state.LAYERS) {
    for (const name of names) {
      const row = this.rows.get(name);
      const on = state.shown(name);
      row.box.checked = on;
      row.label.textContent = t(`layer.${name}`);
      const number = this.counts(name);
      row.figure.textContent = on && Number.isFinite(number) ? count(number) : "";
      if (!on) { row.body.replaceChildren(); continue; }
      // A control that somebody is using stays where it is; its neighbours would move under the pointer.
      const used = row.body.contains(document.activeElement) ? controlKey(row.body, document.activeElement) : -1;
      row.body.replaceChildren(layerBody(name, this.sources(name), () => this.retry(name)));
      if (used >= 0) controls(row.body)[used]?.focus({ preventScroll: true });
    }
  }
}

const controls = (root) => [...root.querySelectorAll("input, select, button")];
const controlKey = (root, element) => controls(root).indexOf(element);
