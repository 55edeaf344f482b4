// Pictures of the plan: fills by deviation, flaws hatched, borders, numbers, the brush, and the plan it is compared with.
import { alpha, fillOpacity, palette, theme } from "/static/colours.js";
import { words } from "/static/marks.js";
import { UNIT } from "/static/plan_blocks.js";
import { bandColour } from "/static/plan_division.js";
import { touches, trace } from "/static/shapes.js";

const MOST_BLOCKS = 4000; // outlines of single blocks are drawn while there are no more in the picture
const MOST_STROKED = 600; // so many blocks of a stroke are marked one by one; beyond it, they are told from others by their border

export class Picture {
  /** `page` holds what is shown: division, selected, hovered, stroke, compare, map. */
  constructor(page) { this.page = page; }

  /** Calls `draw(pen, pixel)` in local units; `pixel` is their number in a pixel. */
  local(pen, view, draw) {
    const { blocks } = this.page.division;
    const k = view.scale / UNIT;
    pen.save();
    pen.transform(k, 0, 0, k, blocks.originX * view.scale - view.left, blocks.originY * view.scale - view.top);
    draw(pen, 1 / k);
    pen.restore();
  }

  box({ box }) {
    const { blocks } = this.page.division;
    return [(box[0] - blocks.originX) * UNIT, (box[1] - blocks.originY) * UNIT, (box[2] - blocks.originX) * UNIT, (box[3] - blocks.originY) * UNIT];
  }

  /** Calls `plan()` right of the slider and `other()` left of it; without a comparison `plan()` everywhere. */
  halves(pen, view, plan, other) {
    const { compare, map } = this.page;
    if (!compare) { plan(); return; }
    const x = map.containerPointToLayerPoint([compare.share * map.getSize().x, 0]).x - (view.left - map.getPixelOrigin().x);
    for (const [left, right, draw] of [[0, x, other], [x, view.size.x, plan]]) {
      pen.save();
      pen.beginPath();
      pen.rect(left, 0, right - left, view.size.y);
      pen.clip();
      draw();
      pen.restore();
    }
  }

  fills = (pen, view) => {
    const { division, compare } = this.page;
    if (!division) return;
    const box = this.box(view);
    this.halves(pen, view, () => this.local(pen, view, () => {
      for (const [number, grid] of division.grids) {
        const outline = division.outline(number);
        if (!touches(outline.box, box)) continue;
        const colour = grid.dedicated ? palette.missing : bandColour(grid.deviation, division.status);
        pen.fillStyle = alpha(colour, fillOpacity(colour));
        pen.fill(outline.path, "evenodd");
      }
    }), () => {
      for (const grid of compare.base) {
        if (!touches(grid.box, view.box)) continue;
        const colour = bandColour((grid.p.households ?? NaN) / division.status.target - 1, division.status);
        pen.fillStyle = alpha(colour, fillOpacity(colour));
        pen.beginPath();
        trace(pen, grid, view);
        pen.fill("evenodd");
      }
    });
  };

  edges = (pen, view) => {
    const { division, compare } = this.page;
    if (!division) return;
    const box = this.box(view);
    const colours = theme();
    this.halves(pen, view, () => this.local(pen, view, (_, pixel) => {
      for (const [number, grid] of division.grids) {
        const outline = division.outline(number);
        if (!touches(outline.box, box)) continue;
        if (!grid.contiguous || grid.holes > 0) this.hatch(pen, outline, pixel, palette.gap.line, 7);
      }
      pen.strokeStyle = colours.town;
      pen.lineWidth = 1.4 * pixel;
      for (const number of division.grids.keys()) {
        const outline = division.outline(number);
        if (touches(outline.box, box)) pen.stroke(outline.path);
      }
    }), () => {
      pen.beginPath();
      for (const grid of compare.base) if (touches(grid.box, view.box)) trace(pen, grid, view);
      pen.strokeStyle = colours.town;
      pen.lineWidth = 1.4;
      pen.stroke();
    });
    for (const place of compare?.places ?? []) {
      if (!touches(place.box, view.box)) continue;
      const path = new Path2D();
      trace(path, place, view);
      pen.save();
      pen.clip(path, "evenodd");
      stripes(pen, [place.box[0] * view.scale - view.left, place.box[1] * view.scale - view.top, place.box[2] * view.scale - view.left, place.box[3] * view.scale - view.top], 8);
      pen.strokeStyle = colours.selection;
      pen.lineWidth = 2;
      pen.stroke();
      pen.restore();
    }
  };

  mesh = (pen, view) => {
    if (!this.page.division || this.crowded(view)) return;
    this.halves(pen, view, () => this.local(pen, view, (_, pixel) => this.blockEdges(pen, this.box(view), pixel)), () => {});
  };

