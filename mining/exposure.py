"""Exits and exposure by night, segment, state and age: what every period estimate is made of.

Each day adds rows of its own, and a row depends only on what had happened by the end of its day: so the rows of all days are
made at once, and an earlier night sees the first of them. Visits that are still open stay in the risk set: a day counts
the time that they were waited for, at the age that they had, whether they ended or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mining.calendar import Clock, day_edges, learned, wall_clock, working_time
from mining.crews import crews
from mining.process import Process
from mining.visits import BEGUN, OPEN, Flags, Ints, Visits

Floats = npt.NDArray[np.float64]

# Ages at which bins begin, in seconds of a state's clock: fixed, so that every night has the same. From ten minutes to three
# months, each 1.7 times the one before: finer bins hold too few exits, coarser ones blur what is usual at which age.
AGES = np.r_[0.0, 600 * 1.7 ** np.arange(19)]
OLDEST = float(AGES[-1] * 1.7)  # s; time at an older age is not counted: such a case is forgotten, not late

PATTERN_DAYS = 70  # when a step is completed is learned from its first so many days
USUAL_WORK = (0.1, 0.85)  # quantiles of what an activity took in those weeks
AT_NIGHT = 0.05  # of a worked step at most this share is completed in the quietest six hours of the day (of any: 0.23)
AT_WEEKENDS = 0.2  # and on the quietest two weekdays (of any: 0.29)
HOUR_US = 3_600_000_000

WINDOW_DAYS = 430  # a year of scores, four weeks between them and the night, and a base for the oldest of them
HALF_YEAR = 182


@dataclass(frozen=True)
class Exposure:
    """Counts by local business day (axis 0), stratum, state and bin of age (last axis); codes as in `Visits`.

    exits: visits that ended on the day at that age. exposure: seconds, by the state's clock, that visits lived in that bin of age
        on that day. moves: exits by the next activity. flow_exits: exits by flow (see `flows`) instead of by state, with age.
    arrivals: cases first known of, by stratum. open: visits at the day's end, by state.
    pool: the pool of each step, -1 for none: steps that the same people do. people: how many of a pool completed something.
    work: from start to completion of the activities of the day, by the wall clock; what is unusually quick or slow for the
        activity counts as its 10 % or 85 % quantile, for who goes home in the middle of a job does not work all night.
    flows: (state, next) of each flow seen. worked: whether a state is lived by the working clock, or by the wall clock.
    """

    first_day: date
    names: tuple[str, ...]
    strata: tuple[dict[str, str], ...]
    ages: Floats
    flows: tuple[tuple[int, int], ...]
    worked: Flags
    clock: str
    exits: Floats  # day, stratum, state, bin
    exposure: Floats  # day, stratum, state, bin
    moves: Floats  # day, stratum, state, next
    flow_exits: Floats  # day, stratum, flow, bin
    arrivals: Floats  # day, stratum
    open: Floats  # day, state
    work: Floats  # day, stratum, activity, (number whose start is known, sum of the logarithms of their seconds, of squares)
    pool: tuple[int, ...]
    people: Floats  # day, pool

    @property
    def days(self) -> int:
        return len(self.arrivals)

    @cached_property
    def lived(self) -> Floats:
        """[day, state] seconds by the state's clock, of all visits at any age."""
        return np.asarray(self.exposure.sum(axis=(1, 3)))

    @cached_property
    def entered(self) -> Floats:
        """[day, state] visits begun."""
        return np.asarray(np.diff(self.open, axis=0, prepend=0) + self.moves.sum(axis=(1, 3)))

    def day(self, number: int) -> date:
        """The date of a row."""
        return self.first_day + timedelta(days=number)

    def until(self, days: int) -> Exposure:
        """The first rows only: what was known at the end of the last of them."""
        arrays = ("exits", "exposure", "moves", "flow_exits", "arrivals", "open", "work", "people")
        return replace(self, **{name: getattr(self, name)[:days] for name in arrays})

    @classmethod
    def of(cls, visits: Visits, clock: Clock, zone: ZoneInfo, first: date | None = None) -> Exposure:
        """The rows of all days from `first` (the first event's) up to the night's end.

        `clock` is for the states that keep office hours.
        """
        if first is None or first < _days(visits, zone)[0]:
            return _counted(visits, clock, zone, *_days(visits, zone))
        edges = day_edges(zone, first, (_local_date(visits.night_end_us - 1, zone) - first).days + 1)
        return _counted(visits.since(int(edges[0])), clock, zone, first, edges)


