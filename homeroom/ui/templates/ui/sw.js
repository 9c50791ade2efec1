// Keeps the offline page and the hashed static files. Never a page with anyone's data: those are always asked of the server.
const KEEP = "homeroom-{{ version }}";
const OFFLINE = "{{ offline_url }}";
const FILES = {{ keep|safe }};
const STATIC = "{{ static_url }}";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEEP).then((cache) => cache.addAll([OFFLINE, ...FILES])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEEP).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (url.origin === location.origin && url.pathname.startsWith(STATIC)) {
    event.respondWith(fetch(request).catch(() => caches.match(request)));
  }
});
