// Keeps a page live: one socket, which says what it has and gets everything after it, once and in order.
// The protocol is docs/contract/socket.md. The page hears, on `document`:
//   live:event  {stream, number, about, name, at, data}   data null: no longer to be shown
//   live:reload {stream}                                   too much was missed: load the page afresh
//   live:ready  {streams}                                  everything missed has come; the numbers reached
//   live:hint   {key, data}                                a live count, somebody typing
//   live:state  {state}                                    "live", "polling", "offline" or "signed-out"
import { _ } from "ui/i18n";
import { carryBy, flush } from "realtime/outbox";

const VERSION = 1;
const POLL_EVERY = 30_000;
const QUIET_AT_MOST = 30_000; // without a word for so long, ask whether the gateway is still there
const ANSWER_WITHIN = 10_000;
const SHOW_AFTER = 4_000; // a short break is nobody's business
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));

let element = null;
let account = "";
let socket = null;
let state = "connecting";
let last = {};
let attempts = 0;
let retry = 0;
let quiet = 0;
let polling = 0;
let acknowledging = 0;
const watched = new Map(); // token → key
const unacknowledged = new Map();

const keep = () => { try { sessionStorage.setItem(`live:${account}`, JSON.stringify(last)); } catch { /* private window: the page's own numbers do */ } };
const kept = () => { try { return JSON.parse(sessionStorage.getItem(`live:${account}`) ?? "{}"); } catch { return {}; } };
export const topicOf = (token) => token.split(":").slice(0, -2).join(":");
const send = (frame) => { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame)); };

function become(next) {
  if (next === state) return;
  state = next;
  tell("state", { state });
  element?.show(state);
}

/** Watch a live count; `token` is what the page was given for it. Returns a function that stops watching. */
export function watch(token) {
  watched.set(token, topicOf(token));
  if (state === "live") send({ t: "watch", k: [token] });
  return () => { watched.delete(token); if (state === "live") send({ t: "unwatch", k: [topicOf(token)] }); };
}

/** What the page shows of some streams already counts before the socket says hello. */
export function startAt(places) {
  for (const [stream, number] of Object.entries(places)) last[stream] = Math.max(last[stream] ?? 0, number);
}

/** The number reached in each stream, and the newest hint of each kind about oneself: for what is loaded late. */
export const reached = () => last;
export const hintsKept = new Map();
export const isLive = () => state === "live";

// --- what is done over the socket

const asked = new Map(); // id → how to answer whoever waits
let acts = 0;

/** Do something over the socket: the server's answer, or null when it must be done over HTTP instead. */
export function act(what, data, id = `a${++acts}`) {
  if (state !== "live" || socket?.readyState !== WebSocket.OPEN) return Promise.resolve(null);
  return new Promise((resolve) => {
    const timer = setTimeout(() => answer(id, null), ANSWER_WITHIN);
    asked.set(id, (given) => { clearTimeout(timer); resolve(given); });
    send({ t: "act", id, do: what, d: data });
  });
}
carryBy(act);

/** Say something that needs no answer, such as that one is typing. */
export function say(what, data) {
  if (state === "live") send({ t: "act", id: "", do: what, d: data });
}

function answer(id, given) {
  const waiting = asked.get(id);
  asked.delete(id);
  waiting?.(given);
}

// --- what arrives

const hasGaps = (stream) => stream[0] === "x"; // of many changes of one message only the newest is told

function take(frame) {
  const { s: stream, n: number } = frame;
  if (frame.t === "reload") {
    last[stream] = number;
    tell("reload", { stream });
    return true;
  }
  const have = last[stream];
  if (have !== undefined && number <= have) return true;
  if (have !== undefined && number !== have + 1 && !hasGaps(stream)) return false;
  last[stream] = number;
  tell("event", { stream, number, about: frame.a, name: frame.e, at: frame.at, data: frame.d });
  return true;
}

function acknowledge(stream) {
  unacknowledged.set(stream, last[stream]);
  acknowledging ||= setTimeout(() => {
    acknowledging = 0;
    for (const [s, n] of unacknowledged) send({ t: "ack", s, n });
    unacknowledged.clear();
  }, 1000 + Math.random() * 2000); // two thousand pages got the same notice in the same moment
}

