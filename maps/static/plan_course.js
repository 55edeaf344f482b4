// The course of a plan, and where plans come from: steps, branches, new drawings, history, files.
import { byId, fill, h } from "/static/dom.js";
import { now } from "/static/clock.js";
import { query, request } from "/static/net.js";
import { ask, closeSheet, courseList, drawSheet, editList, openSheet, refusal } from "/static/plan_sheets.js";
import { say } from "/static/status.js";
import { t } from "/static/words.js";

const STEPS = { DRAFT: [["submit", "plan"]], SUBMITTED: [["approve", "approve"], ["return", "approve"]], APPROVED: [["publish", "approve"], ["return", "approve"]], SCHEDULED: [["withdraw", "approve"]] };
const REASONED = ["return", "withdraw"]; // steps that need a reason
const stage = (plan) => (plan?.state === "PUBLISHED" && !plan.activated_at ? "SCHEDULED" : plan?.state);
const FORMATS = ["gpkg", "geojson", "shp", "parquet", "csv"];
const today = () => new Date(now().getTime() + 8 * 3_600_000).toISOString().slice(0, 10);

export class Course {
  /** `app` gives page, plans, edits(), comparison, may(), complain(), towns() and busy(). */
  constructor(app) { this.app = app; }

  /** The buttons of the steps that come next, for those who may take them. */
  drawSteps() {
    const { page: { plan }, may, busy } = this.app;
    const own = (STEPS[stage(plan)] ?? []).filter(([, permission]) => may(permission));
    const key = `${plan?.id}|${stage(plan)}|${own}|${document.documentElement.lang}|${busy()}`;
    if (byId("steps").dataset.key === key) return;
    byId("steps").dataset.key = key;
    fill(byId("steps"), own.map(([name], at) => h("button", {
      type: "button", id: `step-${name}`, class: at ? "secondary" : "primary", disabled: busy(), onclick: () => this.step(name),
    }, t(`plan.step.${name}`))), plan && may("plan") && h("button", { type: "button", id: "branch", class: "plain", onclick: () => this.branch() }, t("plan.branch")));
  }

  async step(name) {
    const { complain, comparison } = this.app;
    try {
      if (name === "submit") { await comparison.check(() => this.finish("submit")); return; }
      if (REASONED.includes(name)) {
        const text = name === "withdraw" ? t("plan.withdraw_text", { date: this.app.page.plan.valid_from }) : "";
        const values = await ask({ title: t(`plan.step.${name}`), text, fields: [{ name: "note", label: t("plan.field.note"), type: "long" }], action: t(`plan.step.${name}`) });
        if (values) await this.finish(name, { note: values.note });
      } else if (name === "publish") {
        const values = await ask({ title: t("plan.step.publish"), text: t("plan.publish_text"), fields: [{ name: "valid_from", label: t("plan.field.valid_from"), type: "date", value: today() }], action: t("plan.step.publish") });
        if (values) await this.finish("publish", { valid_from: values.valid_from });
      } else await this.finish(name);
    } catch (error) { complain(error); }
  }

  async finish(name, body) {
    const { page, complain, comparison } = this.app;
    const edits = this.app.edits();
    try {
      await edits.step(name, body);
      closeSheet();
      const waits = name === "publish" && !page.plan.activated_at;
      say(t(waits ? "plan.done.publish_later" : `plan.done.${name}`, { date: page.plan.valid_from ?? "" }));
      this.app.plans.load();
      comparison.refresh();
    } catch (error) {
      if (error.status === 412) await this.conflict(error.body.changes ?? [], async () => { await edits.reload(); await this.finish(name, body); }, () => edits.reload()); else complain(error);
    }
  }

  /** Another planner was faster: what he changed, and whether to repeat one's own change on that. */
  async conflict(changes, again, drop) {
    const values = await ask({
      title: t("plan.conflict_title"), text: t("plan.conflict_text"), content: [editList(changes)],
      choices: [["again", t("plan.conflict_again")], ["drop", t("plan.conflict_drop")]],
    });
    try { await (values?.choice === "again" ? again() : drop()); } catch (error) { this.app.complain(error); }
  }

  async branch() {
    const { page, complain } = this.app;
    const values = await ask({ title: t("plan.branch"), text: t("plan.branch_text"), fields: [{ name: "name", label: t("plan.field.name"), value: t("plan.branch_name", { name: page.plan.name }).slice(0, 200) }], action: t("plan.branch") });
    if (!values) return;
    try {
      const made = await request(`/api/plans/${page.plan.id}/branch`, { method: "POST", body: { name: values.name } });
      await this.app.plans.load();
      await this.app.plans.open(made.id);
    } catch (error) { complain(error); }
  }

