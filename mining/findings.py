"""What one night found: small frozen results, with their units and counts, that the page shows and findings.json holds.

Times are seconds of wall clock unless a name says otherwise; every moment is an ISO 8601 text in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mining.morning_findings import Morning


class Severity(StrEnum):
    CRITICAL = "critical"  # stops the night
    WARNING = "warning"  # goes on the page


@dataclass(frozen=True)
class Check:
    """One rule of the gate, tried on one pull."""

    rule: str  # stable name: `time_readable`, `exact_duplicate`, ...
    title: str  # "Every event has a readable time"
    severity: Severity
    passed: bool
    failed_rows: int  # rows that broke it; 0 where the rule is about the whole pull
    rows: int  # rows it was tried on
    message: str  # what was seen and what to do; "" if passed
    examples: tuple[str, ...] = ()  # at most five, readable
    set_aside: bool = False  # the rows that broke it went to quarantine


@dataclass(frozen=True)
class Activity:
    """One activity, as all visible cases ran it."""

    name: str
    events: int
    cases: int  # cases with at least one such event
    cases_repeating: int  # cases with more than one
    starts: int  # cases that begin here
    ends: int  # finished cases whose last event is this
    open: int  # open cases whose last event is this
    mean_processing_s: float | None  # where start times are known


@dataclass(frozen=True)
class Flow:
    """`target` directly follows `source`; the wait is from the end of the one to the start of the other, 0 at least."""

    source: str
    target: str
    n: int  # moves
    cases: int
    total_s: float
    mean_s: float
    winsorised_mean_s: float  # waits above the flow's own 99th percentile count as that percentile
    median_s: float
    p90_s: float
    skipping: int  # moves between which steps hidden at this level took place
    timer_s: float | None  # the fixed wait, where at least 15 % of 30 moves or more take the same minute, above an hour


@dataclass(frozen=True)
class Graph:
    """A directly-follows graph over the `activities` kept; the moves of a log projected on them."""

    cases: int
    finished: int
    open: int
    events: int  # of the kept activities
    events_total: int  # of all activities
    activities: tuple[Activity, ...]  # most cases first
    activities_total: int
    flows: tuple[Flow, ...]  # most moves first


@dataclass(frozen=True)
class Variant:
    """One way of running from start to end (or so far, for open cases)."""

    activities: tuple[str, ...]
    cases: int
    share: float  # of all cases
    open: int  # of these cases, still open
    median_cycle_s: float | None  # of the finished ones
    fitness: float | None  # 0..1, 1 = runs as the model says; None where the model was not tried on it


@dataclass(frozen=True)
class Model:
    """The process model (inductive miner) and how well it tells what happened."""

    miner: str  # "inductive miner, noise 0.2"
    places: int
    transitions: int
    arcs: int
    fitness: float | None  # token-based replay, log level
    precision: float | None  # ETConformance by token replay
    simplicity: float  # arc degree
    conforming_cases: int  # cases whose variant runs as the model says
    cases: int  # cases it was tried on
    variants: int  # variants it was tried on


@dataclass(frozen=True)
class Interval:
    low: float
    high: float
    level: float = 0.9


@dataclass(frozen=True)
class Bottleneck:
    """One hand-over, ranked by its share of the expected cycle time; open visits count for as long as they have lasted."""

    rank: int  # 1 is the worst; 0 = not ranked (a fixed timer, or after the goal)
    after: str  # what had been completed
    step: str  # what comes late
    share: float  # of the expected cycle time
    share_interval: Interval
    n: int  # observed moves
    open: int  # visits to `after` that still wait, by the chance that `step` is what they wait for (rounded)
    visits_per_case: float  # moves seen / cases
    mean_sojourn_s: float  # wait and processing, of the moves seen
    mean_wait_s: float  # of the moves seen, without processing
    median_wait_s: float
    mean_processing_s: float | None
    overtaken: float | None  # share of moves that were overtaken by a later one; 0 = first in, first out
    batched: float | None  # share of moves leaving within a minute of two others, beyond the share arriving so
    timer_s: float | None
    reason_not_ranked: str = ""


@dataclass(frozen=True)
class Rework:
    activity: str
    cases: int  # cases that repeat it
    share: float  # of the cases that have it
    repeats: int  # events beyond the first of each case
    median_cycle_s: float | None  # finished cases that repeat it
    median_cycle_without_s: float | None  # finished cases that have it once


@dataclass(frozen=True)
class Kpis:
    """The morning's numbers; cycle times are of the finished cases, so the count of the open ones stands beside them."""

    cases: int
    finished: int
    open: int
    events: int
    median_cycle_s: float | None
    p90_cycle_s: float | None
    finished_last_28_days: int
    open_older_than_p90: int
    cases_with_repeats: int
    target_name: str | None
    target_s: float | None
    within_target: int | None  # finished cases within the target's time


