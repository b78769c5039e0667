// What waits to be sent. A row is written here before anything else happens, with a key of its own; the server applies
// it by that key once, so sending again is always safe. What does not hold any more stays until somebody has seen it.
import * as store from "./store.js";

const AT_ONCE = 50, KEEP_SENT = 20;
const heard = new EventTarget();
export const onChange = (act) => heard.addEventListener("change", act);
export const changed = () => heard.dispatchEvent(new Event("change"));
let token = "", running = false, again = false;
export const state = { signIn: false, lost: false, last: null };
export const carry = (csrf) => { token = csrf; state.signIn = false; };

function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export async function add(verb, said, label) {
  const row = { key: key(), verb, at: new Date().toISOString(), said, label, state: "waiting" };
  row.seq = await store.add(row);
  navigator.storage?.persist?.();
  changed();
  send();
  return row;
}

export async function waiting() {
  return (await store.rows()).filter((r) => r.state === "waiting");
}

export async function toSee() {
  return (await store.rows()).filter((r) => r.state === "conflict" || r.state === "refused");
}

// One tab sends at a time; a second call while it runs makes it look once more.
export async function send() {
  if (running) { again = true; return; }
  running = true;
  try {
    const once = () => sendAll();
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
  const rows = batch.map(({ key, verb, seq, at, said }) => ({ key, verb, seq, at, ...said }));
  for (const attempt of [1, 2]) {
    const answer = await post({ rows, device_now: new Date().toISOString() });
    if (answer?.status === 403 && attempt === 1 && await renew()) continue;
    state.lost = !answer || answer.status >= 500 || answer.status === 429;
    state.signIn = Boolean(answer) && [401, 403].includes(answer.status);
    if (!answer?.ok) return null;
    return (await answer.json()).rows;
  }
  return null;
}

async function post(body) {
  try {
    return await fetch("/api/v1/sync", {
      method: "POST", credentials: "same-origin", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": token, Accept: "application/json" },
    });
  } catch {
    return null;
  }
}

// The token belongs to the session; after signing in anew there is a new one. `renew` is set by the page.
let renew = async () => false;
export const onRenew = (act) => { renew = act; };

async function keep(row, answer) {
  if (!answer || answer.problem?.code === "still_running") return;
  const state = { done: "sent", again: "sent" }[answer.state] ?? answer.state;
  await store.change({ ...row, state, answer, heard: Date.now() });
}

async function tidy() {
  const sent = (await store.rows()).filter((r) => r.state === "sent");
  for (const old of sent.slice(0, -KEEP_SENT)) await store.remove(old.seq);
}
