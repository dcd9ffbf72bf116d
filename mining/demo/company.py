"""What both desks of the demo company share: its office hours, its people, and how long work takes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import log
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import simpy

ZONE = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SHIFTS = ((time(8), time(12)), (time(13), time(17)))

Process = Generator[Any, Any, None]


@dataclass(frozen=True)
class Period:
    """The simulated days: `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def nine_months_before(cls, until: date) -> Period:
        return cls(until - timedelta(days=274), until - timedelta(days=1))

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    @property
    def end(self) -> float:
        return moment(self.last + timedelta(days=1), time())

    def weeks_left(self, at: float) -> float:
        """Weeks from `at` until the period ends: what "in the last weeks" is measured by."""
        return (self.end - at) / (7 * DAY)


def moment(day: date, clock: time) -> float:
    """Seconds since 1970 of a local date and time; all simulated time is counted so, free of summer time."""
    return datetime.combine(day, clock, ZONE).timestamp()


class Office:
    """Working time: Monday to Friday, two shifts a day, closed on German holidays."""

    def __init__(self, period: Period) -> None:
        years = range(period.first.year, period.last.year + 2)
        closed = holidays.country_holidays("DE", years=years)
        margin = Period(period.first, period.last + timedelta(days=60))
        self.days = dict.fromkeys(d for d in margin.days() if d.weekday() < 5 and d not in closed)
        self._spans = [(moment(day, start), moment(day, stop)) for day in self.days for start, stop in SHIFTS]
        self._stops = [stop for _, stop in self._spans]

    def is_working_day(self, day: date) -> bool:
        return day in self.days

    def after(self, at: float, work: float) -> float:
        """When `work` seconds of working time, begun at `at`, are done."""
        for start, stop in self._spans[bisect_right(self._stops, at) :]:
            begun = max(start, at)
            if work < stop - begun:
                return begun + work
            work -= stop - begun
        raise ValueError("the working time asked for reaches past the simulated period")

    def next_at(self, at: float, clock: time) -> float:
        """The next working day's `clock` after `at`: when the lorry leaves, when the nightly job runs."""
        return next(due for due in (moment(day, clock) for day in self.days) if due > at)


@dataclass(frozen=True)
class Work:
    """A finished piece of work: who did it, from when to when."""

    person: str
    started: float
    finished: float


class Team:
    """People who take one job at a time from one queue, the most urgent first, in working time."""

    def __init__(self, env: simpy.Environment, office: Office, people: Sequence[str], chance: Random) -> None:
        self._env, self._office, self._chance = env, office, chance
        self._seats = simpy.PriorityResource(env, len(people))
        self._free = list(people)

    def work(self, seconds: float, urgency: int = 0) -> Generator[Any, Any, Work]:
        """Queue, be served by whoever is free, and return the work done. A smaller `urgency` goes first."""
        with self._seats.request(priority=urgency) as turn:
            yield turn
            person = self._free.pop(0)
            turnover = self._chance.uniform(0, 5 * MINUTE)
            yield self._env.timeout(self._office.after(self._env.now, turnover) - self._env.now)
            started = self._env.now
            yield self._env.timeout(self._office.after(started, seconds) - started)
            self._free.append(person)
        return Work(person, started, self._env.now)


def around(chance: Random, median: float, spread: float = 0.5) -> float:
    """A duration with this median and a long right tail (log-normal), as durations of work have."""
    return chance.lognormvariate(log(median), spread)


def pick(chance: Random, shares: dict[str, float]) -> str:
    """One of the keys, each as often as its share says."""
    return chance.choices(list(shares), weights=list(shares.values()))[0]
