// What waits to be sent. A row is written here before anything else happens, with a key of its own; the server applies
// it by that key once, so sending again is always safe. What does not hold any more stays until somebody has seen it.
// Photos and a voice follow their row, one by one, each by the row's key and its place: a row stands whatever becomes of them.
import * as clock from "./clock.js";
import * as photos from "./photos.js";
import * as store from "./store.js";

const AT_ONCE = 50, KEEP_SENT = 20;
const heard = new EventTarget();
export const onChange = (act) => heard.addEventListener("change", act);
export const changed = () => heard.dispatchEvent(new Event("change"));
let token = "", running = false, again = false;
export const state = { signIn: false, ended: false, prove: false, lost: false, last: null };
export const carry = (csrf) => { token = csrf; state.signIn = state.ended = state.prove = false; };

// `from`: under which name its photos were taken.
export async function add(verb, said, label, from = "") {
  const row = { key: store.random(), verb, ...clock.stamp(), said, label, state: "waiting" };
  row.seq = await store.add(row, from, photos.MOST);
  navigator.storage?.persist?.();
  changed();
  send();
  return row;
}

export async function waiting() {
  return (await store.rows()).filter((r) => r.state === "waiting" && !r.closed);
}

export async function toSee() {
  return (await store.rows()).filter((r) => r.state === "conflict" || r.state === "refused");
}

// One tab sends at a time; a second call while it runs makes it look once more.
export async function send() {
  if (running) { again = true; return; }
  running = true;
  try {
    const once = async () => { await sendAll(); await sendPhotos(); };
    await (navigator.locks ? navigator.locks.request("jishi-pocket-send", once) : once());
  } finally {
    running = false;
    changed();
    if (again) { again = false; send(); }
  }
}

async function sendAll() {
  for (;;) {
    const batch = (await waiting()).slice(0, AT_ONCE);
    if (!batch.length || !navigator.onLine) return;
    const answers = await ask(batch);
    if (!answers) return;
    for (const [i, row] of batch.entries()) await keep(row, answers[i]);
    state.last = new Date().toISOString();
    await tidy();
    changed();
  }
}

async function ask(batch) {
  const rows = batch.map((row) => ({ key: row.key, verb: row.verb, seq: row.seq, at: row.at, off_s: clock.seconds(row), ...row.said }));
  const asked = Date.now();
  const answer = await post("/api/v1/sync", JSON.stringify({ rows, device_now: new Date().toISOString() }), "application/json");
  if (!answer?.ok) return null;
  const told = await answer.json();
  await clock.meet(told.now, asked);
  return told.rows;
}

// Give the answer; null: there was none, or it says to come again. A token that is over is asked for anew, once.
async function post(address, body, type) {
  for (const attempt of [1, 2]) {
    const headers = { "X-CSRFToken": token, "X-Jishi-Device": await store.device(), Accept: "application/json" };
    if (type) headers["Content-Type"] = type;
    const answer = await fetch(address, { method: "POST", credentials: "same-origin", body, headers }).catch(() => null);
    if (answer?.status === 403 && attempt === 1 && await renew()) continue;
    state.lost = !answer || answer.status >= 500 || answer.status === 429;
    state.signIn = Boolean(answer) && [401, 403].includes(answer.status);
    return answer;
  }
  return null;
}

// The token belongs to the session; after signing in anew there is a new one. `renew` is set by the page.
let renew = async () => false;
export const onRenew = (act) => { renew = act; };

async function keep(row, answer) {
  if (!answer || answer.problem?.code === "still_running") return;
  const state = { done: "sent", again: "sent" }[answer.state] ?? answer.state;
  await store.change({ ...row, state, answer, heard: Date.now() });
}

// --- photos: after their row, the oldest first; the first that cannot be sent now ends this round
const stands = (row) => row && !row.closed && (row.state === "sent" || Boolean(row.answer?.number));

async function sendPhotos() {
  const rows = new Map((await store.rows()).map((r) => [r.key, r]));
  const wait = (await store.photos()).filter((p) => p.state === "waiting" && !p.closed && p.data && stands(rows.get(p.of)));
  for (const photo of wait.sort((a, b) => a.id - b.id)) {
    if (!navigator.onLine || !await sendPhoto(photo)) return;
    changed();
  }
}

async function sendPhoto(photo) {
  const body = new FormData();
  const [field, type] = photo.kind === "voice" ? ["recording", photo.mime] : ["photo", "image/jpeg"];
  body.append(field, new Blob([photo.data], { type }), `${photo.place}`);
  const answer = await post(`/api/v1/sync/${photo.of}/${field}s/${photo.place}`, body);
  if (answer?.ok) {
    const { data, ...sent } = photo;
    await store.changePhoto({ ...sent, state: "sent", told: undefined });
    state.last = new Date().toISOString();
    return true;
  }
  if (!answer || answer.status >= 500 || [401, 403, 408, 429].includes(answer.status)) return false;
  const problem = await answer.json().catch(() => ({}));
  if (problem.code === "still_running") return false;
  await store.changePhoto({ ...photo, state: "refused", told: [problem.title, problem.next].filter(Boolean).join(" ") });
  return true;
}

async function tidy() {
  const counts = await photos.counts();
  const sent = (await store.rows()).filter((r) => r.state === "sent" && !counts.get(r.key)?.waiting && !counts.get(r.key)?.refused);
  for (const old of sent.slice(0, -KEEP_SENT)) await forget(old);
}

export async function forget(row) {
  await store.remove(row.seq);
  await photos.drop(row.key);
}
