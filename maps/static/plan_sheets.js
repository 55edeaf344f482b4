// Side sheets and questions of the planner: a new plan, the checks, the impact, and what another planner changed.
import { byId, h, settled, skeleton } from "/static/dom.js";
import { area, count, has, moment, percent, t } from "/static/words.js";

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

/** What the server refused, in the reader's language where the kind of refusal has a text. */
export function refusal(error) {
  const key = `plan.problem.${String(error.body?.type ?? "").split(":").at(-1)}`;
  return has(key) ? t(key, { detail: error.message }) : error.message;
}

/** The name of a kind of edit. */
export const opName = (op) => (has(`plan.op.${op}`) ? t(`plan.op.${op}`) : op);

/** The steps of a plan as a list, with the reasons that were given. */
export const courseList = (steps) => h("ul", { class: "plan-history plan-course" }, ...steps.map(({ step, by, at, note }) => h("li", {},
  h("b", {}, has(`plan.course.${step}`) ? t(`plan.course.${step}`, { note: note ?? "" }) : step), h("span", {}, by), h("span", { class: "code" }, moment(at)),
  note && step !== "branch" && h("span", { class: "note" }, note))));

/** Edits as a list; with `jump`, those that undo or redo lead to are buttons, and the one at `head` is marked. */
export const editList = (edits, { head = null, reached = new Set(), may = false, jump = null } = {}) => h("ul", { class: "plan-history" }, ...edits.map((edit) => {
  const parts = [h("b", {}, opName(edit.op)), h("span", {}, edit.by), h("span", { class: "code" }, moment(edit.at)), edit.moved_households > 0 && h("span", {}, t("plan.moved_count", { count: count(edit.moved_households) }))];
  const here = edit.sequence === head;
  const content = jump ? h("button", { type: "button", class: "plain", data: { edit: edit.sequence }, disabled: here || !may || !reached.has(edit.sequence), title: here ? t("plan.history_here") : t("plan.history_jump"), onclick: () => jump(edit.sequence) }, here && h("i", { aria: { hidden: "true" } }, "▶"), ...parts) : parts;
  return h("li", { aria: here ? { current: "step" } : {}, class: jump && !reached.has(edit.sequence) ? "cut" : "" }, content);
}));


const field = (label, control) => h("label", { class: "ask-field" }, h("span", {}, label), control);
const choice = (name, values, value) => h("select", { name }, ...values.map((one) => h("option", { value: one, selected: one === value }, t(`plan.${name}.${one}`))));

const HARD = ["oversize", "too_small", "between", "coarse"];

/** What no drawing can put in band, as sentences: blocks larger than a grid, and pieces of ground that no grids fit. */
function unavoidable(parts) {
  const sum = (rows, name) => rows.reduce((all, row) => all + row[name], 0);
  const reasons = HARD.map((verdict) => {
    const of = parts.filter((row) => row.verdict === verdict);
    const number = verdict === "oversize" ? sum(of, "oversize") : of.length;
    return number > 0 && h("li", {}, t(`plan.forced.${verdict}`, { count: count(number), households: count(sum(of, "households")) }));
  }).filter(Boolean);
  return reasons.length ? [h("p", { class: "plan-flaw" }, t("plan.forced", { count: count(sum(parts, "out_of_band")) })), h("ul", { class: "plan-forced" }, ...reasons)] : [];
}

/** What the area and each village allow, as the server tells it, villages that do not fit first. */
export function feasibilityList({ villages, parts }, names = new Map()) {
  const order = { oversize: 0, coarse: 1, between: 2, too_small: 3, empty: 4, fits: 5 };
  const text = (row) => t({ fits: "plan.feasible", empty: "plan.feasible_empty", oversize: "plan.infeasible_oversize", coarse: "plan.infeasible_coarse" }[row.verdict] ?? "plan.infeasible",
    { grids: count(row.best), each: count(row.households / Math.max(1, row.best)), blocks: count(row.oversize) });
  const sorted = [...villages].sort((a, b) => order[a.verdict] - order[b.verdict] || b.min_deviation - a.min_deviation);
  return [...unavoidable(parts), h("p", {}, t("plan.feasibility_sum", { possible: count(villages.filter((row) => row.verdict === "fits").length), all: count(villages.length) })),
    h("ul", {}, ...sorted.slice(0, 400).map((row) => h("li", { class: ["fits", "empty"].includes(row.verdict) ? "" : "out" }, h("span", { title: row.code }, names.get(row.code) ?? row.name), h("span", {}, count(row.households)), h("span", {}, text(row)))))];
}

