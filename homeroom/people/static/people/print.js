/** <print-button>: opens the browser's print dialogue. */
customElements.define(
  "print-button",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", () => window.print());
    }
  },
);
