// Numbers of an item that move by themselves while the page is open.
import { watch } from "realtime/socket";

const number = new Intl.NumberFormat(document.documentElement.lang);

customElements.define("live-counts", class extends HTMLElement {
  connectedCallback() {
    if (!this.dataset.token) return;
    this.stop = watch(this.dataset.token);
    this.heard = ({ detail }) => { if (detail.key === `item:${this.dataset.item}`) this.show(detail.data); };
    document.addEventListener("live:hint", this.heard);
  }

  disconnectedCallback() {
    this.stop?.();
    document.removeEventListener("live:hint", this.heard);
  }

  show(counts) {
    for (const box of this.querySelectorAll("[data-of]")) {
      const done = counts[box.dataset.of];
      const bar = box.querySelector("progress");
      bar.value = done;
      bar.max = counts.subjects || 1;
      box.querySelector("b").textContent = number.format(done);
    }
    for (const step of this.querySelectorAll("[data-step]")) {
      const value = counts[step.dataset.step];
      step.querySelector("[data-count]").textContent = number.format(value);
      step.querySelector("progress").value = value;
      const share = step.querySelector("[data-share]");
      if (share) share.textContent = `${Math.round((100 * value) / (counts.recipients || 1))}%`;
    }
  }
});
