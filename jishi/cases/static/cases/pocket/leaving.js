// Signing out on an ordinary page. What is sent is forgotten with everything else on this device. What is not is not lost:
// where the page knows the way to the pocket its holder is led there and leaves from there; elsewhere, whoever signs out,
// the pocket is closed: its keys go, the rows stay sealed until their holder signs in here again (store.js, close).
const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error); });
const STAY = ["device", "code", "again"], PREFIX = "jishi-pocket-";

async function pockets() {
  const known = await indexedDB.databases?.() ?? [];
  return known.map(({ name }) => name).filter((name) => name?.startsWith(PREFIX));
}

async function unsent() {
  for (const name of await pockets()) {
    const db = await done(indexedDB.open(name));
    const held = ["queue", "photos"].filter((store) => db.objectStoreNames.contains(store));
    const rows = await Promise.all(held.map((store) => done(db.transaction(store).objectStore(store).getAll())));
    db.close();
    if (rows.flat().some((row) => row.state !== "sent")) return true;
  }
  return false;
}

async function close() {
  for (const name of await pockets()) {
    const db = await done(indexedDB.open(name));
    if (db.objectStoreNames.contains("keys")) {
      const store = db.transaction("keys", "readwrite").objectStore("keys");
      for (const id of await done(store.getAllKeys())) if (!STAY.includes(id) && !id.startsWith("own-")) await done(store.delete(id));
    }
    db.close();
  }
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
