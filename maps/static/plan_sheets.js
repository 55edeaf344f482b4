// Side sheets and questions of the planner: a new plan, the checks, the impact, and what another planner changed.
import { byId, h } from "/static/dom.js";
import { count, has, moment, percent, t } from "/static/words.js";

const sheet = () => byId("sheet");

export function openSheet(title, ...content) {
  const panel = sheet();
  panel.setAttribute("aria-label", title);
  panel.replaceChildren(h("header", {}, h("div", {}, h("h2", { tabIndex: -1 }, title)),
    h("button", { type: "button", class: "plain icon", aria: { label: t("close") }, onclick: closeSheet }, "✕")), ...content.flat().filter(Boolean));
  panel.hidden = false;
  panel.querySelector("h2").focus();
}

export function closeSheet() {
  const had = sheet().contains(document.activeElement);
  sheet().hidden = true;
  sheet().replaceChildren();
  if (had) byId("map").focus();
}

/**
 * A question in a dialog. `fields`: [{name, label, type, value, required}]; gives the values by name, or null.
 * `choices`: [[value, text]] are the buttons; without them there is one, named `action`.
 */
export function ask({ title, text = "", content = [], fields = [], action, choices = null }) {
  const dialog = byId("ask");
  return new Promise((resolve) => {
    const inputs = fields.map(({ name, label, type = "text", value = "", required = true, min }) => {
      const input = type === "long" ? h("textarea", { name, rows: 3, required }) : h("input", { name, type, required, min });
      input.value = value;
      return h("label", { class: "ask-field" }, h("span", {}, label), input);
    });
    const buttons = choices ?? [["ok", action]];
    const form = h("form", { onsubmit: (event) => {
      event.preventDefault();
      finish(Object.fromEntries([...new FormData(form), ["choice", event.submitter?.value ?? buttons[0][0]]]));
    } }, h("h2", { id: "ask-title" }, title), text && h("p", {}, text), ...content, ...inputs,
    h("div", { class: "ask-acts" }, ...buttons.map(([value, name], at) => h("button", { class: at ? "secondary" : "primary", value }, name)),
      h("button", { type: "button", class: "secondary", onclick: () => finish(null) }, t("plan.cancel"))));
    const closed = () => finish(null);
    function finish(values) {
      dialog.removeEventListener("close", closed);
      if (dialog.open) dialog.close();
      resolve(values);
    }
    dialog.addEventListener("close", closed);
    dialog.replaceChildren(form);
    dialog.showModal();
  });
}

const opName = (op) => (has(`plan.op.${op}`) ? t(`plan.op.${op}`) : op);

export const editList = (edits) => h("ul", { class: "plan-history" }, ...edits.map((edit) => h("li", {},
  h("b", {}, opName(edit.op)), h("span", {}, edit.by), h("span", { class: "code" }, moment(edit.at)),
  edit.moved_households > 0 && h("span", {}, t("plan.moved_count", { count: count(edit.moved_households) })))));

export { opName };

/** Whether households can be cut into grids within the band, and into how many; else the number nearest to it. */
export function feasible(households, target, tolerance) {
  const low = target * (1 - tolerance), high = target * (1 + tolerance);
  const least = Math.max(1, Math.ceil(households / high - 1e-9)), most = Math.floor(households / low + 1e-9);
  if (households > 0 && least <= most) return { possible: true, grids: Math.max(least, Math.min(most, Math.round(households / target))) };
  const grids = Math.max(1, Math.round(households / target));
  return { possible: false, grids, each: households / grids };
}

const field = (label, control) => h("label", { class: "ask-field" }, h("span", {}, label), control);
const choice = (name, values, value) => h("select", { name }, ...values.map((one) => h("option", { value: one, selected: one === value }, t(`plan.${name}.${one}`))));

