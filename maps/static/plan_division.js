// Which block is in which grid, and what that makes of each grid: counts, pieces and outline, also while a brush moves.
import { deviationColour, palette } from "/static/colours.js";

/** Colour of a deviation against the plan's own band: white inside it, the palette's classes as multiples of it. */
export function bandColour(deviation, { tolerance }) {
  const inner = palette.deviation.edges[palette.deviation.edges.length / 2];
  return deviationColour(Number.isFinite(deviation) ? (deviation * inner) / Math.max(tolerance, 1e-6) : deviation);
}

export class Division {
  constructor(blocks) {
    this.blocks = blocks;
    this.label = new Int32Array(blocks.count).fill(-1);
    this.grids = new Map(); // number -> counts as the server tells them
    this.members = new Map(); // number -> Set of blocks
    this.outlines = new Map();
    this.mark = new Int32Array(blocks.count);
    this.round = 0;
  }

  /** Takes a whole assignment and status of the server. */
  take(status, label) {
    this.status = status;
    this.label.set(label);
    this.grids = new Map(status.grids.map((grid) => [grid.number, grid]));
    this.regroup();
  }

  /** Another assignment, such as the picture of a plan in the making; in a `fresh` one, numbers are not yet anybody's. */
  show(label, fresh = false) {
    this.label.set(label);
    this.regroup();
    this.grids = new Map(fresh ? [] : [...this.grids].filter(([number]) => this.members.has(number)));
    for (const number of this.members.keys()) this.recount(number);
  }

  regroup() {
    this.members.clear();
    for (let b = 0; b < this.label.length; b += 1) this.group(this.label[b]).add(b);
    this.outlines.clear();
  }

  group(number) {
    if (!this.members.has(number)) this.members.set(number, new Set());
    return this.members.get(number);
  }

  /** Puts blocks into grids; the outlines of both sides are drawn anew. Gives the numbers of the grids touched. */
  move(blocks, numbers) {
    const touched = new Set();
    blocks.forEach((b, at) => {
      const to = typeof numbers === "number" ? numbers : numbers[at];
      const from = this.label[b];
      if (from === to) return;
      this.members.get(from)?.delete(b);
      this.group(to).add(b);
      this.label[b] = to;
      touched.add(from).add(to);
    });
    for (const number of touched) this.outlines.delete(number);
    return touched;
  }

  /** Takes what the server says an edit did. */
  apply(edited) {
    this.move(edited.blocks.map((id) => this.blocks.indexOf.get(id)), edited.grid);
    for (const grid of edited.grids) this.grids.set(grid.number, grid);
    for (const number of edited.gone) { this.grids.delete(number); this.members.delete(number); this.outlines.delete(number); }
    Object.assign(this.status, { revision: edited.revision, head: edited.head, can_undo: edited.can_undo, can_redo: edited.can_redo });
  }

  /** What a grid measures as it is drawn now; the server's own figures replace it when its answer is there. */
  recount(number) {
    const { blocks, label, status } = this;
    const members = this.members.get(number);
    if (!members?.size) { this.grids.delete(number); return null; }
    let households = 0, area = 0, perimeter = 0;
    const villages = new Set();
    for (const b of members) {
      households += blocks.households[b];
      area += blocks.area[b];
      villages.add(blocks.village[b]);
      for (let k = blocks.blockEdge[b]; k < blocks.blockEdge[b + 1]; k += 1) {
        const edge = blocks.edges[k];
        const first = blocks.sides[2 * edge], second = blocks.sides[2 * edge + 1];
        const other = first === b ? second : first;
        if (other < 0 || label[other] !== number) perimeter += blocks.length[edge];
      }
    }
    const pieces = this.pieces(number, members);
    const before = this.grids.get(number) ?? { number, code: "", name: "", parent_code: "", dedicated: false, locked: false, holes: 0 };
    const grid = {
      ...before, households, blocks: members.size, area_m2: area, perimeter_m: perimeter, villages: villages.size, pieces,
      polsby_popper: perimeter ? (4 * Math.PI * area) / perimeter ** 2 : null, contiguous: pieces === 1,
      deviation: households / status.target - 1, in_band: before.dedicated || (households >= status.low - 1e-9 && households <= status.high + 1e-9),
    };
    this.grids.set(number, grid);
    return grid;
  }

