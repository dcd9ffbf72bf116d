"""A process of five steps and whatever is planted in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from benchmarks.worlds.changes import Change, Floats
from benchmarks.worlds.log import STEPS, Integers, Log
from benchmarks.worlds.queues import Office, Staffing, play

FIRST_DAY = date(2024, 1, 1)  # a Monday
CHECK, APPROVE = 0, 1  # the loop: an approval may send the order back to the check
ROUNDS = 5  # through the loop, at most
SPREAD = (0.8, 1.0, 1.2, 0.9, 1.1)  # sigma of the lognormal work
DELAYS = (0.35, 1.3, 0.8, 0.6, 0.95)  # mean work of a step in the world of delays
ORDERS = np.array([1.35, 1.25, 1.2, 1.15, 1.1, 0.55, 0.4])  # by weekday, of the mean
SPEED = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.1])  # of work, by weekday
OPENS, CLOSES = 8, 18  # hours of work
PERSISTENCE = 0.7  # correlation of a day's effect with that of the day before
HOLIDAY_SPEED, STRIKE_SPEED = 0.05, 0.03
SHARE_B, SLOWER_B = 0.25, 1.8  # segment B: how many, and how much more work
SURGE = 2.0  # the most that arrivals may grow by a change
AFTERWARDS = 200  # days that are played beyond the log, so that every order ends


@dataclass(frozen=True)
class Truth:
    """Of the orders that began from the change's day to the end of the log, followed to their end; days of wall clock."""

    without: float  # mean cycle time
    now: float
    mix: float  # Shapley values of the changes of each sort; they sum to now - without
    visits: float
    duration: float

    @property
    def effect(self) -> float:
        return self.now / self.without - 1


