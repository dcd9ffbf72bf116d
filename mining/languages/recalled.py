"""What findings keep in English, for programs, said to people in their language: the gate's words, notes, reasons.

Each sentence is known again by its pattern. One that no pattern knows, an error of a database say, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from mining.languages.catalogue import ENGLISH
from mining.languages.speech import N_, _, date_text, pgettext, spoken

NOT_RUN: Final = N_("no run of this night has ended or failed by {now}. It was to begin on {day} at {time} ({zone}).")
NOT_ENDED: Final = N_("the night began at {started} and had neither ended nor failed by {now}.")
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
    N_("Hardly any case begins any more: the data seem to end, and what changed at their end is not told."),
    N_("No case has finished yet, so it is not known how long one has to be followed."),
    N_("Too few cases have begun, and had the time to finish, to compare the last weeks with those before."),
    NOT_RUN,
    NOT_ENDED,
)
_STEP: Final = (N_("Step {step}: "), re.compile(r"Step (?P<step>\w+): "))  # where a night failed
_FAILURE: Final = re.compile(r"- (?P<title>.+?): (?P<said>.+)")  # how a reason lists what did not pass
_FIELD: Final = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True)
class Piece:
    """A part of a kept text."""

    text: str
    known: bool  # spoken; else English, as it was kept


def recalled(text: str) -> str:
    """A kept text in the spoken language, as far as it is known."""
    return "".join(piece.text for piece in pieces(text))


def pieces(text: str) -> Iterator[Piece]:
    """The same in parts, line by line."""
    if spoken() == ENGLISH:
        yield Piece(text, known=True)
        return
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Piece("\n", known=True)
        yield from _of_line(line)


def _of_line(line: str) -> Iterator[Piece]:
    failure, step = _FAILURE.fullmatch(line), _STEP[1].match(line)
    if failure:
        yield Piece("- ", known=True)
        yield _of_sentence(failure["title"])
        # Translators: between what was tried and what came out
        yield Piece(pgettext("between a check and its result", ": "), known=True)
        yield _of_sentence(failure["said"])
    elif step:
        yield Piece(_(_STEP[0]).format(step=step["step"]), known=True)
        yield _of_sentence(line[step.end() :])
    else:
        yield _of_sentence(line)


def _of_sentence(text: str) -> Piece:
    """A sentence that is known, with what may follow it; else as it is."""
    for sentence, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            values = {name: value for name, value in found.groupdict().items() if name != "more"}
            if "weekday" in values:
                values["weekday"] = date_text(date.fromisoformat(values["day"]), "EEEE")
            if "activities" in values:
                values["activities"] = pgettext("between activities", " or ").join(values["activities"].split(" or "))
            return Piece(_(sentence).format(**values) + found["more"], known=True)
    return Piece(text, known=not text)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each sentence, and how it is known again."""
    return tuple((text, re.compile(_FIELD.sub(r"(?P<\1>.+?)", re.escape(text)) + _after(text))) for text in KEPT)


def _after(text: str) -> str:
    """Where a whole sentence of the gate ends, an example may follow."""
    return "(?P<more>(?: .*)?)" if text[-1] in ".?" else "(?P<more>)"
