// The dialogs of the unlock code: asked before anything is shown, set and taken away where there is network.
import * as code from "./code.js";
import * as store from "./store.js";

const AWAY = 10 * 60_000;  // not looked at for that long: asked again
const $ = (id) => document.getElementById(id);
const part = (node, name) => node.querySelector(`[data-${name}]`);

function tell(dialog, words) {
  const told = part(dialog, "told");
  told.textContent = words;
  told.hidden = !words;
}

// Ends when it is open, or when the holder gives the code up: then what lies here stays closed until signing in.
export function ask(say) {
  const dialog = $("lock"), form = dialog.querySelector("form"), input = form.elements.namedItem("code");
  return new Promise((open) => {
    const end = () => { dialog.dataset.done = ""; dialog.close(); open(); };
    dialog.addEventListener("cancel", (e) => e.preventDefault());
    dialog.addEventListener("close", () => { if (dialog.dataset.done === undefined) dialog.showModal(); });
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      if (!input.value || form.dataset.busy !== undefined) return;
      form.dataset.busy = "";
      const left = await store.unlock(input.value);
      delete form.dataset.busy;
      input.value = "";
      if (left === undefined || left === 0) { end(); return; }
      tell(dialog, say("code.wrong", { n: left }));
      input.focus();
    });
    part(dialog, "forgot").addEventListener("click", async () => { await store.giveUp(); end(); });
    dialog.showModal();
  });
}

export let show = () => {};

export function offer(say, start, settle, noted) {
  if (!crypto.subtle || !$("code-offer")) return;  // an older page has no place for it
  const place = $("code-offer"), dialog = $("code-set"), form = dialog.querySelector("form");
  const [first, second] = ["code", "again"].map((n) => form.elements.namedItem(n));
  show = () => {
    for (const each of place.querySelectorAll("[data-when]")) each.hidden = (each.dataset.when === "set") !== store.hasCode();
    part(place, "changing").hidden = !(store.hasCode() && store.isChanging());
  };
  const close = () => { form.reset(); tell(dialog, ""); dialog.close(); };
  for (const button of place.querySelectorAll("[data-code-set]")) button.addEventListener("click", () => { tell(dialog, ""); dialog.showModal(); });
  part(dialog, "close-code").addEventListener("click", close);
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (code.isWeak(first.value)) { tell(dialog, say("code.weak", { n: code.LEAST })); first.focus(); return; }
    if (first.value !== second.value) { tell(dialog, say("code.differ")); second.focus(); return; }
    const told = await start();
    if (!told) { tell(dialog, say("code.net")); return; }
    await store.setCode(first.value, told.seal, told.proof);
    await settle(told.seal, told.csrf);
    close();
    show();
    noted(say("code.is-set"));
  });
  part(place, "code-drop").addEventListener("click", async () => {
    const told = await start();
    if (!told) { noted(say("code.net")); return; }
    await store.dropCode(told.seal);
    await settle(told.seal, told.csrf);
    show();
    noted(say("code.gone"));
  });
  let since = 0;
  document.addEventListener("visibilitychange", async () => {
    const away = !document.hidden && since ? Date.now() - since : 0;
    since = document.hidden ? Date.now() : 0;
    if (away > AWAY && await store.isShut()) location.reload();
  });
  place.hidden = false;
  show();
}
