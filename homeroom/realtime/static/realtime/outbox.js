// What a person has confirmed or written is kept until the server has it: a phone in a lift loses nothing.
// Each entry goes out with its own key in `Idempotency-Key`, so sending it twice does it once.
// The page hears, on `document`: outbox:sent {key, url, body, answer}, outbox:refused {key, url, body, status, answer},
// outbox:waiting {count}.
const NAME = () => `outbox:${document.querySelector("live-socket")?.dataset.account ?? ""}`;
const KEPT_FOR = 7 * 24 * 3600 * 1000;
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`outbox:${name}`, { detail }));

const memory = new Map(); // for a browser that stores nothing
const read = () => {
  try { return JSON.parse(localStorage.getItem(NAME()) ?? "[]").filter((entry) => Date.now() - entry.at < KEPT_FOR); } catch { return [...memory.values()]; }
};
const write = (entries) => {
  memory.clear();
  for (const entry of entries) memory.set(entry.key, entry);
  try { localStorage.setItem(NAME(), JSON.stringify(entries)); } catch { /* kept in memory as long as the page lives */ }
  tell("waiting", { count: entries.length });
};
const remove = (key) => write(read().filter((entry) => entry.key !== key));

const csrf = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";

let carry = async () => null;
/** How an entry may go over the socket: a function that resolves to the server's answer, or null when it must go by HTTP. */
export const carryBy = (function_) => { carry = function_; };

/** "sent", "refused" or "waiting", with the server's answer. */
async function deliver(entry) {
  const done = entry.act ? await carry(entry.act.do, entry.act.d, entry.key) : null;
  if (done) {
    remove(entry.key);
    tell("sent", { key: entry.key, url: entry.url, body: entry.body, status: 200, answer: done, live: true });
    return { outcome: "sent", status: 200, answer: done };
  }
  let response;
  try {
    response = await fetch(entry.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf(), "Idempotency-Key": entry.key },
      body: JSON.stringify(entry.body),
      signal: AbortSignal.timeout(20_000),
    });
  } catch {
    return { outcome: "waiting" };
  }
  // Too busy, a restart, signed out meanwhile: the person's act still stands.
  if (response.status >= 500 || [401, 408, 425, 429].includes(response.status)) return { outcome: "waiting", status: response.status };
  const answer = await response.json().catch(() => null);
  remove(entry.key);
  const outcome = response.ok ? "sent" : "refused";
  tell(outcome, { key: entry.key, url: entry.url, body: entry.body, status: response.status, answer });
  return { outcome, status: response.status, answer };
}

/**
 * Post `body` as JSON to `url`, now or when there is a connection again, over page changes and restarts of the browser.
 * Resolves to {outcome, status, answer}; "waiting" means that it is kept and will be sent. `act`, {do, d}, is the same for
 * the socket: tried first while there is one.
 */
export async function post(url, body = {}, key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`, act = null) {
  const entry = { key, url, body, act, at: Date.now() };
  write([...read().filter((other) => other.key !== key), entry]);
  const result = await deliver(entry);
  if (result.outcome === "waiting") later();
  return result;
}

/** How many acts wait to be sent. */
export const waiting = () => read().length;

let flushing = null;

/** Send what waits, oldest first; one tab at a time where the browser can tell. */
export function flush() {
  if (!read().length) return Promise.resolve();
  const run = async () => {
    for (const entry of read()) {
      const { outcome } = await deliver(entry);
      if (outcome === "waiting") { later(); break; }
    }
  };
  flushing ??= (navigator.locks ? navigator.locks.request(NAME(), { ifAvailable: true }, (lock) => (lock ? run() : undefined)) : run()).finally(() => { flushing = null; });
  return flushing;
}

let timer = 0;
let pause = 3_000;
function later() {
  timer ||= setTimeout(() => { timer = 0; pause = Math.min(pause * 2, 60_000); flush(); }, pause * (0.75 + Math.random() / 2));
}
document.addEventListener("outbox:sent", () => { pause = 3_000; });
window.addEventListener("online", () => flush());
