// The bar and the tools: which plan is open, and what may be pressed now.
import { byId, h } from "/static/dom.js";
import { opName } from "/static/plan_sheets.js";
import { SIZES, TOOLS } from "/static/plan_tools.js";
import { t } from "/static/words.js";

export class Bar {
  /** `app` gives page, tools, handles, course, may(), isDraft() and busy(). */
  constructor(app) { this.app = app; }

  draw() {
    const { page, may, busy, isDraft, course, tools, handles } = this.app;
    const { plan } = page;
    byId("plan-name").textContent = plan ? plan.name : t("plan.none");
    const badge = byId("plan-state");
    badge.hidden = !plan;
    if (plan) { badge.textContent = stateName(plan); badge.dataset.state = plan.state; badge.title = plan.valid_from ? t("plan.from_date", { date: plan.valid_from }) : ""; }
    page.mayEdit = Boolean(plan) && may("plan") && isDraft() && !busy();
    this.drawButtons();
    course.drawSteps();
    page.tool = tools.name;
    handles.show();
    this.drawTool();
  }

  drawButtons() {
    const { page, may, acts } = this.app;
    const { division } = page;
    const { can_undo: undo = null, can_redo: redo = null } = division?.status ?? {};
    for (const [id, op, key] of [["undo", undo, "plan.undo"], ["redo", redo, "plan.redo"]]) {
      const button = byId(id);
      button.disabled = !page.mayEdit || !op;
      button.title = op ? `${t(key)}: ${opName(op)}` : t(key);
      button.setAttribute("aria-label", button.title);
    }
    const chosen = division?.grids.get(page.selected);
    byId("lock").disabled = !page.mayEdit;
    byId("lock").textContent = chosen ? t(chosen.locked ? "plan.unlock" : "plan.lock") : t(acts.allLocked() ? "plan.unlock_all" : "plan.lock_all");
    for (const id of ["compare", "checks", "history"]) byId(id).disabled = !division;
    byId("renumber").disabled = !page.mayEdit;
    byId("draw").disabled = !may("plan");
    byId("compare").setAttribute("aria-pressed", String(Boolean(page.compare)));
  }

  drawTool() {
    const { page, tools } = this.app;
    for (const button of byId("tools").querySelectorAll("button[data-tool]")) {
      const { tool } = button.dataset;
      button.disabled = !page.division || (!page.mayEdit && !["select", "measure"].includes(tool));
      button.setAttribute("aria-pressed", String(tool === tools.name));
    }
    const size = byId("brush-size");
    size.hidden = tools.name !== "brush";
    size.querySelector("output").textContent = SIZES[tools.size] ? `${SIZES[tools.size]} px` : t("plan.brush_one");
    byId("tool-hint").textContent = this.hint();
  }

  hint() {
    const { page, tools, busy, isDraft } = this.app;
    if (!page.plan) return "";
    if (page.division && (page.mayEdit || tools.name === "measure")) return t(`plan.tool_hint.${tools.name}`);
    if (page.mayEdit) return "";
    return t(busy() ? "plan.drawing" : isDraft() ? "plan.read_only" : "plan.frozen");
  }

  /** The buttons of the tools, in the reader's language. */
  drawTools() {
    const { tools } = this.app;
    byId("tools").replaceChildren(...TOOLS.map((name, at) => h("button", {
      type: "button", data: { tool: name }, title: `${t(`plan.tool.${name}`)} (${at + 1})`, aria: { pressed: String(name === tools.name), keyshortcuts: String(at + 1) }, onclick: () => tools.use(name),
    }, t(`plan.tool.${name}`), h("kbd", { aria: { hidden: "true" } }, String(at + 1)))),
    h("span", { id: "brush-size", hidden: true }, h("button", { type: "button", class: "plain icon", aria: { label: t("plan.brush_smaller") }, onclick: () => tools.resize(-1) }, "["), h("output", {}), h("button", { type: "button", class: "plain icon", aria: { label: t("plan.brush_larger") }, onclick: () => tools.resize(1) }, "]")),
    h("span", { id: "tool-hint", role: "status" }));
  }
}

/** The state of a plan in words; one that waits for its first day says so. */
export const stateName = (plan) => t(plan.state === "PUBLISHED" && !plan.activated_at ? "plan.state.SCHEDULED" : `plan.state.${plan.state}`);
