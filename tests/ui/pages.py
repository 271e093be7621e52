"""A page by itself, run by Streamlit's AppTest without a browser."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest  # noqa: TID253

WAIT = 60  # seconds


def page(name: str) -> str:
    return f"from ui.views import {name}\n{name}.show()\n"


def opened(name: str) -> AppTest:
    app = AppTest.from_string(page(name), default_timeout=WAIT).run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("markdown", "html", "caption") for element in app.get(kind))