/** The sheet to draw a plan. `feasibility(scope, target, tolerance)` gives what villages allow; `draw(options)` begins it. */
export function drawSheet({ towns, scope, feasibility, draw, name }) {
  const list = h("div", { class: "plan-feasibility", aria: { live: "polite" } });
  const failed = h("p", { class: "plan-flaw", role: "alert", hidden: true });
  const start = h("button", { class: "primary" }, t("plan.draw_start"));
  const form = h("form", { id: "draw-form", class: "plan-form" },
    field(t("plan.field.name"), h("input", { name: "name", required: true, maxLength: 200, value: name })),
    field(t("plan.field.scope"), h("select", { name: "scope_code" }, ...towns.map((town) => h("option", { value: town.code, selected: town.code === scope }, `${town.name} ${town.code}`)))),
    field(t("plan.field.target"), h("input", { name: "target", type: "number", min: "1", max: "100000", required: true, value: "300" })),
    field(t("plan.field.tolerance"), h("input", { name: "tolerance", type: "number", min: "0", max: "99", step: "1", required: true, value: "10" })),
    field(t("plan.field.nesting"), choice("nesting", ["grouped", "strict_nesting", "strict_balance"], "grouped")),
    h("p", { class: "hint", id: "nesting-hint" }),
    field(t("plan.field.effort"), choice("effort", ["fast", "normal", "thorough"], "normal")),
    h("h3", {}, t("plan.feasibility")), list, failed, h("div", { class: "ask-acts" }, start));
  const read = () => {
    const { name: called, scope_code: where, target, tolerance, nesting, effort } = form.elements;
    return { name: called.value, scope_code: where.value, target: Number(target.value), tolerance: Number(tolerance.value) / 100, nesting: nesting.value, effort: effort.value };
  };
  let asked = 0;
  const show = async () => {
    const { scope_code: where, target, tolerance, nesting } = read();
    form.querySelector("#nesting-hint").textContent = t(`plan.nesting_hint.${nesting}`);
    if (!form.checkValidity()) return;
    asked += 1;
    const mine = asked;
    try {
      const found = await feasibility(where, target, tolerance);
      if (mine === asked) list.replaceChildren(...feasibilityList(found));
    } catch (error) { if (mine === asked) list.replaceChildren(h("p", { class: "plan-flaw" }, error.message)); }
  };
  form.addEventListener("input", settled(show, 250));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    start.disabled = true;
    failed.hidden = true;
    try { await draw(read()); } catch (error) {
      failed.textContent = t("plan.draw_failed", { detail: error.message });
      failed.hidden = false;
    } finally { start.disabled = false; }
  });
  openSheet(t("plan.draw_title"), form);
  list.replaceChildren(skeleton(3));
  show();
}

const findingName = (kind) => (has(`plan.finding.${kind}`) ? t(`plan.finding.${kind}`) : kind);

/** The note of a finding in the reader's language; the server's own where there is none. */
const findingNote = ({ kind, note, facts }) => {
  const key = `plan.note.${kind.startsWith("homeless") ? "homeless" : kind}`;
  if (has(key)) return t(key, Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, count(value)])));
  return facts.area_m2 === undefined ? note ?? "" : area(facts.area_m2);
};

/** What is wrong with the plan, as links that fly there; with `submit`, the button that goes on in spite of warnings. */
export function checksSheet(findings, { fly, submit }) {
  const errors = findings.filter((one) => one.p.severity === "error").length;
  openSheet(t("plan.checks_title"),
    h("p", {}, findings.length ? t("plan.checks_sum", { errors: count(errors), warnings: count(findings.length - errors) }) : t("plan.checks_none")),
    h("div", { class: "links plan-findings" }, ...findings.map((one, at) => h("button", { type: "button", class: one.p.severity, onclick: () => fly(one, at) },
      h("b", {}, one.p.severity === "error" ? "✕" : "⚠"), h("span", {}, findingName(one.p.kind), h("small", {}, findingNote(one.p))), h("span", { class: "code" }, one.p.codes)))),
    submit && errors > 0 && h("p", { class: "plan-flaw" }, t("plan.submit_blocked")),
    submit && h("div", { class: "ask-acts" }, h("button", { type: "button", class: "primary", id: "submit-plan", disabled: errors > 0, onclick: submit }, t(findings.length ? "plan.submit_anyway" : "plan.step.submit"))));
}

/** What changes grid against the grids in force, or against another plan of `choices`, as totals and as a table. */
export function impactSheet(impact, { fly, households, other = null, choices = [], choose }) {
  const totals = [["plan.column.households", impact.households], ["plan.column.addresses", impact.addresses], ["plan.column.cameras", impact.cameras], ["plan.column.reports", impact.open_reports], ["plan.column.teams", impact.teams]];
  const moving = impact.rows.filter((row) => !row.stays).sort((a, b) => b.households - a.households);
  const pick = h("select", { id: "compare-with", onchange: (event) => choose(event.target.value === "" ? null : Number(event.target.value)) },
    h("option", { value: "", selected: other === null }, t("plan.in_force")), ...choices.map((plan) => h("option", { value: String(plan.id), selected: plan.id === other }, `${plan.name} · ${t(`plan.state.${plan.state}`)}`)));
  openSheet(t("plan.impact_title"),
    field(t("plan.compare_with"), pick),
    h("p", {}, t("plan.impact_sum", { moved: count(impact.households), all: count(households), share: percent(households ? impact.households / households : NaN, 1) })),
    h("dl", { class: "facts" }, ...totals.flatMap(([key, value]) => [h("dt", {}, t(key)), h("dd", {}, count(value))])),
    moving.length ? h("table", { class: "plan-impact" },
      h("thead", {}, h("tr", {}, ...["old", "new", "households", "cameras", "reports", "teams"].map((name) => h("th", { scope: "col" }, t(`plan.column.${name}`))))),
      h("tbody", {}, ...moving.slice(0, 500).map((row) => h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "plain", title: row.old_code ?? "", onclick: () => fly(row) }, short(row.old_code))),
        h("td", { title: row.new_code ?? "" }, short(row.new_code)), ...[row.households, row.cameras, row.open_reports, row.teams].map((value) => h("td", {}, count(value))))))) : h("p", { class: "hint" }, t("plan.impact_none")));
}

const short = (code) => (code === null ? t("none") : code.length > 6 ? `${code.slice(-6, -3)} ${code.slice(-3)}` : code);
