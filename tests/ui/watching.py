"""A stopwatch inside the browser: from the key that asks to the frame in which something is to be seen."""

from __future__ import annotations

from typing import Any

# From Enter (or a click on `starter`) to the frame after the one in which `selector` matched something visible.
_WATCH = """([selector, starter]) => {
  window.kestrelSeen = null;
  let begun = null;
  const begin = event => { if (begun === null) begun = event.timeStamp; };
  if (starter) document.querySelector(starter).addEventListener('pointerdown', begin, {capture: true, once: true});
  else document.addEventListener('keydown', event => { if (event.key === 'Enter') begin(event); }, {capture: true});
  // Every change of the page is looked at, not every frame: where the processors are busy, frames are left out.
  const watch = new MutationObserver(() => {
    if (begun === null || !document.querySelector(selector)?.getClientRects().length) return;
    watch.disconnect();
    requestAnimationFrame(() => { window.kestrelSeen = performance.now() - begun; });
  });
  watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def milliseconds_until(page: Any, selector: str, act: Any, starter: str = "", patience: int = 60_000) -> float:
    """`act` asks, by Enter or by a click on `starter`; how long it then took until `selector` was painted."""
    page.evaluate(_WATCH, [selector, starter])
    act()
    page.wait_for_function("window.kestrelSeen !== null", timeout=patience, polling=50)
    return float(page.evaluate("window.kestrelSeen"))