  pieces(number, members) {
    const { blocks, label, mark } = this;
    this.round += 1;
    const { round } = this;
    let pieces = 0;
    const stack = [];
    for (const start of members) {
      if (mark[start] === round) continue;
      pieces += 1;
      mark[start] = round;
      stack.push(start);
      while (stack.length) {
        const b = stack.pop();
        for (let k = blocks.blockEdge[b]; k < blocks.blockEdge[b + 1]; k += 1) {
          const edge = blocks.edges[k];
          const other = blocks.sides[2 * edge] === b ? blocks.sides[2 * edge + 1] : blocks.sides[2 * edge];
          if (other < 0 || label[other] !== number || mark[other] === round) continue;
          mark[other] = round;
          stack.push(other);
        }
      }
    }
    return pieces;
  }

  /** The outlines of all grids, one after the other; a generator, so that the page can draw frames between. */
  * trace() { for (const number of this.grids.keys()) { this.outline(number); yield; } }

  /** {path, box, at}: the outline of a grid in local units; kept until a block of it moves. */
  outline(number) {
    const kept = this.outlines.get(number);
    if (kept) return kept;
    const { blocks, label } = this;
    const next = new Map(); // corner -> positions that leave it along the border
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    let atX = 0, atY = 0, weight = 0;
    for (const b of this.members.get(number) ?? []) {
      atX += blocks.atX[b] * blocks.area[b];
      atY += blocks.atY[b] * blocks.area[b];
      weight += blocks.area[b];
      let k = blocks.blockEdge[b];
      for (let r = blocks.blockRing[b]; r < blocks.blockRing[b + 1]; r += 1) {
        for (let i = blocks.ringStart[r]; i + 1 < blocks.ringStart[r + 1]; i += 1, k += 1) {
          const edge = blocks.edges[k];
          const other = blocks.sides[2 * edge] === b ? blocks.sides[2 * edge + 1] : blocks.sides[2 * edge];
          if (other >= 0 && label[other] === number) continue;
          const from = blocks.corner[i];
          if (next.has(from)) next.get(from).push(i); else next.set(from, [i]);
          box[0] = Math.min(box[0], blocks.x[i]);
          box[1] = Math.min(box[1], blocks.y[i]);
          box[2] = Math.max(box[2], blocks.x[i]);
          box[3] = Math.max(box[3], blocks.y[i]);
        }
      }
    }
    const path = new Path2D();
    for (const [start, list] of next) {
      while (list.length) {
        let i = list.pop();
        path.moveTo(blocks.x[i], blocks.y[i]);
        for (let corner = blocks.corner[i + 1]; corner !== start;) {
          const on = next.get(corner);
          if (!on?.length) break;
          i = on.pop();
          path.lineTo(blocks.x[i], blocks.y[i]);
          corner = blocks.corner[i + 1];
        }
        path.closePath();
      }
    }
    // The label stands in the block nearest to the middle, so that it never lies outside a bent grid.
    let at = [0, 0], least = Infinity;
    for (const b of this.members.get(number) ?? []) {
      const distance = Math.hypot(blocks.atX[b] - atX / weight, blocks.atY[b] - atY / weight);
      if (distance < least) { least = distance; at = [blocks.atX[b], blocks.atY[b]]; }
    }
    const made = { path, box, at };
    this.outlines.set(number, made);
    return made;
  }

  /** Numbers of the grids that share an edge with this one, with the length of the common border in metres. */
  neighbours(number) {
    const { blocks, label } = this;
    const found = new Map();
    for (const b of this.members.get(number) ?? []) {
      for (let k = blocks.blockEdge[b]; k < blocks.blockEdge[b + 1]; k += 1) {
        const edge = blocks.edges[k];
        const other = blocks.sides[2 * edge] === b ? blocks.sides[2 * edge + 1] : blocks.sides[2 * edge];
        if (other >= 0 && label[other] !== number) found.set(label[other], (found.get(label[other]) ?? 0) + blocks.length[edge]);
      }
    }
    return found;
  }