def window_start(night: date) -> date:
    """The first day that a night looks at, at least 430 days back; nights of the same half-year have the same."""
    return date.fromordinal((night.toordinal() - WINDOW_DAYS) // HALF_YEAR * HALF_YEAR)


def clock_of(process: Process, visits: Visits) -> Clock:
    """The working clock of a process: its calendar, or else learned from the steps that are completed in working hours.

    People work outside the hours in the calendar, too; so it creeps then, or their exits would be nobody's.
    """
    first, last = (_local_date(us, process.zone) for us in (int(visits.first_us.min()), visits.night_end_us - 1))
    if process.calendar:
        return working_time(process.calendar, process.zone, first, last).never_still()
    worked = (visits.next != OPEN) & worked_steps(visits, process.zone)[visits.next]
    return learned(visits.left_us[worked], process.zone, visits.night_end_us)


def _counted(visits: Visits, clock: Clock, zone: ZoneInfo, first: date, edges: Ints) -> Exposure:
    many = len(visits.names)
    shape = (len(edges) - 1, len(visits.strata), many, len(AGES))
    worked = _states_before(worked_steps(visits, zone), visits, edges)
    flows, flow = _flows(visits)
    exits, exposure = np.zeros(shape), np.zeros(shape)
    flow_exits = np.zeros((*shape[:2], len(flows), len(AGES)))
    for at, mine in ((clock, worked[visits.state]), (wall_clock(), ~worked[visits.state])):
        lived = _Lived.of(visits, mine, at, edges)
        exposure += _sums(
            lived.seconds, shape, lived.day, visits.stratum[lived.visit], visits.state[lived.visit], lived.bin
        )
        day, stratum = lived.left_day, visits.stratum[lived.left]
        exits += _sums(None, shape, day, stratum, visits.state[lived.left], lived.left_bin)
        flow_exits += _sums(None, flow_exits.shape, day, stratum, flow[lived.left], lived.left_bin)
    left = np.flatnonzero(visits.next != OPEN)
    pool, people = crews(visits, edges)
    moves = (_day_of(visits.left_us[left], edges), visits.stratum[left], visits.state[left], visits.next[left])
    return Exposure(
        first_day=first,
        names=visits.names,
        strata=visits.strata,
        ages=AGES,
        flows=flows,
        worked=worked,
        clock=clock.label,
        exits=exits,
        exposure=exposure,
        moves=_sums(None, (*shape[:3], many), *moves),
        flow_exits=flow_exits,
        arrivals=_sums(None, shape[:2], _day_of(visits.first_us, edges), visits.first_stratum),
        open=_open(visits, edges),
        work=_work(visits, edges),
        pool=pool,
        people=people,
    )


def _days(visits: Visits, zone: ZoneInfo) -> tuple[date, Ints]:
    """The first local day, and the moments at which days begin and end."""
    begin = min(int(us.min(initial=visits.night_end_us - 1)) for us in (visits.first_us, visits.left_us))
    first, last = (_local_date(us, zone) for us in (begin, visits.night_end_us - 1))
    return first, day_edges(zone, first, (last - first).days + 1)


def _local_date(us: int, zone: ZoneInfo) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(zone).date()


def _day_of(us: Ints, edges: Ints) -> Ints:
    return np.searchsorted(edges, us, side="right") - 1


def _flows(visits: Visits) -> tuple[tuple[tuple[int, int], ...], Ints]:
    """The flows seen, by code, and that of each visit (-1 while open)."""
    many = len(visits.names)
    keys = np.where(visits.next == OPEN, -1, visits.state * many + visits.next)
    seen = np.unique(keys[keys >= 0])
    flow = np.where(keys >= 0, np.searchsorted(seen, keys), -1)
    return tuple((int(key) // many, int(key) % many) for key in seen), flow


def worked_steps(visits: Visits, zone: ZoneInfo) -> Flags:
    """Activities that are completed in working hours, by code: nearly never at night, and less at weekends.

    Told by the first weeks of each activity, so that it is the same in every later night. What comes by itself at any hour
    (a delivery, a payment, a reply) is none of them.
    """
    first, edges = _days(visits, zone)
    left, early = _early(visits, visits.next, edges)
    worked = np.zeros(len(visits.names), bool)
    for code in np.unique(visits.next[left]):
        us = visits.left_us[left[early & (visits.next[left] == code)]]
        day = _day_of(us, edges)
        hours = np.bincount(np.minimum((us - edges[day]) // HOUR_US, 23), minlength=24)
        weekdays = np.bincount((first.weekday() + day) % 7, minlength=7)
        worked[code] = _share_of_least(hours, 6) < AT_NIGHT and _share_of_least(weekdays, 2) < AT_WEEKENDS
    return worked


def _early(visits: Visits, codes: Ints, edges: Ints) -> tuple[Ints, Flags]:
    """The visits that ended, and which of them did so in the first weeks of what `codes` says of them."""
    left = np.flatnonzero(visits.next != OPEN)
    day = _day_of(visits.left_us[left], edges)
    since = np.full(len(visits.names), len(edges))
    np.minimum.at(since, codes[left], day)
    return left, day < since[codes[left]] + PATTERN_DAYS


def _share_of_least(counts: Ints, many: int) -> float:
    return float(np.sort(counts)[:many].sum() / counts.sum())


def _states_before(steps: Flags, visits: Visits, edges: Ints) -> Flags:
    """States that were mostly left by one of these steps in their first weeks."""
    left, early = _early(visits, visits.state, edges)
    state, by_steps = visits.state[left[early]], steps[visits.next[left[early]]]
    many = len(visits.names)
    return np.asarray(np.bincount(state[by_steps], minlength=many) > 0.5 * np.bincount(state, minlength=many))


def _open(visits: Visits, edges: Ints) -> Floats:
    """Visits that are open at the end of each day, by state."""
    known = visits.state != BEGUN
    shape = (len(edges), len(visits.names))
    entered = _sums(None, shape, np.maximum(_day_of(visits.entered_us[known], edges), 0), visits.state[known])
    ended = known & (visits.next != OPEN)
    left = _sums(None, shape, _day_of(visits.left_us[ended], edges), visits.state[ended])
    return np.cumsum(entered - left, axis=0)[:-1]


def _work(visits: Visits, edges: Ints) -> Floats:
    """How long the activities took that were completed on each day; see `Exposure.work`."""
    shape = (len(edges) - 1, len(visits.strata), len(visits.names))
    if visits.work_us is None:
        return np.zeros((*shape, 3))
    known = (visits.next != OPEN) & (visits.work_us > 0)
    logs = np.log(np.where(known, visits.work_us, 1) / 1e6)
    least, most = _usual_work(visits, logs, known, edges)[:, visits.next[known]]
    logs = np.clip(logs[known], least, most)
    index = _day_of(visits.left_us[known], edges), visits.stratum[known], visits.next[known]
    return np.stack([_sums(weights, shape, *index) for weights in (None, logs, logs**2)], axis=3)


def _usual_work(visits: Visits, logs: Floats, known: Flags, edges: Ints) -> Floats:
    """[2, activity] logarithms of the least and the most that an activity usually takes, by its first weeks."""
    limits = np.tile([[-np.inf], [np.inf]], len(visits.names))
    left, early = _early(visits, visits.next, edges)
    first = left[early & known[left]]
    for code in np.unique(visits.next[first]):
        limits[:, code] = np.quantile(logs[first[visits.next[first] == code]], USUAL_WORK)
    return limits


def _sums(weights: Floats | None, shape: tuple[int, ...], *index: Ints) -> Floats:
    """An array of the shape with the weights (1 if None) added up at the indices."""
    flat = np.ravel_multi_index(index, shape)
    return np.bincount(flat, weights, minlength=int(np.prod(shape))).reshape(shape).astype(float)


@dataclass(frozen=True)
class _Lived:
    """Visits cut at every midnight and at every edge of a bin of age: the cells of a Lexis diagram."""

    visit: Ints
    day: Ints
    bin: Ints
    seconds: Floats
    left: Ints  # visits that ended, and at which day and age
    left_day: Ints
    left_bin: Ints

    @classmethod
    def of(cls, visits: Visits, mine: Flags, clock: Clock, edges: Ints) -> _Lived:
        """Of the visits chosen by `mine`."""
        chosen = np.flatnonzero(mine)
        entered, left = clock.at(visits.entered_us[chosen]), clock.at(visits.left_us[chosen])
        age = np.minimum(left - entered, OLDEST)
        # What is told only afterwards counts on the day on which it is told.
        told_late = visits.state[chosen] == BEGUN
        told_us = np.where(told_late, visits.left_us[chosen], visits.entered_us[chosen])
        since, until = np.maximum(_day_of(told_us, edges), 0), _day_of(visits.left_us[chosen], edges)
        until = np.minimum(until, len(edges) - 2)
        midnights = clock.at(edges)
        row, day = _spread(since, until)
        begins = np.where(told_late[row], 0.0, np.maximum(midnights[day] - entered[row], 0.0))
        ends = np.where(day < until[row], midnights[day + 1] - entered[row], age[row])
        begins, ends = np.minimum(begins, age[row]), np.minimum(ends, age[row])
        first, last = _bin(begins), _bin(np.nextafter(ends, 0))
        cell, bins = _spread(first, np.maximum(first, last))
        upper = np.r_[AGES[1:], OLDEST]
        seconds = np.minimum(ends[cell], upper[bins]) - np.maximum(begins[cell], AGES[bins])
        ended = (visits.next[chosen] != OPEN) & (left - entered < OLDEST)
        return cls(
            chosen[row[cell]],
            day[cell],
            bins,
            np.maximum(seconds, 0.0),
            chosen[ended],
            until[ended],
            _bin(np.nextafter(age[ended], 0)),
        )


def _bin(age: Floats) -> Ints:
    return np.clip(np.searchsorted(AGES, age, side="right") - 1, 0, len(AGES) - 1)


def _spread(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """For each i the numbers from first[i] to last[i]: (i repeated, the numbers)."""
    counts = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(first)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, first[row] + within
