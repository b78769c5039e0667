// All pockets of this device: a phone may have been in several hands. Whoever leaves throws away only what is sent.
const STAY = ["device", "code", "again"], PREFIX = "jishi-pocket-";
const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error); });

// A browser that does not tell its databases does not know: that is no "none".
export async function all() {
  if (!indexedDB.databases) throw new Error("the databases of this device are not told");
  return (await indexedDB.databases()).map(({ name }) => name).filter((name) => name?.startsWith(PREFIX));
}

export async function isUnsent(name) {
  const db = await done(indexedDB.open(name));
  const held = ["queue", "photos"].filter((store) => db.objectStoreNames.contains(store));
  const rows = await Promise.all(held.map((store) => done(db.transaction(store).objectStore(store).getAll())));
  db.close();
  return rows.flat().some((row) => row.state !== "sent");
}

// Its keys go; its rows stay sealed until their holder signs in here again.
export async function close(name) {
  const db = await done(indexedDB.open(name));
  if (db.objectStoreNames.contains("keys")) {
    const store = db.transaction("keys", "readwrite").objectStore("keys");
    for (const id of await done(store.getAllKeys())) if (!STAY.includes(id)) await done(store.delete(id));
  }
  db.close();
}

export async function forget(name) {
  await done(indexedDB.deleteDatabase(name));
}
