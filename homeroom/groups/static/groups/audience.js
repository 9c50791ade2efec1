// <audience-picker>: adds found families, keeps a whole grade and its classes consistent, shows the preview.
import { _ } from "ui/i18n"

const PREVIEW_AFTER = 300 // milliseconds: a row of ticks asks once

class AudiencePicker extends HTMLElement {
  #timer = 0
  #asked = 0

  connectedCallback() {
    this.addEventListener("click", (event) => this.#clicked(event))
    this.addEventListener("change", () => this.#changed())
    this.#follow()
    if (this.querySelector("[name=any]:checked, [name=any][type=hidden]")) this.#schedule(0)
  }

  #clicked(event) {
    const adding = event.target.closest("[data-add]")
    const dropping = event.target.closest("[data-drop]")
    if (adding) this.#add(adding.dataset)
    if (dropping) {
      const row = dropping.closest("li")
      const next = row.nextElementSibling?.querySelector("button") ?? row.parentElement.parentElement.querySelector("input[type=search]")
      row.remove()
      next?.focus() // the button with the focus has gone
      this.#changed()
    }
  }

  #add({ add: field, value, words }) {
    const list = this.querySelector(`[data-picked="${field}"]`)
    const found = this.querySelector(`#found-${field}`)
    const search = this.querySelector(`#find-${field}`)
    if (!this.querySelector(`[name="${field}"][value="${CSS.escape(value)}"]`)) {
      const row = this.querySelector("[data-row]").content.firstElementChild.cloneNode(true)
      Object.assign(row.querySelector("input"), { name: field, value })
      row.querySelector("span").textContent = words
      row.querySelector("button").setAttribute("aria-label", _("Remove %(who)s", { who: words }))
      list.append(row)
    }
    found.replaceChildren()
    search.value = ""
    search.focus()
    this.#changed()
  }

  #changed() {
    this.#follow()
    this.#schedule(PREVIEW_AFTER)
    this.dispatchEvent(new CustomEvent("audience-change", { bubbles: true }))
  }

  // A whole grade means its classes: they show as ticked and cannot be ticked twice. The same for the whole school.
  #follow() {
    const school = this.querySelector('[name=any][value="school"]')?.checked ?? false
    for (const grade of this.querySelectorAll(".audience-grade")) {
      const whole = grade.querySelector('[value^="grade:"]')
      if (!whole) continue
      this.#cover(whole, school)
      for (const one of grade.querySelectorAll('[value^="class:"]')) this.#cover(one, school || whole.checked)
    }
    for (const one of this.querySelectorAll(".audience-tree > .audience-classes [value^='class:']")) this.#cover(one, school)
  }

  #cover(box, covered) {
    box.disabled = covered
    box.closest(".check").classList.toggle("covered", covered)
  }

  #schedule(after) {
    if (!this.dataset.preview) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#preview(), after)
  }

  async #preview() {
    const place = this.querySelector("[data-shows-preview]")
    const all = new FormData(this.closest("form"))
    const body = new URLSearchParams()
    for (const name of ["any", "except", "pupils_too", "csrfmiddlewaretoken"]) {
      for (const value of all.getAll(name)) body.append(name, value)
    }
    const turn = ++this.#asked
    place.setAttribute("aria-busy", "true")
    try {
      const answer = await fetch(this.dataset.preview, { method: "POST", body, headers: { "HX-Request": "true" } })
      if (turn !== this.#asked) return // a later choice is on its way
      if (!answer.ok) throw new Error(answer.statusText)
      place.innerHTML = await answer.text()
    } catch {
      if (turn === this.#asked) place.textContent = _("The preview could not be loaded. You can go on; it is shown again before sending.")
    } finally {
      place.removeAttribute("aria-busy")
    }
  }
}

customElements.define("audience-picker", AudiencePicker)
