// Geometry for the canvas: GeoJSON becomes flat arrays in Mercator units (0 to 1, y down), once, when it arrives.

const RADIAN = Math.PI / 180;
export const mercatorX = (lon) => lon / 360 + 0.5;
export const mercatorY = (lat) => 0.5 - Math.asinh(Math.tan(lat * RADIAN)) / (2 * Math.PI);

function flat(coordinates) {
  const line = new Float64Array(coordinates.length * 2);
  for (let i = 0; i < coordinates.length; i += 1) {
    line[2 * i] = mercatorX(coordinates[i][0]);
    line[2 * i + 1] = mercatorY(coordinates[i][1]);
  }
  return line;
}

function parts(geometry) {
  if (!geometry) return { kind: "none", lines: [] };
  const { type, coordinates } = geometry;
  if (type === "Point") return { kind: "point", lines: [flat([coordinates])] };
  if (type === "MultiPoint") return { kind: "point", lines: [flat(coordinates)] };
  if (type === "LineString") return { kind: "line", lines: [flat(coordinates)] };
  if (type === "MultiLineString") return { kind: "line", lines: coordinates.map(flat) };
  if (type === "Polygon") return { kind: "area", lines: coordinates.map(flat) };
  if (type === "MultiPolygon") return { kind: "area", lines: coordinates.flat().map(flat) };
  if (type === "GeometryCollection") {
    const all = geometry.geometries.map(parts);
    const kind = all.some((part) => part.kind === "area") ? "area" : all[0]?.kind ?? "none";
    return { kind, lines: all.filter((part) => part.kind === kind).flatMap((part) => part.lines) };
  }
  return { kind: "none", lines: [] };
}

/** {kind, lines, box: [min x, min y, max x, max y], at: [x, y], p: properties, id} of a GeoJSON feature. */
export function shape(feature) {
  const { kind, lines } = parts(feature.geometry);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines) {
    for (let i = 0; i < line.length; i += 2) {
      if (line[i] < box[0]) box[0] = line[i];
      if (line[i] > box[2]) box[2] = line[i];
      if (line[i + 1] < box[1]) box[1] = line[i + 1];
      if (line[i + 1] > box[3]) box[3] = line[i + 1];
    }
  }
  const made = { kind, lines, box, p: feature.properties ?? {}, id: feature.id, at: null };
  made.at = kind === "point" ? [lines[0][0], lines[0][1]] : kind === "none" ? null : anchor(made);
  return made;
}

export const touches = (box, view) => box[0] <= view[2] && box[2] >= view[0] && box[1] <= view[3] && box[3] >= view[1];

/** Whether (x, y) lies inside an area; the even-odd rule takes care of holes and of several parts. */
export function inside(made, x, y) {
  const { box, lines } = made;
  if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
  let odd = false;
  for (const line of lines) {
    for (let i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
      const above = line[i + 1] > y;
      if (above !== line[j + 1] > y && x < ((line[j] - line[i]) * (y - line[i + 1])) / (line[j + 1] - line[i + 1]) + line[i]) odd = !odd;
    }
  }
  return odd;
}

/** A point for the label: of several lines across the area, the middle of the longest piece inside. */
function anchor(made) {
  const { box, lines, kind } = made;
  if (kind === "line") {
    const line = lines.reduce((long, other) => (other.length > long.length ? other : long));
    const middle = 2 * Math.floor(line.length / 4);
    return [line[middle], line[middle + 1]];
  }
  let best = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  let longest = -1;
  for (const share of [0.5, 0.42, 0.58, 0.34, 0.66]) {
    const y = box[1] + (box[3] - box[1]) * share;
    const cuts = [];
    for (const line of lines) {
      for (let i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
        if (line[i + 1] > y !== line[j + 1] > y) cuts.push(((line[j] - line[i]) * (y - line[i + 1])) / (line[j + 1] - line[i + 1]) + line[i]);
      }
    }
    cuts.sort((a, b) => a - b);
    for (let k = 0; k + 1 < cuts.length; k += 2) {
      // A line near the middle is worth more than one a little longer near the edge.
      const worth = (cuts[k + 1] - cuts[k]) * (1 - Math.abs(share - 0.5));
      if (worth > longest) {
        longest = worth;
        best = [(cuts[k] + cuts[k + 1]) / 2, y];
      }
    }
  }
  return best;
}

/** Adds lines to a path; vertices closer than 0.7 px to the one before are left out. `view` is {scale, left, top}. */
export function trace(path, made, view, close = made.kind === "area") {
  const { scale, left, top } = view;
  for (const line of made.lines) {
    let x = line[0] * scale - left;
    let y = line[1] * scale - top;
    path.moveTo(x, y);
    for (let i = 2; i < line.length; i += 2) {
      const nextX = line[i] * scale - left;
      const nextY = line[i + 1] * scale - top;
      if (Math.abs(nextX - x) + Math.abs(nextY - y) < 0.7 && i < line.length - 2) continue;
      x = nextX;
      y = nextY;
      path.lineTo(x, y);
    }
    if (close) path.closePath();
  }
}

/** 4π area / perimeter², 1 for a circle, on the sphere at the area's own latitude. Source: Polsby and Popper 1991. */
export function polsbyPopper(made) {
  let twice = 0, perimeter = 0;
  for (const line of made.lines) {
    for (let i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
      twice += line[j] * line[i + 1] - line[i] * line[j + 1]; // rings of holes turn the other way (RFC 7946)
      perimeter += Math.hypot(line[i] - line[j], line[i + 1] - line[j + 1]);
    }
  }
  return (2 * Math.PI * Math.abs(twice)) / perimeter ** 2;
}
