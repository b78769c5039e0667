// What lies on this device: one database per owner, under an opaque name. Places, drafts, own rows, own photos; no case,
// no person. All of it is sealed with a key that the server gave after signing in: script cannot read the key out, and
// without it (30 days without the server, a device that was ended) what lies here stays, closed, until signing in.
// Where an unlock code is set (code.js), the key itself lies here only sealed by that code, and open only in memory; the
// server gives another one then, and the one before goes once nothing lies here under it and no other tab has it.
// What is written while no key is here is shut into a box of the holder's, which only the server's answer opens.
import * as code_ from "./code.js";
import * as pockets from "./pockets.js";

const PREFIX = "jishi-pocket-", KEY_LIVES = 30 * 86_400_000;
const CLOSED = Symbol("sealed with a key that is not here");
const OTHER = ["device", "code", "again"];  // no keys, but in their store
const BOX = "box", CURVE = { name: "ECDH", namedCurve: "P-256" };
let open, ring = new Map(), code = null, shutter = null;
let called = "", boxLock = null, opener = null, mine = new Map(), mayBeBoxed = true;

const done = (request) => new Promise((yes, no) => {
  request.onsuccess = () => yes(request.result);
  request.onerror = () => no(request.error);
});

// One tab at a time changes which keys lie here, and every tab says that it is there for as long as it lives.
const atTheKeys = (act) => (navigator.locks ? navigator.locks.request(`${called}-keys`, act) : act());
const stay = () => navigator.locks && new Promise((here) => {
  navigator.locks.request(`${called}-tab`, { mode: "shared" }, () => { here(); return new Promise(() => {}); });
});
async function isAlone() {
  const { held } = await navigator.locks?.query() ?? { held: [] };  // not known: another may be there
  return held.filter((one) => one.name === `${called}-tab`).length === 1;
}

