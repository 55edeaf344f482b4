// The blocks of a plan as flat arrays: shapes, who borders whom, and which block lies where.
import { mercatorX, mercatorY } from "/static/shapes.js";

export const UNIT = 2 ** 30; // local units in the width of the world, about 4 cm each
const EQUATOR_M = 40_075_016.686;

/** Numbers of things in the order of their first arrival; keys are whole numbers below 2^53. */
class Numbering {
  constructor(expected) {
    let size = 1024;
    while (size < expected * 2) size *= 2;
    this.mask = size - 1;
    this.keys = new Float64Array(size).fill(-1);
    this.values = new Int32Array(size);
    this.count = 0;
  }

  of(key) {
    let at = (Math.imul(key % 4294967296, 2654435761) ^ Math.imul(Math.floor(key / 65536) % 4294967296, 40503)) >>> 7 & this.mask;
    while (this.keys[at] !== -1) {
      if (this.keys[at] === key) return this.values[at];
      at = (at + 1) & this.mask;
    }
    this.keys[at] = key;
    this.values[at] = this.count;
    this.count += 1;
    return this.count - 1;
  }
}

const SLICE_MS = 10, STRIDE = 500; // work goes on for so long before the page may draw a frame; blocks between two looks

/** Lets the page draw a frame. */
export const breath = () => new Promise((resolve) => { setTimeout(resolve); });

/** Runs a generator to its end, with pauses in which the page answers. */
export async function inSlices(work) {
  let until = performance.now() + SLICE_MS;
  for (let step = work.next(); !step.done; step = work.next()) {
    if (performance.now() < until) continue;
    await breath();
    until = performance.now() + SLICE_MS;
  }
}

export class Blocks {
  /** The blocks of an answer of /blocks; 20,000 of them take a few tenths of a second, in slices. */
  static async load(body) {
    const blocks = new Blocks(body);
    await inSlices(blocks.prepare(body));
    return blocks;
  }

  constructor(body) {
    this.id = Int32Array.from(body.id);
    this.households = Float64Array.from(body.households);
    this.village = Int32Array.from(body.village);
    this.villages = body.villages;
    this.count = this.id.length;
    this.indexOf = new Map(body.id.map((id, at) => [id, at]));
  }

  * prepare(body) {
    yield* this.unpack(body);
    yield* this.join();
    yield* this.hash();
  }

  * unpack({ polygons, scale }) {
    let positions = 0, rings = 0;
    for (const block of polygons) for (const polygon of block) for (const ring of polygon) { positions += ring.length / 2; rings += 1; }
    this.ringStart = new Int32Array(rings + 1);
    this.blockRing = new Int32Array(this.count + 1);
    const east = new Float64Array(positions), north = new Float64Array(positions);
    let at = 0, r = 0;
    for (let b = 0; b < this.count; b += 1) {
      if (b % STRIDE === 0) yield;
      for (const polygon of polygons[b]) {
        for (const [hole, ring] of polygon.entries()) {
          const start = at;
          let lon = 0, lat = 0;
          for (let i = 0; i < ring.length; i += 2) {
            lon += ring[i];
            lat += ring[i + 1];
            east[at] = lon;
            north[at] = lat;
            at += 1;
          }
          // All outer rings turn one way and all holes the other, so that outlines can be followed from block to block.
          let twice = 0;
          for (let i = start; i + 1 < at; i += 1) twice += (east[i] - east[start]) * (north[i + 1] - north[start]) - (east[i + 1] - east[start]) * (north[i] - north[start]);
          if (twice > 0 === hole > 0) { east.subarray(start, at).reverse(); north.subarray(start, at).reverse(); }
          r += 1;
          this.ringStart[r] = at;
        }
      }
      this.blockRing[b + 1] = r;
    }
    this.degrees = { east, north, scale };
    let west = Infinity, top = -Infinity;
    for (let i = 0; i < positions; i += 1) { if (east[i] < west) west = east[i]; if (north[i] > top) top = north[i]; }
    this.originX = mercatorX(west / scale);
    this.originY = mercatorY(top / scale);
    this.x = new Float64Array(positions);
    this.y = new Float64Array(positions);
    for (let i = 0; i < positions; i += 1) {
      if (i % 10_000 === 0) yield;
      this.x[i] = (mercatorX(east[i] / scale) - this.originX) * UNIT;
      this.y[i] = (mercatorY(north[i] / scale) - this.originY) * UNIT;
    }
    // One scale for the whole town: its latitude hardly changes from edge to edge.
    this.metres = positions ? (EQUATOR_M / UNIT) * Math.cos((top / scale) * (Math.PI / 180)) : 1;
  }

