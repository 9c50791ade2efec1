// Reads #data-target aloud with the browser's own voice. Stays hidden where the browser has none.
import { _ } from "ui/i18n";

const speech = window.speechSynthesis;
// Long texts are cut at sentence ends: some engines fall silent after about 200 characters.
const sentences = (text) => text.replace(/\s+/g, " ").match(/[^。！？!?；;\n]{1,160}[。！？!?；;\n]?/g) ?? [];

customElements.define("read-aloud", class extends HTMLElement {
  connectedCallback() {
    if (!speech || !window.SpeechSynthesisUtterance) return;
    this.hidden = false;
    this.button = this.querySelector("button");
    this.words = this.button.querySelector("span");
    this.label = this.words.textContent;
    this.button.addEventListener("click", () => (this.reading ? this.stop() : this.start()));
  }
  disconnectedCallback() { if (this.reading) this.stop(); }
  start() {
    const target = document.getElementById(this.dataset.target);
    const parts = sentences(target?.innerText ?? "");
    if (!parts.length) return;
    speech.cancel();
    const lang = target.closest("[lang]")?.lang || document.documentElement.lang;
    parts.forEach((part, at) => {
      const said = new SpeechSynthesisUtterance(part);
      said.lang = lang.startsWith("zh") ? "zh-CN" : lang;
      said.rate = 0.9;
      if (at === parts.length - 1) said.onend = () => this.paint(false);
      said.onerror = () => this.paint(false);
      speech.speak(said);
    });
    this.paint(true);
  }
  stop() { speech.cancel(); this.paint(false); }
  paint(reading) {
    this.reading = reading;
    this.button.setAttribute("aria-pressed", String(reading));
    this.words.textContent = reading ? _("Stop reading") : this.label;
  }
});
