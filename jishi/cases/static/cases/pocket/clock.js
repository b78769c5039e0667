// This device's clock beside the server's. A clock may be wrong, and may jump: while the page lives, time that has gone
// by is measured without it; from one page to the next, what the two clocks showed when they last met is all there is.
import * as store from "./store.js";

const NOISE = 60_000;  // below that a slow network looks the same
const LIFE = store.random();
export const state = { off: 0, met: null };

export async function begin() {
  Object.assign(state, await store.get("clock"));
}

// The server has said what time it is; `asked` is when we began to ask.
export async function meet(now, asked) {
  const there = Date.parse(now);
  if (!there) return;
  const off = Math.round((asked + Date.now()) / 2 - there);
  Object.assign(state, { off: Math.abs(off) < NOISE ? 0 : off, met: there });
  await store.put("clock", { off: state.off, met: state.met });
}

export const stamp = () => ({ at: new Date().toISOString(), life: LIFE, tick: performance.now(), off: state.off, after: state.met });

// By how much the clock was ahead when a row was written, in milliseconds.
export function offOf(row) {
  const at = Date.parse(row.at), now = Date.now() - state.off;
  if (row.life === LIFE) return at - (now - (performance.now() - row.tick));
  const fits = (off) => at - off <= now + NOISE && at - off >= (row.after ?? 0) - NOISE;
  return [row.off ?? 0, state.off].find(fits) ?? state.off;
}

export const seconds = (row) => {
  const off = offOf(row);
  return Math.abs(off) < NOISE ? undefined : Math.round(off / 1000);
};
