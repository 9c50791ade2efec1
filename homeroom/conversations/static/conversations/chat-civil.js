// <chat-civil>: what a sender is told before a message goes out. Which words hit and what can be done about it; one's own
// messages that wait for a moderator; and families whose messages the reader has folded away.
import { _ } from "ui/i18n"
import { post } from "realtime/outbox"

const newKey = () => crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16))
const CHOICES = {
  warn: () => [["send", _("Send it as it is")]],
  hold: () => [["ask", _("Let a moderator read it")]],
  refuse: () => [["ask", _("Ask for it to be looked at")]],
}

class ChatCivil extends HTMLElement {
  connectedCallback() {
    this.thread = this.closest("chat-thread")
    this.list = this.thread.querySelector("[data-messages]")
    this.folded = new Set()
    this.url = `${this.thread.dataset.api}/messages`
    this.refused = ({ detail }) => { if (detail.url === this.url && detail.answer?.error?.code === "words_found") setTimeout(() => this.#tell(detail)) } // after the form has put the text back
    this.sent = ({ detail }) => { if (detail.url === this.url && detail.answer?.waits) { this.#pending(detail.key)?.remove(); this.#load() } }
    document.addEventListener("outbox:refused", this.refused)
    document.addEventListener("outbox:sent", this.sent)
    this.watcher = new MutationObserver((changes) => { for (const change of changes) for (const item of change.addedNodes) this.#arrived(item) })
    this.watcher.observe(this.list, { childList: true })
    this.#load()
  }

  disconnectedCallback() {
    document.removeEventListener("outbox:refused", this.refused)
    document.removeEventListener("outbox:sent", this.sent)
    this.watcher.disconnect()
  }

  #pending(key) { return this.list.querySelector(`[data-pending="${CSS.escape(key)}"]`) }

  async #load() {
    const response = await fetch(this.dataset.address).catch(() => null)
    if (!response?.ok || response.redirected) return
    const held = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".held")
    if (!held) return
    const atEnd = this.thread.nearEnd
    this.querySelector(".held")?.remove()
    if (held.children.length) this.prepend(held)
    this.folded = new Set(JSON.parse(held.dataset.folded))
    for (const item of this.list.children) this.#arrived(item)
    if (held.children.length && atEnd) this.thread.toEnd()
  }

  #arrived(item) {
    if (item.dataset?.key) this.querySelector(`[data-held="${CSS.escape(item.dataset.key)}"]`)?.remove()
    const article = item.querySelector?.(":scope > article")
    if (!article || article.hidden || !this.folded.has(article.getAttribute("aria-label"))) return
    const open = document.createElement("button")
    open.type = "button"
    open.className = "b quiet small msg-folded"
    open.textContent = _("A message you have folded away. Show it")
    open.addEventListener("click", () => { article.hidden = false; open.remove() })
    article.hidden = true
    item.append(open)
  }

  // --- which words hit

  #tell({ key, body, answer }) {
    this.#pending(key)?.remove()
    const text = this.thread.querySelector("[data-composer]")?.elements.text
    if (text && !text.value) text.value = body.text
    this.querySelector(".chat-words")?.remove()
    const panel = document.createElement("div")
    panel.className = "alert warn chat-words"
    panel.role = "alert"
    const inside = document.createElement("div")
    const said = document.createElement("p")
    said.textContent = answer.error.message
    const row = document.createElement("div")
    row.className = "actions"
    const act = (label, kind, run) => {
      const button = document.createElement("button")
      button.type = "button"
      button.className = `b ${kind} small`
      button.textContent = label
      button.addEventListener("click", run)
      row.append(button)
    }
    act(_("Change it"), "primary", () => { panel.remove(); text?.focus() })
    for (const [wish, label] of CHOICES[answer.error.fields.action]?.() ?? []) {
      act(label, "secondary", () => {
        panel.remove()
        if (text?.value === body.text) { text.value = ""; text.dispatchEvent(new Event("input", { bubbles: true })) }
        post(this.url, { ...body, wish }, newKey())
      })
    }
    inside.append(said, row)
    panel.append(inside)
    this.append(panel)
    panel.scrollIntoView({ block: "nearest" })
  }
}

customElements.define("chat-civil", ChatCivil)
