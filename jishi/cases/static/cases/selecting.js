// Choosing several cases: X chooses the row with the focus, Shift with a press chooses all in between, A all or none.
// Without this file the ticks and the button still work.
const boxes = () => [...document.querySelectorAll("input[data-choose]")].filter((b) => b.offsetParent !== null);
const chosen = new Set(); // also while a part of the page is made anew
let last = null;

function tell() {
  const n = boxes().filter((b) => b.checked).length, bar = document.querySelector("[data-chosen]");
  chosen.clear();
  for (const b of boxes()) if (b.checked) chosen.add(b.value);
  const text = bar?.querySelector("[data-chosen-n]");
  if (text) text.textContent = n ? bar.dataset.words.replace("{n}", n) : bar.dataset.none;
  for (const b of boxes()) b.closest("[data-row]")?.classList.toggle("chosen", b.checked);
}

function range(from, to, on) {
  const all = boxes(), [a, b] = [all.indexOf(from), all.indexOf(to)].sort((x, y) => x - y);
  if (a >= 0) for (const box of all.slice(a, b + 1)) box.checked = on;
}

document.addEventListener("click", (e) => {
  const box = e.target.closest?.("input[data-choose]");
  if (!box) return;
  if (e.shiftKey && last && last !== box) range(last, box, box.checked);
  last = box;
  tell();
});

document.addEventListener("keydown", (e) => {
  if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("dialog[open]")) return;
  if (e.target.closest("input:not([data-choose]), textarea, select, [contenteditable]")) return;
  if (localStorage.getItem("jishi:keys-off") === "1") return;
  const key = e.key.toLowerCase();
  if (key === "x") {
    const row = document.activeElement.closest("[data-row]") ?? document.querySelector("[data-row].on");
    const box = row?.querySelector("input[data-choose]");
    if (!box) return;
    e.preventDefault();
    box.checked = !box.checked;
    if (e.shiftKey && last) range(last, box, box.checked);
    last = box;
    tell();
  }
  if (key === "a" && e.shiftKey) {
    const all = boxes(), on = all.some((b) => !b.checked);
    for (const box of all) box.checked = on;
    if (all.length) e.preventDefault();
    tell();
  }
});
document.addEventListener("htmx:afterSettle", () => {
  for (const b of boxes()) if (chosen.has(b.value)) b.checked = true;
  tell();
});
addEventListener("pageshow", tell);
tell();
