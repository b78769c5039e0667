// The service worker of the pocket. FILES and VERSION stand before this, written by the server.
// It keeps the shell and what the shell is made of: no person's page, no answer of the API, no token.
const KEPT = `jishi-pocket-${VERSION}`, SHELL = "/pocket", PATIENCE = 4000;

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  e.waitUntil((async () => {
    const before = await caches.open(KEPT);
    for (const name of await caches.keys()) {
      if (name === KEPT || !name.startsWith("jishi-pocket-")) continue;
      const shell = await (await caches.open(name)).match(SHELL);  // a new version without network still opens
      if (shell && !(await before.match(SHELL))) await before.put(SHELL, shell);
      await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (e) => {
  const asked = new URL(e.request.url);
  if (e.request.method !== "GET" || asked.origin !== location.origin) return;
  if (e.request.mode === "navigate" && asked.pathname === SHELL) e.respondWith(shell(e.request));
  else if (FILES.includes(asked.pathname)) e.respondWith(file(e.request));
});

// The network first: a page of today. Without it, or when it is slow, the one that was kept.
async function shell(request) {
  const cache = await caches.open(KEPT);
  const kept = await cache.match(SHELL);
  const fresh = fetch(request).then((answer) => {
    if (answer.ok && !answer.redirected) cache.put(SHELL, answer.clone());
    return answer;
  });
  if (!kept) return fresh;
  const slow = new Promise((done) => setTimeout(() => done(kept.clone()), PATIENCE));
  return Promise.race([fresh.then((answer) => (answer.status >= 500 ? kept.clone() : answer)), slow]).catch(() => kept.clone());
}

async function file(request) {
  const kept = await (await caches.open(KEPT)).match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}
