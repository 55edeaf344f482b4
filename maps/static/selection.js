// What is selected or under the pointer, and what a click, the arrow keys and an address lead to.
import * as grids from "/static/grids.js";
import * as points from "/static/points.js";
import * as state from "/static/state.js";

const KINDS = {
  camera: { layer: "cameras", key: (item) => item.p.camera_id },
  report: { layer: "reports", key: (item) => item.p.report_key },
  gap: { layer: "gaps", key: (item) => String(item.p.id ?? item.id) },
  household: { layer: "households", key: (item) => String(item.id) },
};
const kindOf = (layer) => Object.keys(KINDS).find((kind) => KINDS[kind].layer === layer);

/** {kind, key} of the address, such as camera:3306; null without a selection. */
export function selected() {
  const [kind, ...rest] = state.get("selection").split(":");
  return rest.length ? { kind, key: rest.join(":") } : null;
}

/** The selected thing among what is loaded, or null. */
export function item(chosen = selected()) {
  if (!chosen) return null;
  if (chosen.kind === "grid") return grids.find(chosen.key);
  const kind = KINDS[chosen.kind];
  return kind ? points.SOURCES[kind.layer].items.find((one) => kind.key(one) === chosen.key) ?? null : null;
}

/** What lies under a point: {kind, key, item, layer}; points win over gaps, gaps over areas. */
export function under({ x, y, pixel }) {
  const point = points.hit(x, y, pixel);
  if (point) {
    const kind = kindOf(point.layer);
    return { kind, key: KINDS[kind].key(point.item), ...point };
  }
  const area = grids.hit(x, y);
  return area ? { kind: "grid", key: area.p.code, item: area, layer: "grids" } : null;
}

/** The neighbour of the selected grid in a direction, by the angle between their label points; null if there is none. */
export function neighbour(dx, dy) {
  const from = item();
  if (selected()?.kind !== "grid" || !from) return null;
  const source = grids.grids[from.p.level];
  let best = null, least = Infinity;
  for (const other of source?.items ?? []) {
    if (other === from) continue;
    const x = other.at[0] - from.at[0], y = other.at[1] - from.at[1];
    const along = x * dx + y * dy, across = Math.abs(x * dy - y * dx);
    if (along <= 0 || across > along * 1.2) continue;
    if (along + 2 * across < least) { least = along + 2 * across; best = other; }
  }
  return best;
}
