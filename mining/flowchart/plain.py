"""The drawing for programs that know no custom properties in a style sheet: every rule with its colours of the day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mining.flowchart.colours import LIGHT, MAP_CSS

_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SETS: Final = re.compile(r"svg\.map (\.\w+) \{ --wait: (var\(--\w+\)); \}")
_STYLE: Final = re.compile(r"<style>.*?</style>", re.DOTALL)


def plain(svg: str) -> str:
    """A map that stands for itself, with plain colours."""
    return _STYLE.sub(lambda _found: f"<style>{_sheet()}</style>", svg, count=1)


def _sheet() -> str:
    rules = MAP_CSS.partition("\n")[2].partition("\n")[2]  # without the two lines that set the colours
    return "\n".join(rule for line in rules.splitlines() for rule in _resolved(line))


def _resolved(line: str) -> Iterator[str]:
    """A rule with its colours; one whose colour is that of a class of lines, once for each such class."""
    found = _RULE.fullmatch(line.strip())
    if not found or ":hover" in line or ":focus" in line or "--wait:" in line:
        return
    waits = _SETS.findall(MAP_CSS) if "var(--wait)" in line else [("", "")]
    for within, colour in waits:
        body = found[2].replace("var(--wait)", colour)
        for name, value in LIGHT.items():
            body = body.replace(f"var(--{name})", value)
        yield ",".join(_inside(selector, within) for selector in found[1].split(",")) + "{" + body + "}"


def _inside(selector: str, within: str) -> str:
    return selector.strip().replace("svg.map ", f"svg.map {within} " if within else "svg.map ", 1)
