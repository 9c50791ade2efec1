// <presence-switch>: whether others see that one is here and typing, and one sees them. Saved as it is turned.
import { _ } from "ui/i18n"
import { toast } from "ui/toast"

customElements.define("presence-switch", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", async ({ target }) => {
      const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? ""
      const done = await fetch("/api/v1/conversations/presence", {
        method: "POST", body: JSON.stringify({ is_on: target.checked }), headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      }).catch(() => null)
      if (done?.ok) return
      target.checked = !target.checked
      toast(_("No connection."), { tone: "warn" })
    })
  }
})
