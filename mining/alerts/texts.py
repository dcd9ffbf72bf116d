"""Every sentence of a message, in English; the one place to translate.

Sentences are whole, with names in braces, so that a catalogue can change the order of what they say.
"""

from __future__ import annotations

from mining.findings import Verdict
from mining.register import Why

HEADLINES = {
    Verdict.SLOWER_STEP: "{step} takes {change} longer{where} since {since}",
    Verdict.MORE_REWORK: "Cases take {change} longer since {since}: {step} comes up more often{where}",
    Verdict.MIX_SHIFT: "Cases take {change} longer since {since}: more of them are of a slower kind{kind}",
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
# An alert also ends after so many weeks that what it told of has become usual.
USUAL_NOW = {
    Verdict.SLOWER_STEP: "{step} still takes {change} longer{where} than before {since}, which counts as usual from now on",
    Verdict.MORE_REWORK: "{step} still comes up more often{where} than before {since}, which counts as usual from now on",
    Verdict.MIX_SHIFT: "More cases are of a slower kind{kind} than before {since}, which counts as usual from now on",
    Verdict.CONGESTION: "{step} still has more work than before {since}{where}, which counts as usual from now on",
}
NIGHTS_WITHOUT_RESULT = "Nothing was mined for the nights of {since} to {night}"
PREFIXES = {
    Why.OPENED: "{headline}",
    Why.REOPENED: "Back again: {headline}",
    Why.UPDATED: "Changed: {headline}",
    Why.STILL_OPEN: "Still so: {headline}",
    Why.RESOLVED: "{headline}",
    Why.WITHDRAWN: "Taken back: {headline}",
}
STEP_AFTER = "“{step}” after “{after}”"
STEP = "“{step}”"
NO_STEP = "Work at many steps"
NO_STEP_IN_ADVICE = "many steps"
WHERE = " where {conditions}"
CONDITION = "{name} is “{value}”"
KIND = " ({conditions})"
AND = " and "

SUBJECT = "{title}: {headline}"
SUBJECT_OF_MORE = "{title}: {headline} (and {others} more)"
TEST_SUBJECT = "{title}: a test of this channel"
TEST = "This is a test: messages about {title} arrive here. Nothing has happened."

WHAT = "What"
WHATS = {
    Verdict.SLOWER_STEP: "The same work takes longer",
    Verdict.MORE_REWORK: "Work comes back more often",
    Verdict.MIX_SHIFT: "Other kinds of cases came; this part is nobody's slower work",
    Verdict.CONGESTION: "More work than the step can take; its pace is as usual",
    Verdict.ABSENCE: "Work stood still everywhere",
    Verdict.DATA: "The night failed or did not run; the last good pages stay",
}
SINCE = "Since"
SINCE_FIRST_SEEN = "{since}; first seen in the night of {night}"
TOLD_BEFORE = "Told before"
HOW_MUCH = "How much"
HOW_MUCH_OF_CASE = "{change} there, about {time} per case; adds {share} to the cycle time"
HOW_MUCH_OF_CASE_WITHOUT_TIME = "{change} there; adds {share} to the cycle time"
HOW_MUCH_OF_ALL = "{change} for the cycle time, about {time} per case"
HOW_MUCH_OF_ALL_WITHOUT_TIME = "{change} for the cycle time"
CYCLE_TIME = "Cycle time"
CYCLE_TIME_CHANGE = "{before} before, {now} now on average ({difference}; {range})"
WHY = "Why"
FACTORS = {
    "duration": "{time} because steps take longer",
    "duration_less": "{time} because steps take less time",
    "visits": "{time} because steps are repeated or visited more often",
    "visits_less": "{time} because steps are repeated or visited less often",
    "mix": "{time} because more cases are of slower kinds",
    "mix_less": "{time} because more cases are of faster kinds",
}
HOW_SURE = "How sure"
SURENESS = "{level} sure that the change lies between {low} and {high}; it is {score} times the usual ups and downs"
CASES_SEEN = "{cases} cases began in the days looked at"
BUDGET = "set so that chance alone sends about {number} a year"
ONE_ALERT, ALERTS = "one alert", "{number} alerts"
WAS = "Was"
OVER = "Over"
OVER_SINCE = "since the night of {night}, {days} days after it began"
TAKEN_BACK = "Data that came later, or came in again, changed the picture: with them this would not have been told."

WHAT_TO_DO = "What to do"
OWNER_DOES = "{owner}: {advice}"
ADVICE = {
    Verdict.SLOWER_STEP: "find out what changed at {step} around {since}: people, systems, suppliers, rules.",
    Verdict.MORE_REWORK: "look at a few of the cases that came back to {step}: what was missing or wrong the first time?",
    Verdict.MIX_SHIFT: "see whether plan, targets and staffing fit the cases that come now.",
    Verdict.CONGESTION: "move people to {step} or smooth what comes in; urging those who work there will not help.",
    Verdict.ABSENCE: "was it a holiday or a stop unknown to the calendar? If not, see whether events still reach the source.",
    Verdict.DATA: "mend what the reason names, then run the night again: headrace run {process}.yaml --night {night}",
}
LOOK = "Look at the night of {night}"
LOOK_AT_FILE = "Look at the night of {night} in this file"
FOOTER = (
    "Told once. You hear of it again if it gets much worse or changes, and when it is over. "
    "Known already? To stop further messages: headrace alerts ack {process}.yaml {alert}"
)
FOOTER_OF_MORE = (
    "Told once. You hear of them again if they get much worse or change, and when they are over. "
    "Known already? To stop further messages: headrace alerts ack {process}.yaml ID, with the IDs {alerts}"
)
SENT_BY = "Headrace, night of {night}"

NOT_RUN = "Step start: no run of this night has ended or failed by {now}. It was to begin on {day} at {time} ({zone})."
NOT_ENDED = "Step end: the night began at {started} and had neither ended nor failed by {now}."
