// Keeps what was typed into the form around (or inside) it on this device, until the form was sent or the draft discarded.
// Passwords, files and hidden fields are never kept. A shared computer: the draft goes after a week, and with sign-out.
import { _ } from "ui/i18n";

const WEEK = 7 * 24 * 3600_000;
const PREFIX = "draft:";

const kept = (field) => field.name && !field.matches("[type=password], [type=file], [type=hidden], [type=submit], [data-no-draft]");

customElements.define("draft-keeper", class extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form") ?? this.querySelector("form");
    this.note = this.querySelector(".draft-note");
    this.key = `${PREFIX}${this.dataset.key}`;
    if (!this.form) return;
    this.form.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.save(), 400); });
    this.leave = () => { if (this.timer) this.save(); };
    window.addEventListener("pagehide", this.leave);
    // The draft goes only once the server has taken the form: the next page tells by how it was reached (see app.js).
    this.form.addEventListener("submit", () => { this.save(); sessionStorage.setItem("draft-sent", this.key); });
    this.form.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) this.forget(); });
    this.restore();
  }
  disconnectedCallback() { window.removeEventListener("pagehide", this.leave); }
  fields() { return [...this.form.elements].filter(kept); }
  save() {
    const values = {};
    for (const field of this.fields()) {
      if (field.type === "radio" && !field.checked) continue;
      (values[field.name] ??= []).push(field.type === "checkbox" ? (field.checked ? field.value : null) : field.value);
    }
    try { localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), values })); } catch { /* storage full or refused */ }
  }
  restore() {
    let draft = null;
    try { draft = JSON.parse(localStorage.getItem(this.key)); } catch { /* unreadable: as if there were none */ }
    if (!draft || Date.now() - draft.at > WEEK) { this.forget(); return; }
    let changed = false;
    const seen = {};
    for (const field of this.fields()) {
      const at = field.type === "radio" ? 0 : (seen[field.name] = (seen[field.name] ?? -1) + 1);
      const value = draft.values[field.name]?.[at];
      if (value === undefined) continue;
      if (field.type === "checkbox") { if (field.checked !== (value !== null)) { field.checked = value !== null; changed = true; } }
      else if (field.type === "radio") { const on = field.value === value; if (field.checked !== on) { field.checked = on; changed = true; } }
      else if (field.value !== value) { field.value = value; changed = true; }
    }
    if (!changed) return;
    this.note.textContent = _("Your unsent draft was brought back.");
    const discard = document.createElement("button");
    discard.type = "button";
    discard.className = "b quiet small";
    discard.textContent = _("Discard it");
    discard.addEventListener("click", () => { this.forget(); this.form.reset(); this.note.hidden = true; this.form.dispatchEvent(new Event("change", { bubbles: true })); });
    this.note.append(discard);
    this.note.hidden = false;
    this.form.dispatchEvent(new Event("change", { bubbles: true }));
  }
  forget() {
    clearTimeout(this.timer);
    this.timer = null;
    localStorage.removeItem(this.key);
  }
});
