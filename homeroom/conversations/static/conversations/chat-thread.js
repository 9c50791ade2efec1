// <chat-thread>: keeps one conversation on screen up to date. It knows the number of the newest message it shows, and of
// the newest change. Frames of the socket bring what comes after them; it asks over HTTP for what a frame does not say,
// when a number is missing, and every few seconds while there is no socket.
import { _ } from "ui/i18n"
import { toast } from "ui/toast"
import { act, reached, startAt, topicOf, watch } from "realtime/socket"
import { Composer } from "conversations/composer"
import { isWhole, made } from "conversations/message"
import { Presence } from "conversations/presence"

const ASK_EVERY = 4_000 // milliseconds without a socket
const LIVE_EVERY = 60_000 // with one: whether one's own newest message was read, which nobody learns to the minute
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
    this.stream = this.dataset.stream
    this.moved = this.stream.replace("c", "x")
    this.blank = this.querySelector("[data-blank]")
    this.presence = new Presence(this, form?.elements.text)
    startAt({ [this.stream]: this.last, [this.moved]: this.change })
    this.event = ({ detail }) => this.#event(detail)
    this.ready = ({ detail }) => this.#ready(detail.streams)
    this.reload = ({ detail }) => { if (detail.stream === this.stream || detail.stream === this.moved) this.ask() }
    document.addEventListener("live:event", this.event)
    document.addEventListener("live:ready", this.ready)
    document.addEventListener("live:reload", this.reload)
    this.hear = (event) => { if (event.detail.key === key) this.#hint(event.detail.data ?? {}) }
    this.state = (event) => { this.#live = event.detail.state === "live"; this.#plan() }
    this.look = () => {
      if (document.visibilityState !== "visible") return
      if (this.#live) this.#markRead(); else this.ask()
    }
    document.addEventListener("live:hint", this.hear)
    document.addEventListener("live:state", this.state)
    document.addEventListener("visibilitychange", this.look)
    window.addEventListener("online", this.look)
    this.#live = document.querySelector("live-socket")?.dataset.state === "live"
    this.#plan()
    const start = location.hash && location.hash !== "#end" && location.hash !== "#write" ? null : this.list.querySelector(".msg-new")
    if (start) start.scrollIntoView({ block: "center" })
    else if (!location.hash.startsWith("#m")) this.toEnd()
    if (this.#live) this.#ready(reached())
    else this.ask()
  }

  disconnectedCallback() {
    this.stop?.()
    clearTimeout(this.#timer)
    document.removeEventListener("live:event", this.event)
    document.removeEventListener("live:ready", this.ready)
    document.removeEventListener("live:reload", this.reload)
    document.removeEventListener("live:hint", this.hear)
    document.removeEventListener("live:state", this.state)
    document.removeEventListener("visibilitychange", this.look)
    window.removeEventListener("online", this.look)
    this.composer?.close()
    this.presence?.close()
  }

  // --- what the socket brings

  #event({ stream, number, at, data }) {
    if (stream === this.stream) this.#said(number, data, at)
    else if (stream === this.moved) this.#changed(number, data, at)
  }

  #said(number, told, at) {
    if (number <= this.last) return
    if (number !== this.last + 1 || !isWhole(told) || this.#asking) { this.ask(); return }
    const atEnd = this.nearEnd
    const item = made({ ...told, at }, { blank: this.blank, me: this.dataset.me })
    this.#insert(item)
    this.last = number
    this.#arrived([item], atEnd)
  }

  #changed(number, told, at) {
    if (number <= this.change) return
    if (!told || this.#asking) { this.ask(); return }
    const former = this.list.querySelector(`#m${told.n}`)
    if (former && !isWhole(told)) { this.ask(); return }
    this.change = number
    former?.replaceWith(made({ ...told, at }, { blank: this.blank, me: this.dataset.me, former }))
  }

  #ready(streams) {
    if (!(this.stream in streams)) this.ask() // not heard any more: the answer says whether we may still read
    else if (streams[this.stream] > this.last || streams[this.moved] > this.change) this.ask()
  }

  // Somebody who is no member by the socket yet (it is opening, or of an older server) still hears that it moved.
  #hint({ last = 0, change = 0 }) {
    if (!this.#live && (last > this.last || change > this.change)) this.ask()
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
    const items = parse(answer.html)
    for (const item of items) this.#insert(item)
    for (const item of parse(answer.changed)) this.list.querySelector(`#${item.id}`)?.replaceWith(item)
    this.last = Math.max(this.last, answer.last)
    this.change = answer.change
    this.#again ||= answer.newer
    const read = this.querySelector("[data-read]")
    read.textContent = answer.read.words
    this.#arrived(items, atEnd)
  }

  #arrived(items, atEnd) {
    if (items.length) {
      this.querySelector("[data-empty]")?.remove()
      const others = items.filter((item) => !item.classList.contains("mine"))
      if (others.length) this.querySelector("[data-say]").textContent = others.map((item) => item.querySelector("article").innerText.split("\n").slice(0, 3).join(" ")).join(" ")
      if (atEnd || items.some((item) => item.classList.contains("mine"))) this.toEnd()
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
      const done = (await act("conversations.read", { to: this.stream, n: number })) ?? (await this.send("/read", { number }))?.ok
      if (done) this.#read = Math.max(this.#read, number)
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
