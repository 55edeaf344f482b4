// Figures of one area that the map does not hold: coverage, open reports, cameras.
import { palette } from "/static/colours.js";
import { features, nextPage, query, request } from "/static/net.js";

const OPEN = Object.keys(palette.report_state).filter((name) => name !== "closed").flatMap((name) => palette.report_state[name].states);
const filter = (grid) => (grid.p.level === "CELL" ? { grid_code: grid.p.code } : grid.p.level === "VILLAGE" ? { village_code: grid.p.code } : {});
const below = (grid, code) => (code ?? "").startsWith(grid.p.code);

/** Ground that cameras see and settled ground of an area, summed over its grids; null where nothing is computed. */
export async function coverageOf(grid, signal) {
  let url = query("/api/coverage", { limit: 10_000 });
  const sum = { seen_m2: 0, settled_m2: 0, grids: 0 };
  while (url) {
    const body = await request(url, { signal });
    for (const row of body.grids) {
      if (!below(grid, row.grid_code)) continue;
      sum.seen_m2 += row.seen_m2;
      sum.settled_m2 += row.settled_m2;
      sum.grids += 1;
    }
    url = nextPage(body);
  }
  return sum.grids ? sum : null;
}

/** How many reports of an area somebody still has to act on, however old. */
export async function openReports(grid, signal) {
  const states = OPEN.map((state) => `state=${state}`).join("&");
  const url = query("/api/reports", { ...filter(grid), limit: 10_000 });
  const found = await features(`${url}${url.includes("?") ? "&" : "?"}${states}`, { signal });
  return found.features.filter(({ properties: p }) => below(grid, p.village_code) || below(grid, p.grid_code)).length;
}

/** Cameras in use of an area. */
export async function camerasIn(grid, signal) {
  const found = await features(query("/api/cameras", { ...filter(grid), limit: 10_000 }), { signal });
  return found.features.filter(({ properties: p }) => (p.asset_state ?? 1) === 1 && (below(grid, p.village_code) || below(grid, p.grid_code))).length;
}