@dataclass(frozen=True)
class World:
    """One seed gives one world, whatever is planted in it."""

    seed: int
    days: int = 365
    queues: bool = False
    orders: float = 54.0  # a day, in the middle of the log
    noise: float = 0.12  # sd of the logarithm of a day's speed; 0.05 is a quiet world
    rework: float = 0.0  # share of approvals that go back to the check
    holidays: int = 9  # a year, on working days
    growth: float = 0.15  # of the orders, a year
    changes: tuple[Change, ...] = field(default=())

    def __post_init__(self) -> None:
        if any(change.segment for change in self.changes) and self.queues:
            raise ValueError(
                "a queue works at one pace for all segments: plant a change of one segment in a world of delays"
            )
        if any(change.until is None for change in self._of("strike")):
            raise ValueError("a strike without an end lets no order end: give it `until`")
        if self._of("capacity") and not self.queues:
            raise ValueError(
                "nobody waits for people in a world of delays: plant a loss of capacity in a world of queues"
            )

    def log(self) -> Log:
        """What a miner sees after the last day."""
        case, activity, completed, started, person = self._events
        order = np.flatnonzero(completed < self.days)
        order = order[np.lexsort((activity[order], case[order], completed[order]))]
        return Log(
            case=case[order],
            activity=activity[order],
            completed=completed[order],
            started=started[order] if self.queues else None,
            person=person[order] if self.queues else None,
            segment_b=self._orders[1],
            days=self.days,
        )

    def truth(self) -> Truth:
        """What the changes did. Each sort's part is the mean over all orders in which the sorts could have come."""
        since = min(change.day for change in self.changes)
        sorts = {"mix": ("mix",), "visits": ("rework",), "duration": ("slow", "capacity", "surge", "strike")}
        present = [s for s, kinds in sorts.items() if any(c.kind in kinds for c in self.changes)]
        means = {}
        parts = dict.fromkeys(sorts, 0.0)
        orders = list(permutations(present))
        for order in orders:
            for n, sort in enumerate(order):
                for having in (frozenset(order[:n]), frozenset(order[: n + 1])):
                    if having not in means:
                        kept = tuple(c for c in self.changes if any(c.kind in sorts[s] for s in having))
                        means[having] = replace(self, changes=kept)._mean_cycle(since)
                parts[sort] += (means[frozenset(order[: n + 1])] - means[frozenset(order[:n])]) / len(orders)
        return Truth(without=means[frozenset()], now=means[frozenset(present)], **parts)

    def free_days(self) -> tuple[date, ...]:
        """The holidays, for tests of a configured calendar."""
        return tuple(FIRST_DAY + timedelta(days=int(day)) for day in self._holidays if day < self.days)

    # What is drawn: always the same numbers, whatever is planted.

    def _random(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    @property
    def _played(self) -> int:
        return self.days + AFTERWARDS

    @cached_property
    def _holidays(self) -> Integers:
        working = np.flatnonzero(np.arange(self._played) % 7 < 5)
        return np.sort(self._random(1).choice(working, round(self.holidays * self._played / 365), replace=False))

    @cached_property
    def _day_effects(self) -> Floats:
        """Logarithm of a day's speed, [step, day]: AR(1), half of the variance shared by all steps."""
        shocks = self._random(2).normal(size=(len(STEPS) + 1, self._played))
        effects = np.empty_like(shocks)
        effects[:, 0] = shocks[:, 0]
        for day in range(1, self._played):
            effects[:, day] = PERSISTENCE * effects[:, day - 1] + np.sqrt(1 - PERSISTENCE**2) * shocks[:, day]
        both: Floats = self.noise * np.sqrt(0.5) * (effects[:1] + effects[1:])
        return both

    @cached_property
    def _orders(self) -> tuple[Floats, NDArray[np.bool_], Floats, Floats]:
        """When they come, whether they are of segment B, their work [order, step, round], their luck [order, round]."""
        random = self._random(3)
        day = np.arange(self.days)
        rate = self.orders * ORDERS[day % 7] * (1 + self.growth * (day - self.days / 2) / 365)
        rate[self._holidays[self._holidays < self.days]] *= 0.3
        of = np.repeat(day, random.poisson(rate * SURGE))
        begins = of + random.uniform(7 / 24, 20 / 24, len(of))
        surge = np.ones(len(of))
        for change in self._of("surge"):
            surge = change.between(1.0, begins)
        kept = np.flatnonzero(random.random(len(of)) < surge / SURGE)
        kept = kept[np.argsort(begins[kept], kind="stable")]
        luck = random.random((len(of), 1 + ROUNDS))[kept]
        spread = np.array(SPREAD)[:, None]
        normal = random.normal(size=(len(of), len(STEPS), ROUNDS))[kept]
        begins = begins[kept]
        share = np.full(len(kept), SHARE_B)
        for change in self._of("mix"):
            share = change.between(SHARE_B, begins)
        segment_b = luck[:, 0] < share
        work = np.exp(spread * normal - spread**2 / 2) * self._mean_work[:, None]
        return begins, segment_b, work * np.where(segment_b, SLOWER_B, 1.0)[:, None, None], luck[:, 1:]

    @cached_property
    def _people(self) -> Integers:
        return self._random(4).integers(4, 25, len(STEPS))

    @cached_property
    def _mean_work(self) -> Floats:
        """Of an order of segment A, by step; in queues such that the people are busy 70 to 90 % of their time."""
        if not self.queues:
            return np.array(DELAYS)
        busy = self._random(5).uniform(0.7, 0.9, len(STEPS))
        visits = np.where(np.isin(np.arange(len(STEPS)), (CHECK, APPROVE)), 1 / (1 - self.rework), 1.0)
        a_working_day = self.orders * 7 / SPEED.sum() * visits * (1 + SHARE_B * (SLOWER_B - 1))
        mean: Floats = self._people * busy / a_working_day
        return mean

    # What is played.

    def _of(self, kind: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == kind)

    def _clock(self, step: int, segment: str | None) -> Floats:
        """Work that one hand could have done at a step until each full hour."""
        hours = np.arange(self._played * 24)
        day = hours // 24
        speed = np.where((hours % 24 >= OPENS) & (hours % 24 < CLOSES), 24 / (CLOSES - OPENS), 0.0)
        speed *= SPEED[day % 7] * np.exp(self._day_effects[step, day])
        speed[np.isin(day, self._holidays)] *= HOLIDAY_SPEED
        for change in self._of("slow"):
            if change.step == step and change.segment in (None, segment):
                speed /= change.between(1.0, hours / 24)
        for change in self._of("strike"):
            speed *= 1 - (1 - STRIKE_SPEED) * change.extent(hours / 24)
        return np.concatenate([[0.0], np.cumsum(np.maximum(speed, 1e-9) / 24)])

    def _share_back(self, times: Floats) -> Floats:
        """Of the approvals at `times`, those that go back."""
        share = np.full(np.shape(times), self.rework)
        for change in self._of("rework"):
            share = change.between(self.rework, times)
        return share

    @cached_property
    def _events(self) -> tuple[Integers, Integers, Floats, Floats, Integers]:
        """All events, to the end of every order: case, activity, completed, started, person."""
        return self._queued() if self.queues else self._delayed()

    def _mean_cycle(self, since: int) -> float:
        begins = self._orders[0]
        ends = np.zeros(len(begins))
        case, _activity, completed, _started, _person = self._events
        np.maximum.at(ends, case, completed)
        return float((ends - begins)[begins >= since].mean())

    def _delayed(self) -> tuple[Integers, Integers, Floats, Floats, Integers]:
        begins, segment_b, work, luck = self._orders
        clocks = [[self._clock(step, segment) for segment in "AB"] for step in range(len(STEPS))]
        hours = np.arange(len(clocks[0][0])) / 24
        now, everyone = begins.copy(), np.arange(len(begins))
        passed = [(everyone, 0, begins)]

        def work_on(step: int, cases: Integers, round_: int) -> None:
            for segment, clock in enumerate(clocks[step]):
                mine = cases[segment_b[cases] == bool(segment)]
                now[mine] = np.interp(np.interp(now[mine], hours, clock) + work[mine, step, round_], clock, hours)
            passed.append((cases, step + 1, now[cases]))

        again = everyone
        for round_ in range(ROUNDS):  # whoever would go back after the last one goes on
            work_on(CHECK, again, round_)
            work_on(APPROVE, again, round_)
            again = again[luck[again, round_] < self._share_back(now[again])]
        for step in range(APPROVE + 1, len(STEPS)):
            work_on(step, everyone, 0)
        case = np.concatenate([cases for cases, _code, _times in passed])
        activity = np.concatenate([np.full(len(cases), code) for cases, code, _times in passed])
        completed = np.concatenate([times for _cases, _code, times in passed])
        return case, activity, completed, completed, np.full(len(case), -1)

    def _queued(self) -> tuple[Integers, Integers, Floats, Floats, Integers]:
        begins, _segment_b, work, _luck = self._orders
        offices = [Office(self._clock(step, None), int(self._people[step])) for step in range(len(STEPS))]
        events = play(begins.tolist(), work.tolist(), offices, self._next_step(), self._staffing())
        case, step, completed, started, person = (np.array(column) for column in zip(*events, strict=True))
        everyone, nobody = np.arange(len(begins)), np.full(len(begins), -1)
        return (
            np.concatenate([everyone, case]),
            np.concatenate([0 * everyone, step + 1]),
            np.concatenate([begins, completed]),
            np.concatenate([begins, started]),
            np.concatenate([nobody, person]),
        )

    def _next_step(self) -> Callable[[int, int, int, float], tuple[int, int] | None]:
        luck = self._orders[3].tolist()
        share_back = self._share_back(np.arange(self._played * 24) / 24).tolist()

        def next_step(case: int, step: int, round_: int, time: float) -> tuple[int, int] | None:
            if step == APPROVE and round_ < ROUNDS - 1 and luck[case][round_] < share_back[int(time * 24)]:
                return CHECK, round_ + 1
            if step == CHECK:
                return APPROVE, round_
            return (step + 1, 0) if step + 1 < len(STEPS) else None

        return next_step

    def _staffing(self) -> list[Staffing]:
        staffing: list[Staffing] = []
        for change in self._of("capacity"):
            step = change.step or 0
            leaving = round(int(self._people[step]) * (1 - change.size))
            staffing.append((float(change.day), step, -leaving))
            if change.until is not None:
                staffing.append((float(change.until), step, leaving))
        return staffing
