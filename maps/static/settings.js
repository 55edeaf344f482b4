// Language and light or dark, on every page.
import { byId } from "/static/dom.js";
import { onLanguage, otherLanguage, speak, wantedLanguage } from "/static/words.js";

const listeners = new Set();
export const onTheme = (listener) => listeners.add(listener);

export async function startSettings() {
  byId("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* storage may be switched off */ }
    remember("theme", next);
    for (const listener of listeners) listener(next);
  });
  byId("language").addEventListener("click", () => speak(otherLanguage()));
  onLanguage((language) => remember("lang", language));
  await speak(wantedLanguage());
}

/** A copied address shows the colleague the same, so what it says about language and theme is kept true. */
function remember(name, value) {
  const search = new URLSearchParams(location.search);
  if (!search.has(name)) return;
  search.set(name, value);
  history.replaceState(null, "", `${location.pathname}?${search}`);
}
