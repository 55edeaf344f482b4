// What the layers of the report call: names enter as text, symbols are drawn from numbers and colours only.

function tooltipOf(feature, layer) {
  if (!feature.properties.lines) return;
  const box = document.createElement("div");
  feature.properties.lines.forEach((text, i) => {
    const line = document.createElement(i ? "div" : "b");
    line.textContent = text;
    box.append(line);
  });
  layer.bindTooltip(box, { sticky: true });
}

function wordOf(feature, at) {
  const label = document.createElement("span");
  label.textContent = feature.properties.text;
  const icon = L.divIcon({ className: feature.properties.kind, iconSize: [0, 0], html: label });
  return L.marker(at, { interactive: false, keyboard: false, icon });
}

const SHAPES = {
  circle: '<circle r="6"/>',
  square: '<rect x="-5.5" y="-5.5" width="11" height="11"/>',
  triangle: '<path d="M0-7 6.6 5H-6.6Z"/>',
  diamond: '<path d="M0-7.5 7.5 0 0 7.5-7.5 0Z"/>',
  star: '<path d="M0-8.5 2.1-2.9 8.1-2.6 3.4 1.1 5 6.9 0 3.6-5 6.9-3.4 1.1-8.1-2.6-2.1-2.9Z"/>',
  cross: '<path d="M-2.5-7h5v4.5H7v5H2.5V7h-5V2.5H-7v-5h4.5Z"/>',
};

function symbolMarker(at, size, drawing) {
  const half = size / 2;
  const html = `<svg viewBox="${-half} ${-half} ${size} ${size}" width="${size}" height="${size}">${drawing}</svg>`;
  return L.marker(at, { keyboard: false, icon: L.divIcon({ className: "symbol", iconSize: [size, size], html }) });
}

function symbolOf({ properties: p }, at) {
  const ring = p.ring ? `<circle r="10.5" fill="none" stroke="${p.ring}" stroke-width="2"/>` : "";
  return symbolMarker(at, 24, `${ring}<g fill="${p.colour}" stroke="#fff" stroke-width="1.4">${SHAPES[p.shape]}</g>`);
}

function cameraOf({ properties: p }, at) {
  let wedge = "";
  if (p.fov >= 355) wedge = `<circle r="9" fill="${p.wedge}" fill-opacity=".4"/>`;
  else if (p.bearing !== null) {
    const half = Math.max(p.fov ?? 70, 24) / 2;
    const end = (bearing) => {
      const angle = ((bearing - 90) * Math.PI) / 180;
      return `${(14 * Math.cos(angle)).toFixed(1)} ${(14 * Math.sin(angle)).toFixed(1)}`;
    };
    const arc = `M0 0L${end(p.bearing - half)}A14 14 0 ${half > 90 ? 1 : 0} 1 ${end(p.bearing + half)}Z`;
    wedge = `<path d="${arc}" fill="${p.wedge}" fill-opacity=".55" stroke="#fff" stroke-width=".7"/>`;
  }
  return symbolMarker(at, 30, `${wedge}<circle r="4" fill="${p.dot}" stroke="#fff" stroke-width="1.4"/>`);
}

/** Slanting lines instead of a flat fill. */
function hatched(layer, colour) {
  const tile = document.createElement("canvas");
  tile.width = 9;
  tile.height = 9;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1.3;
  pen.beginPath();
  for (const shift of [-9, 0, 9]) {
    pen.moveTo(shift - 1, 10);
    pen.lineTo(shift + 10, -1);
  }
  pen.stroke();
  layer.setStyle({ fillColor: pen.createPattern(tile, "repeat"), fillOpacity: 0.75 });
}

/** Hides the grids' numbers while they would cover each other. */
function numbersWhenNear(map) {
  const look = () => map.getContainer().classList.toggle("far", map.getZoom() < 13);
  map.on("zoomend", look);
  look();
}
