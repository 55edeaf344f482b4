// What the page shows, kept in its address: copy the address and a colleague sees the same.

export const LAYERS = ["grids", "households", "cameras", "isovists", "gaps", "reports", "heat"];
const DEFAULT_LAYERS = ["grids", "households", "cameras", "reports"];

export const DEFAULTS = {
  place: "", date: "", selection: "", view: "", colour: "deviation",
  layers: DEFAULT_LAYERS.join(","), days: "30", bandwidth: "150", kernel: "quartic", category: "", show: "open", plan: "",
  week: "", level: "VILLAGE", basis: "as_it_was", version: "", measure: "",
  groups: "waiting,in_hand,to_check", due: "", near: "", sort: "due", text: "",
};
const state = { ...DEFAULTS };
const listeners = new Set();

export function readAddress() {
  const search = new URLSearchParams(location.search);
  for (const name of Object.keys(DEFAULTS)) state[name] = search.get(name) ?? DEFAULTS[name];
}

export const get = (name) => state[name];
export const shown = (layer) => state.layers.split(",").includes(layer);

/** Sets values, writes the address and tells everybody which names changed. */
export function set(values, { silent = false } = {}) {
  const changed = Object.keys(values).filter((name) => state[name] !== String(values[name] ?? ""));
  if (!changed.length) return;
  for (const name of changed) state[name] = String(values[name] ?? "");
  writeAddress();
  if (!silent) for (const listener of listeners) listener(new Set(changed));
}

export function toggle(layer, on) {
  const wanted = new Set(state.layers.split(",").filter(Boolean));
  if (on) wanted.add(layer); else wanted.delete(layer);
  set({ layers: LAYERS.filter((name) => wanted.has(name)).join(",") });
}

export const onChange = (listener) => listeners.add(listener);

let waiting = 0;
function writeAddress() {
  // Browsers refuse more than a hundred address changes in half a minute, so quick ones are gathered.
  clearTimeout(waiting);
  waiting = setTimeout(() => history.replaceState(null, "", address()), 120);
}

function address() {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(state)) {
    if (value === DEFAULTS[name]) search.delete(name); else search.set(name, value);
  }
  // Commas and colons read better as they are, and are allowed in a query.
  const text = search.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return location.pathname + (text ? `?${text}` : "");
}
