// The keys of the map page; `?` shows them.

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const typing = (element) => element instanceof HTMLElement && (element.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName));

const PAGES = { m: "/map", p: "/plan", r: "/reports", q: "/review", s: "/statistics" };
const PATIENCE = 1500; // ms between `g` and the letter of a page
let going = 0;

/** `g` and then a letter goes to another page; true where the key belonged to that. */
export function goKey(event) {
  const key = event.key.toLowerCase();
  if (going && performance.now() - going < PATIENCE && key in PAGES) { location.assign(PAGES[key]); return true; }
  going = key === "g" ? performance.now() : 0;
  return key === "g";
}

/** Whether a key pressed here is meant for the page and not for a field, a dialog or the input method. */
export const isFree = (event) => !event.isComposing && !document.querySelector("dialog[open]")
  && (!typing(event.target) || ["checkbox", "radio", "range"].includes(event.target.type));

export function startKeys(does) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") { does.escape(); return; }
    const free = !typing(event.target) || ["checkbox", "radio"].includes(event.target.type);
    if (!free) return;
    const onMap = event.target === document.body || event.target.id === "map";
    if (goKey(event)) { event.preventDefault(); return; }
    if (event.key === "/") does.search();
    else if (event.key === "?") does.help();
    else if (event.key === "p" || event.key === "P") does.place();
    else if (event.key === "l" || event.key === "L") does.layers();
    else if (event.key === "0") does.whole();
    else if (event.key === "+" || event.key === "=") does.zoom(1);
    else if (event.key === "-") does.zoom(-1);
    else if (event.key in ARROWS && onMap) does.arrow(...ARROWS[event.key]);
    else if (event.key === "Enter" && onMap) does.enter();
    else return;
    event.preventDefault();
  });
}
