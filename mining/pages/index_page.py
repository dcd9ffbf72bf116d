"""The lists that lead to the nights: all processes, and per process all nights."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mining.flowchart import MAP_CSS
from mining.languages import ENGLISH, Language, languages, speaking
from mining.languages.editions import languages_of, list_editions, page_in
from mining.pages.charts import CHART_CSS
from mining.pages.failed_page import FAILED_NIGHT, FailedNight
from mining.pages.feed import feed
from mining.pages.rendering import HERE, page_text, write_page, write_text
from mining.pages.summary import Summary, read, read_summary

_NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Night:
    """One published night: what it found, or why it found nothing; read when it is asked for."""

    folder: Path

    @property
    def date(self) -> str:
        return self.folder.name

    @cached_property
    def summary(self) -> Summary | None:
        return read_summary(self.folder)

    @cached_property
    def failed(self) -> FailedNight | None:
        return read(self.folder / "failed.json", FAILED_NIGHT)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages of its pages, the first one first."""
        known = self.summary or self.failed
        return known.languages if known else ("en",)

    @property
    def page(self) -> str:
        """Its page in the spoken language, else in its first."""
        return page_in(self.languages)

    @property
    def reason(self) -> str:
        """Why there are no findings."""
        return self.failed.reason if self.failed else "What this night found cannot be read. Run the night again."


@dataclass(frozen=True)
class Line:
    """One process on the index."""

    process: str
    nights: tuple[Night, ...]  # newest first, never empty

    @property
    def newest(self) -> Night:
        return self.nights[0]

    @property
    def good(self) -> Night | None:
        """The newest night that was mined."""
        return next((night for night in self.nights if night.summary), None)

    @property
    def languages(self) -> tuple[Language, ...]:
        """In which its nights can be read, those of the newest first."""
        return languages_of(list(dict.fromkeys(code for night in self.nights for code in night.languages)))

    @property
    def newest_languages(self) -> tuple[Language, ...]:
        """The same of the newest night alone: not all nights have to be read."""
        return languages_of(self.newest.languages)

    @property
    def told(self) -> tuple[str, str, Sequence[Night]]:
        """As a feed needs it."""
        return self.process, self.title, self.nights

    @property
    def title(self) -> str:
        known = (night.summary or night.failed for night in self.nights)
        return next((found.title for found in known if found), self.process)


def write_site(nights_root: Path, changed: str | None = None) -> Path:
    """(Re)write the index, each process's list of nights, the feeds and the assets; returns the index.

    Nights themselves are left as they are: they learn of earlier and later ones through PROCESS/nights.js, which names each
    with the languages in which it can be read. A night whose findings cannot be read is listed as such.

    Args:
        changed: the one process whose nights have changed: the lists of the others are left as they are.
    """
    folders = sorted(nights_root.iterdir()) if nights_root.is_dir() else []
    lines = [_line(folder) for folder in folders if _nights_in(folder)]
    _write_assets(nights_root / "assets")
    for line in lines:
        if changed in (None, line.process):
            _write_process(line, nights_root / line.process)
    write_text(nights_root / "feed.atom", feed([line.told for line in lines], ""))
    return _write_list(nights_root, (*_languages(lines), *languages()), "index.html", lines=lines, root="")


def _write_process(line: Line, folder: Path) -> None:
    nights = " ".join(":".join((night.date, *night.languages)) for night in reversed(line.nights))
    write_text(folder / "nights.js", f'document.documentElement.dataset.nights = "{nights}";\n')
    write_text(folder / "feed.atom", feed([line.told], "../"))
    _write_list(folder, line.languages, "process.html", line=line, root="../")


def index_for(nights_root: Path, processes: Collection[str]) -> str:
    """The index for a reader who may see these processes only, in the spoken language."""
    lines = _lines(nights_root, processes)
    return page_text("index.html", editions=list_editions(_languages(lines)), lines=lines, root="")


def feed_for(nights_root: Path, processes: Collection[str]) -> str:
    """The feed for a reader who may see these processes only."""
    return feed([line.told for line in _lines(nights_root, processes)], "")


def index_languages(nights_root: Path, processes: Collection[str]) -> tuple[Language, ...]:
    """In which languages that index can be had, its own first."""
    return _languages(_lines(nights_root, processes))


def _lines(nights_root: Path, processes: Collection[str]) -> list[Line]:
    folders = [nights_root / process for process in sorted(processes)]
    return [_line(folder) for folder in folders if _nights_in(folder)]


def _languages(lines: Sequence[Line]) -> tuple[Language, ...]:
    return tuple(dict.fromkeys(language for line in lines for language in line.newest_languages)) or (ENGLISH,)


def _write_list(folder: Path, chosen: Sequence[Language], template: str, **shown: object) -> Path:
    """In each language under its name, and in the first as index.html."""
    files = list_editions(chosen)
    for language in files:
        with speaking(language):
            written = write_page(folder, files, template, **shown)
        if language == chosen[0]:
            write_text(folder / "index.html", written.read_text(encoding="utf-8"))
    return folder / "index.html"


def _write_assets(into: Path) -> None:
    assets = HERE / "assets"
    write_text(into / "style.css", (assets / "style.css").read_text(encoding="utf-8") + "\n" + MAP_CSS + CHART_CSS)
    for script in sorted(assets.glob("*.js")):
        write_text(into / script.name, script.read_text(encoding="utf-8"))


def _nights_in(folder: Path) -> list[Path]:
    """Folders of published nights, newest first; a process may not hide behind a link out of the site."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(
        (night for night in folder.iterdir() if _NIGHT.fullmatch(night.name) and night.is_dir()), reverse=True
    )


def _line(folder: Path) -> Line:
    return Line(folder.name, tuple(map(Night, _nights_in(folder))))
