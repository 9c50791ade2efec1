"""The design system: base pages, components, icons, the style sheet, small elements, languages, the home-screen app.

A *page* extends `ui/page.html` (or `ui/bare.html` before sign-in) and is written with the macros of
`ui/components.html`. A *preference* is how one device shows things: language, theme, elder mode, text size. It lives in
cookies, so a sign-in page already shows it. A *slot* (`ui.public`) is where other modules put menu entries and banners.
`/ui/` shows every component in every mode.
"""
