"""The page that asks for the key: HTML and CSS of its own, which needs nothing that stands behind the guard."""

from __future__ import annotations

import re
from html import escape

from ui.theme import DARK, LIGHT

FORM = "/_kestrel/key"  # where it is sent
POLICY = (  # of its content: no script, and nothing from anywhere
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
WRONG = "✗ That is not the key. Capitals and small letters differ."
_LOCAL = re.compile(r"/[!-\[\]-~]{0,2000}")  # ASCII that is seen, but no backslash: browsers take it for a slash


def local(path: str) -> str:
    """The path itself where it is one of this server, else that of the first page. "//" begins another host."""
    is_ours = _LOCAL.fullmatch(path) and "//" not in path and path.partition("?")[0] != FORM
    return path if is_ours else "/"


def page(path: str, told: str = "") -> str:
    """For one who asked for that path. `told` is what was wrong with the key that was given."""
    message = f'<p class="wrong" role="alert">{escape(told)}</p>' if told else ""
    return _PAGE.format(
        style=_STYLE, form=FORM, path=escape(local(path)), message=message, light=_colours(LIGHT), dark=_colours(DARK)
    )


def _colours(theme: dict[str, str]) -> str:
    names = {
        "ground": "backgroundColor",
        "field": "secondaryBackgroundColor",
        "text": "textColor",
        "strong": "primaryColor",
        "wrong": "redTextColor",
        "edge": "grayTextColor",
    }
    return " ".join(f"--{name}: {theme[of]};" for name, of in names.items())


_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; padding: 14vh 1rem 2rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 "Source Sans Pro", "Source Sans 3", system-ui, sans-serif; }
main { max-width: 26rem; margin: 0 auto; }
h1 { font-size: 2.5rem; line-height: 1.2; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
form { border: 1px solid color-mix(in srgb, var(--edge) 40%, transparent); border-radius: .5rem; padding: 1rem; }
label { display: block; margin-bottom: .25rem; font-size: .9rem; }
input, button { font: inherit; width: 100%; padding: .5rem .75rem; border-radius: .5rem; }
input { background: var(--field); color: var(--text); border: 1px solid var(--edge); }
button { margin-top: 1rem; background: var(--strong); color: var(--ground); border: 1px solid var(--strong);
  cursor: pointer; }
input:focus-visible, button:focus-visible { outline: 2px solid var(--strong); outline-offset: 2px; }
.wrong { color: var(--wrong); margin: 1rem 0 0; }
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Kestrel</title>
<style>
:root {{ color-scheme: light dark; {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}{style}</style>
</head>
<body>
<main>
<h1>Kestrel</h1>
<p>These pages are under a key. Whoever started the server has it.</p>
<form method="post" action="{form}">
<input type="hidden" name="path" value="{path}">
<label for="key">Key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Open</button>
{message}
</form>
</main>
</body>
</html>
"""
