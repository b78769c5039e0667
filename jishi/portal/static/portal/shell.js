// Every page: large print, dialogs, notices, choice cards, counted characters, ranges, drafts of desk forms.
// No page needs this file to be read or a form to be sent. Words come from the page, none are written here.
const root = document.documentElement;
root.dataset.js = "";

// --- large print: the cookie is what the server reads, so the next page does not flash
document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-elder]");
  if (!button) return;
  e.preventDefault();
  const on = root.dataset.mode !== "elder";
  if (on) root.dataset.mode = "elder"; else delete root.dataset.mode;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${secure ? "__Host-" : ""}jishi_elder=${on ? 1 : 0}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  for (const b of document.querySelectorAll("[data-elder]")) {
    b.setAttribute("aria-pressed", String(on));
    b.value = on ? "0" : "1";
  }
});

// --- dialogs: <button data-open="id">, <button data-close>; focus goes back to what opened it
const openers = new WeakMap();
document.addEventListener("click", (e) => {
  const open = e.target.closest("[data-open]");
  if (open) {
    const dialog = document.getElementById(open.dataset.open);
    if (!dialog || dialog.open) return;
    openers.set(dialog, open);
    dialog.showModal();
    return;
  }
  const close = e.target.closest("[data-close]");
  if (close) close.closest("dialog")?.close();
});
document.addEventListener("close", (e) => openers.get(e.target)?.focus(), true);

// --- the menu of further ways: closed by Esc, which gives focus back to its word, and by a press elsewhere
function closeMenus(but) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(but)) menu.open = false;
}
document.addEventListener("click", (e) => closeMenus(e.target));
document.addEventListener("focusin", (e) => closeMenus(e.target));
document.addEventListener("keydown", (e) => {
  const menu = e.key === "Escape" && document.querySelector("[data-menu][open]");
  if (!menu) return;
  e.stopPropagation();
  menu.open = false;
  menu.querySelector("summary").focus();
}, true);

// --- what narrows a list is open at a desk; a phone opens it when asked, or when something in it is set
if (matchMedia("(max-width: 47.99em)").matches) {
  for (const fold of document.querySelectorAll('[data-fold-small=""]')) fold.open = false;
}

// --- notices: stay ten seconds, longer while looked at; closing gives focus back to the page
const region = document.getElementById("toasts");
export function toast(text, undo) {
  const box = document.createElement("div");
  box.className = "toast";
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    const again = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: undo.label });
    again.addEventListener("click", () => { box.remove(); undo.act(); });
    box.append(again);
  }
  const close = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: region.dataset.closeWord });
  box.append(close);
  region.append(box);
  expire(box, close);
}
function expire(box, close) {
  let timer;
  const start = () => { timer = setTimeout(() => box.remove(), 10000); };
  const stop = () => clearTimeout(timer);
  for (const kind of ["mouseenter", "focusin"]) box.addEventListener(kind, stop);
  for (const kind of ["mouseleave", "focusout"]) box.addEventListener(kind, start);
  close.addEventListener("click", () => box.remove());
  start();
}
for (const box of document.querySelectorAll("[data-toast]:not(button)")) {
  const close = box.querySelector("[data-close]");
  close.hidden = false;
  expire(box, close);
}
document.addEventListener("click", (e) => {
  const button = e.target.closest("button[data-toast]");
  if (button) toast(button.dataset.toast);
});
document.addEventListener("toast", (e) => toast(e.detail.value ?? e.detail.text ?? String(e.detail)));
for (const kind of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, () => toast(region.dataset.lostWord));

// --- a day that was picked is said in words: a browser writes it in the order of its own language
const LANG = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
function sayDay(input) {
  const [day, time] = input.value.split("T"), told = document.getElementById(`${input.id}_day`);
  const words = day && new Date(`${day}T12:00`).toLocaleDateString(LANG, { dateStyle: "full" });
  told.textContent = day ? [words, time].filter(Boolean).join(" ") : "";
  told.hidden = !day;
}
for (const input of document.querySelectorAll("input:is([type=date],[type=datetime-local])[id]")) {
  const told = document.createElement("output");
  told.id = `${input.id}_day`;
  told.className = "hint num";
  told.htmlFor = input.id;
  input.after(told);
  sayDay(input);
  input.addEventListener("change", () => sayDay(input));
}

