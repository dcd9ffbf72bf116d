"""The colours of the map, by day and by night, and the style sheet made of them.

Each colour of a wait is at least 3:1 on its background, and they get darker (by night: lighter) with the wait, so that
they also part in grey and for colour-blind eyes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

LIGHT: Final = {
    "ink": "#14202e",
    "secondary": "#4a5868",
    "card": "#ffffff",
    "line": "#d9dfe7",
    "border": "#9aa7b6",
    "accent": "#1f5fa8",
    "bar": "#2f5f8f",
    "rest": "#e3e9f0",
    "wait0": "#8794a7",
    "wait1": "#c07f10",
    "wait2": "#ae4a12",
    "wait3": "#7f1d16",
    "wait4": "#3f0712",
    "timer": "#5b6b7e",
    "terminal": "#93a0b0",
    "slower": "#b2182b",
    "faster": "#2166ac",
    "same": "#8a94a3",
}

DARK: Final = {
    "ink": "#e8edf3",
    "secondary": "#a9b5c3",
    "card": "#161e27",
    "line": "#2c3743",
    "border": "#5c6a7a",
    "accent": "#7fb2ea",
    "bar": "#6f9fd0",
    "rest": "#2a3541",
    "wait0": "#6f7f94",
    "wait1": "#b98431",
    "wait2": "#e2934a",
    "wait3": "#ffb98a",
    "wait4": "#ffe4d1",
    "timer": "#93a3b5",
    "terminal": "#76859a",
    "slower": "#ff7a6e",
    "faster": "#6fb1f2",
    "same": "#76859a",
}


def wait_colour(colour_class: int) -> str:
    """Give the daylight colour of a class of waits, 0 to 4."""
    return LIGHT[f"wait{colour_class}"]


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


MAP_CSS: Final = (
    f"svg.map{{{_variables(LIGHT)}}}\n"
    f"@media screen and (prefers-color-scheme:dark){{svg.map{{{_variables(DARK)}}}}}\n"
    + Path(__file__).with_name("map.css").read_text(encoding="utf-8")
)
