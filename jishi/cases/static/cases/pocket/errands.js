// Errands as they stand on this device: what the server said last, and what was pressed since then, in order.
import * as store from "./store.js";

const OVER = ["errand.finish", "errand.find", "errand.cannot"];

export async function now() {
  const start = await store.get("start");
  if (!start) return [];  // never asked, or closed
  const found = new Map(start.errands.map((e) => [e.number, { ...e, pending: false }]));
  for (const row of await store.rows()) {
    const errand = found.get(row.said.errand);
    const later = row.state === "waiting" || (row.state === "sent" && row.heard > start.kept);
    if (!errand || !later) continue;
    if (row.verb === "errand.take") Object.assign(errand, { mine: true, pending: true });
    if (row.verb === "errand.put_back") Object.assign(errand, { mine: false, pending: true });
    if (OVER.includes(row.verb)) found.delete(errand.number);
  }
  return [...found.values()];
}
