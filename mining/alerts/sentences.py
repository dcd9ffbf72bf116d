"""What happened, in a sentence each: the words of `texts` with the names and numbers of an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mining.alerts import texts, wording
from mining.findings import Alert, Decomposition, Improvement, Rise, Turn, Verdict
from mining.flowchart.labels import display_name
from mining.languages import _, count_text, ngettext, number, pgettext
from mining.languages.recalled import recalled

_LONGEST_NAME = 120
_MOST_LINES, _LONGEST_LINE = 10, 400
_OF_THE_CYCLE_TIME = (Verdict.MIX_SHIFT, Verdict.MORE_REWORK)  # their change is of the mean cycle time, not of a step
_WITHIN_THE_USUAL = 1.0  # standard errors
_SMALL_PART = 0.05  # of all that a decomposition moves: parts below are not told


def headline(alert: Alert) -> str:
    """What happened, in one sentence; the recovery, where the alert is resolved."""
    return _(_sentence(alert)).format(
        step=step(alert),
        where=_conditions(alert, texts.WHERE),
        kind=_conditions(alert, texts.KIND),
        change=wording.percent(alert.change),
        since=wording.day(alert.since),
        night=wording.day(alert.night),
    )


def quicker(better: Improvement) -> str:
    """What became quicker, since when, by how much, and what it saves."""
    saved = better.share_of_cycle_time * better.decomposition.now_s * -better.change / (1 + better.change)
    return _(texts.QUICKER).format(
        step=_(texts.STEP_AFTER).format(step=name(better.step), after=name(better.after)),
        change=wording.percent(better.change),
        since=wording.day(better.since),
        time=wording.length(saved),
    )


def risen(rise: Rise) -> str:
    """What has grown slowly, since when, by how much, and what it costs."""
    return _(texts.RISEN).format(
        step=_(texts.STEP_AFTER).format(step=name(rise.step), after=name(rise.after)),
        change=wording.percent(rise.change),
        where=_conditions(rise, texts.WHERE),
        first=wording.day(rise.first),
        last=wording.day(rise.last),
        time=wording.length(rise.added_s),
    )


def step(alert: Alert) -> str:
    """The step by its name and what comes before it, in quotes: a name may hold any words."""
    if alert.step is None:
        return _(texts.NO_STEP)
    if alert.after is None:
        return _(texts.STEP).format(step=name(alert.step))
    return _(texts.STEP_AFTER).format(step=name(alert.step), after=name(alert.after))


def became_usual(alert: Alert) -> bool:
    """Whether an alert ended though what it told of lasts: at a real end it is within the usual ups and downs."""
    return alert.event == Turn.RESOLVED and alert.score >= _WITHIN_THE_USUAL


def since(alert: Alert, opened: str) -> str:
    """The first day, and the night that saw it."""
    if alert.since >= opened:
        return wording.day(alert.since)
    return _(texts.SINCE_FIRST_SEEN).format(since=wording.day(alert.since), night=wording.day(opened))


def how_much(alert: Alert) -> str:
    """The change with its interval, in time per case where the cycle time is known, and of the cycle time."""
    change, added = wording.change_range(alert.change, alert.interval), added_to_cycle_time(alert)
    of_all = alert.verdict in _OF_THE_CYCLE_TIME
    if alert.decomposition is None:
        text = texts.HOW_MUCH_OF_ALL_WITHOUT_TIME if of_all else texts.HOW_MUCH_OF_CASE_WITHOUT_TIME
        return _(text).format(change=change, share=wording.percent(added))
    time = wording.length(added * alert.decomposition.before_s)
    text = texts.HOW_MUCH_OF_ALL if of_all else texts.HOW_MUCH_OF_CASE
    return _(text).format(change=change, time=time, share=wording.percent(added))


def added_to_cycle_time(alert: Alert) -> float:
    """By how much this alone makes the mean cycle time longer, as a share of what that was before.

    `share_of_cycle_time` is of the recent days, in which the step takes 1 + change times as long.
    """
    if alert.verdict in _OF_THE_CYCLE_TIME:
        return alert.change
    of_now = alert.share_of_cycle_time * alert.change / (1 + alert.change)
    if alert.decomposition is None:
        return of_now / (1 - of_now)
    return of_now * alert.decomposition.now_s / alert.decomposition.before_s


def cycle_time(parts: Decomposition) -> str:
    """The mean cycle time before and now, and the interval of the difference."""
    (before, now), difference = wording.pair(parts.before_s, parts.now_s), parts.now_s - parts.before_s
    return _(texts.CYCLE_TIME_CHANGE).format(
        before=before,
        now=now,
        difference=wording.signed_length(difference),
        range=wording.length_range(parts.interval.low, parts.interval.high, difference),
    )


def why(parts: Decomposition) -> str:
    """What the change is made of, the largest part first; small parts are left out, and of those that chance may have made
    nobody is told a direction.
    """
    factors = {"duration": parts.duration_s, "visits": parts.visits_s, "mix": parts.mix_s}
    least = _SMALL_PART * sum(abs(seconds) for seconds in factors.values())
    told = sorted(
        ((key, seconds) for key, seconds in factors.items() if abs(seconds) > least), key=lambda f: -abs(f[1])
    )
    sure = [(key, seconds) for key, seconds in told if key not in parts.unsure]
    if not sure:
        return _(texts.ALL_UNSURE)
    said = [
        _(texts.FACTORS[key if seconds > 0 else f"{key}_less"]).format(time=wording.signed_length(seconds))
        for key, seconds in sure
    ]
    rest = [_(texts.REST_UNSURE)] if len(sure) < len(told) else []
    return pgettext("between parts of a sentence", ", ").join([*said, *rest])


def how_sure(alert: Alert, false_per_year: float) -> str:
    """The interval in words, how far it stands out, from how many cases, and what chance may do in a year."""
    sureness = _(texts.SURENESS).format(
        level=wording.percent(alert.interval.level),
        low=wording.change(alert.interval.low),
        high=wording.change(alert.interval.high),
        score=number(alert.score, 1),
    )
    parts = [sureness]
    if alert.decomposition is not None:
        parts.append(_(texts.CASES_SEEN).format(cases=count_text(alert.decomposition.cases)))
    alerts = ngettext("one alert", "{number} alerts", 1 if false_per_year == 1 else 2)
    alerts = alerts.format(number=number(false_per_year, len(f"{false_per_year:g}".partition(".")[2])))
    return pgettext("between parts of a sentence", "; ").join([*parts, _(texts.BUDGET).format(number=alerts)])


def over(alert: Alert) -> str:
    """When it was told as over, and how long it had lasted."""
    days = (date.fromisoformat(alert.night) - date.fromisoformat(alert.since)).days
    return _(texts.OVER_SINCE).format(night=wording.day(alert.night), days=count_text(days))


def advice(alert: Alert, owner: str | None) -> str:
    """What to do, and who."""
    text = _(texts.ADVICE[alert.verdict]).format(
        step=step(replace(alert, after=None)) if alert.step else _(texts.NO_STEP_IN_ADVICE),
        since=wording.day(alert.since),
        process=alert.process,
        night=alert.night,
    )
    return _(texts.OWNER_DOES).format(owner=owner, advice=text) if owner else text[0].upper() + text[1:]


def reason(alert: Alert) -> tuple[str, ...]:
    """Why there is no result of a night: lines that fit a message; the night's page has them all."""
    lines = [" ".join(line.split()) for line in recalled(alert.note).splitlines() if line.strip()]
    return tuple(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} …" for line in lines[:_MOST_LINES])


def name(text: str) -> str:
    """A name on one line, of a length that a sentence can bear."""
    shown = display_name(text)
    return shown if len(shown) <= _LONGEST_NAME else shown[: _LONGEST_NAME - 1] + "…"


def _sentence(alert: Alert) -> str:
    if alert.event == Turn.RESOLVED:
        settled = texts.USUAL_NOW.get(alert.verdict) if became_usual(alert) else None
        return settled or texts.RECOVERIES[alert.verdict]
    if alert.verdict == Verdict.DATA and alert.night > alert.since:
        return texts.NIGHTS_WITHOUT_RESULT
    return texts.HEADLINES[alert.verdict]


def _conditions(alert: Alert | Rise, text: str) -> str:
    """The segment where it is worst, as a part of a sentence; nothing where it is everywhere."""
    conditions = [_(texts.CONDITION).format(name=name(key), value=name(value)) for key, value in alert.segment.items()]
    return _(text).format(conditions=_(texts.AND).join(conditions)) if conditions else ""
