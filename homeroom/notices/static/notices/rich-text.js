// <rich-text>: turns its text area into a small editor. The value sent is the text area's, limited markup; without this
// module the text area itself is used and plain text becomes paragraphs. The server cleans either.
import { _ } from "ui/i18n"

const KEEP = { P: "p", DIV: "p", H1: "h3", H2: "h3", H3: "h3", H4: "h4", UL: "ul", OL: "ol", LI: "li", BLOCKQUOTE: "blockquote", STRONG: "strong", B: "strong", EM: "em", I: "em", U: "u", A: "a", BR: "br" }
const BLOCKS = new Set(["p", "h3", "h4", "ul", "ol", "blockquote"])
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\u00a0", " ")

// The markup of a node, tags outside KEEP dissolved into their content.
function written(node) {
  let out = ""
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) out += escape(child.data)
    else if (child.nodeType === Node.ELEMENT_NODE) {
      const tag = KEEP[child.tagName]
      if (tag === "br") out += "<br>"
      else if (tag === "a") out += `<a href="${escape(child.getAttribute("href") ?? "").replaceAll('"', "&quot;")}">${written(child)}</a>`
      else if (tag === "p" && [...child.children].some((one) => BLOCKS.has(KEEP[one.tagName]))) out += written(child)
      else if (tag) out += `<${tag}>${written(child)}</${tag}>`
      else if (!["SCRIPT", "STYLE", "TEMPLATE"].includes(child.tagName)) out += written(child)
    }
  }
  return out
}

// Text typed before any paragraph was begun lies bare in the editor: a paragraph is put around it.
function inParagraphs(editor) {
  let out = ""
  let bare = ""
  const close = () => { if (bare.replaceAll("<br>", "").trim()) out += `<p>${bare}</p>`; bare = "" }
  for (const child of editor.childNodes) {
    const isBlock = child.nodeType === Node.ELEMENT_NODE && BLOCKS.has(KEEP[child.tagName])
    const alone = document.createElement("div")
    alone.append(child.cloneNode(true))
    if (isBlock) { close(); out += written(alone) } else bare += written(alone)
  }
  close()
  return out
}

class RichText extends HTMLElement {
  connectedCallback() {
    if (this.edit) return
    this.area = this.querySelector("textarea")
    this.edit = this.querySelector("[contenteditable]")
    this.bar = this.querySelector("[role=toolbar]")
    this.edit.innerHTML = this.area.value // the server cleaned it when it made this page
    this.area.hidden = true
    this.edit.hidden = this.bar.hidden = false
    document.execCommand("defaultParagraphSeparator", false, "p")
    this.edit.addEventListener("input", () => this.#store())
    this.edit.addEventListener("paste", (event) => this.#paste(event))
    this.edit.addEventListener("drop", (event) => event.preventDefault())
    this.edit.addEventListener("keydown", (event) => this.#key(event))
    this.bar.addEventListener("click", (event) => this.#command(event.target.closest("[data-command]")))
    this.bar.addEventListener("mousedown", (event) => { if (event.target.closest("button")) event.preventDefault() }) // keeps the selection
    this.bar.addEventListener("keydown", (event) => this.#walk(event))
    this.bar.querySelector("[data-variable]").addEventListener("change", (event) => this.#insert(event.target))
    document.addEventListener("selectionchange", this.#mark)
    const label = document.querySelector(`label[for="${this.area.id}"]`)
    label?.addEventListener("click", () => this.edit.focus())
  }

  disconnectedCallback() { document.removeEventListener("selectionchange", this.#mark) }

  get value() { return this.area.value }

  set value(markup) {
    const parsed = new DOMParser().parseFromString(markup, "text/html").body
    this.edit.innerHTML = written(parsed)
    this.#store()
  }

  get isEmpty() { return this.edit.textContent.trim() === "" }

  #store() {
    this.area.value = this.isEmpty ? "" : inParagraphs(this.edit)
    this.area.dispatchEvent(new Event("input", { bubbles: true }))
  }

  #paste(event) {
    event.preventDefault()
    const markup = event.clipboardData.getData("text/html")
    if (markup) {
      const parsed = new DOMParser().parseFromString(markup, "text/html").body
      document.execCommand("insertHTML", false, written(parsed))
    } else {
      document.execCommand("insertText", false, event.clipboardData.getData("text/plain"))
    }
  }

  #key(event) {
    if (event.altKey && event.key === "F10") { event.preventDefault(); this.bar.querySelector("[tabindex='0'], button").focus() }
  }

  // Arrow keys go along the bar, as a toolbar should: one stop of the Tab key for all its buttons.
  #walk(event) {
    const buttons = [...this.bar.querySelectorAll("button")]
    const at = buttons.indexOf(document.activeElement)
    if (event.key === "Escape") { this.edit.focus(); return }
    if (at < 0 || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return
    event.preventDefault()
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[event.key]
    const target = buttons[(next + buttons.length) % buttons.length]
    for (const button of buttons) button.tabIndex = button === target ? 0 : -1
    target.focus()
  }

  #command(button) {
    if (!button) return
    const { command } = button.dataset
    this.edit.focus()
    if (command === "createLink") {
      const address = window.prompt(_("Address of the link, beginning with https://"), "https://")
      if (address && /^(https?:\/\/|tel:|mailto:)/i.test(address)) document.execCommand(command, false, address)
    } else if (command === "formatBlock") {
      const block = document.queryCommandValue("formatBlock").toLowerCase()
      document.execCommand(command, false, block === "h3" ? "p" : "h3")
    } else document.execCommand(command)
    this.#store()
    this.#mark()
  }

  #insert(select) {
    if (!select.value) return
    const mark = select.value
    select.value = ""
    this.edit.focus()
    document.execCommand("insertText", false, mark)
    this.#store()
  }

  #mark = () => {
    if (!this.edit.contains(document.getSelection()?.anchorNode ?? null)) return
    for (const button of this.bar.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(document.queryCommandState(button.dataset.command)))
    }
  }
}

customElements.define("rich-text", RichText)