// --- choice cards where the browser has no :has()
function lightUp(option) {
  for (const other of option.parentElement.querySelectorAll(".opt")) {
    other.classList.toggle("on", Boolean(other.querySelector("input")?.checked));
  }
}
document.addEventListener("change", (e) => {
  const option = e.target.closest(".opt");
  if (option) lightUp(option);
});

// --- counted characters and read-outs of ranges
function count(area) {
  const out = document.getElementById(area.dataset.count);
  if (!out) return;
  const n = [...area.value].length, max = Number(out.dataset.max);
  out.hidden = n < max * 0.8;
  out.value = out.dataset.words.replace("{n}", n.toLocaleString("en")).replace("{max}", max.toLocaleString("en"));
}
document.addEventListener("input", (e) => {
  if (e.target.dataset.count) count(e.target);
  if (e.target.type === "range") {
    const out = document.querySelector(`output[for="${CSS.escape(e.target.id)}"]`);
    if (out) out.value = e.target.value + (out.dataset.unit ?? "");
  }
});

// --- errors: focus moves to the summary
document.querySelector("[data-focus]")?.focus();
document.addEventListener("htmx:afterSwap", (e) => e.detail.target.querySelector("[data-focus]")?.focus());

// --- drafts: <form data-draft="name">, for staff. Kept in this window only, put back on the same page, gone when sent.
// Never files, hidden fields, passwords or fields marked data-private.
const path = (form) => `draft:${location.pathname}:${form.dataset.draft}`;
const kept = (form) => [...form.elements].filter((f) => f.name && !f.closest("[data-private]")
  && !["hidden", "password", "file", "submit", "button", "fieldset"].includes(f.type));
const dirty = new WeakSet();
function save(form) {
  const words = kept(form).map((f) => [f.name, f.value, ["radio", "checkbox"].includes(f.type) ? f.checked : null]);
  sessionStorage.setItem(path(form), JSON.stringify(words));
  dirty.add(form);
}
function restore(form) {
  const words = JSON.parse(sessionStorage.getItem(path(form)) ?? "null");
  if (!words) return;
  for (const f of kept(form)) {
    const found = words.find(([name, value, ticked]) => name === f.name && (ticked === null || value === f.value));
    if (!found) continue;
    if (found[2] === null) f.value = found[1]; else f.checked = found[2];
    if (f.dataset.count) count(f);
    if (f.closest(".opt")) lightUp(f.closest(".opt"));
  }
  dirty.add(form);
}
const drafts = () => document.querySelectorAll("form[data-draft]");
for (const form of drafts()) restore(form);
document.addEventListener("input", (e) => { const form = e.target.closest("form[data-draft]"); if (form) save(form); });
document.addEventListener("change", (e) => { const form = e.target.closest("form[data-draft]"); if (form) save(form); });
document.addEventListener("submit", (e) => {
  const form = e.target.closest("form[data-draft]");
  if (!form) return;
  dirty.delete(form);
  if (!form.hasAttribute("hx-post")) sessionStorage.removeItem(path(form));
});
document.addEventListener("htmx:afterRequest", (e) => {
  const form = e.detail.elt.closest?.("form[data-draft]");
  if (form && e.detail.successful) sessionStorage.removeItem(path(form));
  else if (form) dirty.add(form);
});
addEventListener("beforeunload", (e) => { if ([...drafts()].some((form) => dirty.has(form))) e.preventDefault(); });

// --- a second press is the same press: the hidden key goes along, the button waits for the answer
document.addEventListener("submit", (e) => {
  if (!e.target.elements?.namedItem("idempotency_key")) return;
  if (e.target.dataset.sent && !e.target.hasAttribute("hx-post")) { e.preventDefault(); return; }
  e.target.dataset.sent = "1";
  setTimeout(() => delete e.target.dataset.sent, 8000);
});
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

// --- a chosen file: its name stands where "none yet" stood
for (const box of document.querySelectorAll("[data-files]")) {
  const input = box.querySelector("input[type=file]");
  const name = box.querySelector("[data-file-name]");
  const none = name.textContent;
  const say = () => {
    const files = [...input.files];
    name.textContent = files.length ? files.map((f) => f.name).join(", ") : none;
    box.classList.toggle("on", files.length > 0);
  };
  input.addEventListener("change", say);
  say();
}
