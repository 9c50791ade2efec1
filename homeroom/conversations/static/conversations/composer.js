// The form of a conversation: what is sent shows at once and waits in the outbox until the server has it, over reloads
// and dead networks; what is only begun is kept on the server. Used by <chat-thread>.
import { _ } from "ui/i18n"
import { toast } from "ui/toast"
import { flush, post } from "realtime/outbox"

const DRAFT_AFTER = 1_500
const LATE_AFTER = 6_000 // by then whoever sent it wants to know that it waits

const newKey = () => crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16))

export class Composer {
  #draftTimer = 0
  #draft = ""
  #uploading = 0

  constructor(thread, form) {
    this.thread = thread
    this.form = form
    this.url = `${thread.dataset.api}/messages`
    this.text = form.elements.text
    this.said = form.querySelector("[data-said]")
    this.files = form.querySelector("[data-files]")
    this.#draft = this.text.value
    form.addEventListener("submit", (event) => {
      if (event.submitter?.hasAttribute("data-later")) return // to the page that asks when
      event.preventDefault()
      this.submit()
    })
    form.addEventListener("change", (event) => { if (event.target.dataset.upload) this.#upload(event.target) })
    form.addEventListener("click", (event) => this.#clicked(event))
    this.text.addEventListener("input", () => this.#typed())
    this.text.addEventListener("keydown", (event) => {
      // Enter ends a line where it is the only way to; on a keyboard it sends. While a Chinese word is composed it does neither.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229 && matchMedia("(pointer: fine)").matches) {
        event.preventDefault()
        this.submit()
      }
    })
    this.sent = ({ detail }) => {
      // Over the socket it comes back as everybody gets it; over HTTP, or when it does not, the page asks.
      if (detail.url === this.url) setTimeout(() => { if (this.#pending(detail.key)) thread.ask() }, detail.live ? 1_500 : 0)
    }
    this.refused = (event) => { if (event.detail.url === this.url) this.#refused(event.detail) }
    this.leaving = () => { if (document.visibilityState === "hidden") this.#keepDraft() }
    document.addEventListener("outbox:sent", this.sent)
    document.addEventListener("outbox:refused", this.refused)
    document.addEventListener("visibilitychange", this.leaving)
    for (const entry of this.#waiting()) this.#show(entry.key, entry.body.text, entry.body.files?.length ?? 0, true)
    if (this.#waiting().length) flush()
  }

  close() {
    clearTimeout(this.#draftTimer)
    document.removeEventListener("outbox:sent", this.sent)
    document.removeEventListener("outbox:refused", this.refused)
    document.removeEventListener("visibilitychange", this.leaving)
  }

  #waiting() {
    try {
      const account = document.querySelector("live-socket")?.dataset.account ?? ""
      return JSON.parse(localStorage.getItem(`outbox:${account}`) ?? "[]").filter((entry) => entry.url === this.url)
    } catch { return [] }
  }

  async submit() {
    const text = this.text.value.trim()
    const files = [...this.files.querySelectorAll('input[name="files"]')].map((input) => input.value)
    if (this.#uploading) { this.#say(_("A file is still on its way.")); return }
    const cites = this.form.elements.cites?.value ?? ""
    if (!text && !files.length && !cites) { this.text.focus(); return }
    const quoted = this.form.elements.quoted.value || null
    const key = newKey()
    this.#show(key, text || (cites && _("[card]")), files.length, false)
    this.text.value = ""
    this.files.replaceChildren()
    this.form.querySelector("[data-card]")?.remove()
    this.unquote()
    this.#say("")
    clearTimeout(this.#draftTimer)
    this.thread.toEnd()
    if (this.#waiting().length) await flush() // what waits goes first: messages keep the order in which they were written
    const plain = !quoted && !files.length && !cites
    const { outcome } = await post(this.url, { text, quoted, files, cites }, key, plain ? { do: "conversations.send", d: { to: this.thread.dataset.stream, text } } : null)
    if (outcome === "waiting") this.#late(key)
    if (outcome === "sent") {
      if (this.thread.past) { location.assign(location.pathname); return }
      if (this.#draft) { this.#draft = ""; this.thread.send("/draft", { text: "" }) }
    }
  }

  // --- what is on its way

  #show(key, text, files, late) {
    const item = document.createElement("li")
    item.className = "msg mine is-pending"
    item.dataset.pending = key
    const body = document.createElement("article")
    const words = document.createElement("div")
    words.className = "msg-text"
    words.textContent = text || _("[%(n)s files]", { n: files })
    const state = document.createElement("p")
    state.className = "msg-state"
    state.textContent = _("Sending …")
    body.append(words, state)
    item.append(body)
    this.thread.list.append(item)
    this.thread.querySelector("[data-empty]")?.remove()
    if (late) this.#late(key)
    else setTimeout(() => this.#late(key), LATE_AFTER)
  }

  #late(key) {
    const state = this.#pending(key)?.querySelector(".msg-state")
    if (!state || state.querySelector("button")) return
    state.textContent = _("Not sent yet. It goes out by itself as soon as there is a connection.")
    const again = document.createElement("button")
    again.type = "button"
    again.className = "b quiet small"
    again.textContent = _("Try now")
    again.addEventListener("click", () => flush())
    state.append(again)
  }

  #pending(key) { return this.thread.list.querySelector(`[data-pending="${CSS.escape(key)}"]`) }

  /** The message with this key is on the page as the server has it. */
  arrived(key) { this.#pending(key)?.remove() }

  #refused({ key, body, answer }) {
    const item = this.#pending(key)
    item?.classList.replace("is-pending", "is-failed")
    const why = answer?.error?.message ?? _("It could not be sent.")
    const state = item?.querySelector(".msg-state")
    if (state) state.textContent = why
    else toast(why, { tone: "bad" })
    if (!this.text.value) this.text.value = body.text
    this.#typed()
  }

  // --- what is begun

  #typed() {
    clearTimeout(this.#draftTimer)
    this.#draftTimer = setTimeout(() => this.#keepDraft(), DRAFT_AFTER)
  }

  #keepDraft() {
    const text = this.text.value
    if (text === this.#draft) return
    this.#draft = text
    this.thread.send("/draft", { text })
  }

  quote(uuid, message) {
    this.form.elements.quoted.value = uuid
    this.form.querySelector("[data-quote-who]").textContent = message?.querySelector(".msg-who")?.textContent ?? ""
    this.form.querySelector("[data-quote-text]").textContent = (message?.querySelector(".msg-text")?.textContent ?? "").slice(0, 60)
    this.form.querySelector("[data-quote]").hidden = false
    this.text.focus()
  }

  unquote() {
    this.form.elements.quoted.value = ""
    this.form.querySelector("[data-quote]").hidden = true
  }

  #clicked(event) {
    if (event.target.closest("[data-unquote]")) { this.unquote(); this.text.focus() }
    if (event.target.closest("[data-uncite]")) { event.preventDefault(); event.target.closest("[data-card]").remove(); this.text.focus() }
    const drop = event.target.closest("[data-drop]")
    if (drop) drop.closest("[data-file]").remove()
  }

  #say(text, bad = false) {
    this.said.textContent = text
    this.said.classList.toggle("bad", bad)
  }

  async #upload(input) {
    const file = input.files[0]
    input.value = ""
    if (!file) return
    this.#uploading += 1
    this.#say(_("%(name)s: uploading …", { name: file.name }))
    const body = new FormData()
    body.append("file", file)
    body.append("csrfmiddlewaretoken", this.thread.token)
    try {
      const response = await fetch(input.dataset.upload, { method: "POST", body, headers: { "HX-Request": "true" } })
      const made = new DOMParser().parseFromString(await response.text(), "text/html").body
      if (!response.ok) throw new Error(made.textContent.trim().slice(0, 200))
      this.files.append(made.firstElementChild)
      this.#say("")
    } catch (error) {
      const why = error instanceof TypeError ? _("No connection.") : error.message
      this.#say(_("%(name)s was not attached. %(why)s", { name: file.name, why }), true)
    } finally {
      this.#uploading -= 1
    }
  }
}
