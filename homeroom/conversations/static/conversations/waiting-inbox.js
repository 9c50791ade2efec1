// <waiting-inbox>: answering one thread after another. What was sent leads to the next; j and k, or Alt with an arrow,
// go on and back. Leaving loses nothing: what is begun is kept as a draft, what was sent waits in the outbox.
import { _ } from "ui/i18n"
import { toast } from "ui/toast"

const ASK_EVERY = 30_000

class WaitingInbox extends HTMLElement {
  connectedCallback() {
    this.keys = (event) => this.#pressed(event)
    this.clicked = (event) => {
      const link = event.target.closest("[data-next], [data-previous]")
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      this.#go(link)
    }
    this.addEventListener("click", this.clicked)
    this.sent = (event) => { if (event.detail.url === `${this.dataset.api}/messages`) location.assign(this.dataset.after) }
    document.addEventListener("keydown", this.keys)
    document.addEventListener("outbox:sent", this.sent)
    this.timer = setInterval(() => this.#count(), ASK_EVERY)
    for (const keep of this.querySelectorAll("[data-keys]")) keep.hidden = false
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.keys)
    document.removeEventListener("outbox:sent", this.sent)
    clearInterval(this.timer)
  }

  /** What is begun is on the server before the page is left, so that coming back at once finds it. */
  async #go(link) {
    const thread = this.querySelector("chat-thread")
    if (thread?.composer && !await thread.send("/draft", { text: thread.composer.text.value })) {
      toast(_("No connection."), { tone: "warn" }) // staying loses nothing; going would
      return
    }
    location.assign(link.href)
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing || document.querySelector("dialog[open]")) return
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]")
    const next = event.altKey ? event.key === "ArrowDown" || event.key === "ArrowRight" : !typing && event.key === "j"
    const back = event.altKey ? event.key === "ArrowUp" || event.key === "ArrowLeft" : !typing && event.key === "k"
    if (!next && !back) return
    event.preventDefault()
    const link = this.querySelector(next ? "[data-next]" : "[data-previous]")
    if (link) this.#go(link)
    else toast(next ? _("This is the last one.") : _("This is the first one."))
  }

  /** Families go on writing while one answers. */
  async #count() {
    if (document.visibilityState !== "visible") return
    const response = await fetch(this.dataset.count, { headers: { Accept: "application/json" } }).catch(() => null)
    if (!response?.ok || response.redirected) return
    const more = (await response.json()).waiting - Number(this.dataset.waiting)
    const note = this.querySelector("[data-more]")
    note.hidden = more <= 0
    if (more > 0) note.querySelector("span").textContent = _("%(n)s more families have written", { n: more })
  }
}

customElements.define("waiting-inbox", WaitingInbox)
