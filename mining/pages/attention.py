"""What needs attention: the open alerts of a night, in the words of the messages."""

from __future__ import annotations

from dataclasses import dataclass

from mining.alerts import sentences, texts
from mining.findings import Alert, Turn, Verdict, Watch
from mining.languages import _
from mining.morning_findings import Headline, Tone

_OF_NO_STEP = (Verdict.ABSENCE, Verdict.DATA)


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
    together: tuple[tuple[str, str], ...]  # facts of all open alerts: said once
    calm: str  # what to say where there is no open alert
    beside_steadiness: bool  # something got slower though the typical case did not
    over: tuple[str, ...]
    risen: tuple[str, ...]
    quicker: tuple[str, ...]
    opened_in_a_year: int
    nights: int


def attention(watch: Watch, owner: str | None, headline: Headline | None) -> Attention:
    """The open alerts, the newest first. Where the data end, nothing is told that only their end may have changed."""
    newest = sorted(watch.open, key=lambda alert: (alert.since, alert.alert), reverse=True)
    split = {_split(alert) for alert in newest} if len(newest) > 1 else set()
    together = split.pop() if len(split) == 1 else ()
    tone = headline.tone if headline else None
    rises, improvements = ((), ()) if tone is Tone.ENDED else (watch.rises, watch.improvements)
    return Attention(
        notices=tuple(_notice(alert, owner, watch, together) for alert in newest),
        together=together,
        calm=_calm(tone, lasting=bool(rises)),
        beside_steadiness=tone is Tone.STEADY and any(alert.verdict not in _OF_NO_STEP for alert in newest),
        over=tuple(sentences.headline(alert) for alert in watch.turns if alert.event == Turn.RESOLVED),
        risen=tuple(sentences.risen(rise) for rise in rises),
        quicker=tuple(sentences.quicker(better) for better in improvements),
        opened_in_a_year=watch.opened_in_a_year,
        nights=watch.nights,
    )


def _calm(tone: Tone | None, *, lasting: bool) -> str:
    """What there is to say without an open alert; it must not deny what stands above or below it."""
    if lasting or tone is Tone.ENDED:
        return _("No alert is open.")
    if tone is Tone.SLOWER:
        return _("No alert is open: no single step stands out from its usual ups and downs.")
    return _("Nothing got slower that can be told from the usual ups and downs.")


def _notice(alert: Alert, owner: str | None, watch: Watch, together: tuple[tuple[str, str], ...]) -> Notice:
    opened = {turn.alert for turn in watch.turns if turn.event == Turn.OPENED}
    facts = [(_(texts.WHAT), _(texts.WHATS[alert.verdict]))]
    if alert.verdict != Verdict.ABSENCE:
        facts += [(_(texts.HOW_MUCH), sentences.how_much(alert)), *(() if together else _split(alert))]
    facts.append((_(texts.WHAT_TO_DO), sentences.advice(alert, owner)))
    return Notice(alert.alert, sentences.headline(alert), alert.alert in opened, tuple(facts))


def _split(alert: Alert) -> tuple[tuple[str, str], ...]:
    """How the cycle time of all cases has changed, and why: the same for alerts that were opened together."""
    parts = alert.decomposition
    if parts is None or alert.verdict == Verdict.ABSENCE:
        return ()
    return ((_(texts.CYCLE_TIME), sentences.cycle_time(parts)), (_(texts.WHY), sentences.why(parts)))