@dataclass(frozen=True)
class Effect:
    """What the rows of a load did to the cases: counts of events, and of cases."""

    rows: int
    new: int  # events that were not known
    repeated: int  # rows that said again what was known
    corrected: int  # events whose content another row, of the same id, replaced
    late: int  # new events that happened before the last event that was known of their case
    cases: int  # that got rows
    new_cases: int


@dataclass(frozen=True)
class Data:
    """What was looked at."""

    first_event: str
    last_event: str
    data_through: str  # the night's end: nothing later was seen
    new_events: int  # that this night brought
    quarantined: int  # rows set aside so far
    ties: float  # share of events at the same time as the one before them in their case
    ends_rule: str  # "declared: Close order" or "learned: ..."
    batches: int
    effect: Effect | None = None  # of the night's own pull; None if it brought nothing, or before nights told it


class Verdict(StrEnum):
    """Why an alert was opened."""

    SLOWER_STEP = "slower_step"  # the same work takes longer
    MORE_REWORK = "more_rework"  # more visits to a step for a case
    MIX_SHIFT = "mix_shift"  # more cases of a slower kind came
    CONGESTION = "congestion"  # more work came, or waits, than is usual
    ABSENCE = "absence"  # nearly nothing moved, at any step
    DATA = "data"  # the night could not be mined, or brought nothing


