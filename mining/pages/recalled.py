"""What findings keep in English, for programs, said to people in their language: the gate's words, notes, reasons.

Each sentence is known again by its pattern. One that no pattern knows, an error of a database say, stays as it is and is marked
as English.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Final

from markupsafe import Markup, escape

from mining.languages import ENGLISH, N_, _, date_text, spoken

KEPT: Final = (
    N_("Every event belongs to a case"),
    N_("{failed} of {rows} rows have no case. Fill column {column} at the source."),
    N_("Every event has an activity"),
    N_("{failed} of {rows} rows have no activity. Fill column {column} at the source."),
    N_("Every event has a time"),
    N_("{failed} of {rows} rows have no time. Fill column {column} at the source."),
    N_("Every time can be read"),
    N_(
        "{failed} of {rows} times in column {column} could not be read. Set `times.format` or `timezone` in the process file, "
        "`times.nonexistent: shift` for the hour that spring skips, then re-admit the rows."
    ),
    N_("Work ends after it begins"),
    N_("{failed} of {rows} events were completed before they were started. Are the two columns exchanged?"),
    N_("No event lies in the future"),
    N_(
        "{failed} of {rows} events are later than {latest} UTC, a day after they were loaded. Is it a planned date, or are day "
        "and month exchanged?"
    ),
    N_("No event lies in the far past"),
    N_("{failed} of {rows} events are earlier than {earliest}. Such times are usually an empty field's default."),
    N_("No row came twice"),
    N_(
        "{failed} of {rows} rows equal an earlier row in every column. If each is a real event, accept the rule "
        "`exact_duplicate` when re-admitting."
    ),
    N_("Activities are names, not placeholders"),
    N_(
        "{failed} of {rows} events have a placeholder for an activity. Correct column {column} at the source, or accept the "
        "rule `placeholder_activity` when re-admitting."
    ),
    N_("At most {share} of the rows are set aside"),
    N_(
        "{failed} of {rows} rows broke a rule. What is left may tell a wrong story: look at the rules above, and correct the "
        "process file or the source."
    ),
    N_("Of the rows that came, some are good"),
    N_("None of {rows} rows is good: the mapping in the process file does not fit the source."),
    N_("Times tell the order of a case's events"),
    N_(
        "{share} of the events happen at the same time as another of their case, and nothing tells which was first. Map "
        "`columns.order`, or take the time with its seconds."
    ),
    N_("One resource does one thing at a time"),
    N_(
        "{share} of the work began before the same resource had ended another. Processing times may count the same hours more "
        "than once; is the resource a team?"
    ),
    N_("As many events as usual"),
    N_("{events} events on {weekday} {day}, usually about {usual}. Is the source complete?"),
    N_("The newest event is recent"),
    N_("The newest event is {age} days old; up to {limit} would be usual. Does the source still deliver?"),
    N_("Activities are known from earlier nights"),
    N_("{failed} of {rows} events have an activity that was never seen before. A new step, or a renamed one?"),
    N_("Nothing happens after an end activity"),
    N_(
        "{failed} of {rows} events come after their case had ended. Cases are re-opened, or `ends` names a step that is not an "
        "end."
    ),
    N_("No activity is written in two ways"),
    N_("Pairs of activities that look like one written in two ways: {failed}. They are counted apart."),
    N_("Case numbers run on without a gap"),
    N_("Gaps in the numbers of new cases, far wider than any usual one: {failed}. Are cases missing from the source?"),
    N_("The data did not pass the gate."),
    N_("No event of {process} had happened by {moment}: nothing to mine."),
    N_("No event of {process} has been loaded yet: nothing to mine."),
    N_("What this night found cannot be read. Run the night again."),
    N_("No finished case to learn a model from."),
    N_("No model: {activities} different activities; a model is made of {most} at most."),
    N_("Made from the {n} most frequent of {all} variants ({share} of the finished cases)."),
    N_("inductive miner, noise {noise}"),
    N_("declared: the clock stops at {activities}"),
    N_("declared: {activities}"),
    N_("learned: a case is over when at most 1 in 20 went on after so long a silence at the same step"),
    N_("a fixed wait: a timer or a rule, not a queue"),
    N_(
        "Fewer than half of the cases of the earlier weeks were over in the time that nearly all finished cases took: the log "
        "does not seem to hold those weeks whole, so they are not compared."
    ),
    N_("No case has finished yet, so it is not known how long one has to be followed."),
    N_("Too few cases have begun, and had the time to finish, to compare the last weeks with those before."),
    N_("Step {step}: {said}"),
)
_FAILURE: Final = re.compile(r"- (?P<title>.+?): (?P<said>.+)")  # how a reason lists what did not pass
_FIELD: Final = re.compile(r"\\\{(\w+)\\\}")


def recalled(text: str) -> str:
    """A kept text in the spoken language, line by line."""
    if spoken() == ENGLISH:
        return text
    return Markup("\n").join(_shown(line) for line in text.split("\n"))


def _shown(line: str) -> str:
    failure = _FAILURE.fullmatch(line)
    if failure:
        return escape("- ") + _said(failure["title"]) + escape(": ") + _said(failure["said"])
    return _said(line)


def _said(text: str) -> Markup:
    """A sentence that is known, with what may follow it; else as it is."""
    for sentence, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return escape(_(sentence)).format(**_values(found)) + escape(found["more"])
    return Markup('<span lang="en">{}</span>').format(text) if text else Markup()


def _values(found: re.Match[str]) -> dict[str, str]:
    values = {name: value for name, value in found.groupdict().items() if name != "more"}
    if "said" in values:
        values["said"] = _said(values["said"])
    if "weekday" in values:
        values["weekday"] = date_text(date.fromisoformat(values["day"]), "EEEE")
    return values


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each sentence, and how it is known again."""
    return tuple((text, re.compile(_FIELD.sub(r"(?P<\1>.+?)", re.escape(text)) + _after(text))) for text in KEPT)


def _after(text: str) -> str:
    """Where a whole sentence of the gate ends, an example may follow."""
    return "(?P<more>(?: .*)?)" if text[-1] in ".?" else "(?P<more>)"