// `lock`: the public half of the holder's box.
export function use(owner, lock) {
  called = PREFIX + owner;
  boxLock = lock ? Uint8Array.from(atob(lock), (c) => c.charCodeAt(0)) : null;
  const request = indexedDB.open(PREFIX + owner, 2);
  request.onupgradeneeded = ({ oldVersion }) => {
    if (oldVersion < 1) {
      request.result.createObjectStore("kept");
      request.result.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
    }
    request.result.createObjectStore("photos", { keyPath: "id", autoIncrement: true });
    request.result.createObjectStore("keys", { keyPath: "id" });
  };
  open = done(request).then(async (db) => {
    db.onversionchange = () => db.close();  // somebody signs out in another tab
    await atTheKeys(async () => {
      await stay();
      const keys = await done(db.transaction("keys").objectStore("keys").getAll());
      code = keys.find((k) => k.id === "code") ?? null;
      ring = new Map(keys.filter((k) => k.key && k.until > Date.now()).map((k) => [k.id, k]));
    });
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

// Several stores in one transaction: all of it is kept, or nothing.
async function together(names, act) {
  const change = (await open).transaction(names, "readwrite", { durability: "strict" });
  const ended = new Promise((yes, no) => { change.oncomplete = yes; change.onabort = () => no(change.error); });
  ended.catch(() => {});  // told below
  try {
    const result = await act((name) => change.objectStore(name));
    await ended;
    return result;
  } catch (lost) {
    try { change.abort(); } catch { /* it has ended by itself */ }
    throw lost;
  }
}

// --- sealing
const words = new TextEncoder(), spoken = new TextDecoder();
const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
export const random = () => hex(crypto.getRandomValues(new Uint8Array(16)));

const keyOf = (bytes) => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);

// With a code set, a key is never stored open: another tab that does not know the code stores none at all. Gives the key,
// and whether it lies here now.
async function addKey(id, bytes, no) {
  const until = Date.now() + KEY_LIVES, kept = { id, no, key: await keyOf(bytes), until };
  const closed = shutter && { id, no, until, shut: await code_.seal(shutter, bytes) };
  const lies = await together(["keys"], async (store) => {
    const now = await done(store("keys").get("code"));
    const row = !now ? kept : closed && hex(now.salt) === hex(code.salt) ? closed : null;
    if (row) await done(store("keys").put(row));
    return Boolean(row);
  });
  ring.set(id, kept);
  return [kept, lies];
}

// --- the unlock code of this device
export const hasCode = () => Boolean(code);
export const isLocked = () => Boolean(code) && !shutter;

// The server's key must have come just now: an open key cannot be read out to be sealed. Which key lay here before the
// code is noted with it: another is to take its place (`renews`), however often the answer is lost.
export async function setCode(words, seal, proof) {
  await adopt(seal);
  const [made, shuts] = await code_.make(words), closed = [];
  for (const { id, key: bytes, no } of [seal, ...(seal.former && ring.has(seal.former.id) ? [seal.former] : [])]) {
    closed.push({ id, no, until: ring.get(id).until, shut: await code_.seal(shuts, bytes) });
  }
  const asked = { id: "code", ...made, left: code_.TRIES, proof, renew: seal.id };
  await together(["keys"], async (store) => {
    for (const at of await done(store("keys").getAllKeys())) if (!OTHER.includes(at)) await done(store("keys").delete(at));
    for (const row of [...closed, asked]) await done(store("keys").put(row));
  });
  [code, shutter] = [asked, shuts];  // only what is kept is set
}

export async function dropCode(seal) {
  await on("keys", "readwrite", (s) => s.delete("code"));
  code = shutter = null;
  await adopt(seal);
}

export const renews = (id) => code?.renew === id;
export const isChanging = () => Boolean(code?.renew) || ring.size > 1;

// Gives how many tries are left, or nothing once it is open. A try is counted before it is looked at; the code that was
// set last counts, by whichever tab.
export async function unlock(words) {
  const now = await together(["keys"], async (store) => {
    const kept = await done(store("keys").get("code"));
    if (!kept?.left) return null;
    await done(store("keys").put({ ...kept, left: kept.left - 1 }));
    return { ...kept, left: kept.left - 1 };
  });
  const opens = now && await code_.open(words, now);
  if (!opens) {
    if (!now?.left) await giveUp();
    return now?.left ?? 0;
  }
  [code, shutter] = [now, opens];
  for (const held of await on("keys", "readonly", (s) => s.getAll())) {
    if (!held.shut || held.until < Date.now()) continue;
    ring.set(held.id, { id: held.id, no: held.no, key: await keyOf(await code_.unseal(opens, held.shut)), until: held.until });
  }
  await together(["keys"], async (store) => {
    const kept = await done(store("keys").get("code"));
    if (kept && hex(kept.salt) === hex(now.salt)) await done(store("keys").put({ ...kept, left: code_.TRIES }));
  });
  return undefined;
}

// Whether a code is set, by this tab or another.
export const isShut = async () => Boolean(await on("keys", "readonly", (s) => s.get("code")));

// Forgotten, or tried too often: the key is thrown away. It is taken from the server again once its holder has shown who
// he is after that. Nothing that was written goes with the code.
export async function giveUp() {
  await together(["keys"], async (store) => {
    for (const held of await done(store("keys").getAll())) {
      if (held.shut || held.id === "code") await done(store("keys").delete(held.id));
    }
    await done(store("keys").put({ id: "again", until: 0 }));
  });
  code = shutter = null;
}

// `proof` names when somebody last signed in here or showed who he is ("": nobody is signed in). The first one that is
// heard after the code was given up may be of before, and opens nothing: another one must come.
export async function mustProve(proof) {
  const again = await on("keys", "readonly", (s) => s.get("again"));
  if (again && again.proof === undefined) await on("keys", "readwrite", (s) => s.put({ ...again, proof }));
  if (again && (again.proof ?? proof) === proof) return true;
  if (!proof) return false;
  if (again) await on("keys", "readwrite", (s) => s.delete("again"));
  if (code && code.proof !== proof) {
    code = { ...code, proof };
    await on("keys", "readwrite", (s) => s.put(code));
  }
  return false;
}

// --- the holder's box: everybody may shut something into it, only the server's answer opens it (ECDH, HKDF, AES-GCM)
async function agree(half, other, from) {
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: other }, half, 256);
  const shared = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: from, info: words.encode("jishi.pocket.box") };
  return crypto.subtle.deriveKey(how, shared, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
const halfOf = (point) => crypto.subtle.importKey("raw", point, CURVE, false, []);

async function intoTheBox() {
  const once = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const from = await crypto.subtle.exportKey("raw", once.publicKey);
  mayBeBoxed = true;
  return { id: BOX, from, key: await agree(once.privateKey, await halfOf(boxLock), from) };
}

const newest = () => [...ring.values()].sort((a, b) => (b.no ?? 0) - (a.no ?? 0))[0];
async function seal(value, using) {
  if (!crypto.subtle) return { plain: value };  // no secure context: no worker keeps the page either
  const { id, key, from } = using ?? newest() ?? await intoTheBox(), iv = crypto.getRandomValues(new Uint8Array(12));
  const raw = value instanceof ArrayBuffer;
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, raw ? value : words.encode(JSON.stringify(value)));
  if (from) mine.set(hex(iv), key);  // this tab has just written it
  return { key: id, iv, data, raw, ...(from && { from }) };
}

