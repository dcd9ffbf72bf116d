"""Which languages there are: English, and one for each catalogue in this folder. Adding a language is adding a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mining.errors import InputError

FOLDER: Final = Path(__file__).parent
_ASKED: Final = re.compile(r"\s*([a-z-]+)\s*(?:;\s*q=([01](?:\.\d*)?)\s*)?")


@dataclass(frozen=True)
class Language:
    """One language of the pages and messages."""

    code: str  # as its catalogue is called, and as it stands in the names of pages: "zh"
    tag: str  # as HTML says it: "zh-CN"
    catalogue: NullTranslations = field(compare=False, repr=False)

    @cached_property
    def locale(self) -> Locale:
        """How numbers and dates are written."""
        return Locale.parse(self.tag, sep="-")

    @property
    def name(self) -> str:
        """What its readers call it: 中文."""
        own = self.locale.get_language_name() or self.code
        return own[0].upper() + own[1:]


ENGLISH: Final = Language("en", "en", NullTranslations())


@cache
def languages() -> tuple[Language, ...]:
    """All of them: English first, then by code."""
    return (ENGLISH, *(_read(file) for file in sorted(FOLDER.glob("*.po"))))


def language(code: str) -> Language:
    """The language of a code.

    Raises:
        InputError: there is no catalogue of it.
    """
    for one in languages():
        if one.code == code:
            return one
    known = ", ".join(one.code for one in languages())
    raise InputError(f'"{code}" is no language that there is a catalogue of; write one of {known}')


def preferred(accepted: str, offered: Sequence[Language]) -> Language:
    """Of the languages offered, the one that a browser's Accept-Language asks for first; the first where it asks for none."""
    by_name = {name.lower(): one for one in reversed(offered) for name in (one.tag, one.code)}
    for tag in _asked(accepted):
        found = by_name.get(tag) or by_name.get(tag.partition("-")[0])
        if found:
            return found
    return offered[0]


def _asked(accepted: str) -> list[str]:
    """The tags of an Accept-Language, most wanted first."""
    found = [_ASKED.fullmatch(part.lower()) for part in accepted.split(",")]
    weighed = [(float(one[2] or 1), one[1]) for one in found if one]
    return [tag for weight, tag in sorted(weighed, key=lambda one: -one[0]) if weight]


def _read(file: Path) -> Language:
    """Read a catalogue; what is not translated in it stays English."""
    with file.open("rb") as handle:
        catalogue = read_po(handle)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    tag = (catalogue.locale_identifier or file.stem).replace("_", "-")
    return Language(file.stem, tag, GNUTranslations(compiled))