  async discard(plan) {
    const values = await ask({ title: t("plan.discard"), text: t("plan.discard_text", { name: plan.name }), action: t("plan.discard") });
    if (!values) return;
    try {
      await request(`/api/plans/${plan.id}`, { method: "DELETE", headers: { "if-match": `"${plan.revision}"` } });
      await this.app.plans.load();
      if (this.app.page.plan?.id === plan.id) await this.app.plans.start();
    } catch (error) { this.app.complain(error); }
  }

  /** The sheet for a new plan; it is drawn in the background, and opened at once. */
  drawNew() {
    const { page, towns } = this.app;
    drawSheet({
      towns: towns(), scope: page.plan?.scope_code, name: t("plan.new_name", { date: today() }),
      feasibility: (scope, target, tolerance) => request(query("/api/plans/feasibility", { scope_code: scope, target, tolerance })),
      draw: async (options) => {
        const made = await request("/api/plans", { method: "POST", body: { ...options, background: true } });
        closeSheet();
        await this.app.plans.load();
        await this.app.plans.open(made.id);
      },
    });
  }

  /** Tells a planner why the draft came back. */
  async told() {
    const { plan } = this.app.page;
    if (plan.state !== "DRAFT") return;
    const last = (await this.steps()).at(-1);
    if (last?.step === "return" && this.app.page.plan === plan) say(t("plan.returned", { by: last.by, note: last.note ?? "" }), { kind: "warn" });
  }

  async steps() {
    const { steps } = await request(`/api/plans/${this.app.page.plan.id}/course`);
    const named = (id) => this.app.plans.list.find((plan) => String(plan.id) === id)?.name ?? id;
    return steps.map((one) => (one.step === "branch" ? { ...one, note: named(one.note) } : one));
  }

  /** The steps of the plan, and all its edits, the newest first; a click goes to the state after an edit. */
  async history() {
    const { page, complain } = this.app;
    const edits = this.app.edits();
    try {
      await edits.last;
      const [{ edits: all }, steps] = await Promise.all([edits.history(), this.steps()]);
      const rows = all.filter((edit) => edit.refers_to === null);
      const { head } = page.division.status;
      const reached = chain(rows, head);
      openSheet(t("plan.history_title"),
        h("h3", {}, t("plan.course_title")), courseList([...steps].reverse()),
        h("h3", {}, t("plan.edits_title")), h("p", { class: "hint" }, t("plan.history_hint")),
        editList([...rows].reverse().concat([{ sequence: 0, op: "drawn", by: page.plan.created_by, at: page.plan.created_at, moved_households: 0 }]), {
          head, reached, may: page.mayEdit, jump: (sequence) => this.jump(sequence),
        }));
    } catch (error) { complain(error); }
  }

  async jump(sequence) {
    if (await this.app.edits().jump(sequence)) await this.history();
  }

  /** Export, cards and import. */
  files() {
    const { page, may, complain } = this.app;
    const base = page.plan && `/api/plans/${page.plan.id}`;
    const failed = h("p", { class: "plan-flaw", role: "alert", hidden: true });
    const take = async (file) => {
      failed.hidden = true;
      try {
        const made = await request(query("/api/plans/import", { file_name: file.name }), { method: "POST", file });
        await this.app.plans.load();
        await this.app.plans.open(made.id);
        say(t("plan.imported"));
      } catch (error) { if (error.kind === "refused") { failed.textContent = refusal(error); failed.hidden = false; } else complain(error); }
    };
    openSheet(t("plan.files_title"),
      page.plan && [h("h3", {}, t("plan.export")), h("p", { class: "hint" }, t("plan.export_hint")),
        h("ul", { class: "plan-files" }, FORMATS.map((kind) => h("li", {}, h("a", { href: query(`${base}/export`, { format: kind }), download: "" }, t(`plan.format.${kind}`))))),
        h("h3", {}, t("plan.cards")), h("p", {}, h("a", { id: "cards", href: `${base}/cards`, target: "_blank", rel: "noopener" }, t("plan.cards_open")))],
      may("plan") && [h("h3", {}, t("plan.import")), h("p", { class: "hint" }, t("plan.import_hint")),
        h("input", { type: "file", id: "import-file", accept: ".zip,.gpkg,.geojson,.parquet,.csv", aria: { label: t("plan.import") }, onchange: (event) => { if (event.target.files[0]) take(event.target.files[0]); } }), failed]);
  }
}

/** Sequences of the edits that undo or redo lead to. */
function chain(rows, head) {
  const found = new Set([0, head]);
  const parent = new Map(rows.map((row) => [row.sequence, row.parent]));
  for (let at = head; parent.has(at); at = parent.get(at)) found.add(parent.get(at));
  const newest = new Map(rows.map((row) => [row.parent, row.sequence]));
  for (let at = head; newest.has(at); at = newest.get(at)) found.add(newest.get(at));
  return found;
}
