// <voice-player>: a recording with one large button, its position and its length as text. Without scripts the browser's
// own player stands there instead. Only one plays at a time.
import { _ } from "ui/i18n"

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
let playing = null

class VoicePlayer extends HTMLElement {
  connectedCallback() {
    if (this.button) return
    this.audio = this.querySelector("audio")
    this.length = Number(this.dataset.seconds) || 0
    this.audio.controls = false
    this.audio.hidden = true
    this.button = document.createElement("button")
    this.button.type = "button"
    this.button.className = "b secondary voice-play"
    this.button.addEventListener("click", () => this.#toggle())
    this.bar = document.createElement("input")
    this.bar.type = "range"
    this.bar.min = "0"
    this.bar.step = "1"
    this.bar.max = String(Math.max(1, this.length))
    this.bar.value = "0"
    this.bar.setAttribute("aria-label", _("Position in the recording"))
    this.bar.addEventListener("input", () => { this.audio.currentTime = Number(this.bar.value); this.#show() })
    this.words = document.createElement("span")
    this.words.className = "voice-time num"
    this.append(this.button, this.bar, this.words)
    for (const name of ["play", "pause", "ended", "timeupdate", "seeked"]) this.audio.addEventListener(name, () => this.#show())
    this.audio.addEventListener("ended", () => { this.audio.currentTime = 0 })
    this.audio.addEventListener("error", () => { this.words.textContent = _("It cannot be played here.") })
    this.#show()
  }

  disconnectedCallback() { this.audio?.pause() }

  async #toggle() {
    if (!this.audio.paused) { this.audio.pause(); return }
    if (playing && playing !== this.audio) playing.pause()
    playing = this.audio
    try { await this.audio.play() } catch { this.words.textContent = _("It cannot be played here.") }
  }

  #show() {
    const at = this.audio.currentTime
    const whole = this.length || (Number.isFinite(this.audio.duration) ? this.audio.duration : 0)
    this.bar.max = String(Math.max(1, Math.round(whole)))
    this.bar.value = String(Math.round(at))
    this.bar.setAttribute("aria-valuetext", _("%(at)s of %(whole)s", { at: clock(at), whole: clock(whole) }))
    this.words.textContent = `${clock(at)} / ${clock(whole)}`
    const runs = !this.audio.paused
    if (this.button.dataset.runs === String(runs)) return
    this.button.dataset.runs = String(runs)
    this.button.textContent = runs ? _("Pause") : _("Play")
  }
}

customElements.define("voice-player", VoicePlayer)
