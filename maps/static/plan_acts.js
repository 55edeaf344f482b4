// What tools, buttons and keys change in the draft, and what the page says about it.
import { request } from "/static/net.js";
import { ask, opName } from "/static/plan_sheets.js";
import { say } from "/static/status.js";
import { count, metres, t } from "/static/words.js";

export class Acts {
  /** `app` gives page, view, panels, bar, tools, edits() and complain(). */
  constructor(app) { this.app = app; }

  edit(body) { return this.app.edits().edit(body); }

  /** Says what an edit did, with a button that takes it back. */
  report(edited) {
    if (!edited) return;
    const { page } = this.app;
    const parts = [edited.edit ? opName(edited.edit.op) : ""];
    if (edited.moved_households > 0) parts.push(t("plan.moved_count", { count: count(edited.moved_households) }));
    const codes = edited.broken.map((number) => page.division.grids.get(number)?.code.slice(-3)).filter(Boolean);
    if (codes.length) parts.push(t("plan.broken_now", { codes: codes.join(t("plan.comma")) }));
    say(parts.filter(Boolean).join(" · "), { kind: codes.length ? "warn" : "info", action: { text: t("plan.undo_short"), run: () => this.turn() } });
  }

  allLocked() {
    const { division } = this.app.page;
    return Boolean(division) && [...division.grids.values()].every((grid) => grid.locked);
  }

  async merge(one, other) {
    const done = await this.edit({ op: "merge", grids: [one, other], into: one });
    if (done) { this.app.panels.select(one); this.report(done); }
  }

  async abolish(grid) { this.report(await this.edit({ op: "abolish", grid })); }

  lock() {
    const { page } = this.app;
    if (!page.mayEdit) return;
    const grid = page.division.grids.get(page.selected);
    const locked = grid ? grid.locked : this.allLocked();
    this.edit({ op: locked ? "unlock" : "lock", grids: grid ? [grid.number] : null });
  }

  async rename(grid) {
    const values = await ask({ title: t("plan.rename"), fields: [{ name: "name", label: t("plan.field.name"), value: grid.name }], action: t("plan.rename") });
    if (values) this.edit({ op: "rename", grid: grid.number, name: values.name });
  }

  /** Other codes for a grid's village, with the plan. */
  async convert(grid) {
    const old = grid.parent_code;
    const values = await ask({
      title: t("plan.convert"), text: t("plan.convert_text", { code: old }),
      fields: [{ name: "code", label: t("plan.field.village_code"), value: old.slice(0, 9) }, { name: "name", label: t("plan.field.village_name"), required: false }], action: t("plan.convert"),
    });
    if (!values) return;
    const names = values.name.trim() ? { names: { [values.code]: values.name.trim() } } : {};
    this.edit({ op: "convert", codes: { [old]: values.code }, ...names });
  }

  async renumber() {
    const edits = this.app.edits();
    try {
      await edits.last;
      await request(`/api/plans/${this.app.page.plan.id}/renumber`, { method: "POST", headers: edits.headers });
      await edits.reload();
      say(t("plan.renumbered"));
    } catch (error) { this.app.complain(error); }
  }

  /** Takes the newest edit back, or makes the one again that was taken back last. */
  async turn(again = false) {
    const { page } = this.app;
    const edits = this.app.edits();
    if (!page.mayEdit) return;
    const op = again ? page.division.status.can_redo : page.division.status.can_undo;
    if (!op && !edits.waiting) return;
    const done = await (again ? edits.redo() : edits.undo());
    if (done) say(t(again ? "plan.redone" : "plan.undone", { op: opName(op ?? done.can_redo ?? "") }));
  }

  // ---- what the tools lead to --------------------------------------------------------------------------------------

  select(number) { this.app.panels.select(number); }
  begin(number) { this.app.panels.begin(number); }
  changed() { this.app.bar.draw(); }
  refused() { say(t("plan.locked_grid"), { kind: "warn" }); }
  repaint(numbers) { this.app.view.repaintGrids(numbers); }

  painted(touched) {
    this.app.panels.follow(touched);
    this.app.view.repaintGrids(touched);
  }

  async paint(blocks, to) {
    const { page } = this.app;
    if (!page.mayEdit) return;
    const edited = await this.edit({ op: "give", blocks: blocks.map((b) => page.division.blocks.id[b]), to });
    if (edited?.broken.length) this.report(edited);
  }

  measured(positions) {
    const length = positions.reduce((sum, at, i) => sum + (i ? this.app.view.map.distance(positions[i - 1], at) : 0), 0);
    say(t("plan.measured", { length: metres(length) }));
  }

  /** A line [[lon, lat], …] that was drawn with a tool. */
  async drawn(tool, line) {
    if (tool === "measure") this.measured(line.map(([lng, lat]) => ({ lat, lng })));
    else if (tool === "dedicated") await this.carve(line);
    else if (tool === "split") await this.split(line);
    else await this.moveBorder(line);
  }

  async carve(polygon) {
    const values = await ask({ title: t("plan.dedicated_title"), text: t("plan.dedicated_text"), fields: [{ name: "name", label: t("plan.field.name") }], action: t("plan.tool.dedicated") });
    if (values) this.report(await this.edit({ op: "carve_out", polygon, name: values.name }));
  }

  async split(line) {
    const grid = this.app.page.selected ?? this.crossed(line.map((at) => this.project(at)));
    if (grid === null) { say(t("plan.choose_first"), { kind: "warn" }); return; }
    this.report(await this.edit({ op: "split", grid, line }));
  }

  async moveBorder(line) {
    const { page, tools } = this.app;
    const start = this.project(line[0]);
    const grid = page.selected ?? tools.gridAt(start) ?? tools.gridAt(this.project(line.at(-1)));
    const other = grid === null ? null : page.division.across(grid, start.x, start.y);
    if (other === null) { say(t("plan.choose_first"), { kind: "warn" }); return; }
    this.report(await this.edit({ op: "move_boundary", one: grid, other, line }));
  }

  project([lng, lat]) { return this.app.tools.place(this.app.view.map.latLngToContainerPoint([lat, lng])); }

  /** The grid in which most of a drawn line lies. */
  crossed(line) {
    const found = new Map();
    for (let i = 1; i < line.length; i += 1) {
      for (let k = 0; k <= 20; k += 1) {
        const number = this.app.tools.gridAt({ x: line[i - 1].x + ((line[i].x - line[i - 1].x) * k) / 20, y: line[i - 1].y + ((line[i].y - line[i - 1].y) * k) / 20 });
        if (number !== null) found.set(number, (found.get(number) ?? 0) + 1);
      }
    }
    return [...found].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  }
}