async function unseal(box) {
  if (box === undefined || "plain" in box) return box?.plain;
  let key = ring.get(box.key)?.key;
  if (box.key === BOX) key = mine.get(hex(box.iv)) ?? (opener && await agree(opener, await halfOf(box.from), box.from));
  if (!key) return CLOSED;
  const data = await crypto.subtle.decrypt({ name: "AES-GCM", iv: box.iv }, key, box.data);
  return box.raw ? data : JSON.parse(spoken.decode(data));
}

// The server's key has come: what lies in the box, or under a key before it, is sealed anew. That key goes when no other
// tab may still write with it. True: nothing lies here under another key.
export async function adopt({ id, key: bytes, no, former, box }) {
  if (!crypto.subtle) return false;
  if (former) await addKey(former.id, former.key, no - 1);
  const [given, lies] = await addKey(id, bytes, no);
  await noteKey(id, no);
  if (box && mayBeBoxed) {
    mayBeBoxed = false;
    opener = await crypto.subtle.importKey("jwk", box, CURVE, false, ["deriveBits"]);
    try { await allAnew([BOX], given); } catch (lost) { mayBeBoxed = true; throw lost; } finally { opener = null; }
  }
  const olds = [...ring.keys()].filter((k) => k !== id);
  if (!olds.length) return true;
  await allAnew(olds, given);
  return atTheKeys(async () => {
    if (!lies || !await isAlone()) return false;
    await allAnew(olds, given);  // what another tab wrote before it went
    for (const old of olds) { await on("keys", "readwrite", (s) => s.delete(old)); ring.delete(old); }
    return true;
  });
}

async function allAnew(olds, given) {
  for (const name of ["kept", "queue", "photos"]) await sealAnew(name, olds, given);
}

// Which of its keys this device was given last stays here, whatever becomes of the keys: the server may have forgotten it.
async function noteKey(id, no) {
  const known = await on("keys", "readonly", (s) => s.get("device"));
  if (known && known.no !== no) await on("keys", "readwrite", (s) => s.put({ ...known, no }));
  if (!code?.renew || code.renew === id) return;
  const { renew, ...rest } = code;
  await together(["keys"], async (store) => {
    const now = await done(store("keys").get("code"));
    if (now && hex(now.salt) === hex(rest.salt)) await done(store("keys").put({ ...now, renew: undefined }));
  });
  code = rest;
}

// Put only if the box is still the one that was read: what was written meanwhile is looked at again.
async function sealAnew(name, olds, given) {
  const boxOf = (held) => (name === "kept" ? held : held?.box);
  for (const at of await on(name, "readonly", (s) => s.getAllKeys())) {
    for (;;) {
      const box = boxOf(await on(name, "readonly", (s) => s.get(at)));
      if (!box || !olds.includes(box.key)) break;
      const said = await unseal(box);
      if (said === CLOSED) break;
      const again = await seal(said, given);
      await together([name], async (store) => {
        const now = await done(store(name).get(at)), still = boxOf(now);
        if (!still?.iv || hex(still.iv) !== hex(box.iv)) return;
        await done(name === "kept" ? store(name).put(again, at) : store(name).put({ ...now, box: again }));
      });
    }
  }
}

// This device was ended: what lies here is closed, not lost: the server can give every key again.
export async function close() {
  for (const id of (await on("keys", "readonly", (s) => s.getAllKeys())).filter((k) => !OTHER.includes(k))) {
    await on("keys", "readwrite", (s) => s.delete(id));
  }
  ring.clear();
  mine.clear();
}

