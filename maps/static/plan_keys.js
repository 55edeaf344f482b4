// Keys of the planner.
import { byId } from "/static/dom.js";
import { goKey, isFree } from "/static/keys.js";
import { TOOLS } from "/static/plan_tools.js";

/** `does` holds undo(again), resize(steps), use(tool), pan([x, y]), zoom(step), and one function for each named key. */
export function startKeys(does) {
  const named = { l: does.lock, c: does.compare, f: does.flaw, h: does.history, 0: does.whole, escape: does.escape, "?": () => byId("help").showModal(), "/": () => byId("search").focus() };
  const pans = { arrowup: [0, -1], arrowdown: [0, 1], arrowleft: [-1, 0], arrowright: [1, 0] };
  document.addEventListener("keydown", (event) => {
    if (!isFree(event)) { if (event.key === "Escape" && event.target.id === "search") event.target.blur(); return; }
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (event.altKey || !["z", "y"].includes(key)) return;
      event.preventDefault();
      does.undo(key === "y" || event.shiftKey);
      return;
    }
    if (event.altKey) return;
    if (goKey(event)) { event.preventDefault(); return; }
    const tool = TOOLS[Number(key) - 1];
    const button = tool && byId("tools").querySelector(`[data-tool="${tool}"]`);
    if (button && !button.disabled) does.use(tool);
    else if (key === "[") does.resize(-1);
    else if (key === "]") does.resize(1);
    else if (key === "+" || key === "=") does.zoom(1);
    else if (key === "-") does.zoom(-1);
    else if (named[key]) named[key]();
    else if (pans[key] && (event.target === document.body || event.target.id === "map")) does.pan(pans[key]);
    else return;
    event.preventDefault();
  });
}
