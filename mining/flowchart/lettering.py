"""How wide a text is, and where to break it, by our own table: the same on every machine, whatever fonts it has.

The table (widths.json) holds the advances of Liberation Sans, which has the metrics of Arial.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

ELLIPSIS: Final = "…"
_KEPT_FORMATS: Final = "\u200c\u200d"  # joiners: Persian, Indic scripts and emoji need them
_UNKNOWN_EM: Final = 0.8  # a letter of a script that the table does not know: rather too wide than too narrow
_WIDE: Final = (
    r"\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003fffd"
)
_PIECES: Final = re.compile(rf"\s+|[{_WIDE}][、。，．：；！？）」』】〕》]*|[^\s{_WIDE}_/-]*[_/-]+|[^\s{_WIDE}_/-]+")


def clean(text: str) -> str:
    """Make one printable line of any text: without control characters, overrides of direction, halves of characters."""
    kept = "".join(_printable(character) for character in text)
    return " ".join(kept.split())


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Say how many pixels `text` takes in Arial of `size` pixels."""
    advances = _advances("bold" if bold else "regular")
    return size * sum(advances.get(character) or _guessed(character) for character in text)


def wrap(text: str, room: float, size: float, *, lines: int, bold: bool = False) -> tuple[str, ...]:
    """Break a clean text into at most `lines` lines of at most `room` pixels; what is left out leaves an ellipsis.

    Breaks at blanks, after `_`, `/` and `-`, between Chinese characters; inside a word only if it is wider than a line.
    """
    rows = [""]
    for piece in _PIECES.findall(text):
        for part in _parts(piece, room, size, bold):
            if width((rows[-1] + part).rstrip(), size, bold=bold) <= room:
                rows[-1] += part
            elif len(rows) == lines:
                return (*(row.strip() for row in rows[:-1]), _shortened(rows[-1] + part, room, size, bold))
            else:
                rows.append(part.lstrip())
    return tuple(row.strip() for row in rows)


def _shortened(row: str, room: float, size: float, bold: bool) -> str:
    while row and width(row.rstrip() + ELLIPSIS, size, bold=bold) > room:
        row = row[:-1]
    return row.rstrip() + ELLIPSIS


def _parts(piece: str, room: float, size: float, bold: bool) -> list[str]:
    """Cut a piece wider than a line into parts that fit."""
    parts = [""]
    for character in piece:
        if parts[-1] and width(parts[-1] + character, size, bold=bold) > room:
            parts.append("")
        parts[-1] += character
    return parts


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp", "Cc"):
        return " "
    if category == "Cs" or ord(character) & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return "" if category == "Cf" and character not in _KEPT_FORMATS else character


def _guessed(character: str) -> float:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in ("W", "F") else _UNKNOWN_EM


@cache
def _advances(face: str) -> dict[str, float]:
    table = json.loads(Path(__file__).with_name("widths.json").read_text(encoding="utf-8"))
    return {
        character: int(advance) / table["unit"]
        for advance, characters in table[face].items()
        for character in characters
    }
