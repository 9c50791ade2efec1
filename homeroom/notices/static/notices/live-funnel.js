// <live-funnel>: moves the counts as families read and answer; the table by class is asked for again, at most every two
// seconds. Without a socket the fragment asks by itself every thirty.
import { watch, topicOf } from "realtime/socket"

const ASK_AT_MOST_EVERY = 2000

class LiveFunnel extends HTMLElement {
  #asked = 0
  #timer = 0

  connectedCallback() {
    const { token } = this.dataset
    if (!token) return
    const key = topicOf(token)
    this.stop = watch(token)
    this.hear = (event) => { if (event.detail.key === key) this.#moved(event.detail.data ?? {}) }
    document.addEventListener("live:hint", this.hear)
  }

  disconnectedCallback() {
    this.stop?.()
    document.removeEventListener("live:hint", this.hear)
    clearTimeout(this.#timer)
  }

  #moved(counts) {
    const whole = counts.sent || counts.recipients || 0
    for (const step of this.querySelectorAll("[data-step]")) {
      const count = counts[step.dataset.step]
      if (count === undefined) continue
      const number = step.querySelector("b")
      const bar = step.querySelector("progress")
      const share = step.querySelector("small")
      if (number) number.textContent = count
      if (bar) { bar.max = whole || 1; bar.value = count }
      if (share && whole) share.textContent = `${Math.round((100 * count) / whole)}%`
    }
    const settled = this.querySelector("[data-settled]")
    if (settled && counts.settled !== undefined) settled.textContent = counts.settled
    clearTimeout(this.#timer)
    const wait = Math.max(0, this.#asked + ASK_AT_MOST_EVERY - Date.now())
    this.#timer = setTimeout(() => this.#ask(), wait)
  }

  // The lists are left alone where somebody is at work in them.
  #ask() {
    this.#asked = Date.now()
    window.htmx?.trigger(document.body, "counts-moved")
    for (const list of document.querySelectorAll("[data-people]")) {
      const busy = list.querySelector("details[open]") || list.contains(document.activeElement)
      if (list.querySelector(".people") && !busy) window.htmx?.trigger(list, "refresh-people")
    }
  }
}

customElements.define("live-funnel", LiveFunnel)
