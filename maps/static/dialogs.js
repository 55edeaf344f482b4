// A question in a dialog, with the fields that its answer needs.
import { byId, h } from "/static/dom.js";
import { t } from "/static/words.js";

function field({ name, label, type = "text", value = "", required = false, min, max, choices = [], hint = "" }) {
  const id = `ask-${name}`;
  const input = type === "long" ? h("textarea", { name, id, rows: 4, required })
    : type === "choice" ? h("select", { name, id, required }, choices.map(([one, text]) => h("option", { value: one }, text)))
      : h("input", { name, id, type, required, min, max });
  input.value = value;
  return h("label", { class: "ask-field", for: id }, h("span", {}, label), input, hint && h("small", {}, hint));
}

/** Gives the values by name, or null where the dialog was closed; `content` stands above the fields. */
export function ask({ title, text = "", content = [], fields = [], action }) {
  const dialog = byId("ask");
  return new Promise((resolve) => {
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); finish(Object.fromEntries(new FormData(form))); } },
      h("h2", { id: "ask-title" }, title), text && h("p", {}, text), ...content, ...fields.map(field),
      h("div", { class: "ask-acts" }, h("button", { class: "primary" }, action), h("button", { type: "button", class: "secondary", onclick: () => finish(null) }, t("plan.cancel"))));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); form.requestSubmit(); }
    });
    const closed = () => finish(null);
    function finish(values) {
      dialog.removeEventListener("close", closed);
      if (dialog.open) dialog.close();
      resolve(values);
    }
    dialog.addEventListener("close", closed);
    dialog.replaceChildren(form);
    dialog.showModal();
  });
}
