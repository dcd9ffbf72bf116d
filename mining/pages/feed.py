"""Atom feeds: what the newest nights told, of one process or of several (RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol
from uuid import NAMESPACE_URL, uuid5

from mining.alerts import sentences
from mining.findings import Alert, Turn
from mining.languages import _, languages, speaking
from mining.languages.editions import languages_of
from mining.languages.recalled import recalled
from mining.pages.rendering import page_text
from mining.pages.summary import Summary

NIGHTS: Final = 30  # of each process
_TURNS: Final = {Turn.OPENED: "opened", Turn.UPDATED: "updated", Turn.RESOLVED: "resolved"}


class Night(Protocol):
    """A published night, as a feed needs it."""

    @property
    def date(self) -> str: ...
    @property
    def summary(self) -> Summary | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def languages(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Entry:
    """One thing that was told; `address` is relative to the site."""

    key: str  # for ever its own
    title: str
    text: str
    address: str
    updated: str  # RFC 3339
    kind: str  # opened, updated, resolved, failed


def feed(nights: Sequence[tuple[str, str, Sequence[Night]]], root: str) -> str:
    """A feed of processes, each with its title and its nights, newest first; in the first language of the first of them.

    Args:
        root: from the feed to the site.
    """
    spoken_in = languages_of(nights[0][2][0].languages)[0] if nights else languages()[0]
    with speaking(spoken_in):
        entries = [entry for of in nights for night in of[2][:NIGHTS] for entry in _entries(of[0], of[1], night)]
        newest = max((_updated(night.date) for of in nights for night in of[2][:1]), default=_updated("1970-01-01"))
        return page_text(
            "feed.atom",
            editions={},
            id=_id(nights[0][0] if root else "all processes"),
            title=nights[0][1] if root else _("Processes"),
            entries=sorted(entries, key=lambda entry: (entry.updated, entry.key), reverse=True),
            updated=newest,
            root=root,
        )


def _entries(process: str, title: str, night: Night) -> list[Entry]:
    page = f"{process}/{night.date}/index.html"
    if night.summary is None:
        told = f"{title}: " + _("not mined")
        return [_entry(f"{process}/{night.date}/failed", told, recalled(night.reason), page, night.date, "failed")]
    return [_of_alert(process, title, alert, page) for alert in night.summary.turns]


def _of_alert(process: str, title: str, alert: Alert, page: str) -> Entry:
    key = f"{process}/{alert.night}/{alert.alert}/{alert.event}"
    text = sentences.headline(alert) if alert.event == Turn.RESOLVED else sentences.how_much(alert)
    address = page if alert.event == Turn.RESOLVED else f"{page}#alert-{alert.alert}"
    return _entry(key, f"{title}: {sentences.headline(alert)}", text, address, alert.night, _TURNS[alert.event])


def _entry(key: str, title: str, text: str, address: str, night: str, kind: str) -> Entry:
    return Entry(_id(key), title, text, address, _updated(night), kind)


def _id(key: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'headrace:{key}')}"


def _updated(night: str) -> str:
    """The end of the night's day; in UTC, so that it is the same wherever the feed is made."""
    return f"{date.fromisoformat(night) + timedelta(days=1)}T00:00:00Z"
