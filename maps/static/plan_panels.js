// Beside the map: which grid is selected, and the table, the foot and the panel that tell of the plan.
import { byId, fill } from "/static/dom.js";
import { GridTable, drawFoot, drawSelected, emptyFoot } from "/static/plan_table.js";
import * as state from "/static/state.js";
import { count } from "/static/words.js";

const LIVE_MS = 150; // while a brush moves, what takes longer than a frame follows this often

export class Panels {
  /** `app` gives page, view, comparison, bar and acts. */
  constructor(app) {
    this.app = app;
    this.timer = 0;
    this.table = new GridTable((number, { fly }) => { this.select(number); if (fly) app.view.flyTo(number); });
  }

  select(number) {
    this.choose(number);
    this.tell();
  }

  /** The grid that a brush begins to paint: its panel follows, so that the first paint need not wait for it. */
  begin(number) {
    this.choose(number);
    setTimeout(() => { if (this.app.page.selected === number) this.tell(); }, LIVE_MS);
  }

  choose(number) {
    const { page } = this.app;
    this.mark(number !== null && page.division?.grids.has(number) ? number : null);
    state.set({ selection: page.selected === null ? "" : `grid:${page.selected}` }, { silent: true });
  }

  tell() {
    this.drawPanel();
    this.app.bar.draw();
  }

  /** Shows which grid is meant, without its panel. */
  mark(number) {
    const { page, view } = this.app;
    const before = page.selected;
    page.selected = number;
    this.table.select(number);
    view.repaintGrids([before, number]);
  }

  drawPanel() {
    const { page, comparison, acts, view } = this.app;
    if (!page.division) { byId("plan-selected").hidden = true; return; }
    drawSelected(page.division, page.selected, comparison.impact, page.mayEdit, {
      close: () => this.select(null), go: (number) => { this.select(number); view.flyTo(number); }, merge: (number) => acts.merge(page.selected, number),
      lock: () => acts.lock(), abolish: () => acts.abolish(page.selected), rename: (grid) => acts.rename(grid), convert: (grid) => acts.convert(grid),
    });
  }

  drawFoot() {
    const { page, comparison } = this.app;
    if (page.division) drawFoot(page.division, comparison.impact);
  }

  /** All that stands beside the map. */
  draw() {
    const { page, bar } = this.app;
    const { division } = page;
    if (!division) return;
    if (page.selected !== null && !division.grids.has(page.selected)) page.selected = null;
    this.table.draw(division, page.selected);
    this.drawFoot();
    this.drawPanel();
    bar.draw();
  }

  drawAll() {
    this.draw();
    this.app.view.repaint();
  }

  /** What a brush has changed, as it moves. */
  follow(touched) {
    const { page } = this.app;
    this.table.update(touched);
    const chosen = page.division.grids.get(page.selected);
    if (chosen && touched.has(page.selected) && byId("selected-households")) byId("selected-households").textContent = count(chosen.households);
    this.timer ||= setTimeout(() => { this.timer = 0; this.drawFoot(); this.drawPanel(); }, LIVE_MS);
  }

  /** An empty table, with what would fill it. */
  empty(...content) {
    this.table.clear();
    emptyFoot();
    fill(byId("plan-empty"), ...content);
  }
}
