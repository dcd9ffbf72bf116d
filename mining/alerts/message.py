"""One message out of what a channel has to hear: built once, whatever it is rendered as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from mining.alerts import sentences, texts, wording
from mining.alerts.blocks import Block, Facts, Headline, Link, Message, Paragraph, Tone
from mining.findings import Alert, Verdict
from mining.flowchart.labels import display_name
from mining.languages import _
from mining.process import Process
from mining.register import Telling, Why

_LONGEST_SUBJECT = 200
_OVER = (Why.RESOLVED, Why.WITHDRAWN)


def message_of(process: Process, night: date, tellings: Sequence[Telling], page: str) -> Message:
    """The message of a process and a night; `page` is the address or the path of the night's page."""
    day, owner = night.isoformat(), process.owner.name if process.owner else None
    blocks: list[Block] = []
    for telling in tellings:
        blocks += _section(telling, process, owner)
    blocks.append(_link(day, page))
    if any(telling.alert.verdict != Verdict.DATA for telling in tellings):
        blocks.append(Link(_(texts.ONE_PAGE), f"{page.rpartition('/')[0]}/night.pdf"))
    open_ones = [telling.alert.alert for telling in tellings if telling.why not in _OVER]
    if open_ones:
        blocks.append(_footer(process.process, open_ones))
    blocks.append(Paragraph(_(texts.SENT_BY).format(night=wording.day(day))))
    subject = _subject(process, tellings)
    tone = min((_tone(telling) for telling in tellings), key=list(Tone).index)
    title = display_name(process.title)
    return Message(process.process, title, day, tone, subject, tuple(blocks), tuple(tellings), page, owner)


def trial_message_of(process: Process, night: date, page: str) -> Message:
    """A message that says that messages arrive."""
    title, owner = display_name(process.title), process.owner.name if process.owner else None
    subject = _(texts.TEST_SUBJECT).format(title=title)
    blocks = (Headline(subject, Tone.CALM), Paragraph(_(texts.TEST).format(title=title)))
    return Message(process.process, title, night.isoformat(), Tone.CALM, subject, blocks, (), page, owner)


def _section(telling: Telling, process: Process, owner: str | None) -> list[Block]:
    alert = telling.alert
    top = Headline(_headline(telling), _tone(telling))
    if telling.why == Why.WITHDRAWN:
        return [top, Paragraph(_(texts.TAKEN_BACK))]
    if telling.why == Why.RESOLVED:
        return [top, Facts(_rows_of_recovery(telling))]
    rows = [(_(texts.WHAT), _(texts.WHATS[alert.verdict])), (_(texts.SINCE), sentences.since(alert, telling.opened))]
    if telling.before is not None and telling.why == Why.UPDATED:
        rows.append((_(texts.TOLD_BEFORE), sentences.headline(telling.before)))
    rows += _rows_of_failure(alert) if alert.verdict == Verdict.DATA else _rows_of_change(alert, process)
    return [top, Facts((*rows, (_(texts.WHAT_TO_DO), sentences.advice(alert, owner))))]


def _rows_of_change(alert: Alert, process: Process) -> list[tuple[str, str]]:
    parts = alert.decomposition
    if alert.verdict == Verdict.ABSENCE:
        return []  # there is nothing to measure
    rows = [(_(texts.HOW_MUCH), sentences.how_much(alert))]
    if parts is not None:
        rows += [(_(texts.CYCLE_TIME), sentences.cycle_time(parts)), (_(texts.WHY), sentences.why(parts))]
    return [*rows, (_(texts.HOW_SURE), sentences.how_sure(alert, process.alerts.false_per_year))]


def _rows_of_failure(alert: Alert) -> list[tuple[str, str]]:
    return [(_(texts.WHY) if number == 0 else "", line) for number, line in enumerate(sentences.reason(alert))]


def _rows_of_recovery(telling: Telling) -> tuple[tuple[str, str], ...]:
    rows = [(_(texts.WAS), sentences.headline(telling.before))] if telling.before else []
    return (*rows, (_(texts.OVER), sentences.over(telling.alert)))


def _headline(telling: Telling) -> str:
    alert = telling.alert
    return _(texts.PREFIXES[telling.why]).format(headline=sentences.headline(alert))


def _tone(telling: Telling) -> Tone:
    if telling.why in _OVER:
        better = telling.why == Why.RESOLVED and not sentences.became_usual(telling.alert)
        return Tone.BETTER if better else Tone.CALM
    return Tone.BROKEN if telling.alert.verdict == Verdict.DATA else Tone.WORSE


def _subject(process: Process, tellings: Sequence[Telling]) -> str:
    text = texts.SUBJECT if len(tellings) == 1 else texts.SUBJECT_OF_MORE
    title = display_name(process.title)
    subject = _(text).format(title=title, headline=_headline(tellings[0]), others=len(tellings) - 1)
    return subject if len(subject) <= _LONGEST_SUBJECT else subject[: _LONGEST_SUBJECT - 1] + "…"


def _link(night: str, page: str) -> Link:
    label = texts.LOOK if page.startswith(("http://", "https://")) else texts.LOOK_AT_FILE
    return Link(_(label).format(night=wording.day(night)), page)


def _footer(process: str, alerts: Sequence[str]) -> Paragraph:
    if len(alerts) == 1:
        return Paragraph(_(texts.FOOTER).format(process=process, alert=alerts[0]))
    return Paragraph(_(texts.FOOTER_OF_MORE).format(process=process, alerts=", ".join(alerts)))
