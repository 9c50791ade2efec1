// <chat-list>: asks for the list again while the page is looked at, so that what arrives shows without a reload.
const EVERY = 10_000

class ChatList extends HTMLElement {
  #timer = 0

  connectedCallback() {
    this.look = () => { if (document.visibilityState === "visible") this.#ask() }
    document.addEventListener("visibilitychange", this.look)
    this.#timer = setInterval(this.look, EVERY)
  }

  disconnectedCallback() {
    clearInterval(this.#timer)
    document.removeEventListener("visibilitychange", this.look)
  }

  async #ask() {
    if (this.contains(document.activeElement)) return // whoever moves through it by keyboard keeps their place
    const answer = await fetch(this.dataset.address, { headers: { "HX-Request": "true" } }).catch(() => null)
    if (!answer?.ok || answer.redirected) return
    const html = await answer.text()
    if (html === this.before) return
    this.before = html
    this.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes)
  }
}

customElements.define("chat-list", ChatList)