  /** Every edge once, with the block on either side (-1 for none), and the edges of each block. */
  * join() {
    const { east, north } = this.degrees;
    let west = Infinity, south = Infinity;
    for (let i = 0; i < east.length; i += 1) { if (east[i] < west) west = east[i]; if (north[i] < south) south = north[i]; }
    const corners = new Numbering(east.length);
    const corner = new Int32Array(east.length);
    for (let i = 0; i < east.length; i += 1) {
      if (i % 10_000 === 0) yield;
      corner[i] = corners.of((east[i] - west) * 134_217_728 + (north[i] - south) % 134_217_728);
    }
    const total = east.length - this.ringStart.length + 1;
    const edges = new Numbering(total);
    this.edgeFrom = new Int32Array(total);
    this.edgeTo = new Int32Array(total);
    this.sides = new Int32Array(total * 2).fill(-1);
    this.blockEdge = new Int32Array(this.count + 1);
    this.edges = new Int32Array(total);
    let at = 0;
    this.area = new Float64Array(this.count);
    this.atX = new Float64Array(this.count);
    this.atY = new Float64Array(this.count);
    for (let b = 0; b < this.count; b += 1) {
      if (b % STRIDE === 0) yield;
      let twice = 0, sumX = 0, sumY = 0;
      for (let r = this.blockRing[b]; r < this.blockRing[b + 1]; r += 1) {
        for (let i = this.ringStart[r]; i + 1 < this.ringStart[r + 1]; i += 1) {
          const low = Math.min(corner[i], corner[i + 1]), high = Math.max(corner[i], corner[i + 1]);
          const edge = edges.of(low * 16_777_216 + high);
          if (this.sides[2 * edge] === -1) {
            this.sides[2 * edge] = b;
            this.edgeFrom[edge] = i;
            this.edgeTo[edge] = i + 1;
          } else this.sides[2 * edge + 1] = b;
          this.edges[at] = edge;
          at += 1;
          const cross = this.x[i] * this.y[i + 1] - this.x[i + 1] * this.y[i];
          twice += cross;
          sumX += (this.x[i] + this.x[i + 1]) * cross;
          sumY += (this.y[i] + this.y[i + 1]) * cross;
        }
      }
      this.blockEdge[b + 1] = at;
      this.area[b] = (Math.abs(twice) / 2) * this.metres ** 2;
      this.atX[b] = twice ? sumX / (3 * twice) : this.x[this.ringStart[this.blockRing[b]]];
      this.atY[b] = twice ? sumY / (3 * twice) : this.y[this.ringStart[this.blockRing[b]]];
    }
    this.edgeCount = edges.count;
    this.corner = corner;
    this.length = new Float64Array(this.edgeCount);
    for (let e = 0; e < this.edgeCount; e += 1) {
      this.length[e] = Math.hypot(this.x[this.edgeFrom[e]] - this.x[this.edgeTo[e]], this.y[this.edgeFrom[e]] - this.y[this.edgeTo[e]]) * this.metres;
    }
    this.degrees = null;
  }

