// How many characters are left in a text field; spoken only when it gets tight.
import { ngettext } from "ui/i18n";

customElements.define("char-count", class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("textarea, input");
    this.output = document.createElement("output");
    this.append(this.output);
    this.field.addEventListener("input", () => this.write());
    this.write();
  }
  write() {
    const most = this.field.maxLength, used = this.field.value.length, left = most - used;
    const tight = left <= Math.max(10, most * 0.1);
    this.output.setAttribute("aria-live", tight ? "polite" : "off");
    this.output.classList.toggle("warn", tight);
    this.output.textContent = tight ? ngettext("%(n)d character left", "%(n)d characters left", left) : `${used} / ${most}`;
  }
});
