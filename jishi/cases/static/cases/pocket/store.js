// What lies on this device: one database per owner, under an opaque name. Places, drafts, own rows; no case, no person.
const PREFIX = "jishi-pocket-";
let open;

const done = (request) => new Promise((yes, no) => {
  request.onsuccess = () => yes(request.result);
  request.onerror = () => no(request.error);
});

export function use(owner) {
  const request = indexedDB.open(PREFIX + owner, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("kept");
    request.result.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
  };
  open = done(request).then((db) => {
    db.onversionchange = () => db.close();  // somebody signs out in another tab
    return db;
  });
  return open;
}

async function on(name, mode, act) {
  const change = (await open).transaction(name, mode, { durability: "strict" });
  const result = await done(act(change.objectStore(name)));
  await new Promise((yes, no) => { change.oncomplete = yes; change.onabort = change.onerror = () => no(change.error); });
  return result;
}

export const get = (key) => on("kept", "readonly", (s) => s.get(key));
export const put = (key, value) => on("kept", "readwrite", (s) => s.put(value, key));
export const drop = (key) => on("kept", "readwrite", (s) => s.delete(key));
export const rows = () => on("queue", "readonly", (s) => s.getAll());
export const row = (seq) => on("queue", "readonly", (s) => s.get(seq));
export const add = (value) => on("queue", "readwrite", (s) => s.add(value));
export const change = (value) => on("queue", "readwrite", (s) => s.put(value));
export const remove = (seq) => on("queue", "readwrite", (s) => s.delete(seq));

// Everything of everybody on this device goes; the shell goes with it.
export async function clear() {
  (await open)?.close();
  const known = await indexedDB.databases?.() ?? [];
  for (const { name } of known) if (name?.startsWith(PREFIX)) await done(indexedDB.deleteDatabase(name));
  for (const name of await caches.keys()) if (name.startsWith(PREFIX)) await caches.delete(name);
  for (const each of await navigator.serviceWorker?.getRegistrations() ?? []) await each.unregister();
}
