// Counters, age of the data, the line, and notices at the bottom.
import { byId, h, skeleton } from "/static/dom.js";
import { now, takeSummary } from "/static/clock.js";
import { offlineSince } from "/static/net.js";
import * as state from "/static/state.js";
import { ago, count, moment, t } from "/static/words.js";

const notice = byId("notice");
let hide = 0;

/** Says something for a while; an error stays until it is closed. */
export function say(text, { kind = "info", action = null } = {}) {
  clearTimeout(hide);
  notice.className = `notice ${kind}`;
  notice.replaceChildren(h("span", {}, text),
    ...(action ? [h("button", { type: "button", class: "secondary", onclick: () => { quiet(); action.run(); } }, action.text)] : []),
    h("button", { type: "button", class: "plain icon", onclick: quiet, aria: { label: t("close") } }, "✕"));
  notice.hidden = false;
  if (kind === "info") hide = setTimeout(quiet, 6000);
}

export function quiet() { notice.hidden = true; }

export class Strip {
  constructor() {
    this.summary = null;
    byId("counters").replaceChildren(skeleton(1));
    setInterval(() => this.age(), 10_000);
  }

  take(summary) {
    this.summary = summary;
    takeSummary(summary);
    this.draw();
  }

  draw() {
    this.age();
    const { summary } = this;
    if (!summary) return;
    const rows = [
      ["counter.villages", summary.grids?.VILLAGE], ["counter.grids", summary.grids?.CELL], ["counter.households", summary.households],
      ["counter.cameras", summary.cameras_in_use], ["counter.today", summary.reports_today], ["counter.closed_today", summary.reports_closed_today],
      ["counter.open", summary.reports_open, summary.reports_open > 0],
    ];
    byId("counters").replaceChildren(...rows.map(([key, value, alarm]) => h("div", { class: alarm ? "alarm" : "" },
      h("dt", {}, t(key)), h("dd", {}, count(value ?? NaN)))));
  }

  age() {
    const element = byId("age");
    const since = offlineSince();
    element.classList.toggle("offline", Boolean(since));
    if (since) { element.textContent = t("age.offline", { since: moment(since.toISOString()) }); return; }
    if (!this.summary) { element.textContent = t("age.loading"); return; }
    const instants = [this.summary.newest_report_at, this.summary.newest_load_at].filter(Boolean).map(Date.parse);
    const newest = instants.length ? Math.max(...instants) : NaN;
    const text = Number.isFinite(newest) ? t("age.data", { at: moment(new Date(newest).toISOString()), ago: ago((now() - newest) / 1000) }) : t("age.none");
    element.textContent = state.get("date") ? `${t("age.as_of", { date: state.get("date") })} · ${text}` : text;
  }
}
