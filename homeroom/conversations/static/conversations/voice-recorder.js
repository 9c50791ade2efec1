// <voice-recorder>: records at most a minute from the microphone, and puts it with the files of the message. It goes out
// with the message, after whoever spoke could listen to it.
import { _ } from "ui/i18n"
import "conversations/voice-player"

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"]
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`

class VoiceRecorder extends HTMLElement {
  #recorder = null
  #timer = 0

  connectedCallback() {
    this.form = this.closest("form")
    this.said = this.form.querySelector("[data-said]")
    this.begin = this.querySelector("[data-begin]")
    this.running = this.querySelector("[data-running]")
    if (!window.MediaRecorder) return // the button stays hidden: nothing can be recorded here
    this.hidden = false
    this.begin.addEventListener("click", () => this.#start())
    this.querySelector("[data-finish]").addEventListener("click", () => this.#stop(true))
    this.querySelector("[data-cancel]").addEventListener("click", () => this.#stop(false))
    this.hold = (event) => {
      if (!this.#recorder) return
      event.preventDefault()
      event.stopImmediatePropagation()
      this.#say(_("Finish the recording first."))
    }
    this.form.addEventListener("submit", this.hold, true)
  }

  disconnectedCallback() {
    this.form?.removeEventListener("submit", this.hold, true)
    this.#stop(false)
  }

  async #start() {
    if (!navigator.mediaDevices?.getUserMedia) { this.#say(_("Recording needs a secure connection (https)."), true); return }
    let stream
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true })
    } catch (error) {
      this.#say(this.#why(error), true)
      return
    }
    const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one))
    const recorder = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), audioBitsPerSecond: 24_000 })
    const parts = []
    recorder.addEventListener("dataavailable", (event) => { if (event.data.size) parts.push(event.data) })
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop()
      if (this.keep) this.#upload(new Blob(parts, { type: recorder.mimeType }))
    })
    recorder.start()
    this.#recorder = recorder
    this.#shown(true)
    this.#say(_("Recording. At most %(most)s seconds.", { most: this.dataset.most }))
    const since = Date.now()
    const most = Number(this.dataset.most)
    const tick = () => {
      const seconds = Math.floor((Date.now() - since) / 1000)
      this.querySelector("[data-clock]").textContent = `${clock(Math.min(seconds, most))} / ${clock(most)}`
      if (seconds >= most) this.#stop(true)
    }
    tick()
    this.#timer = setInterval(tick, 250)
    this.querySelector("[data-finish]").focus()
  }

  #why(error) {
    if (error.name === "NotAllowedError" || error.name === "SecurityError") return _("The microphone is not allowed. Allow it for this site in the browser's settings, or write instead.")
    if (error.name === "NotFoundError") return _("No microphone was found. Write instead.")
    return _("The microphone cannot be used just now. Close other programs that use it, or write instead.")
  }

  #stop(keep) {
    const recorder = this.#recorder
    if (!recorder) return
    clearInterval(this.#timer)
    this.keep = keep
    this.#recorder = null
    recorder.stop()
    this.#shown(false)
    if (this.isConnected) this.#say("")
  }

  #shown(running) {
    this.begin.hidden = running
    this.running.hidden = !running
    this.form.classList.toggle("is-recording", running)
  }

  async #upload(blob) {
    this.#say(_("The recording is being kept …"))
    const body = new FormData()
    body.append("file", blob, "voice")
    body.append("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value)
    try {
      const response = await fetch(this.dataset.upload, { method: "POST", body, headers: { "HX-Request": "true" } })
      const made = new DOMParser().parseFromString(await response.text(), "text/html").body
      if (!response.ok) throw new Error(made.textContent.trim().slice(0, 200))
      this.form.querySelector("[data-files]").append(made.firstElementChild)
      this.#say(_("Listen to it if you like, then send."))
      this.form.querySelector("[data-send]").focus()
    } catch (error) {
      this.#say(error instanceof TypeError ? _("No connection. The recording was not kept; record it again later.") : error.message, true)
      this.begin.focus()
    }
  }

  #say(text, bad = false) {
    this.said.textContent = text
    this.said.classList.toggle("bad", bad)
  }
}

customElements.define("voice-recorder", VoiceRecorder)