  /** The longest stretch of the common border of two grids, as positions [[x, y], …] in local units. */
  borderLine(one, other) {
    const { blocks, label } = this;
    const next = new Map(), at = new Map();
    const join = (a, b) => { if (next.has(a)) next.get(a).add(b); else next.set(a, new Set([b])); };
    for (const b of this.members.get(one) ?? []) {
      for (let k = blocks.blockEdge[b]; k < blocks.blockEdge[b + 1]; k += 1) {
        const edge = blocks.edges[k];
        const beyond = blocks.sides[2 * edge] === b ? blocks.sides[2 * edge + 1] : blocks.sides[2 * edge];
        if (beyond < 0 || label[beyond] !== other) continue;
        const from = blocks.edgeFrom[edge], to = blocks.edgeTo[edge];
        for (const i of [from, to]) at.set(blocks.corner[i], [blocks.x[i], blocks.y[i]]);
        join(blocks.corner[from], blocks.corner[to]);
        join(blocks.corner[to], blocks.corner[from]);
      }
    }
    let best = [], longest = -1;
    const take = (start) => {
      const line = [at.get(start)];
      let length = 0, here = start;
      for (let on = next.get(here)?.values().next().value; on !== undefined; on = next.get(here)?.values().next().value) {
        next.get(here).delete(on);
        next.get(on).delete(here);
        const place = at.get(on);
        length += Math.hypot(place[0] - line.at(-1)[0], place[1] - line.at(-1)[1]);
        line.push(place);
        here = on;
      }
      if (length > longest) { longest = length; best = line; }
    };
    // Ends first, so that a stretch is walked from one end to the other; what is left are rings.
    for (const [corner, others] of next) if (others.size === 1) take(corner);
    for (const [corner, others] of next) if (others.size) take(corner);
    return best;
  }

  /** The two places of the common border of two grids that lie farthest from each other. */
  border(one, other) {
    const { blocks, label } = this;
    const places = [];
    for (const b of this.members.get(one) ?? []) {
      for (let k = blocks.blockEdge[b]; k < blocks.blockEdge[b + 1]; k += 1) {
        const edge = blocks.edges[k];
        const beyond = blocks.sides[2 * edge] === b ? blocks.sides[2 * edge + 1] : blocks.sides[2 * edge];
        if (beyond >= 0 && label[beyond] === other) for (const i of [blocks.edgeFrom[edge], blocks.edgeTo[edge]]) places.push([blocks.x[i], blocks.y[i]]);
      }
    }
    const farthest = (from) => places.reduce((far, at) => (Math.hypot(at[0] - from[0], at[1] - from[1]) > Math.hypot(far[0] - from[0], far[1] - from[1]) ? at : far), from);
    if (!places.length) return [];
    const end = farthest(places[0]);
    return [end, farthest(end)];
  }

  /** The neighbour whose common border with a grid lies nearest to a point of local units; null without neighbours. */
  across(number, x, y) {
    const { blocks, label } = this;
    let best = null, least = Infinity;
    for (const b of this.members.get(number) ?? []) {
      for (let k = blocks.blockEdge[b]; k < blocks.blockEdge[b + 1]; k += 1) {
        const edge = blocks.edges[k];
        const other = blocks.sides[2 * edge] === b ? blocks.sides[2 * edge + 1] : blocks.sides[2 * edge];
        if (other < 0 || label[other] === number) continue;
        const from = blocks.edgeFrom[edge], to = blocks.edgeTo[edge];
        const dx = blocks.x[to] - blocks.x[from], dy = blocks.y[to] - blocks.y[from];
        const share = Math.max(0, Math.min(1, ((x - blocks.x[from]) * dx + (y - blocks.y[from]) * dy) / (dx * dx + dy * dy || 1)));
        const distance = Math.hypot(blocks.x[from] + share * dx - x, blocks.y[from] + share * dy - y);
        if (distance < least) { least = distance; best = label[other]; }
      }
    }
    return best;
  }

  flaws() {
    return [...this.grids.values()].filter((grid) => !grid.contiguous || grid.holes > 0 || !grid.in_band)
      .sort((a, b) => Number(a.contiguous) - Number(b.contiguous) || Math.abs(b.deviation) - Math.abs(a.deviation));
  }
}
