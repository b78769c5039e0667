// Desk keys: J K rows, Enter opens, Esc back, / find, Ctrl+Enter sends, with Shift the second button, 1–5 take a
// suggestion or set a tick, Alt+1–4 field, ? all. Every key has a visible button. Single characters never fire inside a field and can be switched off (WCAG 2.1.4).
const OFF = "jishi:keys-off";
const off = () => localStorage.getItem(OFF) === "1";
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-row]")].filter((r) => r.offsetParent !== null);

for (const box of document.querySelectorAll("[data-keys-off]")) {
  box.checked = off();
  box.addEventListener("change", () => localStorage.setItem(OFF, box.checked ? "1" : "0"));
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const here = document.activeElement.closest("[data-row]");
  const at = here ? all.indexOf(here) : all.findIndex((r) => r.classList.contains("on"));
  const to = all[Math.min(all.length - 1, Math.max(0, at + by))];
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}

function open(row) {
  const way = row.querySelector("a.t, a[href], button");
  if (way) way.click();
}

const SINGLE = {
  j: () => step(1),
  k: () => step(-1),
  "/": () => document.querySelector("[data-find], input[type=search]")?.focus(),
  "?": () => document.querySelector('[data-open="all-keys"]')?.click(),
};

// the sheet of keys names, besides its own, every key that is on the page now, by the words of its button
function tellKeys() {
  const list = document.querySelector("#all-keys dl");
  const told = new Set([...list.querySelectorAll("kbd")].map((k) => k.textContent.trim()));
  for (const way of document.querySelectorAll("[data-key], [data-fkey], [data-second]")) {
    const key = "second" in way.dataset ? "Ctrl Shift ↵" : (way.dataset.key ?? way.dataset.fkey).toUpperCase();
    if (told.has(key)) continue;
    told.add(key);
    const words = way.cloneNode(true), dt = document.createElement("dt"), dd = document.createElement("dd");
    for (const more of words.querySelectorAll("kbd, svg, .chip, .sub, .badge")) more.remove();
    dt.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    dd.textContent = words.textContent.trim().replace(/\s+/g, " ");
    list.append(dt, dd);
  }
}
document.addEventListener("click", (e) => { if (e.target.closest('[data-open="all-keys"]')) tellKeys(); }, true);

// the field of a digit; of several choices the chosen one, else the first
function fieldOf(digit) {
  const found = document.querySelector(`[data-field-key="${digit}"]`);
  return found?.matches("fieldset") ? found.querySelector("input:checked") ?? found.querySelector("input") : found;
}

// a fold that a key opened: its first field, else itself
function into(summary) {
  const fold = summary.parentElement;
  const field = fold.open && fold.querySelector("form :is(input:not([type=hidden]), textarea, select, button)");
  (field || summary).focus();
}

document.addEventListener("keydown", (e) => {
  if (e.isComposing || e.defaultPrevented) return;
  const form = e.target.closest("form");
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
    const target = form ?? document.querySelector("form[data-main]");
    const press = target?.querySelector(e.shiftKey ? "[data-second]" : ".btn.go[type=submit], .btn.go");
    if (target && (press || !e.shiftKey)) { e.preventDefault(); target.requestSubmit(press ?? undefined); }
    return;
  }
  if (e.altKey && !e.ctrlKey && /^Digit[1-9]$/.test(e.code)) {
    const field = fieldOf(e.code.slice(5));
    if (field) { e.preventDefault(); field.focus(); }
    return;
  }
  if (e.target.closest("dialog[open]") || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape") {
    if (typing(e.target)) { e.target.blur(); return; }
    document.querySelector("[data-back]")?.click();
    return;
  }
  if (typing(e.target) && !(e.target.type === "checkbox" && e.key !== " ")) return;
  if (e.key === "Enter" && e.target.matches("[data-row]")) { e.preventDefault(); open(e.target); return; }
  if (off()) return;
  if (/^[1-9]$/.test(e.key)) {
    const field = fieldOf(e.key), take = document.querySelector(`[data-take="${e.key}"]`);
    if (take) { take.click(); return; }
    if (field?.type === "checkbox") { field.click(); field.focus(); return; }
  }
  const own = document.querySelector(`[data-key="${CSS.escape(e.key.toLowerCase())}"]`);
  if (own) { e.preventDefault(); own.click(); if (own.tagName === "SUMMARY") into(own); return; }
  if (SINGLE[e.key.toLowerCase()]) { e.preventDefault(); SINGLE[e.key.toLowerCase()](); }
});

// one row is in the tab order of a long list; J and K walk the others
const all = rows();
const first = all.find((r) => r.classList.contains("on")) ?? all[0];
for (const row of all) row.tabIndex = row === first ? 0 : -1;
// after an act the hand goes on from the row that is next, on the page of one case from its beginning
if (document.querySelector("main > .toasts") && document.activeElement === document.body) {
  (first ?? document.getElementById("main")).focus({ preventScroll: true });
}
document.addEventListener("focusin", (e) => {
  const row = e.target.closest?.("[data-row]");
  if (row) for (const other of rows()) other.tabIndex = other === row ? 0 : -1;
});
