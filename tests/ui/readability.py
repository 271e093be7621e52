"""What a person with poor sight, without a mouse, or with a telephone meets on a page: measured in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SMALL, LARGE, ICON = 4.5, 3.0, 3.0  # WCAG 2.2: 1.4.3 for text, from 24 px (or 18.66 bold) on large; 1.4.11 for icons

_CONTRASTS = """() => {
  const pixel = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const resolved = color => {
    pixel.clearRect(0, 0, 1, 1); pixel.fillStyle = color; pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, under, alpha) => under.map((each, place) => top[place] * alpha + each * (1 - alpha));
  const ground = element => {  // what is behind it, from the page inwards
    const {left, right, top, bottom} = element.getBoundingClientRect(), x = (left + right) / 2, y = (top + bottom) / 2;
    const holds = box => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
    const layers = [];
    let beside = null, scrolled = false;  // `beside`: what it is placed against, where it is placed outside of that
    for (let each = element; each; each = each.parentElement) {
      if (each !== beside) layers.unshift(each);
      const style = getComputedStyle(each);
      scrolled ||= /auto|scroll/.test(style.overflowY);
      if (!scrolled && style.position === 'absolute' && each.offsetParent
          && !holds(each.offsetParent.getBoundingClientRect())) beside = each.offsetParent;
    }
    let color = [255, 255, 255];
    for (const each of layers) {
      const style = getComputedStyle(each), [r, g, b, a] = resolved(style.backgroundColor);
      color = over([r, g, b], color, a);
    }
    return color;
  };
  const opacity = element => {
    let all = 1;
    for (let each = element; each; each = each.parentElement) all *= Number(getComputedStyle(each).opacity);
    return all;
  };
  const luminance = color => color.map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const seen = element => element.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && !clipped(element) && [...element.getClientRects()].some(box => box.width > 1 && box.height > 1);
  const clipped = element => {
    for (let each = element; each; each = each.parentElement)
      if (/inset\\(50%\\)/.test(getComputedStyle(each).clipPath)) return true;
    return false;
  };
  const disabled = element => element.closest('[disabled], [aria-disabled="true"], :disabled');
  const measured = (element, style, text) => {
    const behind = ground(element), [r, g, b, a] = resolved(style.color);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    return {text: text.trim().slice(0, 60), size, bold, icon: /Material|icon/i.test(style.fontFamily),
      contrast: contrast(over([r, g, b], behind, a * opacity(element)), behind)};
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data, element = walker.currentNode.parentElement;
    if (!text.trim() || /^(STYLE|SCRIPT|NOSCRIPT)$/.test(element.tagName)) continue;
    if (seen(element) && !disabled(element)) found.push(measured(element, getComputedStyle(element), text));
  }
  for (const field of document.querySelectorAll('input, textarea')) {
    if (!seen(field) || disabled(field)) continue;
    const text = field.value || field.placeholder, style = getComputedStyle(field, field.value ? '' : '::placeholder');
    if (text) found.push(measured(field, style, text));
  }
  return found;
}"""

_WIDER = """() => [...document.querySelectorAll('body *')].filter(each => {
  const box = each.getBoundingClientRect();
  if (box.right <= innerWidth + 1 || !box.width || !each.checkVisibility()) return false;
  for (let above = each.parentElement; above; above = above.parentElement)
    if (/auto|scroll|hidden|clip/.test(getComputedStyle(above).overflowX)
        && above.getBoundingClientRect().right <= innerWidth + 1) return false;
  return true;
}).map(each => `${each.tagName} ${each.dataset.testid ?? each.className}`.slice(0, 80))"""


@dataclass(frozen=True, slots=True)
class Text:
    """A stretch of text that is seen, `size` in pixels, and its contrast with what is behind it."""

    text: str
    size: float
    bold: bool
    icon: bool
    contrast: float

    @property
    def readable(self) -> bool:
        if self.icon:
            return self.contrast >= ICON
        large = self.size >= 24 or (self.bold and self.size >= 18.66)
        return self.contrast >= (LARGE if large else SMALL)


def texts(page: Any) -> list[Text]:
    """Every text that is seen on a page. What is disabled is left out, as WCAG does."""
    return [Text(**found) for found in page.evaluate(_CONTRASTS)]


def wider_than_the_screen(page: Any) -> list[str]:
    """What sticks out on the right, where nothing scrolls or cuts it."""
    found = list(page.evaluate(_WIDER))
    return found or (["the page"] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else [])
