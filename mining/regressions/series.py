"""What is watched: how fast each step follows, how often each turn is taken, and which cases come.

A series has what was seen on each day and what was to be expected, both known at the end of the day and never changed later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from mining.comparison import BASE, RECENT, Comparison
from mining.exposure import OLDEST, Exposure
from mining.regressions.expected import WEEK, Flags, Floats, Ints, Pace, base_days
from mining.regressions.scores import LEAST_EXITS, SURER, WINDOWS, alone, spread, unusual
from mining.semi_markov import Counts
from mining.shapley import turns

SPAN = 14  # nights over which effects are measured
FIRST_DAYS = 70  # how many series there are is told by them, so that it is the same in every later night
PART = 0.02  # of the time of cases, before a step, or of the ways out of a state: what is less can hardly matter
SLOWER = 0.75  # of the usual pace, at most, where the day is looked for on which a step became slower
OLDER = 0.25  # of the growth of a step, as a logarithm, by which those who came to it must have been older
ALONE = 0.98  # chance of a way out of a state from which on the others hardly count
LOOK_BACK = 42  # days, for the day on which something began
STANDS_STILL = 0.3  # of the usual moves of a day
LEAST_MOVES = 20  # on a usual day: where there are fewer, a few days without any are nothing
STANDING_DAYS = 3  # working days on end with less, at least: no holiday any more
WORKING_DAYS = 261  # a year
HOLIDAYS_BY_CHANCE = 0.1  # times a year, at most, that so many holidays follow each other


class Kind(Enum):
    STEP = "a step comes late"
    TURN = "a turn is taken more often"
    MIX = "other cases come"
    STANDSTILL = "nearly nothing moves"


# Windows, by kind: which turns are taken is not told by a few days, since the quick ways are told first.
LOOKED_AT = {Kind.STEP: WINDOWS, Kind.TURN: WINDOWS[1:]}


@dataclass(frozen=True)
class Series:
    """One of them: of a step its code, of a turn the number of its flow."""

    kind: Kind
    number: int = 0


def how_many(exposure: Exposure) -> int:
    """Series of which an alert could come: steps before which cases spend their time, and further ways out of a state."""
    state, next_ = np.array(exposure.flows, np.int64).reshape(-1, 2).T
    moves = exposure.flow_exits[:FIRST_DAYS].sum(axis=(0, 1, 3))
    states = len(exposure.names)
    chance = moves / np.maximum(np.bincount(state, moves, states), 1.0)[state]
    spent = np.bincount(next_, exposure.lived[:FIRST_DAYS].sum(axis=0)[state] * chance, states)
    ways = np.bincount(state[(chance >= PART) & (moves >= LEAST_EXITS * FIRST_DAYS / SPAN)], minlength=states)
    return int((spent >= PART * spent.sum()).sum() + np.maximum(ways - 1, 0).sum())


@dataclass(frozen=True)
class Matter:
    """What a night's recent days mean for the mean cycle time, relative: by step, by flow, and of the mix."""

    step: Floats  # longer stays before the step add
    effect: Floats  # by which they grew, relative to themselves
    turn: Floats  # more of the turn adds
    mix: float
    mix_error: float  # its standard error by chance alone, if cases come independently of each other
    older: Floats  # logarithm by which those were older who did come to the step
    parted: Flags  # whether most come from states that cases leave by other ways, too

    @classmethod
    def of(cls, seen: Comparison) -> Matter:
        estimate, counts, mean = seen.estimate, seen.counts, max(float(seen.estimate.mean[BASE]), 1e-9)
        into = counts.next[:, None] == np.arange(len(seen.exposure.names))
        added = seen.split.duration[RECENT].sum(axis=0) @ into
        often = estimate.mix[:, :, None] * estimate.visits
        before = ((often[BASE] + often[RECENT]) / 2 * estimate.sojourn[BASE]).sum(axis=0) @ into
        alone = (estimate.chance[BASE] >= ALONE) * (often * estimate.sojourn)[BASE]
        apart = estimate.by_stratum[BASE] - mean
        between, arrivals = (estimate.mix[BASE] * apart**2).sum(), np.maximum(counts.arrivals.sum(axis=1), 1.0)
        return cls(
            step=added / mean,
            effect=added / np.maximum(before, 1e-9),
            turn=turns(estimate, counts).sum(axis=0) / mean,
            mix=float(seen.split.totals[RECENT, 0] / mean),
            mix_error=float(np.sqrt(between / arrivals[RECENT] + between / arrivals[BASE]) / mean),
            older=_older(seen.counts, into),
            parted=np.asarray(alone.sum(axis=0) @ into < before / 2),
        )

    def slower(self, impact: float, effect: float) -> Flags:
        """By step, whether it is so much slower.

        Where the ways part, those who wait for another step look as if they were late for this one: then those who did come to
        it must have been older, too.
        """
        late = ~self.parted | (self.older >= OLDER * np.log1p(np.maximum(self.effect, 0)))
        return np.asarray((self.step >= impact) & (self.effect >= effect) & late)


