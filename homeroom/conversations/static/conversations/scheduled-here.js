// <scheduled-here>: what waits to be sent in this conversation; a message that has gone leaves the list by itself.
class ScheduledHere extends HTMLElement {
  connectedCallback() {
    const list = document.querySelector("chat-thread [data-messages]")
    if (!list) return
    this.watch = new MutationObserver(() => {
      for (const item of this.querySelectorAll("li[data-key]")) {
        if (list.querySelector(`li.mine[data-key="${CSS.escape(item.dataset.key)}"]`)) item.remove()
      }
      if (!this.querySelector("li[data-key]")) this.remove()
    })
    this.watch.observe(list, { childList: true })
  }

  disconnectedCallback() { this.watch?.disconnect() }
}

customElements.define("scheduled-here", ScheduledHere)
