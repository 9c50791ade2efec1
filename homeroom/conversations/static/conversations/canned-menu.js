// <canned-menu>: the replies somebody writes again and again, offered by "/" at the beginning of a word, or by a button.
// A search field of its own takes the typing, so that Chinese input methods work in it: name, pinyin letters, shortcut.
import { _ } from "ui/i18n"

const SHOWN = 30
let counted = 0

class CannedMenu extends HTMLElement {
  #replies = null
  #found = []
  #at = 0

  connectedCallback() {
    this.form = this.closest("form")
    this.text = this.form.elements.text
    this.button = this.querySelector("[data-open]")
    this.panel = this.querySelector("[data-panel]")
    this.field = this.panel.querySelector("input")
    this.list = this.panel.querySelector("[role=listbox]")
    this.said = this.panel.querySelector("[data-found]")
    this.id ||= `canned-${counted += 1}`
    this.button.hidden = false
    this.button.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close()))
    this.field.addEventListener("input", () => this.#filter())
    this.field.addEventListener("keydown", (event) => this.#pressed(event))
    this.list.addEventListener("mousedown", (event) => event.preventDefault()) // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]")
      if (option) this.#insert(this.#found[Number(option.dataset.place)])
    })
    this.panel.addEventListener("focusout", (event) => { if (!this.contains(event.relatedTarget)) this.close(false) })
    this.text.addEventListener("input", (event) => this.#slash(event))
  }

  /** "/" opens the menu where a word begins; the sign a Chinese keyboard makes of that key, where a line does. */
  #slash(event) {
    if (event.isComposing || !event.inputType?.startsWith("insert")) return
    const at = this.text.selectionStart
    const before = this.text.value.slice(0, at - 1)
    const sign = this.text.value[at - 1]
    if ((sign === "/" && /(^|\s)$/.test(before)) || (sign === "、" && /(^|\n)$/.test(before))) this.open([at - 1, at])
  }

  async open(from = [this.text.selectionStart, this.text.selectionEnd]) {
    this.from = from
    this.panel.hidden = false
    this.button.setAttribute("aria-expanded", "true")
    this.field.setAttribute("aria-expanded", "true")
    this.field.value = ""
    this.field.focus()
    if (!this.#replies) await this.#fetch()
    this.#filter()
  }

  close(back = true) {
    if (this.panel.hidden) return
    this.panel.hidden = true
    this.button.setAttribute("aria-expanded", "false")
    this.field.setAttribute("aria-expanded", "false")
    this.field.removeAttribute("aria-activedescendant")
    if (!back) return
    this.text.focus()
    this.text.setSelectionRange(this.from[1], this.from[1])
  }

  async #fetch() {
    this.said.textContent = _("Looking …")
    try {
      const response = await fetch(this.dataset.address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10_000) })
      if (response.ok) this.#replies = (await response.json()).replies
    } catch { /* said below */ }
  }

  #filter() {
    const asked = this.field.value.trim().toLowerCase().replace(/^\//, "")
    const rank = (one) => {
      if (!asked) return 1
      if (one.shortcut.toLowerCase() === asked) return 4
      if (one.keys.split(" ").some((key) => key.startsWith(asked))) return 3
      if (one.keys.includes(asked)) return 2
      return one.text.toLowerCase().includes(asked) ? 1 : 0
    }
    this.#found = (this.#replies ?? []).map((one) => [rank(one), one]).filter(([points]) => points > 0)
      .sort((a, b) => b[0] - a[0]).map(([, one]) => one).slice(0, SHOWN)
    this.#at = 0
    this.list.replaceChildren(...this.#found.map((one, place) => this.#option(one, place)))
    if (!this.#replies) this.said.textContent = _("The replies could not be loaded. Check your connection.")
    else if (!this.#replies.length) this.said.textContent = _("You have kept no replies that fit here.")
    else this.said.textContent = this.#found.length ? _("%(n)s found", { n: this.#found.length }) : _("Nothing found")
    this.#mark()
  }

  #option(one, place) {
    const item = document.createElement("li")
    item.setAttribute("role", "option")
    item.id = `${this.id}-${place}`
    item.dataset.place = place
    const head = document.createElement("b")
    head.textContent = one.name
    item.append(head)
    for (const word of [one.shortcut && `/${one.shortcut}`, one.note].filter(Boolean)) {
      const small = document.createElement("small")
      small.textContent = word
      item.append(" ", small)
    }
    const text = document.createElement("span")
    text.textContent = one.text
    item.append(text)
    return item
  }

  #mark() {
    for (const [place, item] of [...this.list.children].entries()) {
      item.setAttribute("aria-selected", place === this.#at ? "true" : "false")
      if (place === this.#at) item.scrollIntoView({ block: "nearest" })
    }
    if (this.#found.length) this.field.setAttribute("aria-activedescendant", `${this.id}-${this.#at}`)
    else this.field.removeAttribute("aria-activedescendant")
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === 229) return
    const last = this.#found.length - 1
    const move = { ArrowDown: this.#at < last ? this.#at + 1 : 0, ArrowUp: this.#at > 0 ? this.#at - 1 : last }[event.key]
    if (move !== undefined && last >= 0) {
      event.preventDefault()
      this.#at = move
      this.#mark()
    } else if (event.key === "Enter") {
      event.preventDefault()
      if (this.#found[this.#at]) this.#insert(this.#found[this.#at])
    } else if (event.key === "Escape") {
      event.preventDefault()
      event.stopPropagation()
      this.close()
    } else if (event.key === "Tab") this.close(false)
  }

  #insert(one) {
    if (!one) return
    this.close()
    this.#put(one.text)
  }

  #put(text) {
    const [start, end] = this.from
    this.text.setRangeText(text, start, end, "end")
    this.text.dispatchEvent(new Event("input", { bubbles: true })) // the draft is kept, the field grows
  }
}

customElements.define("canned-menu", CannedMenu)
