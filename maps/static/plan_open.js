// Which plans there are, and opening one of them.
import { byId, fill, h, skeleton } from "/static/dom.js";
import { request } from "/static/net.js";
import { stateName } from "/static/plan_bar.js";
import { Blocks, breath, inSlices } from "/static/plan_blocks.js";
import { Division } from "/static/plan_division.js";
import { Redrawing } from "/static/plan_drawing.js";
import { Edits } from "/static/plan_edits.js";
import { closeSheet } from "/static/plan_sheets.js";
import * as state from "/static/state.js";
import { say } from "/static/status.js";
import { count, t } from "/static/words.js";

const PATIENCE = 300; // ms between two looks at a plan that has no blocks yet
const kept = () => { try { return localStorage.getItem("plan"); } catch { return null; } }; // storage may be switched off
const keep = (id) => { try { localStorage.setItem("plan", id); } catch { /* as above */ } };

export class Plans {
  /** `app` gives page, view, panels, bar, course, comparison, may(), towns(), complain() and signIn(). */
  constructor(app) {
    this.app = app;
    this.list = [];
    this.edits = null;
    this.redrawing = null;
    const button = byId("plan-button"), panel = byId("plan-panel");
    button.addEventListener("click", () => this.show(panel.hidden));
    document.addEventListener("pointerdown", (event) => { if (!panel.hidden && !panel.contains(event.target) && !button.contains(event.target)) this.show(false); });
  }

  async load() {
    const { page, bar } = this.app;
    this.list = (await request("/api/plans")).plans;
    if (page.plan) Object.assign(page.plan, this.list.find((plan) => plan.id === page.plan.id));
    this.draw();
    bar.draw();
  }

  draw() {
    const { page, may, course } = this.app;
    const item = (plan) => h("li", { aria: { current: String(plan.id === page.plan?.id) } },
      h("button", { type: "button", class: "plain", data: { plan: plan.id }, onclick: () => { this.show(false); this.open(plan.id); } },
        h("b", {}, plan.name), h("span", { class: "badge", data: { state: plan.state } }, stateName(plan)),
        h("small", {}, [plan.scope_code, plan.created_by, plan.valid_from && t("plan.from_date", { date: plan.valid_from })].filter(Boolean).join(" · "))),
      plan.state === "DRAFT" && may("plan") && h("button", { type: "button", class: "plain icon", title: t("plan.discard"), aria: { label: `${t("plan.discard")}: ${plan.name}` }, onclick: () => { this.show(false); course.discard(plan); } }, "✕"));
    fill(byId("plan-panel"), this.newButton("new-plan"), this.list.length ? h("ul", { class: "plan-list" }, ...this.list.map(item)) : h("p", { class: "hint" }, t("plan.no_plans")));
  }

  newButton(id) {
    return this.app.may("plan") && h("button", { type: "button", id, class: "primary", onclick: () => { this.show(false); this.app.course.drawNew(); } }, t("plan.new"));
  }

  get shown() { return !byId("plan-panel").hidden; }

  show(on) {
    const panel = byId("plan-panel"), button = byId("plan-button");
    panel.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    if (on) panel.querySelector("button")?.focus(); else if (panel.contains(document.activeElement)) button.focus();
  }

  async open(id) {
    const { page, view, panels, bar, comparison, signIn } = this.app;
    this.redrawing?.leave();
    this.redrawing = null;
    document.documentElement.removeAttribute("data-plan");
    panels.empty(skeleton(8));
    Object.assign(page, { division: null, selected: null, hovered: null, compare: null, plan: { ...this.list.find((plan) => plan.id === id) } });
    comparison.leave();
    closeSheet();
    bar.draw();
    view.repaint();
    try {
      const division = await this.fetch(id);
      if (!division || page.plan?.id !== id) return;
      await this.take(division);
    } catch (error) {
      panels.empty(h("p", { class: "plan-flaw" }, t("plan.open_failed", { detail: error.message })));
      bar.draw();
      if (error.status === 401) signIn();
    }
    document.documentElement.dataset.plan = id;
  }

  /** The plan's blocks and grids; null when another plan was opened meanwhile. */
  async fetch(id) {
    const base = `/api/plans/${id}`;
    if (!await this.prepared(base, id)) return null;
    const [blocks, status, assignment] = await Promise.all([request(`${base}/blocks`), request(`${base}/state`), request(`${base}/assignment`)]);
    const division = new Division(await Blocks.load(blocks));
    division.take(status, assignment.grid);
    await inSlices(division.trace());
    return division;
  }

  /** A new plan has no blocks in its first seconds; false when another plan was opened meanwhile. */
  async prepared(base, id) {
    for (;;) {
      const job = await request(`${base}/draw`);
      if (this.app.page.plan?.id !== id) return false;
      if (job.ready || job.state !== "running") return true;
      byId("tool-hint").textContent = t("plan.preparing");
      await new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
    }
  }

  async take(division) {
    const { page, view, panels, comparison, course, towns, complain } = this.app;
    const { plan } = page;
    page.division = division;
    plan.revision = division.status.revision;
    const told = () => { panels.drawAll(); comparison.refresh(); };
    this.edits = new Edits({ plan, division, conflict: (...found) => course.conflict(...found), complain, tell: told });
    const names = new Map(towns().flatMap((town) => town.children).map((village) => [village.code, village.name]));
    division.names = names;
    this.redrawing = new Redrawing({
      names, plan, division, edits: this.edits, paint: () => panels.drawAll(), complain,
      tell: (kind, fresh) => { this.drawn(kind, fresh); comparison.refresh(); },
    });
    panels.empty();
    const [kind, key] = state.get("selection").split(":");
    const same = state.get("plan") === String(plan.id);
    page.selected = same && kind === "grid" && division.grids.has(Number(key)) ? Number(key) : null;
    state.set({ plan: plan.id }, { silent: true });
    keep(plan.id);
    if (!same || !view.restore()) view.whole(true);
    await breath(); // the map first, the table next
    if (page.plan !== plan) return;
    panels.draw();
    this.draw();
    view.loadGround();
    comparison.refresh();
    course.told().catch(complain);
    this.redrawing.follow();
  }

  drawn(kind, fresh) {
    const { page } = this.app;
    say(fresh ? t(kind === "done" ? "plan.drawn" : "plan.drawn_stopped", { grids: count(page.division.grids.size) }) : t(`plan.redrawn.${kind}`));
  }

  /** Opens the plan of the address, else that of the last visit, else a draft, else any. */
  async start() {
    const { page, view, panels, bar } = this.app;
    const named = [state.get("plan"), kept()].map((id) => this.list.find((plan) => String(plan.id) === id));
    const wanted = named.find(Boolean) ?? this.list.find((plan) => plan.state === "DRAFT") ?? this.list[0];
    if (wanted) { await this.open(wanted.id); return; }
    Object.assign(page, { division: null, plan: null, selected: null });
    this.draw();
    bar.draw();
    panels.drawPanel();
    view.repaint();
    panels.empty(h("p", {}, t("plan.no_plans")), this.newButton("first-plan"));
  }
}