class Turn(StrEnum):
    """What happened to an alert in a night."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Decomposition:
    """The change of the mean cycle time, split without a rest: mix_s + visits_s + duration_s = now_s - before_s."""

    before_s: float  # mean cycle time of the base period, by period estimates
    now_s: float  # of the recent one
    mix_s: float  # cases of other segments come
    visits_s: float  # steps are visited more or less often
    duration_s: float  # a visit takes longer or shorter
    interval: Interval  # of now_s - before_s
    cases: int  # that began in the recent period
    unsure: tuple[str, ...] = ()  # of mix, visits, duration: those that chance may have made, whatever their sign


@dataclass(frozen=True)
class Alert:
    """One finding that asks for attention, as one night sees it."""

    process: str
    alert: str  # its id: the same from the night it opens to the night it is resolved
    event: Turn
    night: str  # YYYY-MM-DD
    verdict: Verdict
    step: str | None  # the activity that comes late
    after: str | None  # what had been completed
    segment: dict[str, str]  # where it is worst: segment -> value; empty: everywhere
    since: str  # YYYY-MM-DD, the first day that is thought to be affected
    change: float  # relative: of the step's sojourn; of the mean cycle time for a mix shift
    interval: Interval  # of the change
    share_of_cycle_time: float  # of the mean cycle time, spent before this step
    score: float  # standard errors, by the step's own history
    decomposition: Decomposition | None
    note: str = ""  # of `data`: "Step validate: ...", why there is no result of a night


@dataclass(frozen=True)
class Improvement:
    """A step that became quicker; a finding, and never an alert."""

    step: str
    after: str  # what had been completed
    since: str  # YYYY-MM-DD, the first day that is thought to be affected
    night: str  # YYYY-MM-DD that found it
    change: float  # relative, of the step's sojourn: below 0
    interval: Interval  # of the change
    share_of_cycle_time: float  # of the mean cycle time, spent before this step now
    score: float  # standard errors, by the step's own history, in the night that found it
    decomposition: Decomposition


@dataclass(frozen=True)
class Rise:
    """A step that takes longer in the last four weeks than long ago: it got so too slowly for an alert, or the alert is over."""

    step: str
    after: str  # what had been completed
    segment: dict[str, str]  # where it is worst: segment -> value; empty: everywhere
    first: str  # YYYY-MM-DD, first and last day of those that the four weeks are compared with
    last: str
    change: float  # relative, of the step's sojourn
    interval: Interval  # of the change
    added_s: float  # to the mean cycle time


@dataclass(frozen=True)
class Watch:
    """What the nights up to this one say about change."""

    turns: tuple[Alert, ...]  # of this night
    open: tuple[Alert, ...]  # at its end
    opened_in_a_year: int  # alerts that the last year's nights would have opened with today's settings
    nights: int  # of that year: fewer in a young log
    improvements: tuple[Improvement, ...] = ()  # at the end of this night
    rises: tuple[Rise, ...] = ()  # in steps of which no alert is open


@dataclass(frozen=True)
class Period:
    """Cases by the day on which they began."""

    first: str  # YYYY-MM-DD, by the process's own clock
    last: str
    cases: int
    finished: int  # within the time for which each case is followed


@dataclass(frozen=True)
class StepChange:
    """How often a step is passed, before and after."""

    activity: str
    before: float  # times per case
    after: float
    changed: bool  # more than chance does, and much enough to matter


@dataclass(frozen=True)
class PathChange:
    """A path before and after; the mean waits are those of the map (the longest 1 % cut), None where nobody went so."""

    source: str
    target: str
    moves_before: int
    moves_after: int
    share_before: float  # of the cases
    share_after: float
    wait_before_s: float | None
    wait_after_s: float | None
    slower: bool  # more than chance does, and much enough to matter
    faster: bool
    share_changed: bool
    impact_s: float  # by how much the waiting on this path grew, per case that began

    @property
    def told(self) -> bool:
        """Whether anything of it is told apart from chance."""
        return self.slower or self.faster or self.share_changed


@dataclass(frozen=True)
class Changed:
    """Two cohorts of cases side by side, each case followed for the same time; what is told apart from chance is marked."""

    before: Period | None = None
    after: Period | None = None
    followed_s: float | None = None
    finished_changed: bool = False
    steps: tuple[StepChange, ...] = ()
    paths: tuple[PathChange, ...] = ()  # largest impact first
    graph: Graph | None = None  # of both cohorts together
    note: str = ""  # why nothing could be compared

    @property
    def any(self) -> bool:
        """Whether anything is told apart from chance."""
        return (
            self.finished_changed or any(path.told for path in self.paths) or any(step.changed for step in self.steps)
        )


@dataclass(frozen=True)
class Findings:
    """Everything that one night's page shows."""

    process: str
    title: str
    owner: str | None
    night: str  # YYYY-MM-DD
    timezone: str
    data: Data
    checks: tuple[Check, ...]
    kpis: Kpis
    graph: Graph  # with every activity
    variants: tuple[Variant, ...]  # most cases first, at most 100
    variants_total: int
    model: Model | None
    model_note: str  # why there is none, or what was left out
    bottlenecks: tuple[Bottleneck, ...]
    rework: tuple[Rework, ...]
    watch: Watch | None = None  # None: of a night before nights were watched
    changed: Changed | None = None  # None before nights told it
    morning: Morning | None = None  # None before nights told it
    languages: tuple[str, ...] = ("en",)  # of its pages; index.html is in the first
    segment: dict[str, str] = field(default_factory=dict)  # the value that all its cases have; empty: of the whole
