"""The alerts of a process as the register knows them now, with a form for each: for doors that know who is reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mining.alerts.sentences import headline
from mining.languages.editions import Editions
from mining.pages.rendering import page_text
from mining.register.life import Known, State


@dataclass(frozen=True)
class AlertCard:
    """One alert: what it says, and what people have said about it."""

    alert: str
    headline: str
    opened: str
    night: str  # the newest that saw it
    state: State
    acknowledged_by: str
    note: str
    snoozed_until: str

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN


def alert_card(known: Known) -> AlertCard:
    """What a page or an interface says of an alert."""
    return AlertCard(
        alert=known.alert.alert,
        headline=headline(known.alert),
        opened=known.opened,
        night=known.alert.night,
        state=known.state,
        acknowledged_by=known.acknowledged_by or "",
        note=known.note or "",
        snoozed_until=known.snoozed_until or "",
    )


def alerts_page(
    process: str, title: str, alerts: Sequence[Known], root: str, editions: Editions, *, forms: bool
) -> str:
    """The page, open alerts first; `root` leads to the site's folder, `editions` to this page in other languages.

    `forms` offers to acknowledge and to snooze, by posts to ALERT/acknowledge and ALERT/snooze.
    """
    cards = sorted((alert_card(known) for known in alerts), key=lambda card: not card.is_open)
    return page_text(
        "alerts.html", editions=editions, process=process, title=title, cards=cards, root=root, forms=forms
    )
