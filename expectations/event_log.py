"""What an event log must be before it is mined: the rules, each with its expectation.

The checklist is the one of daqapo (bupaverse.github.io/docs/data_quality.html), as far as a log can be asked without
being told more. Three tables are looked at, all of them views or tiny tables in one scratch DuckDB file:

pulled   every row that came, with `time_text`, `first_time` and `file_row_number`
good     the rows that broke no row rule
facts    one row of numbers about the pull as a whole

Importing this module imports Great Expectations, which takes seconds: do it where the gate runs, nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from great_expectations import expectations as gxe

from expectations.facts import Bounds, Facts

UNREADABLE = "completed is null and time_text is not null"
CODE = r"regexp_full_match(activity, '[\d\pP]+')"
NO_VALUE = "lower(activity) in ('null', 'nan', 'n/a', '#n/a', '#ref!', '#value!', 'undefined')"

# More than one row in twenty set aside is no longer a blemish: medians and shares of what is left may be biased.
SET_ASIDE_AT_MOST = 0.05
# Where one event in ten has a twin in time, a tenth of the "directly follows" pairs hangs on the tie-break.
TIED_AT_MOST = 0.10
# Some overlap is an interrupted person; beyond a tenth the start times, or the resource, mean something else.
OVERLAPPING_AT_MOST = 0.10
# Activities of a younger history are still new by nature.
HISTORY_NEEDED = 1000


@dataclass(frozen=True)
class Rule:
    """One thing that must hold. `broken` is the SQL condition by which rows are set aside; None: nothing is."""

    name: str
    title: str
    table: str
    seen: str  # what was seen and what to do; {failed} and {rows} are filled in
    expect: Callable[..., gxe.Expectation] | None = None  # None: that `offences` finds nothing
    severity: str = "warning"
    broken: str | None = None
    shows: str = "''"  # SQL expression: the value worth showing of a broken row
    query: str | None = None  # SQL over {batch}: what is wrong, told in the column `example`
    counts_rows: bool = True  # whether the expectation counts events

    @property
    def offences(self) -> str | None:
        """SQL over {batch} whose rows, in a fixed order, each tell one offence as `example`; None for a mere number."""
        if self.broken is None:
            return self.query
        example = f"concat(file, ' row ', row, ': ', {self.shows}) as example"
        return f"select {example} from {{batch}} where {self.broken} order by file_row_number"

    def expectation(self) -> gxe.Expectation:
        make = self.expect or partial(gxe.UnexpectedRowsExpectation, unexpected_rows_query=self.offences)
        return make(severity=self.severity, description=self.title, meta={"rule": self.name})


def row_rules(bounds: Bounds) -> tuple[Rule, ...]:
    """What must hold of every row. A row that breaks several is set aside for the first one."""
    return (*_presence_rules(bounds), *_time_rules(bounds), _no_duplicate(), _no_placeholder(bounds))


def log_rules(facts: Facts, *, shares: bool = True) -> tuple[Rule, ...]:
    """What must hold of the rows that are left and of the pull as a whole: the rules that have something to look at.

    Args:
        shares: whether it matters how much was set aside.
    """
    rules = [
        (shares and facts.pulled > 0, _few_set_aside),
        (shares and facts.pulled > 0, _some_rows_good),
        (facts.tied_share is not None, _time_tells_order),
        (facts.overlapping_share is not None, _one_thing_at_a_time),
        (facts.day_usual is not None, _usual_volume),
        (facts.age_days is not None, _fresh),
        (facts.good > 0, _similar_labels),
        (facts.good > 0, _case_numbers),
        (facts.good > 0 and facts.history >= HISTORY_NEEDED, _known_activities),
        (facts.good > 0 and facts.has_ends, _nothing_after_the_end),
    ]
    return tuple(rule(facts) for applies, rule in rules if applies)


def _between(column: str, low: Any = None, high: Any = None) -> Callable[..., gxe.Expectation]:
    return partial(gxe.ExpectColumnValuesToBeBetween, column=column, min_value=low, max_value=high)


def _presence_rules(bounds: Bounds) -> tuple[Rule, ...]:
    present = gxe.ExpectColumnValuesToNotBeNull
    return (
        Rule(
            "case_missing",
            "Every event belongs to a case",
            "pulled",
            f"{{failed}} of {{rows}} rows have no case. Fill column {bounds.case!r} at the source.",
            broken="case_id is null",
            shows="concat('activity ', activity)",
            expect=partial(present, column="case_id"),
        ),
        Rule(
            "activity_missing",
            "Every event has an activity",
            "pulled",
            f"{{failed}} of {{rows}} rows have no activity. Fill column {bounds.activity!r} at the source.",
            broken="activity is null",
            shows="concat('case ', case_id)",
            expect=partial(present, column="activity"),
        ),
        Rule(
            "time_missing",
            "Every event has a time",
            "pulled",
            f"{{failed}} of {{rows}} rows have no time. Fill column {bounds.completed!r} at the source.",
            broken="time_text is null",
            shows="concat('case ', case_id, ', activity ', activity)",
            expect=partial(present, column="time_text"),
        ),
    )


def _time_rules(bounds: Bounds) -> tuple[Rule, ...]:
    return (
        Rule(
            "time_unreadable",
            "Every time can be read",
            "pulled",
            f"{{failed}} of {{rows}} times in column {bounds.completed!r} could not be read. "
            "Set `times.format` or `timezone` in the process file, `times.nonexistent: shift` for the hour that spring "
            "skips, then re-admit the rows.",
            broken=UNREADABLE,
            shows="concat('time ', time_text)",
        ),
        Rule(
            "started_after_completed",
            "Work ends after it begins",
            "pulled",
            "{failed} of {rows} events were completed before they were started. Are the two columns exchanged?",
            broken="started > completed",
            shows="concat('started ', started, ', completed ', completed)",
            expect=partial(
                gxe.ExpectColumnPairValuesAToBeGreaterThanB,
                column_A="completed",
                column_B="started",
                or_equal=True,
                ignore_row_if="either_value_is_missing",
            ),
        ),
        Rule(
            "time_in_future",
            "No event lies in the future",
            "pulled",
            f"{{failed}} of {{rows}} events are later than {bounds.latest:%Y-%m-%d %H:%M} UTC, a day after they were "
            "loaded. Is it a planned date, or are day and month exchanged?",
            broken=f"completed > {_moment(bounds.latest)}",
            shows="concat('time ', completed)",
            expect=_between("completed", high=bounds.latest),
        ),
        Rule(
            "time_in_far_past",
            "No event lies in the far past",
            "pulled",
            f"{{failed}} of {{rows}} events are earlier than {bounds.earliest:%Y-%m-%d}. "
            "Such times are usually an empty field's default.",
            broken=f"first_time < {_moment(bounds.earliest)}",
            shows="concat('time ', first_time)",
            expect=_between("first_time", low=bounds.earliest),
        ),
    )


def _moment(time: datetime) -> str:
    return f"timestamptz '{time.isoformat(sep=' ')}'"


def _no_duplicate() -> Rule:
    return Rule(
        "exact_duplicate",
        "No row came twice",
        "pulled",
        "{failed} of {rows} rows equal an earlier row in every column. If each is a real event, accept the rule "
        "`exact_duplicate` when re-admitting.",
        broken="file_row_number in (select file_row_number from duplicates)",
        shows="concat('case ', case_id, ', activity ', activity)",
    )


def _no_placeholder(bounds: Bounds) -> Rule:
    return Rule(
        "placeholder_activity",
        "Activities are names, not placeholders",
        "pulled",
        f"{{failed}} of {{rows}} events have a placeholder for an activity. Correct column {bounds.activity!r} at the "
        "source, or accept the rule `placeholder_activity` when re-admitting.",
        broken=f"({CODE} or {NO_VALUE})" if bounds.activities_are_words else NO_VALUE,
        shows="concat('activity ', activity, ', case ', case_id)",
    )


def _few_set_aside(facts: Facts) -> Rule:
    return Rule(
        "share_set_aside",
        f"At most {SET_ASIDE_AT_MOST:.0%} of the rows are set aside",
        "facts",
        f"{facts.set_aside:,} of {facts.pulled:,} rows broke a rule. What is left may tell a wrong story: "
        "look at the rules above, and correct the process file or the source.",
        expect=_between("set_aside_share", high=SET_ASIDE_AT_MOST),
        severity="critical",
        counts_rows=False,
    )


def _some_rows_good(facts: Facts) -> Rule:
    return Rule(
        "some_rows_good",
        "Of the rows that came, some are good",
        "facts",
        f"None of {facts.pulled:,} rows is good: the mapping in the process file does not fit the source.",
        expect=_between("good_share", low=1e-12),
        severity="critical",
        counts_rows=False,
    )


def _time_tells_order(facts: Facts) -> Rule:
    return Rule(
        "time_order",
        "Times tell the order of a case's events",
        "facts",
        f"{facts.tied_share:.0%} of the events happen at the same time as another of their case, and nothing "
        "tells which was first. Map `columns.order`, or take the time with its seconds.",
        expect=_between("tied_share", high=TIED_AT_MOST),
        counts_rows=False,
    )


def _one_thing_at_a_time(facts: Facts) -> Rule:
    return Rule(
        "overlapping_work",
        "One resource does one thing at a time",
        "facts",
        f"{facts.overlapping_share:.0%} of the work began before the same resource had ended another. "
        "Processing times may count the same hours more than once; is the resource a team?",
        expect=_between("overlapping_share", high=OVERLAPPING_AT_MOST),
        counts_rows=False,
    )


def _usual_volume(facts: Facts) -> Rule:
    return Rule(
        "volume",
        "As many events as usual",
        "facts",
        f"{facts.day_events:,} events on {facts.day:%A %Y-%m-%d}, usually about {facts.day_usual:,.0f}. "
        "Is the source complete?",
        expect=_between("day_events", facts.day_low, facts.day_high),
        counts_rows=False,
    )


def _fresh(facts: Facts) -> Rule:
    age_days = facts.age_days or 0.0
    return Rule(
        "freshness",
        "The newest event is recent",
        "facts",
        f"The newest event is {age_days:,.{1 if age_days < 10 else 0}f} days old; up to {facts.age_limit_days:.0f} "
        "would be usual. Does the source still deliver?",
        expect=_between("age_days", high=facts.age_limit_days),
        counts_rows=False,
    )


def _known_activities(facts: Facts) -> Rule:
    return Rule(
        "known_activity",
        "Activities are known from earlier nights",
        "good",
        "{failed} of {rows} events have an activity that was never seen before. A new step, or a renamed one?",
        expect=partial(gxe.ExpectColumnValuesToBeInSet, column="activity", value_set=list(facts.known_activities)),
        query="select activity as example from {batch} where activity not in (select activity from history) "
        "group by activity order by count(*) desc, activity",
    )


def _nothing_after_the_end(_: Facts) -> Rule:
    query = """
        with ended as (
            select case_id, min(completed) as ended_at
            from (select case_id, activity, completed from history union all
                  select case_id, activity, completed from {batch})
            where activity in (select activity from ends) group by case_id)
        select concat('case ', case_id, ': ', activity, ' at ', completed) as example
        from {batch} join ended using (case_id)
        where completed > ended_at and activity not in (select activity from ends)
        order by completed, example"""
    return Rule(
        "nothing_after_the_end",
        "Nothing happens after an end activity",
        "good",
        "{failed} of {rows} events come after their case had ended. Cases are re-opened, or `ends` names a "
        "step that is not an end.",
        query=query,
    )


def _similar_labels(_: Facts) -> Rule:
    """Labels that differ in case, blanks or punctuation; or, if long, by one letter and a hundredfold in number."""
    query = r"""
        with label as (
            select activity, events, length(activity) as letters,
                   regexp_replace(lower(activity), '[^\pL\pN]', '', 'g') as bare,
                   regexp_replace(activity, '[^\pN]', '', 'g') as digits
            from labels),
        pair as (
            select rare.activity as rare, rare.events as n, usual.activity as usual, usual.events as many
            from label as rare join label as usual on rare.bare = usual.bare
            where rare.bare <> '' and (rare.events, rare.activity) < (usual.events, usual.activity)
            union
            select rare.activity, rare.events, usual.activity, usual.events
            from label as rare join label as usual on rare.events * 100 <= usual.events
            where rare.letters between 9 and 80 and abs(rare.letters - usual.letters) <= 1
              and rare.digits = usual.digits
              and (left(rare.activity, 4) = left(usual.activity, 4)
                   or right(rare.activity, 4) = right(usual.activity, 4))
              and damerau_levenshtein(rare.activity, usual.activity) = 1)
        select concat('“', rare, '” (', n, ') and “', usual, '” (', many, ')') as example from pair
        where rare in (select activity from {batch}) order by many desc, example"""
    return Rule(
        "similar_labels",
        "No activity is written in two ways",
        "good",
        "Pairs of activities that look like one written in two ways: {failed}. They are counted apart.",
        query=query,
        counts_rows=False,
    )


def _case_numbers(_: Facts) -> Rule:
    """Jumps in the numbers of new cases: twenty times the 99th percentile of all steps, where most steps are 1.

    More than three such jumps are no accident: that is how the numbers are given.
    """
    query = r"""
        with part as (
            select case_id, is_new, regexp_extract(case_id, '^(.*?)(\d{{1,18}})$', 1) as prefix,
                   regexp_extract(case_id, '^(.*?)(\d{{1,18}})$', 2) as digits
            from cases),
        number as (
            select min(case_id) as case_id, digits::bigint as number, bool_and(is_new) as is_new from part
            where digits <> '' and prefix = (select mode(prefix order by prefix) from part) group by number),
        step as (select *, number - lag(number) over (order by number) as step from number),
        usual as (select quantile_disc(step, 0.99) as step, median(step) as middle, count(*) as steps from step),
        jump as (select step.* from step, usual
                 where step.step > 20 * usual.step and usual.middle = 1 and usual.steps >= 1000)
        select concat(step - 1, ' numbers missing before ', case_id) as example from jump
        where is_new and (select count(*) from jump) <= 3 and exists (from {batch}) order by number"""
    return Rule(
        "case_numbers",
        "Case numbers run on without a gap",
        "good",
        "Gaps in the numbers of new cases, far wider than any usual one: {failed}. Are cases missing from the source?",
        query=query,
        counts_rows=False,
    )
