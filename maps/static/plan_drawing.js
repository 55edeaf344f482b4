// Drawing a draft again in the background: the picture of the best so far, progress, and a stop that keeps it.
import { byId, h, settled } from "/static/dom.js";
import { query, request } from "/static/net.js";
import { feasibilityList, openSheet, closeSheet } from "/static/plan_sheets.js";
import { count, percent, t } from "/static/words.js";

const PATIENCE = 400; // ms between two questions how far it is

export class Redrawing {
  /** `names` holds those of villages by code; `paint()` shows the division anew; `tell(kind)` says how it ended: done or cancelled. */
  constructor({ plan, division, names, edits, paint, complain, tell }) {
    Object.assign(this, { plan, division, names, edits, paint, complain, tell });
    this.running = false;
    this.left = false;
  }

  get address() { return `/api/plans/${this.plan.id}/draw`; }
  leave() { this.left = true; this.running = false; }

  /** Goes on watching a drawing that was started before this page was opened. */
  async follow() {
    if (this.plan.state !== "DRAFT") return;
    try {
      const job = await request(this.address);
      if (job.state === "running" && !this.left) {
        this.running = true;
        this.fresh = job.new;
        this.reopen();
        this.paint();
        await this.watch();
      } else if (job.revision > this.division.status.revision && !this.left) { // it ended while the page was loading
        await this.edits.reload();
        this.tell(job.state, job.new);
      } else if (job.state === "failed" && job.grid && !job.revision && !this.left) this.lostSheet(job);
    } catch (error) { if (error.kind !== "refused") this.complain(error); }
  }

  async start(options) {
    await this.edits.last;
    await request(this.address, { method: "POST", body: options, headers: this.edits.headers });
    this.running = true;
    this.fresh = false;
    this.paint();
    this.watch();
  }

  async watch() {
    this.show(0);
    while (!this.left) {
      await new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
      if (this.left) return;
      let job;
      try { job = await request(this.address); } catch (error) {
        if (error.kind === "offline") continue; // the server goes on without us
        this.running = false;
        this.complain(error);
        break;
      }
      if (job.state === "running") {
        if (job.grid) { this.division.show(job.grid, job.new); this.paint(); }
        this.show(job.progress);
        continue;
      }
      this.running = false;
      await this.edits.reload().catch(this.complain);
      closeSheet();
      if (job.state === "failed") this.complain(new Error(job.error ?? "")); else this.tell(job.state === "cancelled" ? "cancelled" : "done", job.new);
      break;
    }
    this.paint();
  }

  show(progress) {
    this.share = progress;
    const bar = byId("redraw-progress");
    if (!bar) return;
    bar.hidden = !this.running;
    bar.value = progress;
    byId("redraw-share").textContent = this.running ? percent(progress) : "";
    byId("redraw-stop").hidden = !this.running;
    if (byId("redraw-start")) byId("redraw-start").disabled = this.running;
  }

  /** The sheet of the drawing that runs, as after another one was opened. */
  reopen() { if (this.fresh) this.progressSheet(); else this.sheet(); this.show(this.share ?? 0); }

  stop() { return request(this.address, { method: "DELETE" }).catch(this.complain); }

  /** A new plan in the making: how far it is, and a stop that keeps what there is. */
  progressSheet() {
    openSheet(t("plan.draw_title"), h("div", { id: "drawing-new", class: "plan-form" }, h("p", {}, t("plan.drawing_new")),
      h("progress", { id: "redraw-progress", max: 1, value: 0, aria: { label: t("plan.progress") } }), h("span", { id: "redraw-share" }),
      h("div", { class: "ask-acts" }, h("button", { type: "button", class: "secondary", id: "redraw-stop", onclick: () => this.stop() }, t("plan.redraw_stop")))));
  }

