// Messages of the page's language. One small module holds them (made by `homeroom messages compile`); its address is in
// the import map.
import messages from "ui/messages";

export const language = document.documentElement.lang.startsWith("zh") ? "zh-hans" : "en";

const fill = (text, values) => text.replace(/%\((\w+)\)[sd]/g, (all, name) => (name in values ? String(values[name]) : all));

/** The message in the page's language, with %(name)s filled from `values`. */
export const _ = (text, values = {}) => fill(messages[text] ?? text, values);
export const gettext = _;

/** The form of the message for `n`; `%(n)s` is `n`. Chinese has one form, English two. */
export const ngettext = (one, many, n, values = {}) => {
  const forms = messages[one] ?? [one, many];
  const at = language === "en" && n !== 1 ? 1 : 0;
  return fill(Array.isArray(forms) ? forms[Math.min(at, forms.length - 1)] : forms, { n, ...values });
};

/** A message whose English alone does not tell which is meant. */
export const pgettext = (context, text, values = {}) => fill(messages[`${context}\u0004${text}`] ?? text, values);
