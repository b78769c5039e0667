// The service worker of the pocket. FILES and VERSION stand before this, written by the server.
// It keeps the shell and what the shell is made of: no person's page, no answer of the API, no token.
const KEPT = `jishi-pocket-${VERSION}`, SHELL = "/pocket", PATIENCE = 4000, STATIC = `/${FILES[0].split("/")[1]}/`;

// A page and its files are of one version: until the page of this version is here, the one before is kept whole.
self.addEventListener("install", (e) => {
  e.waitUntil((async () => {
    const cache = await caches.open(KEPT);
    await cache.addAll(FILES);
    const page = await fetch(SHELL, { credentials: "same-origin" }).catch(() => null);
    if (page?.ok && !page.redirected) await cache.put(SHELL, page);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (e) => {
  e.waitUntil(tidy().then(() => self.clients.claim()));
});

const older = async () => (await caches.keys()).filter((name) => name !== KEPT && name.startsWith("jishi-pocket-"));
async function tidy() {
  if (await (await caches.open(KEPT)).match(SHELL)) for (const name of await older()) await caches.delete(name);
}

// The version whose page is here: this one, else the one before.
async function whole() {
  for (const name of [KEPT, ...await older()]) {
    const cache = await caches.open(name);
    if (await cache.match(SHELL)) return cache;
  }
  return caches.open(KEPT);
}

self.addEventListener("fetch", (e) => {
  const asked = new URL(e.request.url);
  if (e.request.method !== "GET" || asked.origin !== location.origin) return;
  if (e.request.mode === "navigate" && asked.pathname === SHELL) e.respondWith(shell(e.request));
  else if (asked.pathname.startsWith(STATIC)) e.respondWith(file(e.request));
});

// The network first: a page of today. Without it, or when it is slow, the one that was kept.
async function shell(request) {
  const kept = await (await whole()).match(SHELL), own = await caches.open(KEPT), isOwn = Boolean(await own.match(SHELL));
  let late = false;
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected && (isOwn || !late)) await own.put(SHELL, answer.clone()).then(tidy).catch(() => {});
    return answer;
  });
  if (!kept) return fresh;
  const old = () => { late = true; return kept.clone(); };
  const slow = new Promise((done) => setTimeout(() => done(old()), PATIENCE));
  return Promise.race([fresh.then((answer) => (answer.status >= 500 ? old() : answer)), slow]).catch(old);
}

async function file(request) {
  const kept = await (await whole()).match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}
