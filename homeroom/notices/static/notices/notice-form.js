// <notice-form>: saves while one writes, uploads files as they are chosen, brings in templates. Whatever goes wrong, what
// was written stays on the page and is tried again.
import { _ } from "ui/i18n"
import { toast } from "ui/toast"

const SAVE_AFTER = 2500 // milliseconds without a key
const TRY_AGAIN_AFTER = 15_000

class NoticeForm extends HTMLElement {
  #timer = 0
  #dirty = false
  #saving = null
  #uploading = new Set()
  #leaving = false
  #stopped = false // another window saved: this one must not

  connectedCallback() {
    this.form = this.querySelector("#compose")
    this.note = this.querySelector("[data-save-note]")
    this.form.addEventListener("input", (event) => { if (event.target.type !== "search" && event.target.name !== "template_name") this.#changed() })
    this.form.addEventListener("change", (event) => (event.target.dataset.upload ? this.#upload(event.target) : event.target.type !== "search" && this.#changed()))
    this.addEventListener("audience-change", () => this.#changed())
    this.form.addEventListener("submit", (event) => this.#submit(event))
    this.addEventListener("click", (event) => this.#clicked(event))
    window.addEventListener("beforeunload", (event) => { if (this.#dirty && !this.#leaving) event.preventDefault() })
    document.addEventListener("visibilitychange", () => { if (document.hidden && this.#dirty) this.#save() })
  }

  #changed() {
    this.#dirty = true
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#save(), SAVE_AFTER)
  }

  async #submit(event) {
    this.#leaving = true
    clearTimeout(this.#timer)
    if (!this.#saving && !this.#uploading.size) return
    event.preventDefault() // a save is on its way, its edition must arrive first; or a file is
    const button = event.submitter
    await Promise.allSettled([...this.#uploading, this.#saving])
    clearTimeout(this.#timer)
    button?.removeAttribute("aria-busy")
    this.form.requestSubmit(button)
  }

  #save() {
    if (this.#saving || this.#stopped) return this.#saving
    this.#saving = this.#send().finally(() => { this.#saving = null })
    return this.#saving
  }

  async #send() {
    const body = new FormData(this.form)
    body.delete("upload")
    body.set("then", "stay")
    this.#dirty = false
    let answer
    try {
      const response = await fetch(this.form.action, { method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(20_000) })
      answer = await response.json().catch(() => ({}))
      if (response.ok) {
        this.form.elements.edition.value = answer.edition
        this.form.elements.notice.value = answer.notice
        if (location.pathname.endsWith("/new/")) history.replaceState(null, "", `/notices/${answer.notice}/edit/`)
        this.#say(answer.said)
        return
      }
      if (response.status === 409) { this.#stopped = true; toast(answer.message, { tone: "bad" }) }
      this.#dirty = true
      this.#say(answer.message || _("Not saved yet. What you wrote is still here."), "bad")
      if (response.status >= 500) this.#again()
    } catch {
      this.#dirty = true
      this.#say(_("No connection. What you wrote is still here and is saved as soon as possible."), "bad")
      this.#again()
    }
  }

  #again() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#save(), TRY_AGAIN_AFTER)
  }

  #say(text, tone = "") {
    this.note.textContent = text
    this.note.classList.toggle("bad-note", tone === "bad")
  }

  async #upload(input) {
    const list = this.querySelector("[data-files]")
    const files = [...input.files]
    input.value = ""
    await Promise.all(files.map((file) => {
      const one = this.#uploadOne(file, input.dataset.upload, list).finally(() => this.#uploading.delete(one))
      this.#uploading.add(one)
      return one
    }))
  }

  async #uploadOne(file, address, list) {
    const row = document.createElement("li")
    row.className = "file-row is-uploading"
    row.textContent = _("%(name)s: uploading …", { name: file.name })
    list.append(row)
    const body = new FormData()
    body.append("file", file)
    body.append("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value)
    try {
      const response = await fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } })
      const text = await response.text()
      if (!response.ok) throw new Error(this.#reason(text))
      const made = new DOMParser().parseFromString(text, "text/html").body.firstElementChild
      row.replaceWith(made)
      this.#changed()
    } catch (error) {
      row.remove()
      const why = error instanceof TypeError ? _("No connection.") : error.message
      toast(_("%(name)s was not attached. %(why)s", { name: file.name, why }), { tone: "bad" })
    }
  }

  // The reason inside whatever the server answered: JSON, or a fragment for a page.
  #reason(text) {
    try { return JSON.parse(text).message ?? "" } catch { /* not JSON */ }
    return new DOMParser().parseFromString(text, "text/html").body.textContent.trim().slice(0, 300)
  }

  async #clicked(event) {
    const dropping = event.target.closest("[data-files] [data-drop]")
    if (dropping) {
      dropping.closest("li").remove()
      this.querySelector("#id_upload").focus()
      this.#changed()
      return
    }
    const choosing = event.target.closest("[data-template]")
    if (!choosing) return
    event.preventDefault()
    const editor = this.querySelector("rich-text")
    if (!editor.isEmpty && !window.confirm(_("Replace what you wrote with the template?"))) return
    const response = await fetch(choosing.dataset.template, { headers: { Accept: "application/json" } }).catch(() => null)
    if (!response?.ok) { toast(_("The template could not be loaded."), { tone: "bad" }); return }
    const { title, text } = await response.json()
    if (title) this.form.elements.title.value = title
    editor.value = text
    this.#changed()
  }
}

customElements.define("notice-form", NoticeForm)
