// The few words beside the pointer.
import { h } from "/static/dom.js";
import { deviation, target } from "/static/grids.js";
import { count, has, moment, percent, t } from "/static/words.js";

const word = (prefix, value) => (has(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : String(value ?? t("none")));

const TIPS = {
  grid: ({ p }, item) => [p.name, p.code, Number.isFinite(deviation(item))
    ? t("tip.grid", { households: count(p.households), target: count(target(item)), deviation: percent(deviation(item), 1, true) })
    : t("tip.area", { households: count(p.households ?? NaN) })],
  camera: ({ p }) => [p.name ?? p.camera_id, p.camera_id],
  report: ({ p }) => [word("category", p.category), `${word("state", p.state)} · ${moment(p.reported_at)}`],
  gap: ({ p }) => [t("gap.title", { rank: count(p.rank) }), t("tip.area", { households: count(p.households) })],
  household: ({ p }) => [t("tip.area", { households: count(p.households) })],
};

export function tipOf({ kind, item }) {
  const [first, ...rest] = TIPS[kind](item, item);
  return [h("b", {}, first), ...rest.filter(Boolean).map((text) => h("small", {}, text))];
}
