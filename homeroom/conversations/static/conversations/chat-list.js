// <chat-list>: the list of conversations follows what is said. A frame brings the newest line; how much is unread is the
// newest number less the one that was read, so that every device counts the same. A conversation it does not know, and
// everything while there is no socket, it asks for.
import { _ } from "ui/i18n"
import { reached } from "realtime/socket"
import { line } from "conversations/message"

const EVERY = 10_000 // milliseconds without a socket

class ChatList extends HTMLElement {
  #timer = 0
  #asked = 0
  #live = false
  #only = false

  connectedCallback() {
    this.me = this.dataset.me
    this.#only = new URLSearchParams(this.dataset.address.split("?")[1] ?? "").get("only") === "unread"
    this.look = () => { if (document.visibilityState === "visible" && !this.#live) this.#ask() }
    this.hear = ({ detail }) => this.#event(detail)
    this.mark = ({ detail }) => this.#hint(detail)
    this.ready = ({ detail }) => this.#compare(detail.streams)
    this.state = ({ detail }) => { this.#live = detail.state === "live" }
    document.addEventListener("visibilitychange", this.look)
    document.addEventListener("live:event", this.hear)
    document.addEventListener("live:hint", this.mark)
    document.addEventListener("live:ready", this.ready)
    document.addEventListener("live:state", this.state)
    this.#live = document.querySelector("live-socket")?.dataset.state === "live"
    if (this.#live) this.#compare(reached())
    this.#timer = setInterval(this.look, EVERY)
  }

  disconnectedCallback() {
    clearInterval(this.#timer)
    clearTimeout(this.#asked)
    document.removeEventListener("visibilitychange", this.look)
    document.removeEventListener("live:event", this.hear)
    document.removeEventListener("live:hint", this.mark)
    document.removeEventListener("live:ready", this.ready)
    document.removeEventListener("live:state", this.state)
  }

  entry(stream) { return this.querySelector(`[data-stream="${CSS.escape(stream)}"]`) }

  #event({ stream, number, name, data, at }) {
    if (name !== "conversations.message" || !data) return
    const entry = this.entry(stream.replace(/^x/, "c"))
    if (!entry || (this.#only && entry.hidden)) { if (stream[0] === "c") this.#soon(); return }
    if (stream[0] === "x") {
      if (data.n === Number(entry.dataset.last)) this.#say(entry, data)
      return
    }
    if (number <= Number(entry.dataset.last)) return
    entry.dataset.last = number
    if (data.by === this.me) entry.dataset.read = number
    this.#say(entry, data)
    const time = entry.querySelector("time")
    if (time) { time.dateTime = at; time.textContent = _("Just now") }
    this.#count(entry)
    if (!this.contains(document.activeElement)) entry.parentElement.prepend(entry) // whoever moves through it by keyboard keeps their place
  }

  #say(entry, data) { entry.querySelector("[data-line]").textContent = line(data, this.me) }

  #hint({ key, data }) {
    const [, stream] = key.match(/^p\d+\/(c\d+)$/) ?? []
    const entry = stream && this.entry(stream)
    if (!entry) return
    entry.dataset.read = Math.max(Number(entry.dataset.read), data.read)
    this.#count(entry)
  }

  #count(entry) {
    const here = entry.querySelector("[aria-current]") && document.visibilityState === "visible"
    const unread = here ? 0 : Math.max(0, Number(entry.dataset.last) - Number(entry.dataset.read))
    const badge = entry.querySelector(".badge")
    badge.hidden = !unread
    badge.firstChild.textContent = unread <= 99 ? String(unread) : "99+"
    entry.classList.toggle("is-unread", unread > 0)
  }

  #compare(streams) {
    for (const [stream, last] of Object.entries(streams)) {
      if (stream[0] !== "c" || !last) continue
      const entry = this.entry(stream)
      if (entry && Number(entry.dataset.last) < last) { this.#soon(); return }
    }
  }

  #soon() { this.#asked ||= setTimeout(() => { this.#asked = 0; this.#ask() }, 300 + Math.random() * 700) }

  async #ask() {
    if (this.contains(document.activeElement)) return
    const answer = await fetch(this.dataset.address, { headers: { "HX-Request": "true" } }).catch(() => null)
    if (!answer?.ok || answer.redirected) return
    const html = await answer.text()
    if (html === this.before) return
    this.before = html
    this.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes)
    const here = this.querySelector(`a[href="${CSS.escape(location.pathname)}"]`)
    here?.setAttribute("aria-current", "true")
    if (here?.closest("[data-stream]")) this.#count(here.closest("[data-stream]"))
  }
}

customElements.define("chat-list", ChatList)
