// <live-question>: keeps a question, or a list of them, as it stands now. What somebody is writing is never replaced:
// then only the talk is, and a message says that the question has moved. Alt+J and Alt+K walk through the queue.
import { _ } from "ui/i18n";
import { toast } from "ui/toast";

customElements.define("live-question", class extends HTMLElement {
  connectedCallback() {
    this.hear = ({ detail }) => {
      if (detail.stream !== `p${this.dataset.person}` || detail.name !== "questions.moved" || !detail.data) return;
      if (!this.dataset.question) this.load("#rows");
      else if (!detail.data.question || detail.data.question === this.dataset.question) this.load(this.isBusy() ? "#live" : "#question");
    };
    this.missed = ({ detail }) => { if (detail.stream[0] === "p") location.reload(); };
    this.walk = (event) => {
      if (!event.altKey || event.ctrlKey || event.metaKey) return;
      const link = this.querySelector(`a[data-key="${CSS.escape(event.code)}"]`);
      if (link) { event.preventDefault(); link.click(); }
    };
    document.addEventListener("live:event", this.hear);
    document.addEventListener("live:reload", this.missed);
    document.addEventListener("keydown", this.walk);
  }

  disconnectedCallback() {
    document.removeEventListener("live:event", this.hear);
    document.removeEventListener("live:reload", this.missed);
    document.removeEventListener("keydown", this.walk);
    clearTimeout(this.timer);
  }

  isBusy() {
    const typed = [...this.querySelectorAll("textarea, input[type=text], input[type=file]")];
    return typed.some((field) => field.value.trim() !== "") || this.querySelector("details[open] form") !== null;
  }

  // One act may bring several events; they are shown by one request. A page after a refused form is asked for by GET.
  load(part) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(part), 300);
  }

  async show(part) {
    const here = this.dataset.question ? `/questions/${this.dataset.question}/${location.search}` : location.href;
    const answer = await fetch(here, { headers: { Accept: "text/html" } }).catch(() => null); // the socket says when it is back
    if (!answer?.ok) { if (answer?.status === 404) location.reload(); return; } // no longer to be seen
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(part);
    const stale = this.querySelector(part);
    if (!fresh || !stale || (part === "#question" && this.isBusy())) return;
    stale.replaceWith(document.adoptNode(fresh));
    if (part === "#live") toast(_("The question has moved on; what you write is kept."));
  }
});