def _older(counts: Counts, into: Floats) -> Floats:
    """By step, how much older those were who came to it in the recent days: logarithm of age, within flows and strata."""
    age = np.log(np.r_[counts.ages[1] / 2, np.sqrt(counts.ages[1:] * np.r_[counts.ages[2:], OLDEST])])
    many = counts.moves.sum(axis=3)
    mean = counts.moves @ age / np.maximum(many, 1e-9)
    weight = many[RECENT] * (many[BASE] > 0)
    more = ((mean[RECENT] - mean[BASE]) * weight).sum(axis=0) @ into
    return np.asarray(more / np.maximum(weight.sum(axis=0) @ into, 1e-9))


@dataclass
class Watched:
    """All series of a process, night by night; a night is added by `advance`, in order.

    left_out: days of incidents, which are no base. unlike: the same, for good: no history of scores.
    """

    exposure: Exposure
    wall: Exposure | None = None
    left_out: Flags = field(init=False)
    unlike: Flags = field(init=False)

    def __post_init__(self) -> None:
        days, flows = self.exposure.days, np.array(self.exposure.flows, np.int64).reshape(-1, 2)
        self.before = flows[:, 0]
        self.into = (flows[:, 1][:, None] == np.arange(len(self.exposure.names))).astype(float)
        self.by_age = self.exposure.flow_exits.sum(axis=1)  # day, flow, bin
        moves = self.exposure.flow_exits.sum(axis=3)  # day, stratum, flow
        self.left = self.exposure.moves.sum(axis=3)[:, :, self.before]
        self.moves = moves
        self.seen = {Kind.STEP: moves.sum(axis=1) @ self.into, Kind.TURN: moves.sum(axis=1)}
        self.expected, self.surplus, self.variance = (
            {kind: np.full(seen.shape, np.nan) for kind, seen in self.seen.items()} for _ in range(3)
        )
        self.due = np.full(self.seen[Kind.STEP].shape, np.nan)  # expected exits, by what each tells at its age
        self.scores = {
            (kind, window): np.full(self.seen[kind].shape, np.nan) for kind, own in LOOKED_AT.items() for window in own
        }
        self.mix, self.mix_error = np.full((days, 1), np.nan), np.full(days, np.inf)
        self.left_out, self.unlike = np.zeros(days, bool), np.zeros(days, bool)
        self.pace: Pace | None = None

    def advance(self, night: int) -> Matter | None:
        """Add a night; None while there is no base to compare it with."""
        if night % WEEK == 0 or self.pace is None:
            self.refit(night)
        if self.pace is None:
            return None
        self._expect(night)
        self._rate(night)
        matter = self.matter(night, SPAN)
        self.mix[night] = matter.mix
        self.mix_error[night] = matter.mix_error
        return matter

    def matter(self, night: int, span: int) -> Matter:
        """What so many recent days mean, against the base of the night."""
        recent = np.arange(night + 1 - span, night + 1)
        return Matter.of(Comparison(self.exposure, self.base(night), recent, self.wall, noise=False))

    def base(self, night: int) -> Ints:
        return base_days(night, self.left_out)

    def refit(self, night: int) -> None:
        """Learn anew what is usual."""
        days = self.base(night)
        self.pace = Pace.of(self.exposure, days) if len(days) else None
        if len(days):
            taken, left = self.moves[days].sum(axis=0), self.left[days].sum(axis=0)
            everywhere = taken.sum(axis=0) / np.maximum(left.sum(axis=0), 1.0)
            self.chance = (taken + 5 * everywhere) / (left + 5)

    def become_usual(self, night: int, but_from: int | None = None) -> None:
        """What has stayed for long is what is usual from now on; but for the days of another incident, from one of them on."""
        self.left_out[:but_from] = False
        self.refit(night)
        for day in range(night + 1 - max(WINDOWS), night + 1):
            self._expect(day)
        self._rate(night)

    def _expect(self, night: int) -> None:
        if self.pace is None:
            return
        due, weight = self.pace.expected(self.exposure, night), self.pace.weight
        fewer = due - self.by_age[night]
        self.expected[Kind.STEP][night] = due.sum(axis=1) @ self.into
        self.surplus[Kind.STEP][night] = (weight * fewer).sum(axis=1) @ self.into
        self.variance[Kind.STEP][night] = (weight**2 * due).sum(axis=1) @ self.into
        self.due[night] = (weight * due).sum(axis=1) @ self.into
        self.expected[Kind.TURN][night] = (self.left[night] * self.chance).sum(axis=0)
        self.surplus[Kind.TURN][night] = self.seen[Kind.TURN][night] - self.expected[Kind.TURN][night]
        self.variance[Kind.TURN][night] = (self.left[night] * self.chance * (1 - self.chance)).sum(axis=0)

    def _rate(self, night: int) -> None:
        for (kind, window), scores in self.scores.items():
            days = slice(max(night + 1 - window, 0), night + 1)
            surplus, variance, expected = (
                of[kind][days].sum(axis=0) for of in (self.surplus, self.variance, self.expected)
            )
            if kind is Kind.STEP:
                surplus, variance = alone(surplus, variance, self.due[days].sum(axis=0), expected)
            scores[night] = unusual(surplus, expected, variance)

    def highest(self, night: int, kind: Kind, sign: int = 1) -> Floats:
        """By series, the highest score by chance alone; by its own history it is no higher. `sign` -1: on the quick side."""
        by_window = [sign * self.scores[kind, window][night] for window in LOOKED_AT[kind]]
        return np.asarray(np.nan_to_num(by_window).max(axis=0))

    def score(self, night: int, series: Series, windows: tuple[int, ...] = WINDOWS, sign: int = 1) -> float:
        """In standard errors by the series' own history; the most unusual window counts. `sign` -1: on the quick side."""
        past = slice(0, night + 1)
        if series.kind is Kind.STANDSTILL:
            return np.inf if self.stands_still(night) else 0.0
        if series.kind is Kind.MIX:
            own = spread(self.mix[past], self.unlike[past], float(self.mix_error[night]), SPAN)[0]
            return float(np.nan_to_num(self.mix[night, 0] / own))
        found = [0.0]
        for window in set(windows) & set(LOOKED_AT[series.kind]):
            scores = self.scores[series.kind, window][past]
            own = spread(scores, self.unlike[past], 1.0, window)[series.number]
            found.append(float(np.nan_to_num(sign * scores[night, series.number] / own / SURER[window])))
        return max(found)

    def came(self, night: int) -> float:
        """Cases that came in the last nights of a span."""
        return float(self.exposure.arrivals[max(night + 1 - SPAN, 0) : night + 1].sum())

    def began(self, night: int, series: Series, sign: int = 1) -> int:
        """The day from which on the pace of the last nights explains what was seen better than the usual one.

        The likelihood of Poisson counts, at a pace held fixed: else weeks that were a little slow by chance would count too.
        """
        if series.kind is Kind.MIX:
            return night + 1 - SPAN
        if series.kind is Kind.STANDSTILL:
            return night + 1 - STANDING_DAYS
        days = np.arange(max(night - LOOK_BACK, 0), night + 1)
        expected, observed = (array[series.kind][days, series.number] for array in (self.expected, self.seen))
        days, expected, observed = (array[~np.isnan(expected)] for array in (days, expected, observed))
        lately = slice(-WINDOWS[0], None)
        now = float((observed[lately].sum() + 1) / (expected[lately].sum() + 1))
        now = float(
            np.clip(now, 0.1, SLOWER) if series.kind is Kind.STEP and sign > 0 else np.clip(now, 1 / SLOWER, 10.0)
        )
        gain = observed * np.log(now) - expected * (now - 1)
        return int(days[np.cumsum(gain[::-1])[::-1].argmax()])

    def stands_still(self, night: int) -> bool:
        """Whether nearly nothing moved on the last working days, at the steps that people do (if some are known)."""
        worked = self.exposure.worked[self.before]
        moved = self.seen[Kind.TURN][:, worked if worked.any() else ~worked].sum(axis=1)
        base = self.base(night)
        weekday = (self.exposure.first_day.weekday() + np.arange(night + 1)) % WEEK
        usual = np.array([np.median(moved[base[weekday[base] == day]]) for day in range(WEEK)])
        if usual.max() < LEAST_MOVES:
            return False
        working = np.flatnonzero(usual[weekday] >= usual.max() / 2)
        still = moved[working] < STANDS_STILL * usual[weekday[working]]
        off = still[np.isin(working, base)].mean()
        return bool(working[-1] == night and still[-_in_a_row(float(off)) :].all())


def _in_a_row(share: float) -> int:
    """Days without work on end that are no holidays by chance, where such a share of the working days was off."""
    by_chance = np.log(HOLIDAYS_BY_CHANCE / WORKING_DAYS) / np.log(min(max(share, 1e-6), 0.9))
    return max(STANDING_DAYS, int(np.ceil(by_chance)))
