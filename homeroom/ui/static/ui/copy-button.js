// Copies data-text, or the text of #data-target.
import { _ } from "ui/i18n";
import { toast } from "ui/toast";

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  // Schools reach the server by plain http inside the building, where the clipboard interface is not offered.
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "sr";
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("copy refused");
}

customElements.define("copy-button", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async (event) => {
      if (!event.target.closest("button")) return;
      const { text, target } = this.dataset;
      try {
        await copy(text ?? document.getElementById(target).innerText);
        toast(_("Copied"), { tone: "good" });
      } catch {
        toast(_("Copying is not allowed here. Select the text and copy it by hand."), { tone: "warn" });
      }
    });
  }
});