// --- what is kept by name
const peek = async (key) => unseal(await on("kept", "readonly", (s) => s.get(key)));
export const isClosed = async (key) => await peek(key) === CLOSED;
export async function get(key) {
  const found = await peek(key);
  return found === CLOSED ? undefined : found;
}
export const put = async (key, value) => {
  const box = await seal(value);
  return on("kept", "readwrite", (s) => s.put(box, key));
};
export const drop = (key) => on("kept", "readwrite", (s) => s.delete(key));

// --- rows and photos: what they hold is in the box, beside it only what the queue needs to go on
const OUTSIDE = { queue: ["seq", "key", "verb", "at", "state", "heard", "life", "tick", "off", "after"], photos: ["id", "of", "place", "state", "told", "kind", "mime", "seconds"] };
async function boxed(name, value) {
  const outside = Object.fromEntries(OUTSIDE[name].filter((f) => value[f] !== undefined).map((f) => [f, value[f]]));
  if (value.closed) return { ...outside, box: value.box };
  const inside = Object.fromEntries(Object.entries(value).filter(([f]) => !OUTSIDE[name].includes(f) && f !== "box"));
  if (inside.data instanceof ArrayBuffer) return { ...outside, box: await seal(inside.data) };
  return { ...outside, box: await seal(inside) };
}

async function opened(held) {
  const { box, ...outside } = held;
  const inside = await unseal(box).catch(() => CLOSED);
  if (inside === CLOSED) return { ...outside, box, closed: true, said: {}, label: "" };
  return inside instanceof ArrayBuffer ? { ...outside, data: inside } : { ...outside, ...inside };
}

const all = (name) => async () => Promise.all((await on(name, "readonly", (s) => s.getAll())).map(opened));
const save = (name, how) => async (value) => {
  const row = await boxed(name, value);
  return on(name, "readwrite", (s) => s[how](row));
};
export const rows = all("queue"), change = save("queue", "put");
export const remove = (seq) => on("queue", "readwrite", (s) => s.delete(seq));
export const photos = all("photos"), addPhoto = save("photos", "add"), changePhoto = save("photos", "put");
// From one name to another, three at most there, and one voice: each gets its place, half of its key. Gives how many stayed.
async function moved(photos, from, to, most) {
  const all = (await done(photos.getAll())).sort((a, b) => a.id - b.id);
  let stayed = 0;
  for (const kind of [undefined, "voice"]) {
    const of = (name) => all.filter((p) => p.of === name && p.kind === kind), there = of(to).length, going = of(from);
    const goes = going.slice(0, Math.max(0, (kind ? 1 : most) - there));
    for (const [i, { told, ...photo }] of goes.entries()) {
      await done(photos.put({ ...photo, of: to, place: there + i + 1, state: "waiting" }));
    }
    stayed += going.length - goes.length;
  }
  return stayed;
}
export const movePhotos = (from, to, most) => together(["photos"], (store) => moved(store("photos"), from, to, most));

// A row and the photos that were taken for it: both or none. The boxes of the photos stay as they are.
export async function add(row, from, most) {
  const held = await boxed("queue", row);
  return together(["queue", "photos"], async (store) => {
    const seq = await done(store("queue").add(held));
    if (from) await moved(store("photos"), from, row.key, most);
    return seq;
  });
}
export const removePhoto = (id) => on("photos", "readwrite", (s) => s.delete(id));

// Who this device is to the server: a number that tells nothing and opens nothing.
export async function device() {
  const known = await on("keys", "readonly", (s) => s.get("device"));
  if (known) return known.number;
  const number = random();
  await on("keys", "readwrite", (s) => s.put({ id: "device", number, until: 0, no: 0 }));
  return number;
}
export const keyNo = async () => (await on("keys", "readonly", (s) => s.get("device")))?.no ?? 0;

// What is of this holder goes, and of others what is sent; the shell goes with it. True: a colleague's rows are not sent,
// they stay, closed.
export async function clear() {
  const db = await open, mine = db.name;
  let others = false;
  db.close();
  await pockets.forget(mine);
  for (const name of await pockets.all().catch(() => { others = true; return []; })) {
    if (!await pockets.isUnsent(name)) await pockets.forget(name);
    else { await pockets.close(name); others = true; }
  }
  for (const name of await caches.keys()) if (name.startsWith(PREFIX)) await caches.delete(name);
  for (const each of await navigator.serviceWorker?.getRegistrations() ?? []) await each.unregister();
  return others;
}
