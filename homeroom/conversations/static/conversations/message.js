// A message as a frame brings it, put into the page's own empty message. Text goes in as text; the only HTML is the
// server's own, which has escaped what was typed. docs/contract/conversations.md says what a frame holds.
import { _, language } from "ui/i18n"

const nodes = (html) => [...new DOMParser().parseFromString(html, "text/html").body.childNodes]
/** [label, initials, tone] in the page's language. */
export const face = (who) => who[language] ?? Object.values(who)[0] ?? ["", "", 0]
const label = (who) => face(who)[0]
const part = (root, name) => root.querySelector(`[data-part="${name}"]`)

/** Whether the frame says all; if not, the page has to ask for this message. */
export const isWhole = (told) => Boolean(told) && !told.ask

/** The newest message in one line, with who wrote it, as the list of conversations shows it. */
export function line(told, me) {
  const who = told.by === me ? _("You") : label(told.who)
  if (told.gone) return _("%(who)s withdrew a message", { who })
  return _("%(who)s: %(text)s", { who, text: told.line || _("[file]") })
}

const dayWords = (day) => {
  const today = new Date()
  const [y, m, d] = day.split("-").map(Number)
  const away = Math.round((new Date(y, m - 1, d) - new Date(today.getFullYear(), today.getMonth(), today.getDate())) / 86_400_000)
  if (away === 0) return _("Today")
  if (away === -1) return _("Yesterday")
  return new Intl.DateTimeFormat(language === "en" ? "en" : "zh-CN", { month: "long", day: "numeric" }).format(new Date(y, m - 1, d))
}

/** The message as an element like those the server renders. */
export function made(told, { blank, me, former }) {
  const item = blank.content.firstElementChild.cloneNode(true)
  const mine = told.by === me
  const [name, initials, tone] = face(told.who)
  item.classList.add(told.side, ...(mine ? ["mine"] : []))
  item.id = `m${told.n}`
  Object.assign(item.dataset, { number: told.n, day: told.day, dayWords: former?.dataset.day === told.day ? former.dataset.dayWords : dayWords(told.day) })
  if (mine) item.dataset.key = told.key
  const avatar = part(item, "avatar")
  if (mine) avatar.remove()
  else { avatar.textContent = initials; avatar.classList.add(`t${tone}`) }
  item.querySelector("article").setAttribute("aria-label", name)
  part(item, "who").textContent = mine ? _("You") : name
  const time = item.querySelector("header time")
  time.dateTime = told.at ?? ""
  time.textContent = told.clock
  if (told.gone) {
    const who = told.gone.own && mine ? _("you") : label(told.gone.who)
    part(item, "gone").lastElementChild.textContent = _("Withdrawn by %(who)s", { who }) + (told.gone.reason ? _(": ") + told.gone.reason : "")
    for (const name of ["quote", "text", "files", "former", "signs", "footer"]) part(item, name)?.remove()
    return item
  }
  part(item, "gone").remove()
  quote(item, told)
  if (told.html) part(item, "text").append(...nodes(told.html))
  else part(item, "text").remove()
  files(item, told)
  edited(item, told)
  signs(item, told, me)
  const more = part(item, "more")
  more.href = more.href.replace("00000000-0000-0000-0000-000000000000", told.id)
  Object.assign(more.dataset, { message: told.id, who: name })
  more.querySelector(".sr").textContent = _("What can be done about message %(number)s", { number: told.n })
  const privately = part(item, "privately")
  if (privately && told.side !== "staff") privately.remove()
  else if (privately) privately.elements.quote.value = told.id
  return item
}

function quote(item, told) {
  const link = part(item, "quote")
  if (!told.quote) { link.remove(); return }
  link.href = `#m${told.quote.n}`
  link.querySelector("b").textContent = label(told.quote.who)
  link.querySelector("span").textContent = told.quote.line ?? _("Withdrawn")
}

function files(item, told) {
  const list = part(item, "files")
  if (!told.files?.length) { list.remove(); return }
  const [picture, file] = list.children
  list.replaceChildren(...told.files.map((one) => {
    const line = (one.picture ? picture : file).cloneNode(true)
    line.querySelector("a").href = one.url
    const image = line.querySelector("img")
    if (image) Object.assign(image, { src: one.picture, alt: _("Picture: %(name)s", { name: one.name }), width: one.width, height: one.height })
    else { part(line, "name").textContent = `${one.name} `; line.querySelector("small").textContent = one.size }
    return line
  }))
}

function edited(item, told) {
  const details = part(item, "former")
  if (!told.former?.length) { details.remove(); return }
  for (const [until, html] of told.former) {
    const when = document.createElement("p")
    const small = document.createElement("small")
    small.textContent = _("Until %(time)s:", { time: until })
    when.append(small)
    const text = document.createElement("div")
    text.className = "msg-text"
    text.append(...nodes(html))
    details.append(when, text)
  }
}

function signs(item, told, me) {
  const row = part(item, "signs")
  const byKind = new Map((told.signs ?? []).map((sign) => [sign.kind, sign]))
  if (!byKind.size) { row.remove(); return }
  for (const shown of [...row.children]) {
    const sign = byKind.get(shown.dataset.kind)
    if (!sign) { shown.remove(); continue }
    const names = sign.who.map(label).join("、")
    shown.title = names
    shown.classList.toggle("mine", sign.by.includes(me))
    shown.querySelector(".sr").textContent = `${names} `
    shown.append(String(sign.by.length))
  }
}
