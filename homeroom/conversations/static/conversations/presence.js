// Who else is in this thread, and who is typing: hints, shown only where both sides have them on. Used by <chat-thread>.
import { _ } from "ui/i18n"
import { say } from "realtime/socket"
import { face } from "conversations/message"

const AGAIN = 20_000 // milliseconds between words that one is still here
const GONE_AFTER = 30_000
const TYPING_FOR = 4_000

export class Presence {
  #others = new Map()
  #typing = 0
  #timer = 0
  #line = document.createElement("p")

  constructor(thread, text) {
    this.thread = thread
    this.#line.className = "chat-read chat-presence"
    thread.querySelector("[data-read]").after(this.#line)
    this.hear = ({ detail: { key, data } }) => { if (key.startsWith(`${thread.stream}/`)) this.#heard(key, data) }
    this.look = () => this.#tell()
    this.ready = () => this.#tell()
    document.addEventListener("live:hint", this.hear)
    document.addEventListener("live:ready", this.ready)
    document.addEventListener("visibilitychange", this.look)
    text?.addEventListener("input", () => this.#typed(text))
    this.#timer = setInterval(() => { if (document.visibilityState === "visible") this.#tell(); this.#show() }, AGAIN)
    this.#tell()
  }

  close() {
    clearInterval(this.#timer)
    clearTimeout(this.#typing)
    document.removeEventListener("live:hint", this.hear)
    document.removeEventListener("live:ready", this.ready)
    document.removeEventListener("visibilitychange", this.look)
    say("conversations.here", { to: this.thread.stream, here: false })
  }

  #tell() { say("conversations.here", { to: this.thread.stream, here: document.visibilityState === "visible", typing: Boolean(this.#typing) }) }

  #typed(text) {
    const before = this.#typing
    clearTimeout(before)
    this.#typing = text.value ? setTimeout(() => { this.#typing = 0; this.#tell() }, TYPING_FOR) : 0
    if (Boolean(before) !== Boolean(this.#typing)) this.#tell()
  }

  #heard(key, data) {
    if (data.here) this.#others.set(key, { ...data, at: Date.now() })
    else this.#others.delete(key)
    this.#show()
  }

  #show() {
    const now = Date.now()
    for (const [key, one] of this.#others) if (now - one.at > GONE_AFTER) this.#others.delete(key)
    const there = [...this.#others.values()]
    const names = (some) => some.slice(0, 3).map((one) => face(one.who)[0]).join("、")
    const typing = there.filter((one) => one.typing)
    this.#line.textContent = typing.length ? _("%(who)s is typing …", { who: names(typing) }) : there.length ? _("%(who)s is here", { who: names(there) }) : ""
  }
}
