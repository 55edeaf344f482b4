// Search by address, name or code; the hit is flown to.
import { byId, h, settled } from "/static/dom.js";
import { Marked } from "/static/lists.js";
import { query, request } from "/static/net.js";
import * as state from "/static/state.js";
import { has, onLanguage, t } from "/static/words.js";

export function startSearch(fly) {
  const input = byId("search");
  const list = byId("search-results");
  let running = null;
  let hits = [];

  const show = (on) => {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
  };
  const open = (row) => {
    const hit = hits[Number(row.dataset.at)];
    show(false);
    input.blur();
    fly(hit);
  };
  const marked = new Marked(input, () => [...list.querySelectorAll('[role="option"]')], open);
  const message = (text) => { list.replaceChildren(h("li", { class: "none" }, text)); marked.mark(-1); show(true); };

  async function ask() {
    running?.abort();
    const text = input.value.trim();
    if (!text) { show(false); return; }
    running = new AbortController();
    try {
      const body = await request(query("/api/search", { q: text, as_of: state.get("date") }), { signal: running.signal });
      hits = body.hits;
      if (!hits.length) { message(t("search.none", { text })); return; }
      list.replaceChildren(...hits.map((hit, at) => h("li", {
        role: "option", id: `hit-${at}`, data: { at }, aria: { selected: "false" },
        onpointerdown: (event) => event.preventDefault(), onclick: (event) => open(event.currentTarget),
      }, h("span", { class: "what" }, has(`hit.${hit.kind}`) ? t(`hit.${hit.kind}`) : hit.kind), h("span", {}, hit.label), h("span", { class: "code" }, hit.detail ?? ""))));
      marked.mark(0);
      show(true);
    } catch (error) {
      if (error.name !== "AbortError") message(t(error.kind === "offline" ? "fault.offline" : "fault.server", { detail: error.message }));
    }
  }
  const soon = settled(ask, 180);
  input.addEventListener("input", () => {
    if (input.value.trim()) { message(t("search.running")); soon(); } else { running?.abort(); soon(); show(false); }
  });
  input.addEventListener("focus", () => { if (input.value.trim() && hits.length) show(true); });
  input.addEventListener("blur", () => show(false));
  onLanguage(() => show(false));
}
