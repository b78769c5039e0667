// What is being written: every key is kept at once, so a killed tab loses nothing. A point only when "here" is pressed.
import * as photos from "./photos.js";
import * as queue from "./queue.js";
import * as spots from "./spots.js";
import * as store from "./store.js";
import * as voice from "./voice.js";

const DRAFT_LIVES = 7 * 86_400_000;
const FIELDS = ["text", "matter", "how", "grid", "where"];

export function read(form) {
  const said = Object.fromEntries(new FormData(form));
  const found = Object.fromEntries(FIELDS.filter((f) => said[f]?.trim()).map((f) => [f, said[f].trim()]));
  const spot = said.entrance || said.house;
  if (spot) found.spot = spot;
  if (form.dataset.here) found.here = JSON.parse(form.dataset.here);
  if (form.dataset.errand) found.errand = form.dataset.errand;
  return found;
}

export function write(form, said) {
  form.reset();
  for (const name of FIELDS) {
    const field = form.elements.namedItem(name);
    if (field && said[name] !== undefined) field.value = said[name];
  }
  spots.show(form, said.spot);
  if (said.here) form.dataset.here = JSON.stringify(said.here); else delete form.dataset.here;
  if (said.errand) form.dataset.errand = said.errand; else delete form.dataset.errand;
  form.dispatchEvent(new Event("written"));
}

// A draft that is closed for now is never written over: what is written meanwhile lies beside it, and joins it later.
export const photosOf = (form) => `draft:${form.dataset.verb}`;
const name = (form) => photosOf(form) + (form.dataset.aside ?? "");

export async function keep(form) {
  try {
    await store.put(name(form), { at: Date.now(), said: read(form) });
    told(form, Date.now());
  } catch {
    full(form, true);
  }
}

export async function restore(form) {
  const main = photosOf(form), [draft, beside] = [await store.get(main), await store.get(`${main}:2`)];
  form.dataset.aside = await store.isClosed(main) ? ":2" : "";
  if (form.dataset.aside) return show(form, beside, `${main}:2`);
  if (!beside) return show(form, draft, main);
  const text = [draft?.said.text, beside.said.text].filter(Boolean).join("\n");
  write(form, { ...draft?.said, ...beside.said, ...(text && { text }) });
  await keep(form);
  return store.drop(`${main}:2`);
}

async function show(form, draft, key) {
  if (!draft) return;
  if (Date.now() - draft.at > DRAFT_LIVES) {
    await store.drop(key);
    await photos.drop(photosOf(form));
    return;
  }
  write(form, draft.said);
  told(form, draft.at);
}

// The device is full: said where it happens, and what was typed stays where it is.
export function full(form, is) {
  const note = form.querySelector("[data-full]");
  note.hidden = !is;
  if (is) note.scrollIntoView({ block: "nearest" });
}

let say = () => "";
export const speak = (words) => { say = words; };
function told(form, at) {
  form.querySelector("[data-draft-told]").textContent = at ? say("draft", { when: new Date(at).toTimeString().slice(0, 5) }) : "";
}

// --- a position: once, when it is asked for by a press
export function here(form) {
  const part = form.querySelector("[data-here]");
  if (!navigator.geolocation || !part) return;
  const word = part.querySelector("[data-here-told]"), off = part.querySelector("[data-here-off]");
  part.hidden = false;
  const show = () => {
    const at = form.dataset.here && JSON.parse(form.dataset.here);
    off.hidden = !at;
    word.textContent = at ? word.dataset.got.replace("{m}", String(at.accuracy_m)) : "";
  };
  part.querySelector("[data-here-on]").addEventListener("click", () => {
    word.textContent = word.dataset.asking;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const { longitude: lng, latitude: lat, accuracy } = coords;
      form.dataset.here = JSON.stringify({ lng, lat, crs: "wgs84", accuracy_m: Math.round(accuracy) });
      show();
      keep(form);
    }, () => { word.textContent = word.dataset.no; }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 });
  });
  off.addEventListener("click", () => { delete form.dataset.here; show(); keep(form); });
  form.addEventListener("written", show);
}

// --- what is missing is said beside its field; focus goes to the first
function missing(form, said) {
  const wanted = form.dataset.verb === "settle" ? ["matter", "how"] : ["text"];
  let first = null;
  for (const field of wanted) {
    const note = form.querySelector(`[data-err="${field}"]`) ?? form.querySelector("[data-err]");
    const is = Boolean(said[field] || (field === "text" && said.spoken));
    note.hidden = is;
    if (!is) first ??= form.querySelector(`[name="${field}"]`);
  }
  first?.focus();
  return first !== null;
}

export async function submit(form) {
  await voice.finish(form);
  const said = read(form), spoken = await voice.of(photosOf(form));
  if (spoken && !said.text) said.spoken = true;
  if (missing(form, said)) return false;
  const verb = said.errand ? "errand.find" : form.dataset.verb;
  const label = said.text ?? (said.spoken ? say("voice.label", { n: spoken.seconds }) : null) ?? `${form.querySelector("[name=matter]").selectedOptions[0].textContent} · ${said.how}`;
  try {
    await queue.add(verb, said, label.slice(0, 80), photosOf(form));
  } catch {
    full(form, true);
    return false;
  }
  full(form, false);
  await store.drop(name(form));
  const grid = said.grid;
  write(form, { grid });
  told(form, 0);
  return true;
}
