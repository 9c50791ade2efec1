// "5 minutes ago" that stays true while the page is open. After an hour the server's words (今天 14:05) are right for longer.
import { _, ngettext } from "ui/i18n";

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
