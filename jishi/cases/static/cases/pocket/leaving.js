// Signing out empties the device: whoever still has something to send is led to it first, and leaves from there.
const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error); });

async function unsent() {
  for (const { name } of await indexedDB.databases?.() ?? []) {
    if (!name?.startsWith("jishi-pocket-")) continue;
    const db = await done(indexedDB.open(name));
    const held = ["queue", "photos"].filter((store) => db.objectStoreNames.contains(store));
    const rows = await Promise.all(held.map((store) => done(db.transaction(store).objectStore(store).getAll())));
    db.close();
    if (rows.flat().some((row) => row.state !== "sent")) return true;
  }
  return false;
}

for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (await unsent().catch(() => false)) location.assign("/pocket#queue");
    else form.submit();
  });
}