  /** A drawing whose server has ended: what it had drawn can be taken. */
  lostSheet(job) {
    const take = async () => {
      const kept = await this.stop();
      if (!kept) return;
      closeSheet();
      await this.edits.reload().catch(this.complain);
      if (kept.state === "failed") this.complain(new Error(kept.error ?? "")); else this.tell("cancelled", job.new);
    };
    openSheet(t("plan.redraw_title"), h("p", {}, t("plan.drawing_lost", { share: percent(job.progress) })),
      h("div", { class: "ask-acts" }, h("button", { type: "button", class: "primary", onclick: take }, t("plan.drawing_keep"))));
  }

  /** The sheet with the options; `fresh()` opens the one for a new plan. */
  sheet(fresh = null) {
    const { status, grids } = this.division;
    const locked = [...grids.values()].filter((grid) => grid.locked || grid.dedicated);
    const options = (name, values, value) => h("select", { name }, ...values.map((one) => h("option", { value: one, selected: one === value }, t(`plan.${name}.${one}`))));
    const field = (key, control) => h("label", { class: "ask-field" }, h("span", {}, t(key)), control);
    const given = this.plan.options ?? {};
    const list = h("div", { class: "plan-feasibility" });
    const failed = h("p", { class: "plan-flaw", role: "alert", hidden: true });
    const form = h("form", { id: "redraw-form", class: "plan-form" },
      field("plan.field.target", h("input", { name: "target", type: "number", min: "1", max: "100000", required: true, value: String(status.target) })),
      field("plan.field.tolerance", h("input", { name: "tolerance", type: "number", min: "0", max: "99", required: true, value: String(Math.round(status.tolerance * 100)) })),
      field("plan.field.nesting", options("nesting", ["grouped", "strict_nesting", "strict_balance"], given.nesting ?? "grouped")),
      h("p", { class: "hint", id: "nesting-hint" }),
      field("plan.field.effort", options("effort", ["fast", "normal", "thorough"], given.effort ?? "normal")),
      field("plan.field.keep", h("input", { name: "keep_labels", type: "checkbox", checked: true })),
      h("p", {}, locked.length ? t("plan.stays_locked", { codes: locked.slice(0, 12).map((grid) => grid.code.slice(-3)).join(t("plan.comma")), count: count(locked.length) }) : t("plan.stays_none")),
      h("h3", {}, t("plan.feasibility")), list, failed,
      h("progress", { id: "redraw-progress", max: 1, value: 0, hidden: true, aria: { label: t("plan.progress") } }), h("span", { id: "redraw-share" }),
      h("div", { class: "ask-acts" }, h("button", { class: "primary", id: "redraw-start" }, t("plan.redraw_start")),
        h("button", { type: "button", class: "secondary", id: "redraw-stop", hidden: true, onclick: () => this.stop() }, t("plan.redraw_stop")),
        fresh && h("button", { type: "button", class: "secondary", id: "draw-new", onclick: fresh }, t("plan.new"))));
    let asked = 0;
    const show = async () => {
      const { target, tolerance, nesting } = form.elements;
      form.querySelector("#nesting-hint").textContent = t(`plan.nesting_hint.${nesting.value}`);
      if (!form.checkValidity()) return;
      asked += 1;
      const mine = asked;
      try {
        const found = await request(query("/api/plans/feasibility", { scope_code: this.plan.scope_code, target: target.value, tolerance: Number(tolerance.value) / 100 }));
        if (mine === asked) list.replaceChildren(...feasibilityList(found, this.names));
      } catch (error) { if (mine === asked) list.replaceChildren(h("p", { class: "plan-flaw" }, error.message)); }
    };
    form.addEventListener("input", settled(show, 250));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { target, tolerance, nesting, effort, keep_labels: keep } = form.elements;
      failed.hidden = true;
      try {
        await this.start({ target: Number(target.value), tolerance: Number(tolerance.value) / 100, nesting: nesting.value, effort: effort.value, keep_labels: keep.checked });
      } catch (error) { failed.textContent = t("plan.draw_failed", { detail: error.message }); failed.hidden = false; }
    });
    openSheet(t("plan.redraw_title"), form);
    show();
    if (this.running) this.show(0);
  }
}