/** The sheet to draw a plan. `villagesOf(scope)` gives [{name, households}]; `draw(options, signal)` draws. */
export function drawSheet({ towns, scope, villagesOf, draw, name }) {
  const list = h("div", { class: "plan-feasibility" });
  const bar = h("div", { class: "progress inline", hidden: true }, h("span", {}));
  const failed = h("p", { class: "plan-flaw", role: "alert", hidden: true });
  const start = h("button", { class: "primary" }, t("plan.draw_start"));
  const stop = h("button", { type: "button", class: "secondary", hidden: true }, t("plan.cancel"));
  const form = h("form", { id: "draw-form", class: "plan-form" },
    field(t("plan.field.name"), h("input", { name: "name", required: true, maxLength: 200, value: name })),
    field(t("plan.field.scope"), h("select", { name: "scope_code" }, ...towns.map((town) => h("option", { value: town.code, selected: town.code === scope }, `${town.name} ${town.code}`)))),
    field(t("plan.field.target"), h("input", { name: "target", type: "number", min: "1", max: "100000", required: true, value: "300" })),
    field(t("plan.field.tolerance"), h("input", { name: "tolerance", type: "number", min: "0", max: "99", step: "1", required: true, value: "10" })),
    field(t("plan.field.nesting"), choice("nesting", ["grouped", "strict_nesting", "strict_balance"], "grouped")),
    h("p", { class: "hint", id: "nesting-hint" }),
    field(t("plan.field.effort"), choice("effort", ["fast", "normal", "thorough"], "normal")),
    h("h3", {}, t("plan.feasibility")), list, failed, bar, h("div", { class: "ask-acts" }, start, stop));
  let villages = [];
  const show = () => {
    const { target, tolerance, nesting } = form.elements;
    form.querySelector("#nesting-hint").textContent = t(`plan.nesting_hint.${nesting.value}`);
    // A village whose households nobody has counted yet is no impossible one.
    const rows = villages.map((village) => ({ ...village, known: Number.isFinite(village.households), ...feasible(village.households ?? 0, Number(target.value) || 300, Number(tolerance.value) / 100) }))
      .sort((a, b) => Number(a.possible) - Number(b.possible));
    list.replaceChildren(h("p", {}, t("plan.feasibility_sum", { possible: count(rows.filter((row) => row.possible).length), all: count(rows.filter((row) => row.known).length) })),
      h("ul", {}, ...rows.slice(0, 400).map((row) => h("li", { class: row.possible || !row.known ? "" : "out" }, h("span", {}, row.name), h("span", {}, count(row.households)),
        h("span", {}, !row.known ? t("plan.feasibility_unknown") : row.possible ? t("plan.feasible", { grids: row.grids }) : t("plan.infeasible", { grids: row.grids, each: count(row.each) }))))));
  };
  const load = async () => { villages = await villagesOf(form.elements.scope_code.value).catch(() => []); show(); };
  form.addEventListener("input", show);
  form.elements.scope_code.addEventListener("change", load);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    const control = new AbortController();
    stop.onclick = () => control.abort();
    const busy = (on) => { start.disabled = on; bar.hidden = !on; stop.hidden = !on; };
    busy(true);
    failed.hidden = true;
    try {
      await draw({ ...values, target: Number(values.target), tolerance: Number(values.tolerance) / 100 }, control.signal);
    } catch (error) {
      if (error.name !== "AbortError") { failed.textContent = t("plan.draw_failed", { detail: error.message }); failed.hidden = false; }
    } finally { busy(false); }
  });
  openSheet(t("plan.draw_title"), form);
  load();
}

const findingName = (kind) => (has(`plan.finding.${kind}`) ? t(`plan.finding.${kind}`) : kind);

/** What is wrong with the plan, as links that fly there; with `submit`, the button that goes on in spite of warnings. */
export function checksSheet(findings, { fly, submit }) {
  const errors = findings.filter((one) => one.p.severity === "error").length;
  openSheet(t("plan.checks_title"),
    h("p", {}, findings.length ? t("plan.checks_sum", { errors: count(errors), warnings: count(findings.length - errors) }) : t("plan.checks_none")),
    h("div", { class: "links plan-findings" }, ...findings.map((one, at) => h("button", { type: "button", class: one.p.severity, onclick: () => fly(one, at) },
      h("b", {}, one.p.severity === "error" ? "✕" : "⚠"), h("span", {}, findingName(one.p.kind), h("small", {}, one.p.note ?? "")), h("span", { class: "code" }, one.p.codes)))),
    submit && errors > 0 && h("p", { class: "plan-flaw" }, t("plan.submit_blocked")),
    submit && h("div", { class: "ask-acts" }, h("button", { type: "button", class: "primary", id: "submit-plan", disabled: errors > 0, onclick: submit }, t(findings.length ? "plan.submit_anyway" : "plan.step.submit"))));
}

/** The impact sheet: what changes grid against the grids in force, as totals and as a table. */
export function impactSheet(impact, { fly, households }) {
  const totals = [["plan.column.households", impact.households], ["plan.column.addresses", impact.addresses], ["plan.column.cameras", impact.cameras], ["plan.column.reports", impact.open_reports]];
  const moving = impact.rows.filter((row) => !row.stays).sort((a, b) => b.households - a.households);
  openSheet(t("plan.impact_title"),
    h("p", {}, t("plan.impact_sum", { moved: count(impact.households), all: count(households), share: percent(households ? impact.households / households : NaN, 1) })),
    h("dl", { class: "facts" }, ...totals.flatMap(([key, value]) => [h("dt", {}, t(key)), h("dd", {}, count(value))])),
    moving.length ? h("table", { class: "plan-impact" },
      h("thead", {}, h("tr", {}, ...["old", "new", "households", "cameras", "reports"].map((name) => h("th", { scope: "col" }, t(`plan.column.${name}`))))),
      h("tbody", {}, ...moving.slice(0, 500).map((row) => h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "plain", onclick: () => fly(row) }, row.old_code ?? t("none"))),
        h("td", {}, row.new_code ?? t("none")), ...[row.households, row.cameras, row.open_reports].map((value) => h("td", {}, count(value))))))) : h("p", { class: "hint" }, t("plan.impact_none")));
}
