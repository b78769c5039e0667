// The console and the dispatch desk: taking a suggestion fills fields, F4 and F8 open their dialogs, a point goes
// with its words. Without this file every button still works: it sends the form.
const form = document.getElementById("intake");
const field = (name) => form?.elements.namedItem(name);

function fill(button) {
  for (const { name, value } of button.attributes) {
    if (!name.startsWith("data-fill-")) continue;
    const target = field(name.slice(10));
    if (target) target.value = value;
  }
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", (e) => {
  const take = e.target.closest("[data-fill]");
  if (take && form) { e.preventDefault(); fill(take); return; }
  const other = e.target.closest("[data-other-than]");
  if (other && form) {
    const known = field("other_than");
    known.value = [...known.value.split(",").filter(Boolean), other.dataset.otherThan].join(",");
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// what was typed over is no longer the suggestion
form?.addEventListener("input", (e) => {
  if (e.target.name === "where") { field("pin").value = ""; field("pin_of").value = ""; }
  if (e.target.name === "matter") field("to").value = "";
});

// an answer that is being given is not taken away by newer suggestions
document.addEventListener("htmx:oobBeforeSwap", (e) => {
  const here = e.detail.target, coming = e.detail.fragment?.querySelector?.("#questions") ?? e.detail.elt;
  if (here?.id !== "questions") return;
  const same = here.dataset.asked === (coming?.dataset?.asked ?? "");
  if (same && here.contains(document.activeElement)) e.detail.shouldSwap = false;
});

document.addEventListener("keydown", (e) => {
  if (e.isComposing || !/^F\d$/.test(e.key) || e.ctrlKey || e.altKey || e.metaKey) return;
  const button = document.querySelector(`[data-fkey="${e.key}"]`);
  if (button) { e.preventDefault(); button.click(); }
});

// where there is room beside the queue, its first case stands open
if (matchMedia("(min-width: 64em)").matches) {
  addEventListener("load", () => document.getElementById("desk")?.dispatchEvent(new Event("open-first")));
}

// the hand stays in the queue when it is made anew
let inQueue = false;
document.addEventListener("htmx:beforeSwap", (e) => {
  inQueue = e.detail.target?.id === "desk" && Boolean(document.activeElement.closest("[data-row]"));
});
document.addEventListener("htmx:afterSettle", () => {
  if (inQueue) document.querySelector("#desk [data-row].on")?.focus({ preventScroll: true });
  inQueue = false;
});

// a dialog whose fields must be corrected opens again
for (const dialog of document.querySelectorAll("dialog[data-show]")) dialog.showModal();

// the choice that needs more shows more
function unfold() {
  for (const part of document.querySelectorAll("[data-when]")) {
    const [name, value] = part.dataset.when.split("=");
    part.hidden = !document.querySelector(`[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]:checked`);
  }
}
document.addEventListener("change", unfold);
document.addEventListener("htmx:afterSettle", unfold);
unfold();

// a button that leads to an act unfolds it
function reveal(id) {
  const part = id && document.getElementById(id);
  if (part?.tagName !== "DETAILS") return;
  part.open = true;
  part.querySelector("input:not([type=hidden]), textarea, select, button")?.focus();
}
document.addEventListener("click", (e) => reveal(e.target.closest("[data-unfold]")?.dataset.unfold));
reveal(location.hash.slice(1));
