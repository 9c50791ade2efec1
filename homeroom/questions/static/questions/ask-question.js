// <ask-question>: one tap on a suggested topic chooses it.
customElements.define("ask-question", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-topic]");
      if (!chosen) return;
      const select = this.querySelector('select[name="topic"]');
      select.value = chosen.dataset.topic;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      for (const chip of this.querySelectorAll("[data-topic]")) chip.setAttribute("aria-pressed", chip === chosen ? "true" : "false");
    });
  }
});
