// Elements without markup: whatever a name or an address holds, it enters the page as text.

export const byId = (id) => document.getElementById(id);

/** h("button", {class: "plain", onclick: f, aria: {label: "x"}}, "text", child) gives an element. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "aria") for (const [key, text] of Object.entries(value)) element.setAttribute(`aria-${key}`, text);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else if (name in element && name !== "role" && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Puts children into an element in place of what was there; what is false or nothing is left out, as in `h`. */
export const fill = (element, ...children) => element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));

/** What stands in a data block of the page, as a value. */
export const dataBlock = (id) => JSON.parse(byId(id).textContent);

/** Calls `run` once, `wait` ms after the last of many calls. */
export function settled(run, wait) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(run, wait, ...values);
  };
}

export const skeleton = (rows = 3) => h("div", { class: "skeleton", aria: { hidden: "true" } }, ...Array.from({ length: rows }, () => h("i")));
