"""Colours, light and dark. Every text has a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3); a test counts."""

from __future__ import annotations

LIGHT = {
    "primaryColor": "#0b5c6b",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f2f5f6",
    "textColor": "#17212b",
    "linkColor": "#0b5c6b",
    "greenTextColor": "#0f6b3a",
    "orangeTextColor": "#8a4b00",
    "redTextColor": "#a3161b",
    "grayTextColor": "#4a5560",
    "blueTextColor": "#174ea6",
}
DARK = {
    "primaryColor": "#5cc4d6",
    "backgroundColor": "#12181e",
    "secondaryBackgroundColor": "#1d262e",
    "textColor": "#eef2f4",
    "linkColor": "#7fd3e2",
    "greenTextColor": "#66d79a",
    "orangeTextColor": "#f3b562",
    "redTextColor": "#ff9a96",
    "grayTextColor": "#b4bec7",
    "blueTextColor": "#9cc2ff",
}
THEME = {
    **{f"theme.light.{name}": value for name, value in LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in DARK.items()},
}
