"""What the upper part of the page shows: the headline, the last weeks, the trend, the curves, who works, who waits longest.

Times are seconds of wall clock; days are those of the process's own zone, as YYYY-MM-DD.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a change means; anything but `steady` has been tested."""

    SLOWER = "slower"
    FASTER = "faster"
    STEADY = "steady"
    ENDED = "ended"  # the data end before the night does: nothing can be compared


@dataclass(frozen=True)
class Headline:
    """The first sentence of the page: the number, its change and the main cause."""

    tone: Tone
    typical_s: float  # now; of all finished cases where the data end
    before_s: float | None = None  # where something changed, or differs much without being told apart from chance
    since: str | None = None  # the first day of the change, or of the silence; None: the last four weeks
    after: str | None = None  # the hand-over that caused it, where one was told apart from chance
    step: str | None = None


@dataclass(frozen=True)
class Delta:
    """One number of the last four weeks beside that of the 12 weeks before."""

    now: float
    before: float
    changed: bool  # more than chance does, and much enough to matter
    good: bool | None = None  # of a change; None: neither good nor bad in itself


@dataclass(frozen=True)
class Recent:
    """The last four weeks against the 12 before; None where too few cases were there to compare.

    Times and the share within the target are period estimates: open cases count for as long as they have lasted.
    """

    first: str
    last: str
    typical_s: Delta | None
    p90_s: Delta | None
    within_target: Delta | None  # share of the cases
    open: Delta | None  # cases: now, and the average of the 12 weeks' ends before
    finished: Delta | None  # cases: in these four weeks, and in four weeks of the 12 before
    with_repeats: Delta | None  # share of the finished cases


@dataclass(frozen=True)
class Week:
    """How fast cases were finished in one week (in a quiet process: in four)."""

    first: str  # its Monday
    finished: int
    typical_s: float | None  # None: too few to tell
    signal: str = ""  # "limit": outside the limits; "run": one of a row that chance hardly makes


@dataclass(frozen=True)
class Phase:
    """A time with one level: its middle and the limits within which weeks vary by themselves."""

    first: str  # Monday of its first week
    last: str  # and of its last
    typical_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True)
class Trend:
    """Typical times by week of finishing, and the phases that they fall into."""

    days: int  # of a week: 7, or 28 in a quiet process
    weeks: tuple[Week, ...]  # whole ones, oldest first
    phases: tuple[Phase, ...]  # oldest first; empty where there are too few weeks


@dataclass(frozen=True)
class Curve:
    """The cases that began in one month: the share that is finished by age, open cases counting as open."""

    month: str  # YYYY-MM
    cases: int
    finished: int
    ages_s: tuple[float, ...]
    shares: tuple[float, ...]  # finished by that age
    running: bool  # ends before the horizon, because hardly any of its cases have been seen for longer


@dataclass(frozen=True)
class Curves:
    horizon_s: float  # age at which the curves end
    months: tuple[Curve, ...]  # oldest first


@dataclass(frozen=True)
class Load:
    """The steps that one resource completed, by week."""

    resource: str
    steps: tuple[int, ...]  # one number per week of `Workload.weeks`
    total: int


@dataclass(frozen=True)
class HandOver:
    """Work that went from one resource to another."""

    giver: str
    taker: str
    n: int  # steps that the taker completed next
    cases: int
    typical_s: float  # from the completion of the one step to that of the other


@dataclass(frozen=True)
class Workload:
    """Who works how much, and who hands over to whom; names as the store has them (pseudonyms, mostly)."""

    weeks: tuple[str, ...]  # Mondays, whole weeks, oldest first
    resources: int  # in these weeks
    loads: tuple[Load, ...]  # busiest first
    others: Load | None  # all the rest together
    hand_overs: tuple[HandOver, ...]  # most first
    handed_over: float | None  # share of the moves, in which another resource takes over


@dataclass(frozen=True)
class Passage:
    """One case on the path: completed the step before, completed the step."""

    entered: str  # ISO 8601, UTC
    left: str


@dataclass(frozen=True)
class PassageWeek:
    first: str  # Monday of the week of leaving
    moves: int
    typical_s: float


@dataclass(frozen=True)
class Spectrum:
    """The newest passages of one hand-over, each from when it came to when it left."""

    after: str
    step: str
    typical_s: float
    p90_s: float
    moves: int  # in these weeks; of them `passages` shows a regular part
    weeks: tuple[PassageWeek, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class OpenCase:
    case: str
    age_s: float
    last_activity: str
    silent_s: float  # since its last event
    link: str | None  # to the source system


@dataclass(frozen=True)
class Morning:
    """What there is to be seen first; None where there is too little to tell."""

    headline: Headline | None
    recent: Recent | None
    trend: Trend | None
    curves: Curves | None
    workload: Workload | None
    spectrum: Spectrum | None
    open_cases: tuple[OpenCase, ...]  # oldest first
