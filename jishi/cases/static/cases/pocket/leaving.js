// Signing out on an ordinary page. What is sent is forgotten with everything else on this device. What is not is not lost:
// where the page knows the way to the pocket its holder is led there and leaves from there; elsewhere, whoever signs out,
// the pocket is closed: its keys go, the rows stay sealed until their holder signs in here again (store.js, close).
import * as pockets from "./pockets.js";

async function unsent() {
  for (const name of await pockets.all()) if (await pockets.isUnsent(name)) return true;
  return false;
}

async function close() {
  for (const name of await pockets.all()) await pockets.close(name);
  localStorage.clear();
  sessionStorage.clear();
}

function say(form, name) {
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: "1" }));
}

for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const waits = await unsent().catch(() => true);  // not known: nothing is thrown away
    if (waits && document.querySelector('a[href="/pocket"]')) { location.assign("/pocket#queue"); return; }
    if (waits) await close().catch(() => {});
    say(form, waits ? "keep" : "forget");
    form.submit();
  });
}
