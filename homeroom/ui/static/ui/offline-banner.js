// Says that there is no connection while there is none.
import { _ } from "ui/i18n";

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
