"""Every sentence of a message, marked for the catalogues; it is spoken where it is said.

Sentences are whole, with names in braces, so that a catalogue can change the order of what they say.
"""

from __future__ import annotations

from mining.findings import Verdict
from mining.languages import N_
from mining.register import Why

HEADLINES = {
    Verdict.SLOWER_STEP: N_("{step} takes {change} longer{where} since {since}"),
    Verdict.MORE_REWORK: N_("Cases take {change} longer since {since}: {step} comes up more often{where}"),
    Verdict.MIX_SHIFT: N_("Cases take {change} longer since {since}: more of them are of a slower kind{kind}"),
    Verdict.CONGESTION: N_(
        "{step} takes {change} longer{where} since {since}: more work is waiting than usual, "
        "the work itself is no slower"
    ),
    Verdict.ABSENCE: N_("Nearly nothing has moved{where} since {since}, at any step"),
    Verdict.DATA: N_("Nothing was mined for the night of {since}"),
}
RECOVERIES = {
    Verdict.SLOWER_STEP: N_("{step} is as fast as usual again{where}"),
    Verdict.MORE_REWORK: N_("{step} comes up as often as usual again{where}"),
    Verdict.MIX_SHIFT: N_("Cases are of the usual kinds again"),
    Verdict.CONGESTION: N_("{step} has its usual amount of work again{where}"),
    Verdict.ABSENCE: N_("Work moves again"),
    Verdict.DATA: N_("Nights are mined again"),
}
# An alert also ends after so many weeks that what it told of has become usual.
USUAL_NOW = {
    Verdict.SLOWER_STEP: N_(
        "{step} still takes {change} longer{where} than before {since}, which counts as usual from now on"
    ),
    Verdict.MORE_REWORK: N_(
        "{step} still comes up more often{where} than before {since}, which counts as usual from now on"
    ),
    Verdict.MIX_SHIFT: N_(
        "More cases are of a slower kind{kind} than before {since}, which counts as usual from now on"
    ),
    Verdict.CONGESTION: N_("{step} still has more work than before {since}{where}, which counts as usual from now on"),
}
QUICKER = N_("{step} takes {change} less time since {since}, about {time} less per case")
RISEN = N_("{step} takes {change} longer{where} than from {first} to {last}, about {time} more per case")
NIGHTS_WITHOUT_RESULT = N_("Nothing was mined for the nights of {since} to {night}")
PREFIXES = {
    Why.OPENED: "{headline}",
    Why.REOPENED: N_("Back again: {headline}"),
    Why.UPDATED: N_("Changed: {headline}"),
    Why.STILL_OPEN: N_("Still so: {headline}"),
    Why.RESOLVED: "{headline}",
    Why.WITHDRAWN: N_("Taken back: {headline}"),
}
STEP_AFTER = N_("“{step}” after “{after}”")
STEP = N_("“{step}”")
NO_STEP = N_("Work at many steps")
NO_STEP_IN_ADVICE = N_("many steps")
WHERE = N_(" where {conditions}")
CONDITION = N_("{name} is “{value}”")
KIND = N_(" ({conditions})")
AND = N_(" and ")

SUBJECT = N_("{title}: {headline}")
SUBJECT_OF_MORE = N_("{title}: {headline} (and {others} more)")
TEST_SUBJECT = N_("{title}: a test of this channel")
TEST = N_("This is a test: messages about {title} arrive here. Nothing has happened.")

WHAT = N_("What")
WHATS = {
    Verdict.SLOWER_STEP: N_("The same work takes longer"),
    Verdict.MORE_REWORK: N_("Work comes back more often"),
    Verdict.MIX_SHIFT: N_("Other kinds of cases came; this part is nobody's slower work"),
    Verdict.CONGESTION: N_("The queue before the step is longer; nothing shows that the work itself takes longer"),
    Verdict.ABSENCE: N_("Work stood still everywhere"),
    Verdict.DATA: N_("The night failed or did not run; the last good pages stay"),
}
SINCE = N_("Since")
SINCE_FIRST_SEEN = N_("{since}; first seen in the night of {night}")
TOLD_BEFORE = N_("Told before")
HOW_MUCH = N_("How much")
HOW_MUCH_OF_CASE = N_("{change} there, about {time} per case; adds {share} to the cycle time")
HOW_MUCH_OF_CASE_WITHOUT_TIME = N_("{change} there; adds {share} to the cycle time")
HOW_MUCH_OF_ALL = N_("{change} for the cycle time, about {time} per case")
HOW_MUCH_OF_ALL_WITHOUT_TIME = N_("{change} for the cycle time")
CYCLE_TIME = N_("Cycle time")
CYCLE_TIME_CHANGE = N_("{before} before, {now} now on average ({difference}; {range})")
WHY = N_("Why")
FACTORS = {
    "duration": N_("{time} because steps take longer"),
    "duration_less": N_("{time} because steps take less time"),
    "visits": N_("{time} because steps are repeated or visited more often"),
    "visits_less": N_("{time} because steps are repeated or visited less often"),
    "mix": N_("{time} because more cases are of slower kinds"),
    "mix_less": N_("{time} because more cases are of faster kinds"),
}
REST_UNSURE = N_("the rest cannot be told from the usual ups and downs")
ALL_UNSURE = N_("in the mean of all cases, no part of it can be told from the usual ups and downs")
HOW_SURE = N_("How sure")
SURENESS = N_("{level} sure that the change lies between {low} and {high}; it is {score} times the usual ups and downs")
CASES_SEEN = N_("{cases} cases began in the days looked at")
BUDGET = N_("set so that chance alone sends about {number} a year")
WAS = N_("Was")
OVER = N_("Over")
OVER_SINCE = N_("since the night of {night}, {days} days after it began")
TAKEN_BACK = N_("Data that came later, or came in again, changed the picture: with them this would not have been told.")

WHAT_TO_DO = N_("What to do")
OWNER_DOES = N_("{owner}: {advice}")
ADVICE = {
    Verdict.SLOWER_STEP: N_("find out what changed at {step} around {since}: people, systems, suppliers, rules."),
    Verdict.MORE_REWORK: N_(
        "look at a few of the cases that came back to {step}: what was missing or wrong the first time?"
    ),
    Verdict.MIX_SHIFT: N_("see whether plan, targets and staffing fit the cases that come now."),
    Verdict.CONGESTION: N_("move people to {step} or smooth what comes in; urging those who work there will not help."),
    Verdict.ABSENCE: N_(
        "was it a holiday or a stop unknown to the calendar? If not, see whether events still reach the source."
    ),
    Verdict.DATA: N_(
        "mend what the reason names, then run the night again: headrace run {process}.yaml --night {night}"
    ),
}
LOOK = N_("Look at the night of {night}")
ONE_PAGE = N_("On one page, for the weekly meeting")
LOOK_AT_FILE = N_("Look at the night of {night} in this file")
FOOTER = N_(
    "Told once. You hear of it again if it gets much worse or changes, and when it is over. "
    "Known already? To stop further messages: headrace alerts ack {process}.yaml {alert}"
)
FOOTER_OF_MORE = N_(
    "Told once. You hear of them again if they get much worse or change, and when they are over. "
    "Known already? To stop further messages: headrace alerts ack {process}.yaml ID, with the IDs {alerts}"
)
SENT_BY = N_("Headrace, night of {night}")
