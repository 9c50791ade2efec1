// One tap acts: the card changes at once, and the act is kept in the outbox until the server has it.
import { _ } from "ui/i18n";
import { toast } from "ui/toast";
import { post } from "realtime/outbox";

const parts = () => document.getElementById("live-parts")?.content;

/** A copy of a prepared piece of markup from the page. */
export const part = (name) => {
  const found = parts()?.querySelector(`[data-part="${name}"]`);
  if (!found) return document.createTextNode("");
  const piece = document.createDocumentFragment();
  for (const node of found.cloneNode(true).childNodes) piece.append(node.cloneNode(true));
  return piece;
};
export const shown = (item) => document.querySelectorAll(`[data-item="${CSS.escape(item)}"]`);
const slots = (item, name) => [...shown(item)].flatMap((node) => [...node.querySelectorAll(`[data-slot="${name}"]`)]);
export const put = (item, name, ...nodes) => slots(item, name).forEach((slot) => slot.replaceChildren(...nodes.map((node) => (typeof node === "function" ? node() : node))));

/** The card is read: no dot, and one less on the badge. */
export function markRead(item) {
  for (const node of shown(item)) {
    if (!node.classList.contains("is-unread")) continue;
    node.classList.remove("is-unread");
    node.querySelector(".unread")?.remove();
    countNew(node.dataset.category, -1);
  }
}

/** One new item more or less: in the menu, and on the chips above the list. */
export function countNew(category, more) {
  for (const name of ["home", "unread", `unread-${category}`]) count(name, more);
}

/** Add to the number of a badge. */
export function count(name, more) {
  for (const badge of document.querySelectorAll(`[data-badge="${name}"]`)) {
    const number = Math.max(0, (parseInt(badge.firstChild?.textContent, 10) || 0) + more);
    badge.hidden = !number;
    if (number) badge.closest(".chip")?.removeAttribute("hidden");
    if (badge.firstChild) badge.firstChild.textContent = number > 99 ? "99+" : String(number);
    else badge.textContent = String(number);
  }
}

/** Nothing is asked any more: `state` is the part that says why. */
export function settle(item, state) {
  put(item, "action");
  put(item, "state", () => part(state));
  for (const node of shown(item)) {
    for (const snooze of node.querySelectorAll("[data-snooze]")) snooze.remove();
    if (node.matches(".to-do-list > li")) leave(node);
    if (node.matches("form.action-bar")) node.hidden = true;
  }
}

/** Take a node off the page; the list around it may be empty then. */
export function leave(node) {
  const list = node.parentElement;
  if (list?.matches(".to-do-list")) {
    count("to-do", -1);
    node.remove();
    const panel = list.closest(".to-do");
    if (panel && !list.children.length) panel.hidden = true;
    return;
  }
  if (node.classList.contains("is-unread")) countNew(node.dataset.category, -1);
  node.remove();
}

const copy = (item) => [...shown(item)].map((node) => [node, node.cloneNode(true), node.hidden]);

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-outbox]");
  if (!form) return;
  event.preventDefault();
  const act = form.dataset.outbox;
  const item = form.dataset.item ?? form.closest("[data-item]")?.dataset.item;
  const fields = new FormData(form);
  const body = { version: Number(fields.get("version")) || null };
  if (act === "reply") {
    body.text = fields.get("text");
    body.child = fields.get("child") || null;
  }
  const before = copy(item);
  if (act === "reply") form.querySelector("button:last-of-type")?.setAttribute("aria-busy", "true");
  else if (act === "read") { markRead(item); put(item, "action"); }
  else { settle(item, `did-${act}`); markRead(item); }
  const { outcome, answer } = await post(`/api/v1/items/${item}/${act}`, body);
  form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  if (outcome === "refused") {
    if (act !== "reply") for (const [node, old, hidden] of before) {
      if (!node.isConnected) { node.hidden = hidden; continue; }
      if (old.classList.contains("is-unread")) countNew(old.dataset.category, 1);
      node.replaceWith(old);
    }
    toast(answer?.error?.message ?? _("This did not work. Please try again."), { tone: "bad" });
    return;
  }
  if (act === "reply") { said(form, body.text); return; }
  if (outcome === "waiting" && act !== "read") { put(item, "state", () => part("waiting")); toast(_("No connection. It is kept on this device and will be sent.")); return; }
  if (act !== "read") toast(answer?.said ?? _("Done"), { tone: "good" });
});

// A reply is shown as written; when it is only kept so far, the toast says so.
function said(form, text) {
  let talk = document.getElementById("talk");
  if (!talk) {
    talk = document.createElement("ol");
    talk.className = "talk";
    talk.id = "talk";
    form.before(talk);
  }
  const line = document.createElement("li");
  line.className = "mine";
  const words = document.createElement("p");
  words.className = "keep-lines";
  words.textContent = text;
  line.append(words);
  talk.append(line);
  form.reset();
  toast(_("Sent to the school. Other families do not see it."), { tone: "good" });
}

document.addEventListener("outbox:sent", ({ detail }) => {
  const [, item, act] = detail.url.match(/^\/api\/v1\/items\/([^/]+)\/(\w+)$/) ?? [];
  if (item && (act === "confirm" || act === "sign")) put(item, "state", () => part(`did-${act}`));
});

// --- putting away: one dialog for all cards
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-snooze]");
  const dialog = document.getElementById("snooze");
  if (!link || !(dialog instanceof HTMLDialogElement)) return;
  event.preventDefault();
  const form = dialog.querySelector("form");
  form.dataset.item = link.dataset.snooze;
  form.action = `/feed/items/${link.dataset.snooze}/snooze/`;
  dialog.showModal();
});
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-snooze-form]");
  if (!form?.dataset.item) return;
  event.preventDefault();
  const { item } = form.dataset;
  const choice = event.submitter?.value ?? "time";
  const at = form.querySelector('[name="at"]').value;
  if (choice === "time" && !at) { form.querySelector('[name="at"]').focus(); return; }
  form.closest("dialog").close();
  const { outcome, answer } = await post(`/api/v1/items/${item}/snooze`, { until: choice === "time" ? at : choice });
  if (outcome === "refused") { toast(answer?.error?.message ?? _("This did not work. Please try again."), { tone: "bad" }); return; }
  for (const node of [...shown(item)]) leave(node);
  toast(answer?.said ?? _("Put away"), { tone: "good" });
});
