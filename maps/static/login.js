// Sign in, and replace a one-time password.
import { byId } from "/static/dom.js";
import { request } from "/static/net.js";
import { startSettings } from "/static/settings.js";
import { apply, onLanguage, t } from "/static/words.js";

const signIn = byId("sign-in");
const change = byId("new-password");
let oneTime = "";
const shown = new Map();

/** Where to go after signing in: a path of this server only, so that no link leads elsewhere. */
function onward() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/map";
  const url = new URL(wanted, location.origin);
  return url.origin === location.origin ? url.pathname + url.search : "/map";
}

function complain(form, key, values = {}, field = null) {
  shown.set(form, key ? [key, values] : null);
  const place = byId(`${form.id}-error`);
  place.hidden = !key;
  place.textContent = key ? t(key, values) : "";
  for (const input of form.querySelectorAll("input")) input.setAttribute("aria-invalid", String(input === field));
  field?.focus();
}

function faultKey(error) {
  if (error.kind === "offline") return "login.offline";
  if (error.status === 401) return "login.wrong";
  return error.status === 429 ? "login.slow_down" : "login.failed";
}

async function busy(form, work) {
  const button = form.querySelector(".primary");
  button.disabled = true;
  try { await work(); } finally { button.disabled = false; }
}

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, password } = signIn.elements;
  const empty = [name, password].find((input) => !input.value);
  if (empty) { complain(signIn, "login.required", {}, empty); return; }
  complain(signIn, null);
  busy(signIn, async () => {
    try {
      const session = await request("/api/session", { method: "POST", body: { name: name.value, password: password.value } });
      if (session?.password_is_one_time) {
        oneTime = password.value;
        byId("new-name").value = name.value;
        signIn.hidden = true;
        change.hidden = false;
        byId("first").focus();
      } else location.assign(onward());
    } catch (error) {
      complain(signIn, faultKey(error), { detail: error.message }, error.status === 401 ? password : null);
    }
  });
});

change.addEventListener("submit", (event) => {
  event.preventDefault();
  const { first, second } = change.elements;
  if (first.value.length < 12) { complain(change, "password.short", {}, first); return; }
  if (first.value === oneTime) { complain(change, "password.same", {}, first); return; }
  if (first.value !== second.value) { complain(change, "password.differ", {}, second); return; }
  complain(change, null);
  busy(change, async () => {
    try {
      await request("/api/session/password", { method: "PUT", body: { password: oneTime, new_password: first.value } });
      location.assign(onward());
    } catch (error) {
      complain(change, error.kind === "offline" ? "login.offline" : "login.failed", { detail: error.message });
    }
  });
});

onLanguage(() => {
  document.title = t("login.title");
  for (const [form, said] of shown) if (said) complain(form, ...said);
});
await startSettings();
apply();

// Somebody sent here with a one-time password still to change has a session already, but must type the password again.
signIn.elements.name.focus();
