"""Every sentence of a message, in English; the one place to translate.

Sentences are whole, with names in braces, so that a catalogue can change the order of what they say.
"""

from __future__ import annotations

from mining.alerts import wording
from mining.findings import Alert, Verdict
from mining.flowchart.labels import display_name

HEADLINES = {
    Verdict.SLOWER_STEP: "{step} takes {change} longer{where} since {since}",
    Verdict.MORE_REWORK: "{step} comes up more often{where} since {since} and takes {change} more time",
    Verdict.MIX_SHIFT: "Cases take {change} longer since {since}: more of them are of a slower kind{where}, no step got slower",
    Verdict.CONGESTION: "{step} takes {change} longer{where} since {since}: more work is waiting than usual, "
    "the work itself is no slower",
    Verdict.ABSENCE: "Nearly nothing has moved{where} since {since}, at any step",
    Verdict.DATA: "Nothing was mined for the night of {since}",
}
RECOVERIES = {
    Verdict.SLOWER_STEP: "{step} is as fast as usual again{where}",
    Verdict.MORE_REWORK: "{step} comes up as often as usual again{where}",
    Verdict.MIX_SHIFT: "Cases are of the usual kinds again",
    Verdict.CONGESTION: "{step} has its usual amount of work again{where}",
    Verdict.ABSENCE: "Work moves again",
    Verdict.DATA: "Nights are mined again",
}
STEP_AFTER = "“{step}” after “{after}”"
STEP = "“{step}”"
NO_STEP = "A step"
WHERE = " where {conditions}"
CONDITION = "{name} is “{value}”"
AND = " and "


def headline(alert: Alert) -> str:
    """What happened, in one sentence; the recovery, where the alert is resolved."""
    sentences = RECOVERIES if alert.event == "resolved" else HEADLINES
    return sentences[alert.verdict].format(
        step=step(alert), where=where(alert), change=wording.percent(alert.change), since=wording.day(alert.since)
    )


def step(alert: Alert) -> str:
    """The step by its name and what comes before it, in quotes: a name may hold any words."""
    if alert.step is None:
        return NO_STEP
    name = display_name(alert.step)
    return STEP_AFTER.format(step=name, after=display_name(alert.after)) if alert.after else STEP.format(step=name)


def where(alert: Alert) -> str:
    """The segment where it is worst, as the end of a sentence; nothing where it is everywhere."""
    conditions = [
        CONDITION.format(name=display_name(name), value=display_name(value)) for name, value in alert.segment.items()
    ]
    return WHERE.format(conditions=AND.join(conditions)) if conditions else ""
