"""What needs attention: the open alerts of a night, in the words of the messages."""

from __future__ import annotations

from dataclasses import dataclass

from mining.alerts import sentences, texts
from mining.findings import Alert, Turn, Verdict, Watch
from mining.languages import _


@dataclass(frozen=True)
class Notice:
    """One open alert as the page shows it: a headline, and facts with their labels."""

    alert: str
    headline: str
    new: bool  # opened in this night
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Attention:
    """What needs attention, what is over since this night, what changed beside, and how often this would have been said."""

    notices: tuple[Notice, ...]
    over: tuple[str, ...]
    risen: tuple[str, ...]
    quicker: tuple[str, ...]
    opened_in_a_year: int
    nights: int


def attention(watch: Watch, owner: str | None) -> Attention:
    """The open alerts, the newest first."""
    newest = sorted(watch.open, key=lambda alert: (alert.since, alert.alert), reverse=True)
    return Attention(
        notices=tuple(_notice(alert, owner, watch) for alert in newest),
        over=tuple(sentences.headline(alert) for alert in watch.turns if alert.event == Turn.RESOLVED),
        risen=tuple(sentences.risen(rise) for rise in watch.rises),
        quicker=tuple(sentences.quicker(better) for better in watch.improvements),
        opened_in_a_year=watch.opened_in_a_year,
        nights=watch.nights,
    )


def _notice(alert: Alert, owner: str | None, watch: Watch) -> Notice:
    opened = {turn.alert for turn in watch.turns if turn.event == Turn.OPENED}
    parts = alert.decomposition
    facts = [(_(texts.WHAT), _(texts.WHATS[alert.verdict]))]
    if alert.verdict != Verdict.ABSENCE:
        facts.append((_(texts.HOW_MUCH), sentences.how_much(alert)))
        if parts is not None:
            facts += [(_(texts.CYCLE_TIME), sentences.cycle_time(parts)), (_(texts.WHY), sentences.why(parts))]
    facts.append((_(texts.WHAT_TO_DO), sentences.advice(alert, owner)))
    return Notice(alert.alert, sentences.headline(alert), alert.alert in opened, tuple(facts))
