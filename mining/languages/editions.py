"""The same page in several languages: what its files are called, so that every link stays in the reader's language.

A page of a night keeps its address for ever: `index.html` in the first language of its process, `index.zh.html` in another.
A list, which is written anew after each night, has a file for each language, and is `index.html` in the first one as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mining.errors import InputError
from mining.languages.catalogue import ENGLISH, Language, language
from mining.languages.speech import spoken

Editions = dict[Language, str]  # name of the file by language, the first language first


def editions(languages: Sequence[Language], stem: str = "index") -> Editions:
    """The files of a page that belongs to a night; `languages` are those of its process."""
    return {one: f"{stem}.{one.code}.html" if number else f"{stem}.html" for number, one in enumerate(languages)}


def list_editions(languages: Iterable[Language]) -> Editions:
    """The files of a list."""
    return {one: f"index.{one.code}.html" for one in languages}


def list_page() -> str:
    """The file of a list in the spoken language."""
    return list_editions([spoken()])[spoken()]


def page_in(codes: Sequence[str], stem: str = "index") -> str:
    """The file in the spoken language of a page that is there in `codes`; in its first language where it is not."""
    return editions(languages_of(codes), stem).get(spoken(), f"{stem}.html")


def languages_of(codes: Sequence[str]) -> tuple[Language, ...]:
    """The languages of these codes; one whose catalogue is gone keeps its place, and is shown as it was written."""
    return tuple(_language(code) for code in codes)


def _language(code: str) -> Language:
    try:
        return language(code)
    except InputError:
        return Language(code, code, ENGLISH.catalogue)
