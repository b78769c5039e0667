// Photos of a row: taken by a press, made smaller here, without place or camera; kept beside the draft, sent one by one.
import * as store from "./store.js";

export const MOST = 3;
const SIDE = 1600, QUALITY = 0.8;

// Drawn anew: what stood in the file besides its pixels stays behind. Throws what cannot be drawn.
export async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((yes) => canvas.toBlob(yes, "image/jpeg", QUALITY));
  return blob.arrayBuffer();
}

export const all = async (name) => (await store.photos()).filter((p) => p.of === name).sort((a, b) => a.id - b.id);
export const of = async (name) => (await all(name)).filter((p) => p.kind !== "voice");

export async function add(name, file) {
  if ((await of(name)).length >= MOST) return;
  await store.addPhoto({ of: name, state: "waiting", data: await smaller(file) });
}

// From an errand to a draft, or from a row back to be mended; gives how many found no room there and stayed.
export const move = (from, to) => store.movePhotos(from, to, MOST);

export async function drop(name) {
  for (const photo of await all(name)) await store.removePhoto(photo.id);
}

export async function counts() {
  const found = new Map();
  for (const { of: row, state, told, kind = "photo" } of await store.photos()) {
    const none = { waiting: 0, sent: 0, refused: 0 }, one = found.get(row) ?? { ...none, photo: { ...none }, voice: { ...none }, told: [] };
    for (const counted of [one, one[kind]]) {
      counted.waiting += state === "waiting";
      counted.sent += state === "sent";
      counted.refused += state === "refused";
    }
    if (told) one.told.push({ kind, told });
    found.set(row, one);
  }
  return found;
}

export async function thumbnail(photo, words) {
  const canvas = document.createElement("canvas");
  canvas.className = "ph-small";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  if (photo.data) {
    const picture = await createImageBitmap(new Blob([photo.data], { type: "image/jpeg" })), scale = 96 / Math.max(picture.width, picture.height);
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
  }
  return canvas;
}