  /** Whether there are too many blocks in the whole picture for their outlines, also where only a part is painted. */
  crowded({ whole }) {
    const { blocks } = this.page.division;
    if (this.counted?.blocks === blocks && String(this.counted.whole) === String(whole)) return this.counted.crowded;
    let number = 0;
    blocks.within(...this.box({ box: whole }), () => { number += 1; });
    this.counted = { blocks, whole, crowded: number > MOST_BLOCKS };
    return this.counted.crowded;
  }

  blockEdges(pen, box, pixel) {
    const { blocks } = this.page.division;
    pen.beginPath();
    blocks.within(...box, (b) => this.ring(pen, b));
    pen.strokeStyle = alpha(theme().cell, 0.35);
    pen.lineWidth = 0.6 * pixel;
    pen.stroke();
  }

  ring(pen, b) {
    const { blocks } = this.page.division;
    for (let r = blocks.blockRing[b]; r < blocks.blockRing[b + 1]; r += 1) {
      pen.moveTo(blocks.x[blocks.ringStart[r]], blocks.y[blocks.ringStart[r]]);
      for (let i = blocks.ringStart[r] + 1; i < blocks.ringStart[r + 1]; i += 1) pen.lineTo(blocks.x[i], blocks.y[i]);
    }
  }

  hatch(pen, { path, box }, pixel, colour, step) {
    pen.save();
    pen.clip(path, "evenodd");
    stripes(pen, box, step * pixel);
    pen.strokeStyle = alpha(colour, 0.8);
    pen.lineWidth = 1.6 * pixel;
    pen.stroke();
    pen.restore();
  }

  labels = (pen, view) => this.halves(pen, view, () => this.planLabels(pen, view), () => {
    for (const grid of this.page.compare.base) {
      if (!grid.at || (grid.box[2] - grid.box[0]) * view.scale < 34 || !touches(grid.box, view.box)) continue;
      const x = grid.at[0] * view.scale - view.left, y = grid.at[1] * view.scale - view.top;
      words(pen, grid.p.code.slice(-3), x, y, 13 * view.grow, { weight: 700 });
      if (Number.isFinite(grid.p.households)) words(pen, String(Math.round(grid.p.households)), x, y + 14 * view.grow, 11 * view.grow, { weight: 400 });
    }
  });

  planLabels(pen, view) {
    const { division } = this.page;
    if (!division) return;
    const box = this.box(view);
    const { blocks } = division;
    for (const [number, grid] of division.grids) {
      const outline = division.outline(number);
      const wide = ((outline.box[2] - outline.box[0]) * view.scale) / UNIT;
      if (wide < 34 || !touches(outline.box, box)) continue;
      const x = (outline.at[0] / UNIT + blocks.originX) * view.scale - view.left, y = (outline.at[1] / UNIT + blocks.originY) * view.scale - view.top;
      words(pen, grid.code.slice(-3), x, y, 13 * view.grow, { weight: 700 });
      if (wide > 60 && !grid.dedicated) words(pen, `${Math.round(grid.households)}${grid.in_band ? "" : grid.deviation > 0 ? " ▲" : " ▼"}`, x, y + 14 * view.grow, 11 * view.grow, { weight: grid.in_band ? 400 : 700 });
      if (grid.locked) padlock(pen, x, y - 15 * view.grow, view.grow);
    }
  }

  lift = (pen, view) => {
    const { division, selected, hovered, stroke } = this.page;
    if (!division) return;
    const colours = theme();
    this.local(pen, view, (_, pixel) => {
      for (const [number, width] of [[hovered, 1.5], [selected, 3.5]]) {
        if (number === null || !division.grids.has(number)) continue;
        const { path } = division.outline(number);
        pen.strokeStyle = alpha(colours.halo, 0.9);
        pen.lineWidth = (width + 3) * pixel;
        pen.stroke(path);
        pen.strokeStyle = colours.selection;
        pen.lineWidth = width * pixel;
        pen.stroke(path);
      }
      if (stroke?.blocks.size && stroke.blocks.size <= MOST_STROKED) {
        pen.beginPath();
        for (const b of stroke.blocks.keys()) this.ring(pen, b);
        pen.fillStyle = alpha(colours.selection, 0.25);
        pen.fill("evenodd");
      }
    });
  };
}

function stripes(pen, [west, top, east, bottom], step) {
  pen.beginPath();
  const height = bottom - top;
  for (let x = west - height; x < east; x += step) {
    pen.moveTo(x, bottom);
    pen.lineTo(x + height, top);
  }
}

function padlock(pen, x, y, grow) {
  pen.fillStyle = theme().label;
  pen.strokeStyle = theme().label;
  pen.lineWidth = 1.6 * grow;
  pen.fillRect(x - 4.5 * grow, y - 1 * grow, 9 * grow, 6.5 * grow);
  pen.beginPath();
  pen.arc(x, y - 1 * grow, 3 * grow, Math.PI, 0);
  pen.stroke();
}
