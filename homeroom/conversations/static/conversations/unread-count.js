// The count beside "Messages" in the menu, on every page: for each conversation the newest number less the one that was
// read. Both come over the socket, so every device and every page counts the same.
import { hintsKept, isLive, reached } from "realtime/socket"

const WAIT = 700 // milliseconds after the socket is ready in which it says what is unread

const last = new Map()
const read = new Map()
let me = ""
let known = false

const badges = () => document.querySelectorAll('[data-badge="conversations"]')

function show() {
  if (!known) return
  let unread = 0
  for (const [stream, number] of last) unread += Math.max(0, number - (read.get(stream) ?? number))
  for (const badge of badges()) {
    badge.hidden = !unread
    badge.textContent = unread <= 99 ? String(unread) : "99+"
  }
}

function begin(streams) {
  known = false
  last.clear()
  read.clear()
  for (const [stream, number] of Object.entries(streams)) if (stream[0] === "c") last.set(stream, number)
  setTimeout(() => { known = true; show() }, WAIT)
}

function hint({ key, data }) {
  const [, stream] = key.match(/^p\d+\/(c\d+)$/) ?? []
  if (!stream) return
  read.set(stream, data.read)
  show()
}

document.addEventListener("live:ready", ({ detail }) => begin(detail.streams))
document.addEventListener("live:hint", ({ detail }) => hint(detail))

document.addEventListener("live:event", ({ detail: { stream, number, name, data } }) => {
  if (name !== "conversations.message" || stream[0] !== "c") return
  if (!read.has(stream)) read.set(stream, last.get(stream) ?? number - 1)
  last.set(stream, Math.max(last.get(stream) ?? 0, number))
  if (data?.by === me) read.set(stream, number)
  show()
})

customElements.define("unread-count", class extends HTMLElement {
  connectedCallback() {
    me = this.dataset.me
    if (!isLive()) return
    begin(reached())
    for (const [key, data] of hintsKept) hint({ key, data })
  }
})
