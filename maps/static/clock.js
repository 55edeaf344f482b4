// What "now" is: the server's instant, and for data of the past the instant of their newest report.
import * as state from "/static/state.js";

const DAY = 86_400_000;
let ahead = 0; // the server's clock against this one, ms
let newest = NaN;

export function takeSummary(summary) {
  ahead = Date.parse(summary.now) - Date.now();
  if (!Number.isFinite(ahead)) ahead = 0;
  newest = Date.parse(summary.newest_report_at ?? "");
}

export const now = () => new Date(Date.now() + ahead);

/** Whether reports are shown up to the newest one, since nothing came in during the last day. */
export const isPast = () => !state.get("date") && Number.isFinite(newest) && newest < now().getTime() - DAY;

/** The instant up to which reports count: the end of the chosen day in China, the newest report, or now. */
export function until() {
  const day = state.get("date");
  if (day) return new Date(Math.min(Date.parse(`${day}T00:00:00+08:00`) + DAY, Math.max(now().getTime(), Date.parse(`${day}T00:00:00+08:00`) + 1)));
  return isPast() ? new Date(newest + 1000) : now();
}

/** The window of the reports and of the heat, as the server takes it; whole minutes, so that addresses repeat. */
export function reportWindow() {
  const end = new Date(Math.ceil(until().getTime() / 60_000) * 60_000);
  return { since: new Date(end.getTime() - Number(state.get("days")) * DAY).toISOString(), until: end.toISOString() };
}
