// Starts every page: menus, dialogs, preference switches, messages; loads an element's module only where it is used.
import { _, ngettext } from "ui/i18n";
import { settle, toast } from "ui/toast";

const root = document.documentElement;

// --- elements and modules a page asks for by using them
const ELEMENTS = {
  "char-count": "ui/char-count", "copy-button": "ui/copy-button", "draft-keeper": "ui/draft-keeper", "read-aloud": "ui/read-aloud",
};
// What cannot be fetched, the network being gone, is missing until the next page: every page works without its elements.
const bring = (module) => import(module).catch((wrong) => console.warn(wrong));
const load = (part) => {
  for (const [tag, module] of Object.entries(ELEMENTS)) if (part.querySelector(tag)) bring(module);
  for (const node of part.querySelectorAll("[data-module]")) bring(node.dataset.module);
  if (!asked) watch(part);
};

// --- htmx weighs as much as all the rest: it is fetched when something that uses it comes near the window
const USES_HTMX = ":is([hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete], [hx-boost], [data-hx-get])";
let asked = false;
const fetchHtmx = () => {
  if (asked) return;
  asked = true;
  const add = () => {
    const script = document.createElement("script");
    script.src = document.querySelector('meta[name="htmx-source"]').content;
    document.head.append(script);
  };
  // Between DOMContentLoaded and load, htmx would wait for an event that has already been.
  if (document.readyState === "complete") add(); else window.addEventListener("load", add);
};
const near = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) { near.disconnect(); fetchHtmx(); } }, { rootMargin: "400px" });
const watch = (part) => {
  for (const node of part.querySelectorAll(USES_HTMX)) {
    if (/load|every|revealed|sse|from:/.test(node.getAttribute("hx-trigger") ?? "")) fetchHtmx(); else near.observe(node);
  }
};

// --- drop-down menus are <details>: they work without us; we close them
const closeMenus = (except) => document.querySelectorAll("[data-menu][open]").forEach((menu) => { if (menu !== except) menu.open = false; });
document.addEventListener("click", (event) => closeMenus(event.target.closest("[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("[data-menu][open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("[data-menu]")));

// --- dialogs: any button with data-dialog opens, data-close or a click beside it closes
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

// --- preferences: forms that work without us; with us the page changes at once and stays where it is
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-preference]");
  const button = event.submitter;
  if (!form || !button) return;
  event.preventDefault();
  const { name, value } = button;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button), headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) { toast(_("This could not be saved. Check your connection."), { tone: "warn" }); return; }
  if (name === "elder") {
    root.toggleAttribute("data-elder", value === "1");
    button.value = value === "1" ? "0" : "1";
    button.setAttribute("aria-pressed", String(value === "1"));
  } else {
    root.dataset[name] = value;
    for (const other of form.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", String(other === button));
  }
});

// --- a form is sent once; its button says so
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog" || event.target.target) return;
  const button = event.submitter;
  if (!button || event.target.matches("[hx-post], [hx-get]")) return;
  if (button.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
  button.setAttribute("aria-busy", "true");
  const words = button.querySelector("span");
  if (button.dataset.busy && words) words.textContent = button.dataset.busy;
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
});

// --- htmx: errors are told, new parts are started, focus is not lost
document.addEventListener("htmx:load", (event) => load(event.detail.elt.parentNode ?? document));
document.addEventListener("htmx:sendError", () => toast(_("No connection. Nothing was lost; try again."), { tone: "warn" }));
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  let words = "";
  try { words = JSON.parse(xhr.responseText).message ?? ""; } catch { /* a page, not JSON: the general words do */ }
  toast(words || _("This did not work. Please try again."), { tone: "bad" });
});
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, { tone: event.detail.tone ?? "good" }));

// --- a draft whose form the server took: it answered with a redirect, and not to signing in again
const sent = sessionStorage.getItem("draft-sent");
if (sent) {
  sessionStorage.removeItem("draft-sent");
  const [{ redirectCount } = { redirectCount: 0 }] = performance.getEntriesByType("navigation");
  if (redirectCount && !location.pathname.startsWith("/sign-in/")) localStorage.removeItem(sent);
}

// --- signing out on a shared computer takes the drafts along
document.addEventListener("submit", (event) => {
  if (new URL(event.target.getAttribute("action") ?? "", location.href).pathname !== "/sign-out/") return;
  for (const key of Object.keys(localStorage)) if (key.startsWith("draft:")) localStorage.removeItem(key);
});

// --- two elements that are on nearly every page
// "5 minutes ago" that stays true while the page is open. After an hour the server's words (今天 14:05) are right for longer.
const MINUTE = 60_000;

customElements.define("relative-time", class extends HTMLElement {
  connectedCallback() {
    this.time = this.querySelector("time");
    this.timer = setInterval(() => this.write(), MINUTE / 2);
  }
  disconnectedCallback() { clearInterval(this.timer); }
  write() {
    const age = Date.now() - Date.parse(this.time.dateTime);
    if (age < 0) return;
    if (age < MINUTE) this.time.textContent = _("Just now");
    else if (age < 60 * MINUTE) this.time.textContent = ngettext("%(n)d minute ago", "%(n)d minutes ago", Math.floor(age / MINUTE));
    else { this.time.textContent = this.time.title || this.time.textContent; clearInterval(this.timer); }
  }
});

// Says that there is no connection while there is none.
customElements.define("offline-banner", class extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.change = () => {
      const off = !navigator.onLine;
      this.textContent = off ? _("No connection. What you enter is kept and sent when it is back.") : "";
      this.hidden = !off;
    };
    window.addEventListener("online", this.change);
    window.addEventListener("offline", this.change);
    this.change();
  }
  disconnectedCallback() {
    window.removeEventListener("online", this.change);
    window.removeEventListener("offline", this.change);
  }
});

load(document);
settle();
const worker = "serviceWorker" in navigator && window.isSecureContext ? navigator.serviceWorker.register("/sw.js").catch(() => {}) : Promise.resolve();

// --- a first page brings its style along; the worker keeps the sheet, and from then on pages only name it
const brought = document.querySelector("style[data-version]");
if (brought) worker.then(() => { document.cookie = `homeroom_style=${brought.dataset.version}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`; });
