// A feed that fills itself: each frame holds all a card needs, so nothing is asked of the server.
import { _, ngettext } from "ui/i18n";
import { toast } from "ui/toast";
import { count, countNew, leave, markRead, part, put, settle, shown } from "delivery/acts";

const language = document.documentElement.lang;
const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/** As the server writes deadlines: 后天 18:00, 周五 18:00 or 11月30日 18:00, by the school's clock wherever the phone is. */
function moment(iso, timeZone) {
  const format = (options, at = new Date(iso)) => new Intl.DateTimeFormat(language, { timeZone, ...options }).format(at);
  const day = (at) => Date.parse(new Intl.DateTimeFormat("en-CA", { timeZone }).format(at)) / 86_400_000;
  const distance = day(new Date(iso)) - day(new Date());
  const named = distance === 0 || distance === 1 || (distance === 2 && language.startsWith("zh")); // English has no word for 后天
  const ofWeek = distance > 2 && distance < 7 ? { weekday: "short" } : { month: "short", day: "numeric" };
  const word = named ? near.format(distance, "day") : format(ofWeek);
  return `${word} ${format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}`;
}

customElements.define("live-feed", class extends HTMLElement {
  connectedCallback() {
    this.person = this.dataset.person;
    const family = this.querySelector("[data-family]");
    this.children_ = new Map((family ? JSON.parse(family.textContent) : []).map((child) => [child.person_id, child]));
    this.heard = ({ detail }) => { if (detail.stream === `p${this.person}` && detail.data) this.take(detail); };
    this.missed = ({ detail }) => { if (detail.stream[0] === "p") location.reload(); };
    document.addEventListener("live:event", this.heard);
    document.addEventListener("live:reload", this.missed);
  }

  disconnectedCallback() {
    document.removeEventListener("live:event", this.heard);
    document.removeEventListener("live:reload", this.missed);
  }

  take({ name, about, data }) {
    switch (name) {
      case "delivery.item_sent": case "delivery.item_surfaced": this.show(data, about); break;
      case "delivery.item_corrected": this.correct(data); break;
      case "delivery.item_recalled": this.recall(data); break;
      case "delivery.item_read": markRead(data.item); if ([...shown(data.item)].some((node) => node.dataset.level === "read")) put(data.item, "action"); break;
      case "delivery.item_done": this.done(data, about); break;
      case "delivery.item_snoozed": if (!this.dataset.one) for (const node of [...shown(data.item)]) leave(node); break;
      case "delivery.reminders_queued": this.remind(data); break;
      case "delivery.item_replied": this.answered(data); break;
    }
  }

  // --- a new card, or one more child on a card that is there
  show(data, about) {
    if (this.dataset.one) return;
    const list = this.querySelector("#feed");
    const card = list?.querySelector(`[data-item="${CSS.escape(data.item)}"]`);
    if (card) {
      this.chip(card, about);
      list.prepend(card);
      return;
    }
    countNew(data.category, 1);
    if (this.dataset.still !== undefined) {
      toast(_("New: %(title)s", { title: data.title }), { action: { label: _("Show"), run: () => location.reload() } });
      return;
    }
    const made = document.getElementById("live-card").content.firstElementChild.cloneNode(true);
    made.id = `i-${data.item}`;
    Object.assign(made.dataset, { item: data.item, level: data.level, category: data.category });
    made.classList.toggle("is-urgent", data.priority === "emergency");
    made.querySelector(".kind").replaceWith(part(`kind-${data.category}`));
    list.querySelector(":scope > .empty")?.remove();
    list.prepend(made);
    this.fill(made, data);
    this.chip(made, about);
    const asks = this.asks(data, about);
    this.offer(made, data, asks);
    if (asks && data.level !== "read") this.toDo(data, about);
  }

  fill(card, data) {
    const slot = (name) => card.querySelector(`[data-slot="${name}"]`);
    slot("title").textContent = data.title;
    slot("title").href = `/feed/items/${data.item}/`;
    slot("sender").textContent = data.sender;
    slot("lead").textContent = data.lead;
    const tags = [];
    const tag = (name, words) => { const piece = part(name); if (words) piece.querySelector("span span, .tag > span").textContent = words; tags.push(piece); };
    if (data.priority !== "routine") tag(data.priority);
    if (data.deadline) tags.push(this.deadline(data));
    if (data.extras.amount) tag("amount", `¥${data.extras.amount}`);
    if (data.extras.files) tag("files", ngettext("%(n)s attachment", "%(n)s attachments", data.extras.files));
    slot("tags").replaceChildren(...tags);
  }

  deadline(data) {
    const tag = part("deadline");
    tag.querySelector(".tag > span").textContent = _("Due: %(when)s", { when: moment(data.deadline, this.dataset.zone || undefined) });
    return tag;
  }

  chip(card, about) {
    const child = this.children_.get(about);
    const slot = card.querySelector('[data-slot="children"]');
    if (!child || !slot || [...slot.querySelectorAll(".child > span")].some((name) => name.textContent === child.name)) return;
    const piece = part("child");
    piece.querySelector(".child > span").textContent = child.name;
    slot.append(piece);
  }

  asks(data, about) {
    const child = this.children_.get(about);
    if (data.recalled) return false;
    if (!child) return true;
    return data.level === "sign" ? child.may_sign : data.level === "read" || child.may_confirm;
  }

  offer(card, data, asks) {
    const action = card.querySelector('[data-slot="action"]');
    const state = card.querySelector('[data-slot="state"]');
    if (!asks) { state?.replaceChildren(part("told")); return; }
    const piece = part(`do-${data.level}`);
    const form = piece.querySelector("form");
    if (form) {
      form.action = `/feed/items/${data.item}/${data.level}/`;
      form.elements.version.value = data.version;
      if (data.action) form.querySelector("button > span").textContent = data.action;
    } else {
      piece.querySelector("a").href = `/feed/items/${data.item}/#${data.level}`;
    }
    action.replaceChildren(piece);
    state?.replaceChildren();
  }

  toDo(data, about) {
    const panel = document.getElementById("to-do");
    if (!panel) return;
    const line = document.getElementById("live-to-do").content.firstElementChild.cloneNode(true);
    line.dataset.item = data.item;
    const link = line.querySelector("a");
    link.textContent = data.title;
    link.href = `/feed/items/${data.item}/`;
    this.offer(line, data, true);
    for (const button of line.querySelectorAll(".b")) button.classList.add("small");
    if (data.deadline) line.querySelector(".meta").prepend(this.deadline(data));
    panel.querySelector(".to-do-list").prepend(line);
    this.chip(line, about);
    panel.hidden = false;
    count("to-do", 1);
  }

  // --- what changes on a card that is there
  correct(data) {
    if (this.dataset.one === data.item) { location.reload(); return; }
    for (const card of shown(data.item)) {
      if (!card.matches("article")) continue;
      this.fill(card, data);
      for (const version of card.querySelectorAll('[name="version"]')) version.value = data.version;
    }
    toast(_("Corrected: %(title)s", { title: data.title }));
  }

  recall(data) {
    if (this.dataset.one === data.item) { location.reload(); return; }
    settle(data.item, "recalled");
    put(data.item, "lead", `${_("The sender has withdrawn this.")} ${data.recall_reason}`);
    put(data.item, "tags");
    for (const card of shown(data.item)) card.classList.add("is-recalled");
  }

  done(data, about) {
    const me = String(data.person) === this.person;
    markRead(data.item);
    if (me) { if (data.level !== "read") settle(data.item, `did-${data.level}`); return; }
    // Another guardian did it for one child: the others on the card may still be open.
    for (const card of shown(data.item)) {
      const chips = [...card.querySelectorAll(".child")];
      const name = this.children_.get(about)?.name;
      for (const chip of chips) if (!name || chip.querySelector("span").textContent === name) chip.classList.add("is-done");
      if (chips.every((chip) => chip.classList.contains("is-done"))) { settle(data.item, "home"); break; }
    }
  }

  remind(data) {
    const card = this.querySelector(`#feed [data-item="${CSS.escape(data.item)}"]`);
    if (card) { card.classList.remove("is-live"); requestAnimationFrame(() => card.classList.add("is-live")); }
    toast(_("Reminder: %(title)s", { title: data.title }), { action: { label: _("Open"), run: () => { location.href = `/feed/items/${data.item}/`; } } });
  }

  answered(data) {
    if (String(data.author) === this.person) return;
    if (this.dataset.one === data.item) { location.hash = "reply"; location.reload(); return; }
    toast(_("%(who)s answered: %(title)s", { who: data.who, title: data.title }), { action: { label: _("Open"), run: () => { location.href = `/feed/items/${data.item}/#reply`; } } });
  }
});
