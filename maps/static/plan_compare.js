// What a plan changes against the grids in force or any other plan: impact, slider, hatch, table; and its flaws.
import { byId, settled } from "/static/dom.js";
import { features, query, request } from "/static/net.js";
import { checksSheet, closeSheet, impactSheet } from "/static/plan_sheets.js";
import { shape } from "/static/shapes.js";
import { say } from "/static/status.js";
import { t } from "/static/words.js";

export class Comparison {
  /**
   * `app` gives page, view, panels, plans, edits(), complain() and signIn(); `changed(kind)` is called when
   * "impact" figures, the "slider" or "all" of the picture changed.
   */
  constructor(app, changed) {
    Object.assign(this, { app, changed });
    this.impact = null; // against the grids in force: what the foot and the selected grid tell
    this.findings = [];
    this.flaw = -1;
    this.refresh = settled(() => this.load(), 600);
    byId("compare-slider").addEventListener("input", (event) => {
      app.page.compare.share = Number(event.target.value) / 1000;
      this.showSlider();
      changed("slider");
    });
  }

  leave() { this.impact = null; this.findings = []; this.showSlider(); }

  async load() {
    const { page } = this.app;
    if (!page.plan || page.stroke) return;
    const { id } = page.plan;
    try {
      const found = await request(`/api/plans/${id}/compare`);
      if (page.plan.id !== id) return;
      this.impact = found;
      if (page.compare) await this.against(page.compare.other, false);
      this.changed("impact");
    } catch (error) { if (error.status === 401) this.app.signIn(); else if (error.kind !== "refused") this.app.complain(error); }
  }

  async toggle() {
    const { page } = this.app;
    if (!page.division) return;
    if (page.compare) { page.compare = null; closeSheet(); this.showSlider(); this.changed("all"); return; }
    await this.against(null).catch(this.app.complain);
  }

  /** Compares with the plan of that number, or with the grids in force; opens the sheet unless told otherwise. */
  async against(other, open = true) {
    const { page } = this.app;
    const { id, scope_code: scope } = page.plan;
    const base = other === null ? query("/api/grids", { level: "CELL", limit: 10_000 }) : query(`/api/plans/${other}/grids`, { limit: 10_000 });
    const [{ features: found }, change] = await Promise.all([features(base), request(query(`/api/plans/${id}/compare`, other === null ? {} : { with: other }))]);
    if (page.plan.id !== id) return;
    if (other === null) this.impact = change;
    const inside = found.filter((one) => one.properties.level === "CELL" && one.properties.code.startsWith(scope));
    page.compare = { other, change, share: Number(byId("compare-slider").value) / 1000, base: inside.map(shape), places: change.places.features.map(shape) };
    if (open) {
      this.app.panels.select(null);
      this.sheet();
    }
    this.showSlider();
    this.changed("all");
  }

  sheet() {
    const { page } = this.app;
    const { other, change } = page.compare;
    const choices = this.app.plans.list.filter((plan) => plan.id !== page.plan.id && plan.scope_code === page.plan.scope_code);
    impactSheet(change, {
      other, choices, choose: (plan) => this.against(plan).catch(this.app.complain), fly: (row) => this.fly(row),
      households: [...page.division.grids.values()].reduce((sum, grid) => sum + grid.households, 0),
    });
  }

  nameOf(other) { return other === null ? t("plan.in_force") : this.app.plans.list.find((plan) => plan.id === other)?.name ?? String(other); }

  fly(row) {
    const { page } = this.app;
    const place = page.compare?.places.find((one) => one.p.old_code === (row.old_code ?? "") && one.p.new_code === (row.new_code ?? ""));
    if (place) { this.app.view.fitMercator(place.box); return; }
    const grid = [...page.division.grids.values()].find((one) => one.code === row.new_code);
    if (grid) this.app.view.flyTo(grid.number);
  }

  showSlider() {
    const { compare, plan } = this.app.page;
    byId("compare-slider").hidden = !compare;
    const line = byId("compare-line");
    line.hidden = !compare;
    if (!compare) return;
    line.style.left = `${compare.share * 100}%`;
    line.firstChild.textContent = this.nameOf(compare.other);
    line.lastChild.textContent = plan.name;
    byId("compare-slider").setAttribute("aria-label", t("plan.slider", { other: this.nameOf(compare.other) }));
  }

  /** What is wrong with the plan, as links that fly there; with `submit`, the way on. */
  async check(submit = null) {
    const { page } = this.app;
    try {
      await this.app.edits().last;
      const body = await request(`/api/plans/${page.plan.id}/checks`);
      this.findings = body.features.map(shape);
      this.flaw = -1;
      this.app.panels.select(null);
      checksSheet(this.findings, { submit, fly: (one, at) => { this.flaw = at; this.show(one); } });
    } catch (error) { this.app.complain(error); }
  }

  show(one) {
    if (one.box[0] <= one.box[2]) this.app.view.fitMercator(one.box);
    const grid = [...this.app.page.division.grids.values()].find((other) => other.code === one.p.codes.split(/[ ,]/)[0]);
    if (grid) this.app.panels.mark(grid.number);
  }

  /** `F`: the next finding while the checks are open, else the next grid that is broken or out of the band. */
  nextFlaw() {
    const { page } = this.app;
    if (!page.division) return;
    if (!byId("sheet").hidden && this.findings.length && byId("sheet").querySelector(".plan-findings")) {
      this.flaw = (this.flaw + 1) % this.findings.length;
      this.show(this.findings[this.flaw]);
      return;
    }
    const flaws = page.division.flaws();
    if (!flaws.length) { say(t("plan.no_flaw")); return; }
    const next = flaws[(flaws.findIndex((grid) => grid.number === page.selected) + 1) % flaws.length];
    this.app.panels.select(next.number);
    this.app.view.flyTo(next.number);
  }
}
