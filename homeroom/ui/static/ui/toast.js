// A short word at the foot of the page that something was done, with at most one thing to do about it.
import { _ } from "ui/i18n";

const READABLE = 6000;

const leave = (box) => setTimeout(() => box.remove(), READABLE);

/** Show `text`; `tone` is "", "good", "warn" or "bad" (stays until closed); `action` is {label, run}. */
export function toast(text, { tone = "", action = null } = {}) {
  const box = document.createElement("div");
  box.className = `toast ${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action || tone === "bad") {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action?.label ?? _("Close");
    button.addEventListener("click", () => { box.remove(); action?.run(); });
    box.append(button);
  }
  document.getElementById("toasts")?.append(box);
  if (tone !== "bad") leave(box);
  return box;
}

/** Let the messages the server wrote into the page leave after they could be read. */
export function settle() {
  document.querySelectorAll("#toasts .toast:not(.bad)").forEach(leave);
}
