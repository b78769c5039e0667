// The unlock code of one device: a key is made of it that seals the key of the store. Nobody else knows the code, nobody
// can give it back. Guessing on the device ends after a few tries; guessing on a copy of it costs ROUNDS for each.
export const TRIES = 5, LEAST = 6;
const ROUNDS = 1_000_000;  // PBKDF2-HMAC-SHA-256: OWASP asks for 600,000
const CHECK = new Uint8Array(16);

async function derive(words, salt, rounds) {
  const said = await crypto.subtle.importKey("raw", new TextEncoder().encode(words.normalize("NFKC")), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  return crypto.subtle.deriveKey(how, said, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

export async function seal(key, bytes) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes) };
}
export const unseal = (key, { iv, data }) => crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data);

export async function make(words) {
  const salt = crypto.getRandomValues(new Uint8Array(16)), key = await derive(words, salt, ROUNDS);
  return [{ salt, rounds: ROUNDS, check: await seal(key, CHECK) }, key];
}

// Gives the key, or nothing where the code is another.
export async function open(words, { salt, rounds, check }) {
  const key = await derive(words, salt, rounds);
  return unseal(key, check).then(() => key, () => null);
}

// Too short, one sign over and over, or a run such as 123456: the first guesses of everybody.
export function isWeak(words) {
  const signs = [...words], steps = new Set(signs.slice(1).map((s, i) => s.codePointAt(0) - signs[i].codePointAt(0)));
  return signs.length < LEAST || new Set(signs).size < 3 || steps.size === 1;
}
