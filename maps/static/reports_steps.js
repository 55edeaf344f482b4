// Taking a step: the dialog asks for what the step needs, and nothing is lost when somebody else was quicker.
import { areaName } from "/static/casemap.js";
import { ask } from "/static/dialogs.js";
import { h } from "/static/dom.js";
import { request } from "/static/net.js";
import { stepName } from "/static/reports_panel.js";
import { complain } from "/static/shell.js";
import { say } from "/static/status.js";
import { moment, t } from "/static/words.js";

const NOTED = new Set(["void", "return", "escalate", "reject", "reopen", "cancel_supervision", "request_extension", "refuse_extension"]);
const DEGREES = ["NONE", "ORDINARY", "YELLOW", "RED"];
const choices = (prefix, values) => values.map((value) => [value, t(`${prefix}.${value}`)]);

/** The areas a report may be given to, the nearest first. */
function areas(p) {
  const village = p.village_code;
  const codes = [p.grid_code, village, village?.slice(0, 9), village?.slice(0, 6)].filter(Boolean);
  return codes.map((code, at) => [at ? code : "", `${areaName(code)} (${t(["level.CELL", "level.VILLAGE", "level.TOWN", "reports.county"][at + (p.grid_code ? 0 : 1)])})`]);
}

function fieldsFor(step, p) {
  const fields = {
    dispatch: () => [{ name: "area_code", label: t("reports.need.area_code"), ...(areas(p).length ? { type: "choice", choices: areas(p) } : { required: true }) }],
    merge: () => [{ name: "into", label: t("reports.need.into"), value: p.links[0]?.report_key ?? "", required: true, hint: t("reports.need.into_hint") }],
    follow_up: () => [{ name: "satisfaction", label: t("reports.satisfaction"), type: "choice", choices: choices("satisfaction", ["YES", "NO", "NOT_REACHED"]), value: "YES", required: true }],
    supervise: () => [{ name: "supervision", label: t("reports.need.supervision"), type: "choice", choices: choices("supervision", DEGREES.slice(DEGREES.indexOf(p.supervision) + 1)), value: DEGREES[DEGREES.indexOf(p.supervision) + 1], required: true }],
    set_urgency: () => [{ name: "urgency", label: t("reports.need.urgency"), type: "choice", choices: choices("urgency", ["NORMAL", "URGENT"].filter((one) => one !== p.urgency)), value: p.urgency === "NORMAL" ? "URGENT" : "NORMAL", required: true }],
    set_scale: () => [{ name: "scale", label: t("reports.need.scale"), type: "choice", choices: ["1", "2", "3"].filter((one) => Number(one) !== p.scale).map((one) => [one, t(`reports.need.scale_${one}`)]), value: p.scale === 1 ? "2" : "1", required: true }],
    request_extension: () => [{ name: "days", label: t("reports.need.days"), type: "number", min: 1, max: 365, value: 3, required: true }],
  }[step]?.() ?? [];
  return [...fields, { name: "note", label: NOTED.has(step) ? t("reports.need.note") : t("reports.need.note_optional"), type: "long", required: NOTED.has(step) }];
}

function body(values) {
  const said = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  for (const name of ["days", "scale"]) if (name in said) said[name] = Number(said[name]);
  return said;
}

/**
 * Asks, takes the step and gives the report as it is then; null where nothing was done.
 * `reload()` gets the report again after a conflict and shows what is new.
 */
export async function takeStep(report, step, reload) {
  let values = {}, changed = [], present = report;
  for (;;) {
    const told = changed.length ? [h("p", { class: "conflict", role: "alert" }, t("reports.conflict")), h("ul", { class: "plan-history" }, changed.map((one) => h("li", {}, h("b", {}, stepName(one.step)), ` ${one.by} · ${moment(one.at)}${one.note ? ` · ${one.note}` : ""}`)))] : [];
    const fields = fieldsFor(step, present.properties).map((one) => ({ ...one, value: values[one.name] ?? one.value ?? "" }));
    values = await ask({ title: stepName(step), content: told, fields, action: stepName(step) });
    if (!values) return null;
    try {
      const key = encodeURIComponent(present.properties.report_key);
      const answer = await request(`/api/reports/${key}/steps/${step}`, { method: "POST", body: body(values), headers: { "if-match": `"${present.properties.revision}"` } });
      say(t("reports.taken", { step: stepName(step), key: present.properties.report_key }));
      return answer;
    } catch (error) {
      if (error.status !== 412) { complain(error); if (error.status === 409) await reload(); if (error.kind !== "refused" || error.status === 409) return null; continue; }
      const seen = present.properties.history.at(-1)?.sequence ?? 0;
      present = await reload(seen);
      if (!present) return null;
      changed = present.properties.history.filter((one) => one.sequence > seen);
      if (!present.properties.steps.includes(step)) { say(t("reports.no_longer", { step: stepName(step), state: t(`state.${present.properties.state}`) }), { kind: "warn" }); return null; }
    }
  }
}