function receive(frame) {
  switch (frame.t) {
    case "event": case "reload":
      if (!take(frame)) { connect(); return; } // a number is missing: say again what we have
      keep();
      if (frame.s[0] === "p") acknowledge(frame.s); // delivery wants to know; a conversation has its own read marks
      break;
    case "ready":
      attempts = 0;
      last = frame.streams;
      hintsKept.clear();
      keep();
      clearTimeout(polling);
      polling = 0;
      become("live");
      tell("ready", { streams: last });
      if (watched.size) send({ t: "watch", k: [...watched.keys()] });
      flush();
      break;
    case "acked": answer(frame.id, frame.d); break;
    case "refused": answer(frame.id, null); break;
    case "hint":
      for (const [key, data] of Object.entries(frame.d)) {
        if (key.includes("/")) hintsKept.set(key, data);
        tell("hint", { key, data });
      }
      break;
    case "unwatched":
      for (const token of frame.k) { watched.delete(token); tell("unwatched", { token }); }
      break;
  }
}

// --- the line

function stillThere() {
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    send({ t: "ping" });
    quiet = setTimeout(connect, ANSWER_WITHIN); // no answer: the line is dead, whatever the browser believes
  }, QUIET_AT_MOST);
}

function drop() {
  clearTimeout(quiet);
  clearTimeout(retry);
  const old = socket;
  socket = null;
  for (const id of [...asked.keys()]) answer(id, null);
  if (old) { old.onopen = old.onmessage = old.onclose = null; old.close(); }
}

function connect() {
  drop();
  if (state === "signed-out") return;
  const mine = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
  mine.onopen = () => { send({ t: "hello", v: VERSION, after: last }); stillThere(); };
  mine.onmessage = (message) => { stillThere(); receive(JSON.parse(message.data)); };
  mine.onclose = ({ code }) => {
    if (mine !== socket) return;
    drop();
    if (code === 4401) { become("signed-out"); return; }
    wait(code === 4403 || code === 1001 ? 0.5 : 1);
  };
}

function wait(seconds) {
  // Twice as long each time up to half a minute, and anywhere in the second half of it: not everybody at once.
  const longest = Math.min(30, seconds * 2 ** attempts++);
  retry = setTimeout(connect, longest * (0.5 + Math.random() / 2) * 1000);
  if (state !== "polling") become("offline");
  polling ||= setTimeout(poll, Math.min(POLL_EVERY, 5_000));
}

/** While no socket opens (an old proxy, a hotel's network), ask over plain HTTP. */
async function poll() {
  polling = setTimeout(poll, POLL_EVERY * (0.8 + Math.random() * 0.4));
  if (!navigator.onLine || document.visibilityState === "hidden") return;
  const answer = await fetch(`/api/v1/stream?after=${encodeURIComponent(JSON.stringify(last))}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!polling || state === "live") return;
  if (answer?.status === 401) { drop(); clearTimeout(polling); become("signed-out"); return; }
  if (!answer?.ok) { become("offline"); return; }
  const { streams, frames } = await answer.json();
  if (!polling || state === "live") return;
  for (const frame of frames) take(frame);
  last = streams;
  keep();
  become("polling");
  flush();
}

const wake = () => { if (element && !socket && state !== "signed-out") { attempts = 0; connect(); } };
window.addEventListener("online", () => { attempts = 0; if (element) connect(); });
window.addEventListener("offline", () => { if (element && state !== "signed-out") become("offline"); });
window.addEventListener("pageshow", (event) => { if (event.persisted && element) connect(); }); // out of the back-forward cache
window.addEventListener("pagehide", () => drop());
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") wake(); });

customElements.define("live-socket", class extends HTMLElement {
  connectedCallback() {
    element = this;
    account = this.dataset.account;
    // What the page shows already counts first; another page of this tab may know further streams.
    last = { ...kept(), ...JSON.parse(this.dataset.after || "{}") };
    this.setAttribute("role", "status");
    connect();
  }

  disconnectedCallback() {
    if (element !== this) return;
    element = null;
    drop();
    clearTimeout(polling);
    polling = 0;
  }

  show(now) {
    clearTimeout(this.timer);
    this.dataset.state = now;
    const words = {
      offline: _("The connection is interrupted. New messages show as soon as it is back; what you confirm is kept."),
      "signed-out": _("You are signed out on this device. Sign in again to go on."),
    }[now] ?? "";
    const show = () => { this.textContent = words; this.hidden = !words; this.className = words ? "banner warn live-state" : ""; };
    if (now === "offline") this.timer = setTimeout(show, SHOW_AFTER);
    else show();
  }
});
