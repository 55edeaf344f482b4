// Symbols on a canvas: shapes of reports, cameras with their wedge, hatches, and words with a halo.
import { palette, theme, alpha } from "/static/colours.js";

const SHAPES = {
  circle: (pen, r) => pen.arc(0, 0, r * 0.95, 0, 2 * Math.PI),
  square: (pen, r) => pen.rect(-r * 0.85, -r * 0.85, r * 1.7, r * 1.7),
  triangle: (pen, r) => polygon(pen, [[0, -r * 1.1], [r * 1.05, r * 0.8], [-r * 1.05, r * 0.8]]),
  diamond: (pen, r) => polygon(pen, [[0, -r * 1.2], [r * 1.2, 0], [0, r * 1.2], [-r * 1.2, 0]]),
  star: (pen, r) => polygon(pen, Array.from({ length: 10 }, (_, i) => {
    const reach = i % 2 ? r * 0.58 : r * 1.35, turn = (i * Math.PI) / 5;
    return [reach * Math.sin(turn), -reach * Math.cos(turn)];
  })),
  cross: (pen, r) => {
    const a = r * 0.4, b = r * 1.1;
    polygon(pen, [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]]);
  },
};

function polygon(pen, points) {
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

/** A report: shape by category, colour by state, a ring when it has been open too long. */
export function report(pen, x, y, r, { shape, colour, ring = false, faded = false }) {
  pen.save();
  pen.translate(x, y);
  pen.globalAlpha = faded ? 0.55 : 1;
  if (ring) {
    pen.beginPath();
    pen.arc(0, 0, r * 1.9, 0, 2 * Math.PI);
    pen.lineWidth = 3.6;
    pen.strokeStyle = "#ffffff";
    pen.stroke();
    pen.lineWidth = 1.9;
    pen.strokeStyle = palette.overdue;
    pen.stroke();
  }
  pen.beginPath();
  SHAPES[shape](pen, r);
  pen.lineWidth = 2;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  pen.fillStyle = colour;
  pen.fill();
  pen.restore();
}

/** A camera: a dot with a wedge towards its bearing; a full circle where it looks all round, none where unknown. */
export function camera(pen, x, y, size, { bearing, fov, retired = false }) {
  const { dot, wedge } = palette.camera;
  pen.save();
  pen.translate(x, y);
  if (Number.isFinite(fov) && fov >= 355) {
    pen.beginPath();
    pen.arc(0, 0, size * 2.1, 0, 2 * Math.PI);
    pen.fillStyle = alpha(wedge, 0.35);
    pen.fill();
  } else if (Number.isFinite(bearing)) {
    const middle = ((bearing - 90) * Math.PI) / 180;
    const half = ((Number.isFinite(fov) ? Math.max(fov, 24) : 70) * Math.PI) / 360;
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.arc(0, 0, size * 2.9, middle - half, middle + half);
    pen.closePath();
    pen.fillStyle = alpha(wedge, 0.5);
    pen.fill();
    pen.lineWidth = 0.8;
    pen.strokeStyle = alpha("#ffffff", 0.9);
    pen.stroke();
  }
  pen.beginPath();
  pen.arc(0, 0, size, 0, 2 * Math.PI);
  pen.lineWidth = 2;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  pen.fillStyle = retired ? palette.missing : dot;
  pen.fill();
  if (retired) {
    pen.beginPath();
    pen.moveTo(-size * 1.3, -size * 1.3);
    pen.lineTo(size * 1.3, size * 1.3);
    pen.moveTo(size * 1.3, -size * 1.3);
    pen.lineTo(-size * 1.3, size * 1.3);
    pen.strokeStyle = "#17202b";
    pen.lineWidth = 1.5;
    pen.stroke();
  }
  pen.restore();
}

const hatches = new Map();

/** Slanting lines as a fill. */
export function hatch(pen, colour, opacity = 0.85) {
  const key = colour + opacity;
  if (!hatches.has(key)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 10;
    const ink = tile.getContext("2d");
    ink.strokeStyle = alpha(colour, opacity);
    ink.lineWidth = 1.2;
    ink.beginPath();
    for (const shift of [-10, 0, 10]) { ink.moveTo(shift - 1, 11); ink.lineTo(shift + 11, -1); }
    ink.stroke();
    hatches.set(key, pen.createPattern(tile, "repeat"));
  }
  return hatches.get(key);
}

/** Words with a halo, so that they read on any ground. */
export function words(pen, text, x, y, size, { weight = 500, colour = theme().label, halo = theme().halo } = {}) {
  pen.font = `${weight} ${size}px "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = Math.max(2.5, size / 4);
  pen.strokeStyle = alpha(halo, 0.85);
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/** A small canvas for a legend or a list, drawn by `draw(pen, width, height)`. */
export function swatch(width, height, draw, className = "") {
  const element = document.createElement("canvas");
  const ratio = Math.min(window.devicePixelRatio || 1, 3) * 1.5;
  element.width = Math.round(width * ratio);
  element.height = Math.round(height * ratio);
  element.className = className;
  element.setAttribute("aria-hidden", "true");
  const pen = element.getContext("2d");
  pen.scale(ratio, ratio);
  draw(pen, width, height);
  return element;
}

export const filled = (colour, opacity = 1, className = "") => swatch(24, 17, (pen, w, h) => {
  pen.fillStyle = alpha(colour, opacity);
  pen.fillRect(0, 0, w, h);
}, className);
