// <chat-thread>: keeps one conversation on screen up to date. It knows the number of the newest message it shows and asks
// for everything after it: when the gateway says that something moved, and every few seconds while there is no gateway.
import { _ } from "ui/i18n"
import { toast } from "ui/toast"
import { watch, topicOf } from "realtime/socket"
import { Composer } from "conversations/composer"

const ASK_EVERY = 4_000 // milliseconds without a socket
const LIVE_EVERY = 10_000 // with one: for the read state, and should a hint get lost
const READ_AT_MOST_EVERY = 1_000
const NEAR = 160 // pixels from the end that count as being there

const parse = (html) => [...new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelectorAll("body > ol > li")]

class ChatThread extends HTMLElement {
  #asking = null
  #again = false
  #timer = 0
  #live = false
  #readTimer = 0
  #read = 0

  connectedCallback() {
    this.list = this.querySelector("[data-messages]")
    this.last = Number(this.dataset.last)
    this.change = Number(this.dataset.change)
    this.past = "past" in this.dataset
    this.dialog = this.querySelector("[data-dialog-of-message]")
    this.addEventListener("click", (event) => this.#clicked(event))
    this.dialog.addEventListener("submit", (event) => this.#act(event))
    const form = this.querySelector("[data-composer]")
    if (form) this.composer = new Composer(this, form)
    if (this.past) return
    this.#read = this.last
    this.stop = watch(this.dataset.token)
    const key = topicOf(this.dataset.token)
    this.hear = (event) => { if (event.detail.key === key) this.#hint(event.detail.data ?? {}) }
    this.state = (event) => { this.#live = event.detail.state === "live"; if (this.#live) this.ask(); this.#plan() }
    this.look = () => { if (document.visibilityState === "visible") this.ask() }
    document.addEventListener("live:hint", this.hear)
    document.addEventListener("live:state", this.state)
    document.addEventListener("visibilitychange", this.look)
    window.addEventListener("online", this.look)
    this.#live = document.querySelector("live-socket")?.dataset.state === "live"
    this.#plan()
    const start = location.hash && location.hash !== "#end" && location.hash !== "#write" ? null : this.list.querySelector(".msg-new")
    if (start) start.scrollIntoView({ block: "center" })
    else if (!location.hash.startsWith("#m")) this.toEnd()
    this.ask()
  }

  disconnectedCallback() {
    this.stop?.()
    clearTimeout(this.#timer)
    document.removeEventListener("live:hint", this.hear)
    document.removeEventListener("live:state", this.state)
    document.removeEventListener("visibilitychange", this.look)
    window.removeEventListener("online", this.look)
    this.composer?.close()
  }

  #hint({ last = 0, change = 0 }) {
    if (last > this.last || change > this.change) this.ask()
  }

  #plan(pause = this.#live ? LIVE_EVERY : ASK_EVERY) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (document.visibilityState === "visible") this.ask()
      this.#plan()
    }, pause * (0.85 + Math.random() * 0.3))
  }

  /** Ask for what is missing; while an answer is under way, once more after it. */
  ask() {
    if (this.past) return Promise.resolve()
    if (this.#asking) { this.#again = true; return this.#asking }
    this.#asking = this.#fetch().finally(() => {
      this.#asking = null
      if (this.#again) { this.#again = false; this.ask() }
    })
    return this.#asking
  }

  async #fetch() {
    const answer = await this.#get(`after=${this.last}&change=${this.change}`)
    if (!answer) { this.#plan(ASK_EVERY); return } // the gateway has told us once, and may not again
    const atEnd = this.nearEnd
    const made = parse(answer.html)
    for (const item of made) this.#insert(item)
    for (const item of parse(answer.changed)) this.list.querySelector(`#${item.id}`)?.replaceWith(item)
    this.last = Math.max(this.last, answer.last)
    this.change = answer.change
    this.#again ||= answer.newer
    const read = this.querySelector("[data-read]")
    read.textContent = answer.read.words
    if (made.length) {
      this.querySelector("[data-empty]")?.remove()
      const others = made.filter((item) => !item.classList.contains("mine"))
      if (others.length) this.querySelector("[data-say]").textContent = others.map((item) => item.querySelector("article").innerText.split("\n").slice(0, 3).join(" ")).join(" ")
      if (atEnd || made.some((item) => item.classList.contains("mine"))) this.toEnd()
      else toast(_("New messages"), { action: { label: _("Show"), run: () => this.toEnd() } })
    }
    this.#markRead()
  }

  async #get(query) {
    let response
    try {
      response = await fetch(`${this.dataset.address}?${query}`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(15_000) })
    } catch { return null }
    if (response.status === 404) { location.assign(this.dataset.back); return null } // not a member any more: nothing stays on screen
    if (!response.ok || response.redirected) return null
    return response.json().catch(() => null)
  }

  #insert(item) {
    if (this.list.querySelector(`#${item.id}`)) return
    if (item.dataset.key) this.composer?.arrived(item.dataset.key)
    const before = [...this.list.querySelectorAll("li.msg[data-number]")].findLast((other) => Number(other.dataset.number) < Number(item.dataset.number))
    const pending = this.list.querySelector(".is-pending, .is-failed")
    if (before) before.after(item); else if (pending) pending.before(item); else this.list.append(item)
    if (before?.dataset.day !== item.dataset.day) item.before(this.#day(item))
  }

  #day(item) {
    const line = document.createElement("li")
    line.className = "msg-day"
    line.textContent = item.dataset.dayWords
    return line
  }

  // --- the end, and what was read

  get nearEnd() { return document.documentElement.scrollHeight - innerHeight - scrollY < NEAR }

  toEnd() { window.scrollTo({ top: document.documentElement.scrollHeight }) }

  #markRead() {
    if (document.visibilityState !== "visible" || this.last <= this.#read) return
    this.#readTimer ||= setTimeout(async () => {
      this.#readTimer = 0
      const number = this.last
      const done = await this.send("/read", { number })
      if (done?.ok) this.#read = Math.max(this.#read, number)
    }, READ_AT_MOST_EVERY)
  }

  /** POST JSON to the conversation's own address; null without a connection. */
  send(path, body) {
    return fetch(this.dataset.api + path, {
      method: "POST", keepalive: true, body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
    }).catch(() => null)
  }

  get token() { return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "" }

  // --- earlier messages, and what can be done about one

  async #clicked(event) {
    const older = event.target.closest("[data-older]")
    const more = event.target.closest("a.msg-more")
    const quote = event.target.closest("[data-quote-this]")
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    if (older && !this.past) { event.preventDefault(); await this.#older(older) }
    if (more) { event.preventDefault(); this.chosen = more.closest(".msg"); await this.#open(more.href) }
    if (quote && this.composer) { event.preventDefault(); this.dialog.close(); this.composer.quote(quote.dataset.quoteThis, this.chosen) }
  }

  async #older(link) {
    const first = this.list.querySelector("li.msg[data-number]")
    const answer = await this.#get(`before=${first?.dataset.number ?? this.last + 1}`)
    if (!answer) { toast(_("No connection."), { tone: "warn" }); return }
    const height = document.documentElement.scrollHeight
    const items = parse(answer.html)
    const top = this.list.firstElementChild
    if (top?.classList.contains("msg-day") && items.at(-1)?.dataset.day === first?.dataset.day) top.remove()
    let day = ""
    const made = items.flatMap((item) => {
      const line = item.dataset.day === day ? [item] : [this.#day(item), item]
      day = item.dataset.day
      return line
    })
    this.list.prepend(...made)
    link.closest(".chat-older").hidden = !answer.older
    window.scrollBy(0, document.documentElement.scrollHeight - height)
  }

  async #open(address) {
    const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null)
    if (!response?.ok) { toast(_("No connection."), { tone: "warn" }); return }
    this.#fill(await response.text())
    this.dialog.showModal()
  }

  #fill(html) {
    this.querySelector("[data-dialog-body]").replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes)
  }

  async #act(event) {
    const form = event.target.closest("form[data-act]")
    if (!form) return
    event.preventDefault()
    const response = await fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), headers: { "HX-Request": "true" } }).catch(() => null)
    if (response?.status === 422) { this.#fill(await response.text()); return }
    this.dialog.close()
    if (!response?.ok) toast(_("This could not be done. Check your connection and try again."), { tone: "bad" })
    this.ask()
  }
}

customElements.define("chat-thread", ChatThread)