  * hash() {
    const { count, x, y } = this;
    this.box = new Float64Array(count * 4);
    const all = [Infinity, Infinity, -Infinity, -Infinity];
    for (let b = 0; b < count; b += 1) {
      if (b % STRIDE === 0) yield;
      let west = Infinity, top = Infinity, east = -Infinity, bottom = -Infinity;
      for (let i = this.ringStart[this.blockRing[b]]; i < this.ringStart[this.blockRing[b + 1]]; i += 1) {
        if (x[i] < west) west = x[i];
        if (x[i] > east) east = x[i];
        if (y[i] < top) top = y[i];
        if (y[i] > bottom) bottom = y[i];
      }
      this.box.set([west, top, east, bottom], 4 * b);
      if (west < all[0]) all[0] = west;
      if (top < all[1]) all[1] = top;
      if (east > all[2]) all[2] = east;
      if (bottom > all[3]) all[3] = bottom;
    }
    this.bounds = count ? all : [0, 0, 1, 1];
    const side = Math.max(1, Math.ceil(Math.sqrt(count)));
    this.side = side;
    this.stepX = (this.bounds[2] - this.bounds[0]) / side || 1;
    this.stepY = (this.bounds[3] - this.bounds[1]) / side || 1;
    const sizes = new Int32Array(side * side + 1);
    const { box } = this;
    function* each(blocks, visit) {
      for (let b = 0; b < count; b += 1) {
        if (b % STRIDE === 0) yield;
        blocks.cells(box[4 * b], box[4 * b + 1], box[4 * b + 2], box[4 * b + 3], (cell) => visit(cell, b));
      }
    }
    yield* each(this, (cell) => { sizes[cell + 1] += 1; });
    for (let cell = 0; cell < side * side; cell += 1) sizes[cell + 1] += sizes[cell];
    this.cellStart = sizes;
    this.cellBlock = new Int32Array(sizes[side * side]);
    const next = sizes.slice();
    yield* each(this, (cell, b) => { this.cellBlock[next[cell]] = b; next[cell] += 1; });
    this.seen = new Int32Array(count);
    this.round = 0;
  }

  cells(west, top, east, bottom, visit) {
    const clamp = (value) => Math.max(0, Math.min(this.side - 1, Math.floor(value)));
    const left = clamp((west - this.bounds[0]) / this.stepX), right = clamp((east - this.bounds[0]) / this.stepX);
    const low = clamp((top - this.bounds[1]) / this.stepY), high = clamp((bottom - this.bounds[1]) / this.stepY);
    for (let row = low; row <= high; row += 1) for (let column = left; column <= right; column += 1) visit(row * this.side + column);
  }

  /** Calls `visit(block)` once for every block whose box touches a box of local units. */
  within(west, top, east, bottom, visit) {
    this.round += 1;
    const { round, seen, box } = this;
    this.cells(west, top, east, bottom, (cell) => {
      for (let k = this.cellStart[cell]; k < this.cellStart[cell + 1]; k += 1) {
        const b = this.cellBlock[k];
        if (seen[b] === round) continue;
        seen[b] = round;
        if (box[4 * b] <= east && box[4 * b + 2] >= west && box[4 * b + 1] <= bottom && box[4 * b + 3] >= top) visit(b);
      }
    });
  }

  holds(b, x, y) {
    let odd = false;
    for (let r = this.blockRing[b]; r < this.blockRing[b + 1]; r += 1) {
      for (let i = this.ringStart[r]; i + 1 < this.ringStart[r + 1]; i += 1) {
        const above = this.y[i] > y;
        if (above !== this.y[i + 1] > y && x < ((this.x[i + 1] - this.x[i]) * (y - this.y[i])) / (this.y[i + 1] - this.y[i]) + this.x[i]) odd = !odd;
      }
    }
    return odd;
  }

  /** The block at a point of local units, or -1. */
  hit(x, y) {
    let found = -1;
    this.within(x, y, x, y, (b) => { if (found < 0 && this.holds(b, x, y)) found = b; });
    return found;
  }

  /** Blocks that a round brush touches with their middle, and the one below its centre. */
  brushed(x, y, radius) {
    const found = [];
    this.within(x - radius, y - radius, x + radius, y + radius, (b) => {
      if (Math.hypot(this.atX[b] - x, this.atY[b] - y) <= radius || this.holds(b, x, y)) found.push(b);
    });
    return found;
  }

  /** Local units of a place in Mercator units. */
  local({ x, y }) { return { x: (x - this.originX) * UNIT, y: (y - this.originY) * UNIT }; }

  /** [west, south, east, north] in degrees of a box of local units. */
  degreesOf([west, top, east, bottom]) {
    const lon = (x) => (x / UNIT + this.originX - 0.5) * 360;
    const lat = (y) => (Math.atan(Math.sinh((0.5 - y / UNIT - this.originY) * 2 * Math.PI)) * 180) / Math.PI;
    return [lon(west), lat(bottom), lon(east), lat(top)];
  }
}
