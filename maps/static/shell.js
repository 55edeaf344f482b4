// What pages with a top bar share: language and theme, who is signed in, keys for help and other pages, faults.
import { byId } from "/static/dom.js";
import { goKey, isFree } from "/static/keys.js";
import { onBusy, query, request } from "/static/net.js";
import { startSettings } from "/static/settings.js";
import { quiet, say } from "/static/status.js";
import { apply, onLanguage, t } from "/static/words.js";

export const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
let session = null;

export const signIn = () => location.assign(query("/login", { next: location.pathname + location.search }));
export const may = (permission) => Boolean(session?.permissions.includes(permission));

/** Says what went wrong; a refusal in the server's own words. */
export function complain(error, again = null) {
  if (error.name === "AbortError") return;
  if (error.status === 401) { signIn(); return; }
  const text = error.kind === "offline" ? t("fault.offline") : error.kind === "refused" ? t("plan.refused", { detail: error.message }) : t("fault.server", { detail: error.message });
  say(text, { kind: "error", action: again && { text: t("retry"), run: again } });
}

function showUser() {
  byId("user").textContent = session?.name ?? "";
  byId("user").title = session ? t("session.scope", { scope: session.scope_code || t("place.all") }) : "";
  byId("sign-out").hidden = !session;
}

/** Puts the words in; `title()` gives the page's title in the present language. */
export async function startShell(title) {
  await startSettings();
  apply();
  const name = () => { document.title = title(); showUser(); };
  name();
  onLanguage(() => { name(); quiet(); });
  onBusy((running) => { byId("progress").hidden = running === 0; });
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  byId("sign-out").addEventListener("click", async () => {
    try {
      await request("/api/session", { method: "DELETE" });
      location.assign("/login");
    } catch (error) { complain(error); }
  });
}

/** Who is signed in; leads to the sign-in page where nobody is. */
export async function startSession() {
  session = await request("/api/session");
  if (session.password_is_one_time) signIn();
  showUser();
  return session;
}

/** Calls `does(key, event)` for keys that belong to the page; it says whether it took the key. */
export function onKeys(does) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key !== "Escape") {
      if (!isFree(event)) return;
      if (goKey(event)) { event.preventDefault(); return; }
    }
    if (key === "?") byId("help").showModal();
    else if (key === "/") byId("search").focus();
    else if (!does(key, event)) return;
    event.preventDefault();
  });
}

/** Calls `run` every `seconds` while the page is looked at, and at once when it is looked at again. */
export function keepFresh(run, seconds) {
  setInterval(() => { if (!document.hidden) run(); }, seconds * 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) run(); });
}
